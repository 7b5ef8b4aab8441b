// Package sqlpreset holds the queries that read the databases of well-known
// mail panels. It knows their schemas, and neither a connection nor what the
// answers are used for.
package sqlpreset

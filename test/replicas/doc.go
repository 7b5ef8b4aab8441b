// Package replicas runs several Waymarks, each a process of its own, that share the
// storage of certificates in PostgreSQL, and ends them or the database at the worst
// moment. It has no code of its own, and does not know how the storage works.
package replicas

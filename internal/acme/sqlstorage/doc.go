// Package sqlstorage keeps certificates, keys and accounts in PostgreSQL, for replicas
// that share them.
//
// It owns the encryption of what is stored and the locks between replicas, which expire
// with a replica that was killed. It does not know what the values are, who orders
// certificates, or where the connection comes from. docs/tls.md has the tables.
package sqlstorage

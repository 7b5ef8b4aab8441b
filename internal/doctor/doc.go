// Package doctor examines a mail domain from outside, as mail clients do. It asks
// the questions of each client in its order, reads the answers by its rules, then
// tests every server that the answers name, and the records that protect the mail
// of the domain. The report names each fault, the clients that it breaks, and the
// fix.
//
// It owns the examination, the ids of the findings and the report. How a client
// asks and reads is in package clients. It sends no password, connects only to a
// few ports of public addresses unless allowed, and reads no settings.
package doctor

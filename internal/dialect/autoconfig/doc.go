// Package autoconfig answers Thunderbird and the clients that share its format:
// the clientConfig XML of draft-ietf-mailmaint-autoconfig, in version 1.1, which
// every client reads.
//
// It owns the paths, the format and the choice among several services. A document
// depends on the domain alone, with placeholders for user names, unless a mailbox
// has its own.
package autoconfig

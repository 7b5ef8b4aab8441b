// Package autoconfig answers Thunderbird and its kin: the clientConfig XML of
// draft-ietf-mailmaint-autoconfig, in the form of version 1.1 that every client
// in the field reads.
//
// It owns the paths, the words of the format and which of several services is
// named. The answer depends on the domain alone: user names are placeholders,
// and nothing from the request is echoed.
package autoconfig

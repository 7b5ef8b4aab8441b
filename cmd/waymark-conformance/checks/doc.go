// Package checks asks any autoconfiguration server, at any base URL, what
// mail clients ask, and says what a client would stumble over: forty numbered
// checks, grouped by dialect.
//
// It owns what the clients and the specifications demand of an answer. It knows
// servers from the outside only: of Waymark it shares the verifying of
// signatures and Apple's schema, and nothing that makes an answer. What cannot
// be seen from outside, such as a log, a restart or another node, is not part
// of a check.
package checks

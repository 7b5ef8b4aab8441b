// Package conformance holds forty numbered checks of an autoconfiguration server, at
// any base URL. Each sends what mail clients send and reports answers that a
// client could not use. Those that look at one document also judge a document that
// somebody else has fetched.
//
// It owns what clients and specifications demand of an answer. It sees servers
// from outside only: of Waymark it uses the verification of signatures and Apple's
// schema, and no code that makes an answer. It cannot see logs, restarts or other
// nodes.
package conformance

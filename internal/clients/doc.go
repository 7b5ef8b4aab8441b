// Package clients reads what Waymark answers as real mail clients read it:
// one small parser for each client, in a file of its own, with that client's
// rules about attributes, cases, defaults, order and placeholders. All of them
// end with the same Account, so that tests can say whether every client ends
// with the same servers.
//
// It owns the clients' rules and nothing of ours: it knows neither the settings
// nor the dialects, and shares no struct with what it reads. Tests alone import
// it.
package clients

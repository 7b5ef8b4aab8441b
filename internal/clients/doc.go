// Package clients lists the mail clients whose requests and reading rules are
// known. Each has a folder of its own: Ask returns its questions in order, Read
// returns the account that it sets up from an answer, with the client's own rules
// about attributes, case, defaults, order and placeholders. To add a client, add
// a folder and a line in All.
//
// It owns the clients' rules and nothing of ours: it knows neither the settings
// nor the dialects, shares no struct with what it reads, and opens no connection.
package clients

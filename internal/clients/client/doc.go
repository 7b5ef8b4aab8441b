// Package client holds what all mail clients have in common: the account that
// a client sets up, the plan of questions that it asks, and how it refuses a
// document.
//
// It owns these types and the few rules that several clients share. It does
// not know any client, any dialect of ours or any network.
package client

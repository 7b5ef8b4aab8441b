// Package invite seals mail addresses into the tokens of links, so that people
// need not type an address and no log contains it.
//
// It owns the format of tokens and their keys. It stores nothing: every server
// with the keys can open a token. It does not know pages or URLs.
package invite

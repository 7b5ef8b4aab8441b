// Package invite makes and reads the tokens of links that stand for a mail
// address: who opens the link need not type it, and no log on the way sees it.
//
// It owns the form of a token and its keys. It keeps nothing: a token says all
// by itself, to every server that has the keys. It knows neither pages nor URLs.
package invite

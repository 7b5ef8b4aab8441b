package mobileconfig

import (
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Options say what a profile holds besides the accounts of one mailbox, and in
// which language it is described. The zero value means everything of that
// mailbox, in English.
type Options struct {
	Selection Selection
	Language  string              // of package texts; "" for English
	Also      []settings.Settings // further mailboxes of the same person, each with its address
	Aliases   []address.Address   // further addresses of the first mailbox
}

// Selection says which kinds of account were asked for. None means all.
type Selection struct {
	Mail, Calendar, Contacts bool
}

func (s Selection) all() bool { return s == Selection{} || s == Selection{true, true, true} }

func (s Selection) mail() bool     { return s.Mail || s.all() }
func (s Selection) calendar() bool { return s.Calendar || s.all() }
func (s Selection) contacts() bool { return s.Contacts || s.all() }

// String names the selection in identifiers: it must never change.
func (s Selection) String() string {
	if s.all() {
		return "all"
	}
	name := ""
	for _, part := range []struct {
		chosen bool
		name   string
	}{{s.Mail, "mail"}, {s.Calendar, "calendar"}, {s.Contacts, "contacts"}} {
		if part.chosen {
			name += "+" + part.name
		}
	}
	return name[1:]
}

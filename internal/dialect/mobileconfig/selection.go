package mobileconfig

import (
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Options select the contents of a profile and its language. The zero value is
// everything of one mailbox, in English.
type Options struct {
	Selection Selection
	Language  string              // of package i18n; "" for English
	Also      []settings.Settings // further mailboxes of the same person, each with its address
	Aliases   []address.Address   // further addresses of the first mailbox
	Texts     *i18n.Catalogues    // nil for the built-in ones
}

// Selection is the requested kinds of account. None means all.
type Selection struct {
	Mail, Calendar, Contacts bool
}

func (s Selection) all() bool { return s == Selection{} || s == Selection{true, true, true} }

func (s Selection) mail() bool     { return s.Mail || s.all() }
func (s Selection) calendar() bool { return s.Calendar || s.all() }
func (s Selection) contacts() bool { return s.Contacts || s.all() }

// String is the selection in identifiers. It must never change.
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

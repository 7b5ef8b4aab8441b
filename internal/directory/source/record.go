package source

import (
	"errors"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// ErrNotFound is the error for a domain or a mailbox that a source does not know.
// Any other error means that the lookup failed.
var ErrNotFound = errors.New("not found")

// Record is the answer of a source. It is read-only.
type Record struct {
	// Disabled marks a known domain without settings.
	Disabled bool
	// Provider is the id of a provider of the settings file; "" for the default
	// of the source.
	Provider string
	// Canonical is the domain that this one is an alias of; "" for none.
	Canonical address.Domain
	// Login is the user name of a mailbox; "" for the provider's form. For a
	// domain it is a form such as {local}.
	Login string
	// Name is the display name; "" for that of the provider.
	Name string
	// MailHost replaces the host of every mail service that the provider offers;
	// "" for those of the provider. It may hold {domain}.
	MailHost string
	// HelpURL is a page for people, and WebmailURL where they read their mail; ""
	// for those of the provider.
	HelpURL, WebmailURL string
	// Brand is the look of the set-up page. Its empty parts are those of the
	// provider.
	Brand settings.Brand
	// Overrides change services of the provider, at most one per protocol.
	Overrides []Override
}

// Override changes services of one protocol. Zero values keep those of the
// provider.
type Override struct {
	Protocol settings.Protocol
	Host     string // canonical, may hold {domain}
	Port     uint16
	Security settings.Security
	URL      string
}

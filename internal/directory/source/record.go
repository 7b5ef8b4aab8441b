package source

import (
	"errors"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// ErrNotFound says that a source was asked and does not know the domain or the
// mailbox. Every other error says that it could not tell.
var ErrNotFound = errors.New("not found")

// Record is what a source says. It is for reading only once it is made.
type Record struct {
	// Disabled is a domain that is known and not to be answered for.
	Disabled bool
	// Provider is the id of a provider of the settings file; "" for the one
	// that the settings name for the source.
	Provider string
	// Canonical is the domain that this one is an alias of; "" for none.
	Canonical address.Domain
	// Login is the user name of a mailbox as it is; "" for the form that the
	// provider has. Of a domain it is a form such as {local}.
	Login string
	// Name is shown to people instead of the provider's; "" for that.
	Name string
	// Overrides replace parts of the provider's services, at most one for each
	// protocol.
	Overrides []Override
}

// Override replaces parts of the services of one protocol. What is zero stays
// as the provider has it.
type Override struct {
	Protocol settings.Protocol
	Host     string // canonical, may hold {domain}
	Port     uint16
	Security settings.Security
	URL      string
}

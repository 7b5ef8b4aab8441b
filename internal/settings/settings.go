package settings

import (
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// Query is what a client told about whom it asks for.
type Query struct {
	// Domain is what the address ends in; "" when no address was given.
	Domain address.Domain
	// Address is the whole address; zero when only a domain is known.
	Address address.Address
	// Host is the domain told by the name the server was reached by. It, or
	// the closest listed domain above it, answers when Domain is empty or not
	// listed: that is how autoconfig.<MX domain> serves the domains of a
	// hosting company's customers. "" where that must not happen.
	Host address.Domain
}

// Domain says who answers for one customer domain.
type Domain struct {
	Provider *Provider
	// Canonical is the domain that host names derive from: the domain itself,
	// or the one it is an alias of.
	Canonical address.Domain
	// MovedTo is where the mailboxes of the domain are now: the same local
	// parts at this domain, whose provider and canonical domain these are. ""
	// for a domain that did not move.
	MovedTo address.Domain
	// Moved is set, and Provider nil, when they moved to where nobody answers
	// here.
	Moved *MovedError
}

// Settings is one answer: what a mail client needs to know to set up an
// address of a domain. Everything it points to is read-only.
type Settings struct {
	Provider  *Provider
	Domain    address.Domain  // the domain that was asked for
	Canonical address.Domain  // differs from Domain for an alias domain
	Address   address.Address // zero when only a domain was asked for
	// MovedTo is set when the domain that was asked for moved here. Address
	// is the new one then.
	MovedTo address.Domain
	// LoginName is the user name of the mailbox where the directory knows
	// better than the form of the provider's services; "" where it does not.
	LoginName string
	// MailboxLookup is set when the directory looked up this very mailbox,
	// whether or not it exists.
	MailboxLookup bool
}

// Personal reports whether a document of these settings is for one mailbox
// alone and must not be shared or cached. That depends on whether a mailbox was
// looked up, not on whether it exists, so that the form of a document does not
// reveal which mailboxes exist. An address that moved counts too: its new user
// name is written out, because FairEmail and GNOME know no placeholder for it.
func (s Settings) Personal() bool {
	return s.MailboxLookup || s.LoginName != "" || s.MovedTo != "" && !s.Address.IsZero()
}

// Services returns what the domain offers, most preferred first per protocol,
// host names and URLs complete. The slice is for reading only.
func (s Settings) Services() []Service { return s.Provider.ServicesFor(s.Canonical) }

// First returns the preferred service of a protocol.
func First(services []Service, p Protocol) (Service, bool) {
	for _, s := range services {
		if s.Protocol == p {
			return s, true
		}
	}
	return Service{}, false
}

// FirstWeb returns the service of a protocol that is named by a URL: the first
// over https that takes a password, which every client can ask for, else the
// first over https, else the first.
func FirstWeb(services []Service, p Protocol) (Service, bool) {
	for _, fits := range []func(Service) bool{
		func(s Service) bool { return s.overHTTPS() && (s.Accepts(Password) || s.Accepts(PasswordChallenge)) },
		Service.overHTTPS,
		func(Service) bool { return true },
	} {
		for _, s := range services {
			if s.Protocol == p && fits(s) {
				return s, true
			}
		}
	}
	return Service{}, false
}

func (s Service) overHTTPS() bool { return strings.HasPrefix(s.URL, "https://") }

// Login returns the user name for a service; false when it depends on an
// address and none was asked for. A sub-address is cut off first.
func (s Settings) Login(svc Service) (string, bool) {
	if s.LoginName != "" {
		return s.LoginName, true
	}
	return svc.Login.For(s.Address.WithoutTag(s.Provider.Subaddress))
}

// LoginForm returns the form of the user name for a service, for documents
// whose reader puts in the address that it knows: not the one after a move.
func (s Settings) LoginForm(svc Service) Login {
	if s.MovedTo == "" {
		return svc.Login
	}
	return Login(svc.Login.Replace("{local}@"+string(s.MovedTo), "{local}", string(s.MovedTo)))
}

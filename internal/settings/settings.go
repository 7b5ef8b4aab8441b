package settings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// Query names the mailbox or the domain that a client asks about.
type Query struct {
	// Domain is the domain of the address; "" when no address was given.
	Domain address.Domain
	// Address is the whole address; zero when only a domain is known.
	Address address.Address
	// Host is the domain in the host name of the request. It, or the closest
	// listed domain above it, is used when Domain is empty or not listed:
	// autoconfig.<MX domain> serves the domains of a hosting company's
	// customers that way. "" prevents that.
	Host address.Domain
	// Proven is set when whoever asks may know the user name of Address: by its
	// password, by a link of the operator, or with the API token.
	Proven bool
}

// Domain assigns a customer domain to a provider.
type Domain struct {
	Provider *Provider
	// Canonical is the domain that host names derive from: the domain itself,
	// or the one it is an alias of.
	Canonical address.Domain
	// LoginDomain is the domain of the user names when it is not that of the
	// address: the target of an alias domain, whose mailboxes have no other
	// names. "" otherwise.
	LoginDomain address.Domain
	// MovedTo is the new domain of the mailboxes, with the same local parts.
	// Provider and Canonical are those of the new domain. "" for a domain that
	// did not move.
	MovedTo address.Domain
	// Moved is set, and Provider is nil, when the mailboxes moved to a service
	// that this server does not answer for.
	Moved *MovedError
}

// Settings is what a mail client needs to set up an address of a domain.
// Everything it points to is read-only.
type Settings struct {
	Provider  *Provider
	Domain    address.Domain  // the domain that was asked for
	Canonical address.Domain  // differs from Domain for an alias domain
	Address   address.Address // zero when only a domain was asked for
	// LoginDomain is the domain of the user names when it is not that of the
	// address, as for most alias domains; "" otherwise.
	LoginDomain address.Domain
	// MovedTo is the new domain when the domain that was asked for moved.
	// Address is the new one then.
	MovedTo address.Domain
	// LoginName is the user name that the directory has for this mailbox; it
	// overrides the logins of the services. "" for none.
	LoginName string
	// MailboxLookup is set when the directory looked up this very mailbox,
	// whether or not it exists.
	MailboxLookup bool
	// LoginHidden is set when the directory has user names of mailboxes, and the
	// query was not proven: Login may then return a wrong one.
	LoginHidden bool
}

// Personal reports whether a document of these settings is for one mailbox
// alone and must not be shared or cached. That depends on whether a mailbox was
// looked up, not on whether it exists, so that the form of a document does not
// reveal which mailboxes exist. An address whose user name has another domain
// counts too: that name is written out, because FairEmail and GNOME know no
// placeholder for it.
func (s Settings) Personal() bool {
	return s.MailboxLookup || s.LoginName != "" || s.loginDomain() != "" && !s.Address.IsZero()
}

// loginDomain is the domain of the user names; "" for that of the address that
// was typed.
func (s Settings) loginDomain() address.Domain { return cmp.Or(s.LoginDomain, s.MovedTo) }

// Services returns what the domain offers, most preferred first per protocol,
// with complete host names, URLs and logins: when the user names have another
// domain, logins name it, because clients fill in the address that they know. The
// slice is read-only.
func (s Settings) Services() []Service {
	services := s.Provider.ServicesFor(s.Canonical)
	domain := string(s.loginDomain())
	if domain == "" {
		return services
	}
	services = slices.Clone(services)
	for i, svc := range services {
		services[i].Login = Login(svc.Login.Replace("{local}@"+domain, "{local}", domain))
	}
	return services
}

// WebmailURL returns where people read their mail in a browser; "" for nowhere.
func (s Settings) WebmailURL() string {
	return strings.ReplaceAll(s.Provider.WebmailURL, domainPlaceholder, string(s.Canonical))
}

// Best returns the service of a protocol with the lowest rank; among equals, the
// one that the provider prefers. A negative rank excludes a service.
func Best(services []Service, p Protocol, rank func(Service) int) (Service, bool) {
	best, lowest := -1, 0
	for i, s := range services {
		if s.Protocol != p {
			continue
		}
		if r := rank(s); r >= 0 && (best < 0 || r < lowest) {
			best, lowest = i, r
		}
	}
	if best < 0 {
		return Service{}, false
	}
	return services[best], true
}

// First returns the provider's preferred service of a protocol.
func First(services []Service, p Protocol) (Service, bool) {
	return Best(services, p, func(Service) int { return 0 })
}

// FirstWeb returns the service of a protocol that is given by a URL: the first
// over https that accepts a password, which every client can ask for, else the
// first over https, else the first.
func FirstWeb(services []Service, p Protocol) (Service, bool) {
	return Best(services, p, func(s Service) int {
		switch {
		case !s.overHTTPS():
			return 2
		case !s.TakesPassword():
			return 1
		}
		return 0
	})
}

func (s Service) overHTTPS() bool { return strings.HasPrefix(s.URL, "https://") }

// Login returns the user name for a service, without a sub-address; false when it
// depends on an address and s has none.
func (s Settings) Login(svc Service) (string, bool) {
	if s.LoginName != "" {
		return s.LoginName, true
	}
	return svc.Login.For(s.Address.WithoutTag(s.Provider.Subaddress))
}

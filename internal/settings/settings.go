package settings

import "github.com/waymark-mail/waymark/internal/address"

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
}

// Settings is one answer: what a mail client needs to know to set up an
// address of a domain. Everything it points to is read-only.
type Settings struct {
	Provider  *Provider
	Domain    address.Domain  // the domain that was asked for
	Canonical address.Domain  // differs from Domain for an alias domain
	Address   address.Address // zero when only a domain was asked for
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

// Login returns the user name for a service; false when it depends on an
// address and none was asked for. A sub-address is cut off first.
func (s Settings) Login(svc Service) (string, bool) {
	return svc.Login.For(s.Address.WithoutTag(s.Provider.Subaddress))
}

package directory

import (
	"context"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Directory resolves queries from one settings file.
type Directory struct {
	domains  map[address.Domain]settings.Domain
	catchAll *settings.Provider
}

// New returns a directory of the listed domains. catchAll answers for every
// other domain; nil for none. Both are kept, not copied.
func New(domains map[address.Domain]settings.Domain, catchAll *settings.Provider) *Directory {
	return &Directory{domains: domains, catchAll: catchAll}
}

// Resolve finds who answers for a query: the domain that was asked for when it
// is listed, else the closest listed domain at or above the host name, else
// the catch-all. The error is settings.ErrUnknownDomain, or the
// settings.MovedError of a domain that is answered for elsewhere now.
func (d *Directory) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	if found, ok := d.domains[q.Domain]; ok {
		return answer(q.Domain, found, q.Address)
	}
	// Thunderbird for Android asks autoconfig.<MX host less its first label>
	// before autoconfig.<MX domain>, so a name below a listed domain means it.
	// One that moved means its own addresses only.
	for host, more := q.Host, q.Host != ""; more; host, more = host.Parent() {
		if found, ok := d.domains[host]; ok && (q.Domain == "" || found.Moved == nil && found.MovedTo == "") {
			return answer(host, found, q.Address)
		}
	}
	asked := q.Domain
	if asked == "" {
		asked = q.Host
	}
	if d.catchAll == nil || asked == "" {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	return answer(asked, settings.Domain{Provider: d.catchAll, Canonical: asked}, q.Address)
}

func answer(asked address.Domain, found settings.Domain, a address.Address) (settings.Settings, error) {
	if found.Moved != nil {
		return settings.Settings{}, found.Moved
	}
	if found.MovedTo != "" && !a.IsZero() {
		a.Domain = found.MovedTo
	}
	return settings.Settings{Provider: found.Provider, Domain: asked, Canonical: found.Canonical, Address: a, MovedTo: found.MovedTo}, nil
}

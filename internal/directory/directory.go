package directory

import (
	"context"
	"errors"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Directory resolves queries from a settings file and its sources.
type Directory struct {
	domains  map[address.Domain]settings.Domain
	below    settings.Suffixes
	catchAll *settings.Provider
	outside  Outside
	derived  *derivations
}

// New returns a directory of the listed domains, and of the names below others.
// catchAll is the provider of all other domains; nil for none. None is copied.
func New(domains map[address.Domain]settings.Domain, below settings.Suffixes, catchAll *settings.Provider) *Directory {
	return &Directory{domains: domains, below: below, catchAll: catchAll, outside: Outside{Count: func(string, string) {}}}
}

// With returns a directory that also uses sources, for unlisted domains.
func (d *Directory) With(o Outside) *Directory {
	if o.Count == nil {
		o.Count = d.outside.Count
	}
	return &Directory{domains: d.domains, below: d.below, catchAll: d.catchAll, outside: o, derived: newDerivations()}
}

// Resolve returns the settings for a query. It takes the first match: the
// requested domain, listed, below a suffix or known to a source; the closest listed
// or known domain at or above the host name; the catch-all. A disabled domain ends the
// search.
//
// The error is settings.ErrUnknownDomain, the settings.MovedError of a domain
// that moved to another server, or one of kind Unavailable when a source is
// down: a later match could be wrong.
func (d *Directory) Resolve(ctx context.Context, q settings.Query) (settings.Settings, error) {
	if found, ok := d.listed(q.Domain); ok {
		d.outside.Count("file", "found")
		return d.follow(ctx, q.Domain, found, q)
	}
	s, err := d.ask(ctx, q.Domain, q)
	if !errors.Is(err, source.ErrNotFound) {
		d.outside.Count("file", "unknown")
		return s, err
	}
	if host, found, ok := d.listedHost(q); ok {
		d.outside.Count("file", "found")
		return d.follow(ctx, host, found, q)
	}
	if s, err = d.askHosts(ctx, q); !errors.Is(err, source.ErrNotFound) {
		d.outside.Count("file", "unknown")
		return s, err
	}
	asked := q.Domain
	if asked == "" {
		asked = q.Host
	}
	if d.catchAll == nil || asked == "" {
		d.outside.Count("file", "unknown")
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	d.outside.Count("file", "found")
	return d.answer(ctx, asked, settings.Domain{Provider: d.catchAll, Canonical: asked}, q)
}

// Answers returns nil for a domain that the settings file lists or a source knows,
// moved ones included, and otherwise an error like that of Resolve. The catch-all does not
// count, since anybody can point names at it.
func (d *Directory) Answers(ctx context.Context, domain address.Domain) error {
	named := *d
	named.catchAll = nil
	_, err := named.Resolve(ctx, settings.Query{Domain: domain})
	if moved := (*settings.MovedError)(nil); errors.As(err, &moved) {
		return nil
	}
	return err
}

// Usable returns the reason why a record of a source cannot be used; nil for none.
func (d *Directory) Usable(from string, r *source.Record) error {
	_, err := d.provider(lookup.Found{Source: from, Record: r})
	return err
}

// listed returns a listed domain, or one below a suffix.
func (d *Directory) listed(domain address.Domain) (settings.Domain, bool) {
	if found, ok := d.domains[domain]; ok {
		return found, true
	}
	p := d.below.For(domain)
	return settings.Domain{Provider: p, Canonical: domain}, p != nil
}

// listedHost returns the closest listed domain at or above the host name, or the
// host name itself if the closest is a suffix.
// Thunderbird for Android asks autoconfig.<MX host without its first label>
// before autoconfig.<MX domain>, so a name below a listed domain means that
// domain. A moved domain matches its own addresses only.
func (d *Directory) listedHost(q settings.Query) (address.Domain, settings.Domain, bool) {
	for host, more := q.Host, q.Host != ""; more; host, more = host.Parent() {
		if found, ok := d.domains[host]; ok && (q.Domain == "" || found.Moved == nil && found.MovedTo == "") {
			return host, found, true
		}
		if up, _ := host.Parent(); d.below[up] != nil {
			return q.Host, settings.Domain{Provider: d.below[up], Canonical: q.Host}, true
		}
	}
	return "", settings.Domain{}, false
}

// maxLookups bounds the names that one request has looked up, since anybody can
// make them up: its domain and its host name, or its host name and the parent of
// that.
const maxLookups = 2

// askHosts looks up the host name and its parents, as long as the request may. A
// top-level domain has no mail service. Thunderbird for Android, which asks below a
// domain first, asks at the domain next.
func (d *Directory) askHosts(ctx context.Context, q settings.Query) (settings.Settings, error) {
	host, tries := q.Host, maxLookups
	if q.Domain != "" {
		tries--
	}
	for range tries {
		if !strings.Contains(string(host), ".") {
			break
		}
		s, err := d.ask(ctx, host, q)
		if !errors.Is(err, source.ErrNotFound) {
			return s, err
		}
		host, _ = host.Parent()
	}
	return settings.Settings{}, source.ErrNotFound
}

// follow is answer for a domain that may have moved to one that only a source
// knows.
func (d *Directory) follow(ctx context.Context, asked address.Domain, found settings.Domain, q settings.Query) (settings.Settings, error) {
	if found.Moved == nil || found.Moved.To.Domain == "" {
		return d.answer(ctx, asked, found, q)
	}
	target, a := found.Moved.To.Domain, q.Address
	if !a.IsZero() {
		a.Domain = target
	}
	s, err := d.ask(ctx, target, settings.Query{Domain: target, Address: a, Proven: q.Proven})
	if errors.Is(err, source.ErrNotFound) {
		err = found.Moved
	}
	if err != nil {
		return settings.Settings{}, err
	}
	s.Domain, s.MovedTo = asked, target
	return s, nil
}

// answer returns the settings of a domain of the file.
func (d *Directory) answer(ctx context.Context, asked address.Domain, found settings.Domain, q settings.Query) (settings.Settings, error) {
	if found.Moved != nil {
		return settings.Settings{}, found.Moved
	}
	a := q.Address
	if found.MovedTo != "" && !a.IsZero() {
		a.Domain = found.MovedTo
	}
	s := settings.Settings{Provider: found.Provider, Domain: asked, Canonical: found.Canonical, LoginDomain: found.LoginDomain, Address: a, MovedTo: found.MovedTo}
	return d.withLoginOfProvider(ctx, s, q)
}

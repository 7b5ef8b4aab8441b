package lookup

import (
	"iter"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// Known is a cached answer about a domain or a mailbox, as it outlives its Lookup.
type Known struct {
	Local  string // of a mailbox; "" for a domain
	Domain address.Domain
	Source string
	Record *source.Record // nil for an unknown mailbox
	Asked  time.Time
}

// Known returns the cached answers of the sources. Unknown domains are left out:
// anybody can make them up.
func (l *Lookup) Known() iter.Seq[Known] {
	return func(yield func(Known) bool) {
		for d, e := range l.domains.known.All() {
			if !yield(Known{Domain: d, Source: e.found.Source, Record: e.found.Record, Asked: l.domains.start.Add(e.asked)}) {
				return
			}
		}
		for m, e := range l.mailboxes.known.All() {
			if !yield(Known{Local: m.Local, Domain: m.Domain, Source: l.sources[m.source].Name, Record: e.found.Record, Asked: l.mailboxes.start.Add(e.asked)}) {
				return
			}
		}
	}
}

// Remember adds an answer of an earlier Lookup as stale: it is served while its
// source is unavailable. A newer answer, an expired one and one of another source
// are left as they are.
func (l *Lookup) Remember(k Known) {
	for i, s := range l.sources {
		switch {
		case s.Name != k.Source:
		case k.Local != "" && s.Mailboxes:
			l.mailboxes.remember(mailbox{i, address.Address{Local: k.Local, Domain: k.Domain}}, k)
		case k.Local == "" && k.Record != nil:
			if l.domains.remember(k.Domain, k) {
				s.known.Store(true)
			}
		}
	}
}

// Remembers reports whether an answer of the source with this name about a domain
// was cached. It does not search the cache: it may have a million entries, and a
// start asks every two seconds.
func (l *Lookup) Remembers(name string) bool {
	for _, s := range l.sources {
		if s.Name == name {
			return s.known.Load()
		}
	}
	return false
}

// remember returns false for an answer that has expired.
func (c *cache[K]) remember(key K, k Known) bool {
	e := &entry{found: Found{k.Source, k.Record}, asked: min(k.Asked.Sub(c.start), 0)}
	if e.remaining(c.start, c.options.Stale) <= 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cached(key) == nil {
		c.store(key, e)
	}
	return true
}

package lookup

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// Source is a place outside of the settings file. Its errors are
// source.ErrNotFound for what it does not know; any other says that it could
// not tell. It gives up when the context does.
type Source interface {
	Domain(context.Context, address.Domain) (source.Record, error)
	Mailbox(context.Context, address.Address) (source.Record, error)
}

// Named is a source and how to ask it.
type Named struct {
	Name       string // in metrics and errors; its own among the sources
	Source     Source
	Mailboxes  bool // ask it about single mailboxes too
	Concurrent int  // questions at a time; 0 for 16
}

// Options are what a Lookup needs. What is zero gets the default.
type Options struct {
	// Sources are asked in this order; the first that knows a domain wins.
	Sources []Named
	// Cache bounds the cache. From half of Fresh or Unknown on, an entry is
	// refreshed in the background.
	source.Cache
	// Timeout bounds a lookup, including the time in the queue;
	// source.DefaultTimeout.
	Timeout time.Duration

	// Asked is called for every lookup in a source: result is found, unknown or
	// error; or stale when a cached answer was served because the source is
	// unavailable. It may be nil.
	Asked func(source, result string)
	// Took is called with the duration of a lookup. It may be nil.
	Took func(source string, took time.Duration)
	// Answered is told how each call of Domain and Mailbox was answered: hit
	// from memory, refresh from memory while the source is asked in the
	// background, miss by the source, stale from memory because the source
	// could not tell. nil for nobody.
	Answered func(result string)
	// Report is told that a source can not tell and why, once a minute at
	// most, with the number of failures since it was told last; and with 0 and
	// nil that the source answers again. nil for nobody.
	Report func(source string, failures int, err error)
}

const defaultConcurrent = 16

// Found is a record and the name of the source that gave it. Both are shared
// with other requests and for reading only.
type Found struct {
	Source string
	Record *source.Record
}

// mailbox is an address and which source is asked about it.
type mailbox struct {
	source int // index in Lookup.sources
	address.Address
}

// Lookup answers from memory, or asks. It may be used by many at once.
type Lookup struct {
	sources   []*asked
	domains   *memory[address.Domain]
	mailboxes *memory[mailbox]
	changes   *changes
	stop      context.CancelCauseFunc
}

// New returns a Lookup that remembers nothing yet.
func New(o Options) *Lookup {
	fill(&o)
	l := &Lookup{changes: newChanges()}
	for _, n := range o.Sources {
		l.sources = append(l.sources, newAsked(n, &o))
	}
	ctx, stop := context.WithCancelCause(context.Background())
	l.stop = stop
	start := time.Now()
	l.domains = &memory[address.Domain]{
		options: &o, changes: l.changes, start: start, ctx: ctx,
		domainOf: func(d address.Domain) address.Domain { return d },
		ask:      l.askDomain,
		known:    newCache[address.Domain](&o), unknown: newCache[address.Domain](&o), unknownLife: o.Unknown,
		questions: make(map[address.Domain]*question),
	}
	// Known mailboxes and unknown ones are remembered alike, and evicted
	// alike, so that the time of an answer does not tell one from the other.
	mailboxes := newCache[mailbox](&o)
	l.mailboxes = &memory[mailbox]{
		options: &o, changes: l.changes, start: start, ctx: ctx,
		domainOf: func(m mailbox) address.Domain { return m.Domain },
		ask:      l.askMailbox,
		known:    mailboxes, unknown: mailboxes, unknownLife: o.Fresh,
		questions: make(map[mailbox]*question),
	}
	return l
}

func fill(o *Options) {
	d := source.DefaultCache()
	o.Entries, o.Fresh = cmp.Or(o.Entries, d.Entries), cmp.Or(o.Fresh, d.Fresh)
	o.Unknown, o.Stale = cmp.Or(o.Unknown, d.Unknown), cmp.Or(o.Stale, d.Stale)
	o.Timeout = cmp.Or(o.Timeout, source.DefaultTimeout)
	if o.Asked == nil {
		o.Asked = func(string, string) {}
	}
	if o.Took == nil {
		o.Took = func(string, time.Duration) {}
	}
	if o.Answered == nil {
		o.Answered = func(string) {}
	}
	if o.Report == nil {
		o.Report = func(string, int, error) {}
	}
}

func newCache[K comparable](o *Options) *otter.Cache[K, *entry] {
	return otter.Must(&otter.Options[K, *entry]{
		MaximumSize:      o.Entries,
		ExpiryCalculator: otter.ExpiryWriting[K, *entry](o.Stale),
		Logger:           &otter.NoopLogger{}, // it would log panics of callbacks, and has none
	})
}

// Domain returns what the first source that knows a domain says about it. The
// error is source.ErrNotFound when none does, else a settings.Error of kind
// Unavailable: nobody can tell, and nothing is remembered.
func (l *Lookup) Domain(ctx context.Context, d address.Domain) (Found, error) {
	return l.domains.find(ctx, d)
}

// AsksMailboxes reports whether the source of that name is asked about single
// mailboxes.
func (l *Lookup) AsksMailboxes(name string) bool {
	for _, s := range l.sources {
		if s.Name == name {
			return s.Mailboxes
		}
	}
	return false
}

// Mailbox returns what the source of that name, which is the one that
// answered for the domain, says about a mailbox. The errors are those of
// Domain; source.ErrNotFound also when the source is not to be asked about
// mailboxes.
func (l *Lookup) Mailbox(ctx context.Context, name string, a address.Address) (Found, error) {
	for i, s := range l.sources {
		if s.Name == name && s.Mailboxes {
			return l.mailboxes.find(ctx, mailbox{i, a})
		}
	}
	return Found{}, source.ErrNotFound
}

// Invalidate says that what is remembered about a domain and its mailboxes may
// be wrong: it is asked again before it is given the next time, and given
// still when the source can not tell. A few other domains may be asked about
// again as well.
func (l *Lookup) Invalidate(d address.Domain) { l.changes.happened(l.changes.slot(d)) }

// InvalidateAll is Invalidate for every domain.
func (l *Lookup) InvalidateAll() { l.changes.happened(&l.changes.everywhere) }

// Close ends the lookups in progress and waits for them. Cached answers are still
// served, without new lookups. It does not close the sources.
func (l *Lookup) Close() {
	l.stop(errClosed)
	l.domains.close()
	l.mailboxes.close()
}

func (l *Lookup) askDomain(ctx context.Context, d address.Domain, u urgency) (Found, error) {
	var last string
	for _, s := range l.sources {
		r, err := s.ask(ctx, d, u, func(ctx context.Context) (source.Record, error) { return s.Source.Domain(ctx, d) })
		if !errors.Is(err, source.ErrNotFound) {
			return Found{s.Name, r}, err // also an error: a later source could be wrong
		}
		last = s.Name
	}
	return Found{Source: last}, source.ErrNotFound
}

func (l *Lookup) askMailbox(ctx context.Context, m mailbox, u urgency) (Found, error) {
	s := l.sources[m.source]
	r, err := s.ask(ctx, m.Domain, u, func(ctx context.Context) (source.Record, error) { return s.Source.Mailbox(ctx, m.Address) })
	return Found{s.Name, r}, err
}

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

// Source is a source outside the settings file. Its errors are source.ErrNotFound
// for unknown names and a source.NameError for names that cannot be looked up; any
// other error means that it is unavailable. It returns when the context ends.
type Source interface {
	Domain(context.Context, address.Domain) (source.Record, error)
	Mailbox(context.Context, address.Address) (source.Record, error)
}

// Named is a source and how to query it.
type Named struct {
	Name       string // unique; in metrics and errors
	Source     Source
	Mailboxes  bool // also query mailboxes
	Concurrent int  // maximum number of concurrent queries; 0 for 16
}

// Options configure a Lookup. Zero values mean the defaults.
type Options struct {
	// Sources are asked in this order; the first that knows a domain wins.
	Sources []Named
	// Cache bounds the cache. From half of Fresh or Unknown on, an entry is
	// refreshed in the background.
	source.Cache
	// Budget bounds the lookups of unknown names.
	Budget Budget
	// Timeout bounds a lookup, including the time in the queue;
	// source.DefaultTimeout.
	Timeout time.Duration

	// Restore, which may be nil, is called once in the background, and calls
	// Remember with what an earlier process knew. A lookup that fails waits for its
	// end.
	Restore func(*Lookup)

	// Asked is called for every lookup in a source: result is found, unknown,
	// name_error or error; or stale when a cached answer was served because the source is
	// unavailable. It may be nil.
	Asked func(source, result string)
	// Took is called with the duration of a lookup. It may be nil.
	Took func(source string, took time.Duration)
	// Answered is called for each call of Domain and Mailbox: hit from the cache,
	// refresh from the cache while the source is queried in the background, miss
	// from the source, stale from the cache because the source is unavailable,
	// refused because of the budget. It may be nil.
	Answered func(result string)
	// Report is called when a source is unavailable, at most once a minute, with
	// the number of failures since the last call; and with 0 and nil when it is
	// available again. It may be nil.
	Report func(source string, failures int, err error)
	// ReportName is called when a lookup failed because of its name: at most once
	// a minute for a broken row, with 1, and otherwise with the number of failures
	// since the last call. It may be nil.
	ReportName func(source string, d address.Domain, failures int, err error)
}

const defaultConcurrent = 16

// Found is a record and the name of the source that gave it. Both are shared
// and read-only.
type Found struct {
	Source string
	Record *source.Record
}

// mailbox is an address and the source that is queried for it.
type mailbox struct {
	source int // index in Lookup.sources
	address.Address
}

// Lookup answers from its cache or from the sources. It is safe for concurrent
// use.
type Lookup struct {
	sources   []*limited
	domains   *cache[address.Domain]
	mailboxes *cache[mailbox]
	changes   *changes
	stop      context.CancelCauseFunc
}

// New returns a Lookup with an empty cache.
func New(o Options) *Lookup {
	fill(&o)
	l := &Lookup{changes: newChanges()}
	for _, n := range o.Sources {
		l.sources = append(l.sources, newLimited(n, &o))
	}
	ctx, stop := context.WithCancelCause(context.Background())
	l.stop = stop
	start, restored := time.Now(), make(chan struct{})
	spent := newSpending(o.Budget, start)
	l.domains = &cache[address.Domain]{
		options: &o, changes: l.changes, start: start, ctx: ctx, restored: restored,
		domainOf: func(d address.Domain) address.Domain { return d },
		ask:      l.askDomain,
		known:    newStore[address.Domain](&o, start), unknown: newStore[address.Domain](&o, start), unknownLife: o.Unknown,
		failures: newFailures[address.Domain](start), spent: spent,
		calls: make(map[address.Domain]*call),
	}
	// Known and unknown mailboxes share one cache and one lifetime, and cost the same
	// of the budget, so that neither time nor limits reveal which of them exist.
	mailboxes := newStore[mailbox](&o, start)
	l.mailboxes = &cache[mailbox]{
		options: &o, changes: l.changes, start: start, ctx: ctx, restored: restored,
		domainOf: func(m mailbox) address.Domain { return m.Domain },
		ask:      l.askMailbox,
		known:    mailboxes, unknown: mailboxes, unknownLife: o.Fresh,
		failures: newFailures[mailbox](start), spent: spent, spendAlways: true,
		calls: make(map[mailbox]*call),
	}
	if o.Restore == nil {
		close(restored)
		return l
	}
	l.domains.running.Go(func() {
		defer close(restored)
		o.Restore(l)
	})
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
	if o.ReportName == nil {
		o.ReportName = func(string, address.Domain, int, error) {}
	}
}

func newStore[K comparable](o *Options, start time.Time) *otter.Cache[K, *entry] {
	return otter.Must(&otter.Options[K, *entry]{
		Clock:         clock{start},
		MaximumWeight: uint64(o.Entries), //nolint:gosec // it is positive
		Weigher:       func(_ K, e *entry) uint32 { return e.weight() },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[K, *entry]) time.Duration {
			return e.Value.remaining(start, o.Stale)
		}),
		Logger: &otter.NoopLogger{}, // it logs panics of callbacks only
	})
}

// Domain returns the record of the first source that knows a domain. The error is
// source.ErrNotFound when none does, or a settings.Error of kind Unavailable, or
// LookupFailed if that is because of the name. A failure that is about the name is
// cached for a few seconds.
func (l *Lookup) Domain(ctx context.Context, d address.Domain) (Found, error) {
	return l.domains.get(ctx, d)
}

// AsksMailboxes reports whether the source with this name is queried for
// mailboxes.
func (l *Lookup) AsksMailboxes(name string) bool {
	for _, s := range l.sources {
		if s.Name == name {
			return s.Mailboxes
		}
	}
	return false
}

// Mailbox returns the record of a mailbox from the source with this name, the one
// that returned the domain. The errors are those of Domain; source.ErrNotFound
// also when the source is not queried for mailboxes.
func (l *Lookup) Mailbox(ctx context.Context, name string, a address.Address) (Found, error) {
	for i, s := range l.sources {
		if s.Name == name && s.Mailboxes {
			return l.mailboxes.get(ctx, mailbox{i, a})
		}
	}
	return Found{}, source.ErrNotFound
}

// Invalidate reports that the cached answers for a domain and its mailboxes may
// be out of date. Their next use waits for a new lookup, and serves them only
// while the source is unavailable. A few other domains may be looked up again as
// well.
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
		if err == nil {
			s.known.Store(true)
		}
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

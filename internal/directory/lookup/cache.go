package lookup

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

const (
	// patience is how long a request waits for the sources before it gets a stale
	// answer.
	patience = 500 * time.Millisecond
	// backOff is how long a key with an answer is not looked up again after a
	// failure.
	backOff = time.Second
	// nameBackOff is how long a key is not looked up again after it failed because
	// of its name.
	nameBackOff = 10 * time.Second
	// maxFailed bounds the keys that are remembered as failed.
	maxFailed = 10_000
)

// entry is the answer for one key. It is replaced, never changed, but for retry.
type entry struct {
	found  Found         // the Record is nil for an unknown key
	asked  time.Duration // when the lookup began, since cache.start
	life   time.Duration // how long the answer is fresh
	change uint64        // number of changes when the lookup began
	retry  atomic.Int64  // no lookup before this time after a failure, since cache.start
}

func (e *entry) answer() (Found, error) {
	if e.found.Record == nil {
		return Found{}, source.ErrNotFound
	}
	return e.found, nil
}

// weight is 1, and 1 more for each started KiB of its logos.
func (e *entry) weight() uint32 {
	if e.found.Record == nil {
		return 1
	}
	return uint32(1 + (len(e.found.Record.Brand.Logo.Data())+len(e.found.Record.Brand.LogoDark.Data())+1023)/1024) //nolint:gosec // logos are short
}

// remaining returns how long the answer may still be served.
func (e *entry) remaining(start time.Time, stale time.Duration) time.Duration {
	return stale - (time.Since(start) - e.asked)
}

func (e *entry) backingOff(now time.Duration) bool { return now < time.Duration(e.retry.Load()) }

// failure is the error of a key that failed because of its name.
type failure struct {
	err    error
	change uint64 // number of changes when the lookup began
}

// clock makes a cache remove expired entries once a minute. Once a second, the
// default, would gain nothing: expired entries are never returned.
type clock struct{ start time.Time }

func (c clock) NowNano() int64 { return int64(time.Since(c.start)) }

func (c clock) Tick(time.Duration) <-chan time.Time { return time.Tick(time.Minute) }

func newFailures[K comparable](start time.Time) *otter.Cache[K, failure] {
	return otter.Must(&otter.Options[K, failure]{
		Clock:            clock{start},
		MaximumSize:      maxFailed,
		ExpiryCalculator: otter.ExpiryWriting[K, failure](nameBackOff),
		Logger:           &otter.NoopLogger{},
	})
}

// cache holds the answers for one kind of key and looks up what it lacks.
type cache[K comparable] struct {
	options  *Options
	changes  *changes
	start    time.Time
	ctx      context.Context // of all lookups; ends with Close
	domainOf func(K) address.Domain
	ask      func(context.Context, K, urgency) (Found, error)

	known, unknown *otter.Cache[K, *entry] // may be the same
	unknownLife    time.Duration
	failures       *otter.Cache[K, failure] // of keys without an answer
	spent          *spending
	spendAlways    bool            // known keys cost as much as unknown ones
	restored       <-chan struct{} // closed when Options.Restore has returned

	mu      sync.Mutex
	calls   map[K]*call // in progress
	closed  bool
	running sync.WaitGroup
}

// get returns the answer for a key from the cache or from the sources.
func (c *cache[K]) get(ctx context.Context, key K) (Found, error) {
	now := time.Since(c.start)
	e := c.cached(key)
	if e == nil {
		if f, ok := c.failures.GetIfPresent(key); ok && f.change >= c.changes.last(c.domainOf(key)) {
			c.options.Answered("hit")
			return Found{}, f.err
		}
		settle, err := c.spent.take(ctx, time.Now())
		if err != nil {
			c.options.Answered("refused")
			return Found{}, err
		}
		call, begun := c.join(key, miss)
		// The call has its own time-out; this one is for a source that ignores it.
		answered := call.wait(ctx, 2*c.options.Timeout)
		settle(begun && (!answered || c.costs(call)))
		if answered && call.failed() && c.isRestored(ctx) {
			if e = c.cached(key); e != nil {
				return c.stale(e)
			}
		}
		c.options.Answered("miss")
		if !answered {
			return Found{}, unavailable(errLate)
		}
		return call.found, call.err
	}
	age := now - e.asked
	fresh := age < e.life && e.change >= c.changes.last(c.domainOf(key))
	switch {
	case fresh:
		result := "hit"
		if age >= e.life/2 && !e.backingOff(now) {
			if _, begun := c.refresh(ctx, key, e, prefetch); begun {
				result = "refresh"
			}
		}
		c.options.Answered(result)
		return e.answer()
	case !e.backingOff(now):
		if call, _ := c.refresh(ctx, key, e, stale); call != nil && call.wait(ctx, patience-(now-call.begun)) && !call.failed() {
			c.options.Answered("miss")
			return call.found, call.err
		}
	}
	return c.stale(e)
}

// refresh is join for a key with an answer. That a key is unknown is looked up
// again only within the budget; the call is nil beyond it.
func (c *cache[K]) refresh(ctx context.Context, key K, e *entry, u urgency) (joined *call, begun bool) {
	if e.found.Record != nil || c.spendAlways {
		return c.join(key, u)
	}
	settle, err := c.spent.take(ctx, time.Now())
	if err != nil {
		return nil, false
	}
	joined, begun = c.join(key, u)
	settle(begun)
	return joined, begun
}

// stale returns an answer that is past its time.
func (c *cache[K]) stale(e *entry) (Found, error) {
	c.options.Answered("stale")
	c.options.Asked(e.found.Source, "stale")
	return e.answer()
}

// costs reports whether a lookup that ended counts against the budget: the key is
// unknown or cannot be looked up.
func (c *cache[K]) costs(call *call) bool {
	if call.failed() {
		return settings.KindOf(call.err) == settings.LookupFailed
	}
	return c.spendAlways || call.found.Record == nil
}

// isRestored waits until what an earlier process knew is cached.
func (c *cache[K]) isRestored(ctx context.Context) bool {
	select {
	case <-c.restored:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *cache[K]) cached(key K) *entry {
	e, ok := c.known.GetIfPresent(key)
	if !ok && c.unknown != c.known {
		e, _ = c.unknown.GetIfPresent(key)
	}
	return e
}

// store replaces the answer for a key. Readers try known first, so they find the
// old answer or the new one at any moment.
func (c *cache[K]) store(key K, e *entry) {
	into, from := c.known, c.unknown
	if e.found.Record == nil {
		into, from = from, into
	}
	into.Set(key, e)
	if from != into {
		from.Invalidate(key)
	}
}

// join returns the call in progress for a key, or begins one. It does not join a
// call that began before the last change, whose answer may be out of date; that
// answer is not stored either.
func (c *cache[K]) join(key K, u urgency) (joined *call, begun bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if running, ok := c.calls[key]; ok && running.change >= c.changes.last(c.domainOf(key)) {
		return running, false
	}
	next := &call{done: make(chan struct{}), begun: time.Since(c.start), change: c.changes.now()}
	if c.closed {
		next.err = unavailable(errClosed)
		close(next.done)
		return next, false
	}
	c.calls[key] = next
	c.running.Go(func() { c.run(key, next, u) })
	return next, true
}

// run asks the sources and stores the answer. It does not end with the request
// that began the call: others may be waiting for it.
func (c *cache[K]) run(key K, call *call, u urgency) {
	ctx, cancel := context.WithTimeout(c.ctx, c.options.Timeout)
	defer cancel()
	call.found, call.err = c.ask(ctx, key, u)

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(call.done)
	if c.calls[key] != call {
		return
	}
	delete(c.calls, key)
	if call.failed() {
		var ofName *source.NameError
		pause, named := backOff, errors.As(call.err, &ofName)
		if named {
			pause = nameBackOff
		}
		switch e := c.cached(key); {
		case e != nil:
			e.retry.Store(int64(time.Since(c.start) + pause))
		case named:
			c.failures.Set(key, failure{call.err, call.change})
		}
		return
	}
	life := c.options.Fresh
	if call.found.Record == nil {
		life = c.unknownLife
	}
	c.store(key, &entry{found: call.found, asked: call.begun, life: life, change: call.change})
}

func (c *cache[K]) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
	c.known.StopAllGoroutines()
	c.unknown.StopAllGoroutines()
	c.failures.StopAllGoroutines()
}

// call is a lookup in progress, shared by all requests for its key.
type call struct {
	begun  time.Duration // since cache.start
	change uint64        // number of changes then
	done   chan struct{}

	// Valid once done is closed.
	found Found
	err   error
}

// wait waits for the answer, at most so long; false when it did not arrive.
func (c *call) wait(ctx context.Context, atMost time.Duration) bool {
	if atMost <= 0 {
		return false
	}
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// failed reports whether a source was unavailable.
func (c *call) failed() bool { return c.err != nil && !errors.Is(c.err, source.ErrNotFound) }

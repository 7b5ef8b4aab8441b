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
)

const (
	// patience is how long a request waits for a source when there is an
	// older answer that can be given instead.
	patience = 500 * time.Millisecond
	// pause is how long nothing is asked again after a question failed, when
	// there is an answer to give.
	pause = time.Second
)

// entry is what is remembered for one key. It is replaced, never changed, but
// for the pause.
type entry struct {
	found  Found         // the Record is nil when nobody knows the key
	asked  time.Duration // when the question was put, since the start
	life   time.Duration // how long it is given without asking
	change uint64        // changes known when the question was put
	pause  atomic.Int64  // until when nothing is asked again, since the start
}

func (e *entry) answer() (Found, error) {
	if e.found.Record == nil {
		return Found{}, source.ErrNotFound
	}
	return e.found, nil
}

// pausing reports whether it was tried in vain to ask again a moment ago.
func (e *entry) pausing(now time.Duration) bool { return now < time.Duration(e.pause.Load()) }

// memory remembers the answers for one kind of key, and asks when it has to.
type memory[K comparable] struct {
	options  *Options
	changes  *changes
	start    time.Time
	ctx      context.Context // of every question; ends with the Lookup
	domainOf func(K) address.Domain
	ask      func(context.Context, K, urgency) (Found, error)

	known, unknown *otter.Cache[K, *entry] // may be the same one
	unknownLife    time.Duration

	mu        sync.Mutex
	questions map[K]*question // in progress
	closed    bool
	running   sync.WaitGroup
}

// find answers from memory, or by asking.
func (m *memory[K]) find(ctx context.Context, key K) (Found, error) {
	now := time.Since(m.start)
	e := m.remembered(key)
	if e == nil {
		return m.learn(ctx, key)
	}
	fresh := now-e.asked < e.life && e.change >= m.changes.last(m.domainOf(key))
	switch {
	case fresh && now-e.asked < e.life/2 || fresh && e.pausing(now):
		m.options.Answered("hit")
		return e.answer()
	case fresh:
		if _, begun := m.join(key, ahead); begun {
			m.options.Answered("refresh")
		} else {
			m.options.Answered("hit")
		}
		return e.answer()
	}
	if !e.pausing(now) {
		if q, _ := m.join(key, overdue); q.wait(ctx, patience-(now-q.put)) && !q.failed() {
			m.options.Answered("miss")
			return q.found, q.err
		}
	}
	m.options.Answered("stale")
	m.options.Asked(e.found.Source, "stale")
	return e.answer()
}

// learn asks about what is not remembered. The question ends by itself; a
// source that does not end it is left behind.
func (m *memory[K]) learn(ctx context.Context, key K) (Found, error) {
	m.options.Answered("miss")
	q, _ := m.join(key, cold)
	if !q.wait(ctx, 2*m.options.Timeout) {
		return Found{}, unavailable(errLate)
	}
	return q.found, q.err
}

func (m *memory[K]) remembered(key K) *entry {
	if e, ok := m.known.GetIfPresent(key); ok {
		return e
	}
	if m.unknown == m.known {
		return nil
	}
	e, _ := m.unknown.GetIfPresent(key)
	return e
}

// remember puts an answer in the place of the one before. Readers look among
// the known first, and find one of the two at any moment.
func (m *memory[K]) remember(key K, e *entry) {
	into, from := m.known, m.unknown
	if e.found.Record == nil {
		into, from = from, into
	}
	into.Set(key, e)
	if from != into {
		from.Invalidate(key)
	}
}

// join returns the lookup of a key in progress, or starts one. A lookup that
// started before the last change is not joined: its result may be wrong, and is
// not cached either.
func (m *memory[K]) join(key K, u urgency) (q *question, begun bool) {
	d := m.domainOf(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	if q, ok := m.questions[key]; ok && q.change >= m.changes.last(d) {
		return q, false
	}
	q = &question{done: make(chan struct{}), put: time.Since(m.start), change: m.changes.now()}
	if m.closed {
		q.err = unavailable(errClosed)
		close(q.done)
		return q, false
	}
	m.questions[key] = q
	m.running.Go(func() { m.put(key, q, u) })
	return q, true
}

// put asks a question and remembers the answer. It does not end with the
// request that began it: others may wait for it too.
func (m *memory[K]) put(key K, q *question, u urgency) {
	ctx, cancel := context.WithTimeout(m.ctx, m.options.Timeout)
	defer cancel()
	q.found, q.err = m.ask(ctx, key, u)

	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(q.done)
	if m.questions[key] != q {
		return
	}
	delete(m.questions, key)
	if q.failed() {
		if e := m.remembered(key); e != nil {
			e.pause.Store(int64(time.Since(m.start) + pause))
		}
		return
	}
	life := m.options.Fresh
	if q.found.Record == nil {
		life = m.unknownLife
	}
	m.remember(key, &entry{found: q.found, asked: q.put, life: life, change: q.change})
}

func (m *memory[K]) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.running.Wait()
	m.known.StopAllGoroutines()
	m.unknown.StopAllGoroutines()
}

// question is one that is put to the sources, for everybody who wants to know.
type question struct {
	put    time.Duration // when, since the start
	change uint64        // changes known then
	done   chan struct{}

	// To be read when done is closed.
	found Found
	err   error
}

// wait waits for the answer, but no longer than that; false when it did not
// come.
func (q *question) wait(ctx context.Context, atMost time.Duration) bool {
	if atMost <= 0 {
		return false
	}
	enough := time.NewTimer(atMost)
	defer enough.Stop()
	select {
	case <-q.done:
		return true
	case <-ctx.Done():
	case <-enough.C:
	}
	return false
}

// failed reports whether the sources could not tell.
func (q *question) failed() bool { return q.err != nil && !errors.Is(q.err, source.ErrNotFound) }

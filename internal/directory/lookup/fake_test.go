package lookup

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

var errDown = errors.New("connection refused")

// fake is a source whose content, time and failures a test controls.
type fake struct {
	mu        sync.Mutex
	domains   map[address.Domain]source.Record
	mailboxes map[address.Address]source.Record
	err       error
	slow      time.Duration
	wait      chan struct{} // not nil: an answer comes when it is closed

	questions int
	now, most int // at a time
}

// knows makes the source know domains, each by a record with this provider.
func (f *fake) knows(provider string, domains ...address.Domain) *fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.domains == nil {
		f.domains = make(map[address.Domain]source.Record)
	}
	for _, d := range domains {
		f.domains[d] = source.Record{Provider: provider}
	}
	return f
}

func (f *fake) forgets(d address.Domain) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.domains, d)
}

func (f *fake) fails(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fake) takes(slow time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = slow
}

// asked returns the number of questions since it was called last.
func (f *fake) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.questions
	f.questions = 0
	return n
}

func (f *fake) Domain(ctx context.Context, d address.Domain) (source.Record, error) {
	return answer(ctx, f, func() (source.Record, bool) { r, ok := f.domains[d]; return r, ok })
}

func (f *fake) Mailbox(ctx context.Context, a address.Address) (source.Record, error) {
	return answer(ctx, f, func() (source.Record, bool) { r, ok := f.mailboxes[a]; return r, ok })
}

// answer reads the record at once and returns it after a delay, as a database
// does.
func answer(ctx context.Context, f *fake, read func() (source.Record, bool)) (source.Record, error) {
	f.mu.Lock()
	f.questions++
	f.now++
	f.most = max(f.most, f.now)
	r, ok := read()
	err, slow, wait := f.err, f.slow, f.wait
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	if slow > 0 || wait != nil {
		var after <-chan time.Time
		if wait == nil {
			after = time.After(slow)
		}
		select {
		case <-after:
		case <-wait:
		case <-ctx.Done():
			return source.Record{}, ctx.Err()
		}
	}
	switch {
	case err != nil:
		return source.Record{}, err
	case !ok:
		return source.Record{}, source.ErrNotFound
	}
	return r, nil
}

// told records the calls of a Lookup's callbacks.
type told struct {
	mu       sync.Mutex
	asked    map[string]int // "source result"
	answered map[string]int
	took     int
	reports  []report
}

type report struct {
	source   string
	failures int
	err      error
}

func (c *told) listen(o *Options) {
	c.asked, c.answered = make(map[string]int), make(map[string]int)
	o.Asked = func(source, result string) { c.mu.Lock(); defer c.mu.Unlock(); c.asked[source+" "+result]++ }
	o.Answered = func(result string) { c.mu.Lock(); defer c.mu.Unlock(); c.answered[result]++ }
	o.Took = func(string, time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.took++ }
	o.Report = func(source string, failures int, err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.reports = append(c.reports, report{source, failures, err})
	}
}

// open returns a Lookup over sources named a, b, c, closed with the test.
func open(t testing.TB, o Options, sources ...*fake) *Lookup {
	t.Helper()
	for i, s := range sources {
		o.Sources = append(o.Sources, Named{Name: string(rune('a' + i)), Source: s, Mailboxes: s.mailboxes != nil})
	}
	l := New(o)
	t.Cleanup(l.Close)
	return l
}

// ask returns "source/provider" of the record, "unknown", "failed" or "unavailable".
func ask(t testing.TB, l *Lookup, d address.Domain) string {
	t.Helper()
	found, err := l.Domain(t.Context(), d)
	switch {
	case err == nil:
		return found.Source + "/" + found.Record.Provider
	case errors.Is(err, source.ErrNotFound):
		return "unknown"
	case settings.KindOf(err) == settings.Unavailable:
		return "unavailable"
	case settings.KindOf(err) == settings.LookupFailed:
		return "failed"
	}
	t.Fatalf("%s: an error of no kind: %v", d, err)
	return ""
}

func want(t testing.TB, l *Lookup, d address.Domain, want string) {
	t.Helper()
	if got := ask(t, l, d); got != want {
		t.Errorf("%s: %s, want %s", d, got, want)
	}
}

func wantQuestions(t testing.TB, f *fake, want int) {
	t.Helper()
	if got := f.asked(); got != want {
		t.Errorf("%d questions, want %d", got, want)
	}
}

package lookup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

const modelStale = 5 * time.Minute

// model says in the plainest way what a Lookup has to answer, one question
// after the other.
type model struct {
	sources []*fake
	has     map[address.Domain]*memo
}

type memo struct {
	answer  string
	at      time.Time
	changed bool
	pause   time.Time
}

func (m *memo) life() time.Duration {
	if m.answer == "unknown" {
		return source.DefaultCache().Unknown
	}
	return source.DefaultCache().Fresh
}

// truth is what the sources say now.
func (m *model) truth(d address.Domain) string {
	for i, s := range m.sources {
		if s.err != nil {
			return "unavailable"
		}
		if r, ok := s.domains[d]; ok {
			return string(rune('a'+i)) + "/" + r.Provider
		}
	}
	return "unknown"
}

func (m *model) learn(d address.Domain) string {
	answer := m.truth(d)
	switch before := m.has[d]; {
	case answer != "unavailable":
		m.has[d] = &memo{answer: answer, at: time.Now()}
	case before != nil:
		before.pause = time.Now().Add(backOff)
	}
	return answer
}

func (m *model) ask(d address.Domain) string {
	has := m.has[d]
	if has != nil && time.Since(has.at) >= modelStale {
		delete(m.has, d)
		has = nil
	}
	if has == nil {
		return m.learn(d)
	}
	paused, age := time.Now().Before(has.pause), time.Since(has.at)
	fresh := !has.changed && age < has.life()
	if !paused && (!fresh || age >= has.life()/2) {
		if learnt := m.learn(d); !fresh && learnt != "unavailable" {
			return learnt
		}
	}
	return has.answer
}

// moment is what was true from a time on.
type moment struct {
	from   time.Time
	answer string
}

// TestAgainstTheModel plays hours of changes, failures and questions, and
// compares every answer with the model. Besides, and whatever the model says:
// while the sources can tell, no answer is older than it may be, nor older
// than the last invalidation; and what was known is never unavailable.
func TestAgainstTheModel(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) { playAgainstTheModel(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func playAgainstTheModel(t *testing.T, r *rand.Rand) {
	sources := []*fake{new(fake).knows("p"), new(fake).knows("q")}
	m := &model{sources, make(map[address.Domain]*memo)}
	l := open(t, Options{Cache: source.Cache{Stale: modelStale}}, sources...)
	defer l.Close()
	domains := []address.Domain{"a.example", "b.example", "c.example", "d.example", "e.example"}
	for shareSlots(l, domains) {
		l.changes.seed = newChanges().seed
	}
	history := make(map[address.Domain][]moment)
	invalidated := make(map[address.Domain]time.Time)
	var failed time.Time // when a source was last down

	for range 500 {
		time.Sleep(sourceBackOff + time.Duration(r.IntN([]int{1, 5, 20, 60, 120, 400}[r.IntN(6)]+1))*time.Second)
		d := domains[r.IntN(len(domains))]
		switch s := sources[r.IntN(2)]; r.IntN(10) {
		case 0:
			s.knows(fmt.Sprint("v", r.IntN(1000)), d)
		case 1:
			s.forgets(d)
		case 2:
			s.fails(errDown)
		case 3, 4:
			s.fails(nil)
		case 5:
			l.Invalidate(d)
			invalidated[d] = time.Now()
			if has := m.has[d]; has != nil {
				has.changed = true
			}
		case 6:
			if r.IntN(5) == 0 {
				l.InvalidateAll()
				for _, d := range domains {
					invalidated[d] = time.Now()
				}
				for _, has := range m.has {
					has.changed = true
				}
			}
		}
		if sources[0].err != nil || sources[1].err != nil {
			failed = time.Now()
		}
		for _, d := range domains {
			history[d] = append(history[d], moment{time.Now(), m.truth(d)})
		}

		d = domains[r.IntN(len(domains))]
		known := m.has[d] != nil && time.Since(m.has[d].at) < modelStale
		expected := m.ask(d)
		got := ask(t, l, d)
		synctest.Wait() // for what it asks in the background
		if got != expected {
			t.Fatalf("%s: %s, the model says %s", d, got, expected)
		}
		if known && got == "unavailable" {
			t.Fatalf("%s was known and is unavailable", d)
		}
		if time.Since(failed) > backOff && !wasTrue(history[d], got, invalidated[d]) {
			t.Fatalf("%s: %s is older than it may be", d, got)
		}
	}
}

func shareSlots(l *Lookup, domains []address.Domain) bool {
	seen := make(map[*atomic.Uint64]bool)
	for _, d := range domains {
		seen[l.changes.slot(d)] = true
	}
	return len(seen) < len(domains)
}

// wasTrue reports whether an answer was true at some moment of its life, and
// since the domain was invalidated last.
func wasTrue(history []moment, answer string, invalidated time.Time) bool {
	since := time.Now().Add(-(&memo{answer: answer}).life())
	if invalidated.After(since) {
		since = invalidated
	}
	for i, m := range slices.Backward(history) {
		if m.answer == answer {
			return true
		}
		if i == 0 || !m.from.After(since) {
			return false
		}
	}
	return false
}

// TestManyAtOnce lets everything happen at once, for the race detector, and
// checks what always holds: an answer is one that some source could give.
func TestManyAtOnce(t *testing.T) {
	var c told
	o := Options{Cache: source.Cache{Entries: 50, Fresh: time.Millisecond, Unknown: time.Millisecond}, Timeout: 50 * time.Millisecond}
	c.listen(&o)
	sources := []*fake{new(fake), new(fake)}
	l := open(t, o, sources...)
	var all sync.WaitGroup
	for w := range 8 {
		r := rand.New(rand.NewPCG(uint64(w), 2))
		all.Go(func() {
			for range 3000 {
				d := address.Domain(fmt.Sprintf("d%d.example", r.IntN(200)))
				s := sources[r.IntN(2)]
				switch r.IntN(20) {
				case 0:
					s.knows("p", d)
				case 1:
					s.forgets(d)
				case 2:
					s.fails(errDown)
				case 3, 4:
					s.fails(nil)
				case 5:
					l.Invalidate(d)
				case 6:
					l.InvalidateAll()
				default:
					switch got := ask(t, l, d); got {
					case "a/p", "b/p", "unknown", "unavailable":
					default:
						t.Errorf("%s: %s", d, got)
					}
				}
			}
		})
	}
	all.Wait()
	l.Close()
	if n := len(l.domains.calls); n > 0 {
		t.Errorf("%d calls are still in progress", n)
	}
}

package lookup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

func TestOrderOfSources(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second *fake
		want          string
		asked         []int // questions to each
	}{
		{"the first that knows it wins", new(fake).knows("p", "d.example"), new(fake).knows("q", "d.example"), "a/p", []int{1, 0}},
		{"the next is asked when one does not know it", new(fake), new(fake).knows("q", "d.example"), "b/q", []int{1, 1}},
		{"nobody knows it", new(fake), new(fake), "unknown", []int{1, 1}},
		{"an unavailable source ends it: the next could be wrong", &fake{err: errDown}, new(fake).knows("q", "d.example"), "unavailable", []int{1, 0}},
		{"unknown to one, and the other is unavailable", new(fake), &fake{err: errDown}, "unavailable", []int{1, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := open(t, Options{}, tc.first, tc.second)
			want(t, l, "d.example", tc.want)
			wantQuestions(t, tc.first, tc.asked[0])
			wantQuestions(t, tc.second, tc.asked[1])
		})
	}
}

func TestADisabledDomainIsKnown(t *testing.T) {
	first := &fake{domains: map[address.Domain]source.Record{"off.example": {Disabled: true}}}
	second := new(fake).knows("q", "off.example")
	found, err := open(t, Options{}, first, second).Domain(t.Context(), "off.example")
	if err != nil || !found.Record.Disabled || found.Source != "a" {
		t.Errorf("got %+v, %v", found, err)
	}
	wantQuestions(t, second, 0)
}

func TestTheErrorSaysWhichSourceAndWhyInTheLogAlone(t *testing.T) {
	_, err := open(t, Options{}, &fake{err: errDown}).Domain(t.Context(), "d.example")
	var e *settings.Error
	if !errors.As(err, &e) || e.Kind != settings.Unavailable || e.Message != "the settings can't be looked up at the moment; try again later" {
		t.Errorf("public: %#v", e)
	}
	if got := e.Cause.Error(); got != "source a: connection refused" || !errors.Is(err, errDown) {
		t.Errorf("cause: %s", got)
	}
}

func TestRemembering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "known.example")
		l := open(t, Options{}, f)
		defer l.Close()
		for range 100 {
			want(t, l, "known.example", "a/p")
			want(t, l, "unknown.example", "unknown")
		}
		wantQuestions(t, f, 2)

		f.knows("p2", "known.example", "unknown.example")
		time.Sleep(29 * time.Second)
		want(t, l, "known.example", "a/p")
		wantQuestions(t, f, 0)
		time.Sleep(2 * time.Second) // the unknown one is due after 30 s
		want(t, l, "unknown.example", "a/p2")
		time.Sleep(30 * time.Second) // the known one after a minute
		want(t, l, "known.example", "a/p2")
		wantQuestions(t, f, 2)

		f.forgets("known.example")
		time.Sleep(time.Minute)
		want(t, l, "known.example", "unknown")
		want(t, l, "unknown.example", "a/p2")
	})
}

func TestRefreshAheadDoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c told
		var o Options
		c.listen(&o)
		f := new(fake).knows("old", "d.example")
		l := open(t, o, f)
		defer l.Close()
		want(t, l, "d.example", "a/old")
		f.knows("new", "d.example")
		f.takes(time.Second)
		time.Sleep(30 * time.Second)
		wantQuestions(t, f, 1)

		begun := time.Now()
		for range 50 {
			want(t, l, "d.example", "a/old")
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("somebody waited %v", took)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, l, "d.example", "a/new")
		wantQuestions(t, f, 1)
		if got, want := fmt.Sprint(c.answered), "map[hit:50 miss:1 refresh:1]"; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	})
}

func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "d.example")
		f.takes(time.Second)
		l := open(t, Options{}, f)
		defer l.Close()
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() { want(t, l, "d.example", "a/p") })
		}
		all.Wait()
		wantQuestions(t, f, 1)
	})
}

func TestACancelledFirstCallerStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "d.example")
		f.takes(time.Second)
		l := open(t, Options{}, f)
		defer l.Close()
		var all sync.WaitGroup
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			begun := time.Now()
			_, err := l.Domain(ctx, "d.example")
			if settings.KindOf(err) != settings.Unavailable || time.Since(begun) != 100*time.Millisecond {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
		})
		synctest.Wait()
		for range 10 {
			all.Go(func() { want(t, l, "d.example", "a/p") })
		}
		all.Wait()
		wantQuestions(t, f, 1)
	})
}

func TestSourceDownAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "d.example")
		f.fails(errDown)
		l := open(t, Options{}, f)
		defer l.Close()
		want(t, l, "d.example", "unavailable")
		want(t, l, "unknown.example", "unavailable")
		f.fails(nil)
		want(t, l, "d.example", "a/p")
		want(t, l, "unknown.example", "unknown")
	})
}

func TestSourceDownLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c told
		var o Options
		c.listen(&o)
		f := new(fake).knows("p", "d.example")
		l := open(t, o, f)
		defer l.Close()
		want(t, l, "d.example", "a/p")
		want(t, l, "unknown.example", "unknown")
		f.fails(errDown)
		for range 23 {
			time.Sleep(time.Hour)
			want(t, l, "d.example", "a/p")
			want(t, l, "unknown.example", "unknown")
			want(t, l, "new.example", "unavailable")
		}
		if c.answered["stale"] != 46 || c.asked["a stale"] != 46 || c.asked["a error"] != 69 {
			t.Errorf("answered %v, asked %v", c.answered, c.asked)
		}
		time.Sleep(time.Hour) // a day is the end
		want(t, l, "d.example", "unavailable")
		f.fails(nil)
		time.Sleep(sourceBackOff)
		want(t, l, "d.example", "a/p")
	})
}

func TestAPauseAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "d.example")
		l := open(t, Options{}, f)
		defer l.Close()
		want(t, l, "d.example", "a/p")
		time.Sleep(2 * time.Minute)
		f.fails(errDown)
		f.asked()
		for range 100 {
			want(t, l, "d.example", "a/p")
		}
		wantQuestions(t, f, 1)
		f.fails(nil)
		f.knows("new", "d.example")
		time.Sleep(999 * time.Millisecond)
		want(t, l, "d.example", "a/p")
		time.Sleep(time.Millisecond)
		want(t, l, "d.example", "a/new")
	})
}

func TestASlowSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("old", "d.example")
		l := open(t, Options{}, f)
		defer l.Close()
		want(t, l, "d.example", "a/old")
		time.Sleep(2 * time.Minute)
		f.knows("new", "d.example", "missing.example")
		f.takes(1500 * time.Millisecond)

		begun := time.Now()
		want(t, l, "d.example", "a/old")
		if took := time.Since(begun); took != patience {
			t.Errorf("a request with an older answer waited %v", took)
		}
		begun = time.Now()
		want(t, l, "d.example", "a/old") // patience ended with the one before
		if took := time.Since(begun); took != 0 {
			t.Errorf("the next request waited %v", took)
		}
		begun = time.Now()
		want(t, l, "missing.example", "a/new")
		if took := time.Since(begun); took != 1500*time.Millisecond {
			t.Errorf("a request that knows nothing waited %v", took)
		}
		want(t, l, "d.example", "a/new")
		wantQuestions(t, f, 3)
	})
}

func TestAHangingSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "d.example")
		l := open(t, Options{Timeout: 3 * time.Second}, f)
		defer l.Close()
		f.takes(time.Hour)
		begun := time.Now()
		_, err := l.Domain(t.Context(), "d.example")
		if took := time.Since(begun); took != 3*time.Second || err == nil {
			t.Errorf("after %v: %v", took, err)
		}
		if err == nil || !strings.HasSuffix(err.Error(), "source a: no answer within 3s: context deadline exceeded") {
			t.Errorf("got %v", err)
		}
	})
}

// deaf does not listen to the context.
type deaf struct{ fake }

func (d *deaf) Domain(context.Context, address.Domain) (source.Record, error) {
	time.Sleep(time.Minute)
	return source.Record{}, nil
}

func TestASourceThatNeverEndsIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Options{Sources: []Named{{Name: "a", Source: &deaf{}}}, Timeout: time.Second})
		defer l.Close()
		begun := time.Now()
		want(t, l, "d.example", "unavailable")
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("waited %v", took)
		}
	})
}

func TestAFlappingSourceLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		var all []address.Domain
		for i := range 200 {
			d := address.Domain(fmt.Sprintf("d%d.example", i))
			all = append(all, d)
			f.knows("p", d)
		}
		l := open(t, Options{}, f)
		defer l.Close()
		for _, d := range all {
			want(t, l, d, "a/p")
		}
		for i := range 300 {
			if i%2 == 0 {
				f.fails(errDown)
			} else {
				f.fails(nil)
			}
			time.Sleep(700 * time.Millisecond)
			for _, d := range all[i%100 : i%100+100] {
				want(t, l, d, "a/p")
			}
		}
	})
}

func TestInvalidate(t *testing.T) {
	for name, invalidate := range map[string]func(*Lookup){
		"one domain": func(l *Lookup) { l.Invalidate("d.example") },
		"all":        (*Lookup).InvalidateAll,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := new(fake).knows("p", "d.example", "gone.example", "other.example")
				l := open(t, Options{}, f)
				defer l.Close()
				for l.changes.slot("other.example") == l.changes.slot("d.example") {
					l.changes = newChanges() // names that share a slot say nothing here
					l.domains.changes, l.mailboxes.changes = l.changes, l.changes
				}
				want(t, l, "d.example", "a/p")
				want(t, l, "other.example", "a/p")
				f.knows("q", "d.example", "other.example")
				invalidate(l)
				want(t, l, "d.example", "a/q") // not the old one once more
				if name == "all" {
					want(t, l, "other.example", "a/q")
				} else {
					want(t, l, "other.example", "a/p")
				}

				f.fails(errDown)
				invalidate(l)
				want(t, l, "d.example", "a/q") // nothing is lost
				f.fails(nil)
				f.forgets("d.example")
				time.Sleep(backOff)
				want(t, l, "d.example", "unknown")
				f.knows("r", "d.example")
				invalidate(l)
				want(t, l, "d.example", "a/r")
			})
		})
	}
}

func TestAChangeWhileAQuestionIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("old", "d.example")
		f.takes(time.Second) // it has read the old row by now
		l := open(t, Options{}, f)
		defer l.Close()
		var all sync.WaitGroup
		all.Go(func() { want(t, l, "d.example", "a/old") })
		synctest.Wait()
		f.knows("new", "d.example")
		f.takes(0)
		l.Invalidate("d.example")
		want(t, l, "d.example", "a/new")
		all.Wait()
		want(t, l, "d.example", "a/new") // the late old answer is not cached
		wantQuestions(t, f, 2)
	})
}

func TestAnAnswerFromBeforeAChangeIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("old", "d.example")
		f.takes(time.Second)
		l := open(t, Options{}, f)
		defer l.Close()
		var all sync.WaitGroup
		all.Go(func() { want(t, l, "d.example", "a/old") })
		synctest.Wait()
		f.knows("new", "d.example")
		l.Invalidate("d.example")
		all.Wait()
		f.takes(0)
		want(t, l, "d.example", "a/new")
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c told
		var o Options
		c.listen(&o)
		f := new(fake).knows("p", "d.example")
		l := open(t, o, f)
		want(t, l, "d.example", "a/p")
		f.takes(time.Second)
		var waiting sync.WaitGroup
		waiting.Go(func() { want(t, l, "missing.example", "unavailable") })
		synctest.Wait()
		begun := time.Now()
		l.Close()
		waiting.Wait()
		if took := time.Since(begun); took != 0 {
			t.Errorf("closing waited %v for a question", took)
		}
		time.Sleep(time.Hour)
		want(t, l, "d.example", "a/p")
		want(t, l, "new.example", "unavailable")
		wantQuestions(t, f, 2)
		if len(c.reports) > 0 {
			t.Errorf("to close is no failure of a source: %v", c.reports)
		}
		l.Close()
	})
}

// broken panics.
type broken struct {
	fake
	with any
}

func (b *broken) Domain(context.Context, address.Domain) (source.Record, error) {
	if b.with == nil {
		var none []int
		none[len(b.domains)] = 1
	}
	panic(b.with)
}

func TestAPanicOfASourceIsAnError(t *testing.T) {
	for want, with := range map[string]any{
		"source a: the source panicked: runtime error: index out of range [0] with length 0": nil,
		"source a: the source panicked with a string":                                        "anna@d.example",
	} {
		l := New(Options{Sources: []Named{{Name: "a", Source: &broken{with: with}}}})
		defer l.Close()
		_, err := l.Domain(t.Context(), "d.example")
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c told
		var o Options
		c.listen(&o)
		f := &fake{err: errDown}
		l := open(t, o, f)
		defer l.Close()
		for range 240 { // two minutes
			ask(t, l, address.Domain(fmt.Sprintf("d%d.example", time.Now().UnixNano())))
			time.Sleep(500 * time.Millisecond)
		}
		f.fails(nil)
		ask(t, l, "d.example")
		ask(t, l, "e.example")
		for i, want := range []string{"a 1 source a: connection refused", "a 120 source a: connection refused", "a 0 <nil>"} {
			if i >= len(c.reports) {
				t.Fatalf("only %d reports", i)
			}
			if got := fmt.Sprint(c.reports[i].source, " ", c.reports[i].failures, " ", c.reports[i].err); got != want {
				t.Errorf("report %d: %s, want %s", i, got, want)
			}
		}
		if len(c.reports) != 3 {
			t.Errorf("%d reports", len(c.reports))
		}
	})
}

func TestEveryQuestionIsCounted(t *testing.T) {
	var c told
	var o Options
	c.listen(&o)
	first, second := new(fake).knows("p", "d.example"), new(fake)
	l := open(t, o, first, second)
	ask(t, l, "d.example")
	ask(t, l, "d.example")
	ask(t, l, "unknown.example")
	second.fails(errDown)
	ask(t, l, "unknown2.example")
	if got, want := fmt.Sprint(c.asked), "map[a found:1 a unknown:2 b error:1 b unknown:1]"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(c.answered), "map[hit:1 miss:3]"; got != want || c.took != 5 {
		t.Errorf("answered %s in %d questions, want %s in 5", got, c.took, want)
	}
}

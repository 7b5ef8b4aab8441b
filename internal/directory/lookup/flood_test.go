package lookup

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestAFloodOfUnknownDomains looks up 10,000 made-up domains a second, and known
// domains at the same time.
func TestAFloodOfUnknownDomains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		known := make([]address.Domain, 500)
		for i := range known {
			known[i] = address.Domain(fmt.Sprintf("known%d.example", i))
		}
		f.knows("p", known...)
		l := open(t, Options{Cache: source.Cache{Entries: 1000, Fresh: 5 * time.Second, Unknown: 2 * time.Second}}, f)
		defer l.Close()
		for _, d := range known {
			want(t, l, d, "a/p")
		}
		f.takes(5 * time.Millisecond) // so it can do 3,200 a second
		f.most = 0

		const seconds = 6 // all of the known become due
		var mu sync.Mutex
		answers := make(map[string]int)
		var all sync.WaitGroup
		for ms := range seconds * 1000 {
			for i := range 5 {
				all.Go(func() {
					got := ask(t, l, address.Domain(fmt.Sprintf("x%d-%d.example", ms, i)))
					mu.Lock()
					answers[got]++
					mu.Unlock()
				})
			}
			if ms%10 == 0 {
				begun := time.Now()
				want(t, l, known[ms/10%len(known)], "a/p")
				if took := time.Since(begun); took > 100*time.Millisecond {
					t.Fatalf("somebody who is known waited %v", took)
				}
			}
			time.Sleep(time.Millisecond)
			if n := runtime.NumGoroutine(); n > 3*maxQueued {
				t.Fatalf("%d goroutines: the queue grows", n)
			}
		}
		all.Wait()
		if f.most > defaultConcurrent {
			t.Errorf("the source was asked %d questions at a time", f.most)
		}
		if answers["unknown"] < 10_000 || answers["unavailable"] < 8_000 || len(answers) != 2 {
			t.Errorf("the source can answer half, the others are to be refused: %v", answers)
		}
		f.fails(errDown)
		l.InvalidateAll()
		for _, d := range known {
			want(t, l, d, "a/p") // nothing was evicted
		}
		l.domains.unknown.CleanUp()
		if n := l.domains.unknown.EstimatedSize(); n > 1000 {
			t.Errorf("%d unknown domains are cached", n)
		}
	})
}

// TestRoomForTheKnown fills a source with lookups of unknown domains.
func TestRoomForTheKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("old", "d.example")
		l := open(t, Options{Timeout: time.Minute}, f)
		defer l.Close()
		want(t, l, "d.example", "a/old")
		time.Sleep(2 * time.Minute)
		f.knows("new", "d.example")
		f.wait = make(chan struct{})
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() { want(t, l, address.Domain(fmt.Sprintf("x%d.example", i)), "unknown") })
		}
		synctest.Wait()
		if f.most != 12 {
			t.Errorf("%d misses at a time, want 12 of 16", f.most)
		}
		hanging := f.wait
		f.mu.Lock()
		f.wait = nil
		f.mu.Unlock()
		begun := time.Now()
		want(t, l, "d.example", "a/new")
		if took := time.Since(begun); took != 0 {
			t.Errorf("the known one waited %v", took)
		}
		close(hanging)
		all.Wait()
	})
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{wait: make(chan struct{})}
		l := open(t, Options{}, f)
		defer l.Close()
		var all sync.WaitGroup
		for i := range 12 + maxQueued {
			all.Go(func() { want(t, l, address.Domain(fmt.Sprintf("x%d.example", i)), "unknown") })
		}
		synctest.Wait()
		begun := time.Now()
		_, err := l.Domain(t.Context(), "late.example")
		if err == nil || err.Error() != "the settings can't be looked up at the moment; try again later: source a: too many queries at a time" || time.Since(begun) != 0 {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		close(f.wait)
		all.Wait()
		want(t, l, "late.example", "unknown")
	})
}

func TestRoomIsGivenBackByWhoGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		if err := g.enter(t.Context(), stale); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := g.enter(ctx, miss); !errors.Is(err, errBusy) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		g.leave(stale)
		for range 3 {
			if err := g.enter(t.Context(), miss); err != nil {
				t.Fatal(err)
			}
			g.leave(miss)
		}
		if n := g.queued.Load(); n != 0 {
			t.Errorf("%d are in the queue", n)
		}
	})
}

// TestNoRoomToRefreshAhead is no failure: the answer is still good.
func TestNoRoomToRefreshAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c told
		o := Options{Timeout: time.Minute}
		c.listen(&o)
		f := new(fake).knows("p", "d.example")
		o.Sources = []Named{{Name: "a", Source: f, Concurrent: 1}}
		l := New(o)
		defer l.Close()
		want(t, l, "d.example", "a/p")
		time.Sleep(45 * time.Second)
		f.wait = make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() { want(t, l, "x.example", "unknown") })
		synctest.Wait()
		for range 5 {
			want(t, l, "d.example", "a/p")
			synctest.Wait()
		}
		close(f.wait)
		all.Wait()
		if c.asked["a error"] != 0 || c.answered["stale"] != 0 || len(c.reports) != 0 {
			t.Errorf("asked %v, answered %v, reports %v", c.asked, c.answered, c.reports)
		}
	})
}

// TestADeadSourceIsLeftAlone counts the attempts on a database that refuses
// every one at once.
func TestADeadSourceIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{err: errDown}
		l := open(t, Options{}, f)
		defer l.Close()
		for i := range 10_000 { // in ten seconds
			want(t, l, address.Domain(fmt.Sprintf("x%d.example", i)), "unavailable")
			time.Sleep(time.Millisecond)
		}
		if n := f.asked(); n > 50 {
			t.Errorf("%d attempts in ten seconds", n)
		}
		f.fails(nil)
		time.Sleep(sourceBackOff)
		want(t, l, "d.example", "unknown")
		want(t, l, "e.example", "unknown")
	})
}

// TestOneBadRowBringsNoRest asks for a row that can not be read all the time.
func TestOneBadRowBringsNoRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		l := open(t, Options{}, f)
		defer l.Close()
		for i := range 100 { // nor do many, as long as it can tell now and then
			f.fails(errDown)
			want(t, l, address.Domain(fmt.Sprintf("bad%d.example", i)), "unavailable")
			f.fails(nil)
			want(t, l, address.Domain(fmt.Sprintf("good%d.example", i)), "unknown")
		}
		for i := range 100 {
			f.fails(errDown)
			want(t, l, "bad.example", "unavailable")
			if i%10 == 0 {
				f.fails(nil)
				want(t, l, address.Domain(fmt.Sprintf("d%d.example", i)), "unknown")
			}
		}
	})
}

// TestConnectionsBringThroughput checks that four times the connections answer three
// times as many domains that are not cached.
func TestConnectionsBringThroughput(t *testing.T) {
	answered := func(connections int) (n int) {
		synctest.Test(t, func(t *testing.T) {
			f := new(fake)
			f.takes(50 * time.Millisecond)
			l := New(Options{Timeout: time.Minute, Sources: []Named{{Name: "a", Source: f, Concurrent: connections}}})
			defer l.Close()
			for i := range 1000 {
				go func() { _, _ = l.Domain(t.Context(), address.Domain(fmt.Sprintf("x%d.example", i))) }()
			}
			time.Sleep(500 * time.Millisecond)
			n = f.asked()
		})
		return n
	}
	if few, many := answered(16), answered(64); many < 3*few {
		t.Errorf("%d with 64 connections, %d with 16", many, few)
	}
}

package lookup

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

type clientKey struct{}

func clientOf(ctx context.Context) string {
	name, _ := ctx.Value(clientKey{}).(string)
	return name
}

// from returns what a client gets for a domain: found, unknown, or the kind of
// error.
func from(t *testing.T, l *Lookup, client string, d address.Domain) string {
	t.Helper()
	_, err := l.Domain(context.WithValue(t.Context(), clientKey{}, client), d)
	switch settings.KindOf(err) {
	case settings.RateLimited:
		return "too many of the client"
	case settings.Overloaded:
		return "too many of all"
	case settings.LookupFailed:
		return "failed"
	default:
	}
	switch {
	case err == nil:
		return "found"
	case errors.Is(err, source.ErrNotFound):
		return "unknown"
	}
	t.Fatalf("%s: %v", d, err)
	return ""
}

// flood asks for n made-up names and returns how often each result came.
func flood(t *testing.T, l *Lookup, client string, n int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for i := range n {
		counts[from(t, l, client, address.Domain(fmt.Sprintf("%s-%d-%d.example", client, time.Now().UnixNano(), i)))]++
	}
	return counts
}

func TestUnknownNamesOfOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		for i := range 1000 {
			f.knows("p", address.Domain(fmt.Sprintf("known%d.example", i)))
		}
		l := open(t, Options{Budget: Budget{PerMinute: 60, PerSecond: 1000, Client: clientOf}}, f)
		defer l.Close()
		for i := range 1000 { // known names cost nothing
			if got := from(t, l, "stranger", address.Domain(fmt.Sprintf("known%d.example", i))); got != "found" {
				t.Fatalf("a known name: %s", got)
			}
		}
		if got := flood(t, l, "stranger", 500); got["unknown"] != 60 || got["too many of the client"] != 440 {
			t.Errorf("a flood: %v", got)
		}
		if got := from(t, l, "stranger", "known1.example"); got != "found" {
			t.Errorf("a cached name: %s", got)
		}
		if got := flood(t, l, "another", 1); got["unknown"] != 1 {
			t.Errorf("another client: %v", got)
		}
		if got := flood(t, l, "", 100); got["unknown"] != 100 {
			t.Errorf("nobody in particular: %v", got)
		}
		time.Sleep(10 * time.Second)
		if got := flood(t, l, "stranger", 500); got["unknown"] != 10 {
			t.Errorf("ten seconds later: %v", got)
		}
		f.fails(errNoRoom)
		time.Sleep(time.Minute)
		if got := flood(t, l, "stranger", 500); got["failed"] != 60 {
			t.Errorf("names that cannot be looked up: %v", got)
		}
	})
}

// TestOwnProgramsHaveABudget checks that neither a flood through a reverse proxy, which
// asks whether names may have a certificate, takes anything from clients, nor theirs
// from the proxy; and that a known name is found at once after a flood.
func TestOwnProgramsHaveABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "known.example", "cold.example")
		l := open(t, Options{Budget: Budget{PerMinute: 60, PerSecond: 100, Client: clientOf}}, f)
		defer l.Close()
		proxy := func(d address.Domain) error {
			_, err := l.Domain(Own(context.WithValue(t.Context(), clientKey{}, "proxy")), d)
			return err
		}
		refused := 0
		for i := range 1000 {
			if settings.KindOf(proxy(address.Domain(fmt.Sprintf("sni%d.example", i)))) == settings.Overloaded {
				refused++
			}
		}
		if refused != 900 {
			t.Errorf("%d names of a flood are refused, want 900", refused)
		}
		if got := from(t, l, "somebody", "cold.example"); got != "found" {
			t.Errorf("a client after the flood: %s", got)
		}
		if got := from(t, l, "somebody", "unknown.example"); got != "unknown" {
			t.Errorf("an unknown name of a client after the flood: %s", got)
		}
		time.Sleep(10 * time.Millisecond) // one more of 100 in a second
		if err := proxy("known.example"); err != nil {
			t.Errorf("a known name after the flood: %v", err)
		}
		flood(t, l, "", 1000)
		time.Sleep(10 * time.Millisecond)
		if err := proxy("x.example"); !errors.Is(err, source.ErrNotFound) {
			t.Errorf("the proxy after a flood of clients: %v", err)
		}
	})
}

// TestUnknownNamesOfAll checks that a flood from many addresses leaves room for
// people whose domain is known but not cached.
func TestUnknownNamesOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		l := open(t, Options{Budget: Budget{PerMinute: 600, PerSecond: 100, Client: clientOf}}, f)
		defer l.Close()
		for i := range 50 { // they are known as suspects
			flood(t, l, fmt.Sprint("stranger", i), 1)
		}
		time.Sleep(time.Second)
		f.asked()
		for second := range 5 {
			for i := range 50 {
				flood(t, l, fmt.Sprint("stranger", i), 20)
			}
			for i := range 20 {
				d := address.Domain(fmt.Sprintf("cold%d-%d.example", second, i))
				f.knows("p", d)
				if got := from(t, l, "somebody", d); got != "found" {
					t.Fatalf("a domain that is not cached: %s", got)
				}
			}
			time.Sleep(time.Second)
		}
		if n := f.asked(); n > 6*100+5*20 { // a second is saved up

			t.Errorf("%d questions in five seconds", n)
		}
	})
}

// TestWhatIsUnknownIsRefreshedWithinTheBudget asks again and again for names that
// were unknown.
func TestWhatIsUnknownIsRefreshedWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		l := open(t, Options{Budget: Budget{PerMinute: 60, Client: clientOf}}, f)
		defer l.Close()
		name := func(i int) address.Domain { return address.Domain(fmt.Sprintf("x%d.example", i)) }
		for i := range 300 {
			if got := from(t, l, "stranger", name(i)); got != "unknown" {
				t.Fatal(got)
			}
			time.Sleep(time.Second)
		}
		f.asked()
		for i := range 300 {
			if got := from(t, l, "stranger", name(i)); got != "unknown" {
				t.Errorf("%s: %s", name(i), got)
			}
		}
		if n := f.asked(); n > 60 {
			t.Errorf("%d questions, want 60", n)
		}
	})
}

// TestMailboxesCostTheSame checks that the limit does not reveal which exist.
func TestMailboxesCostTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, exist := range []bool{false, true} {
			f := &fake{mailboxes: map[address.Address]source.Record{}}
			l := open(t, Options{Budget: Budget{PerMinute: 60, Client: clientOf}}, f)
			defer l.Close()
			refused := 0
			for i := range 100 {
				a := address.Address{Local: fmt.Sprint("m", i), Domain: "d.example"}
				if exist {
					f.mailboxes[a] = source.Record{Login: "x"}
				}
				if _, err := l.Mailbox(context.WithValue(t.Context(), clientKey{}, "stranger"), "a", a); settings.KindOf(err) == settings.RateLimited {
					refused++
				}
			}
			if refused != 40 {
				t.Errorf("exist %v: %d refused, want 40", exist, refused)
			}
		}
	})
}

// TestManySpenders checks that the clients that are tracked are bounded.
func TestManySpenders(t *testing.T) {
	now := time.Now()
	s := newSpending(Budget{PerMinute: 60, Client: clientOf}, now)
	spend := func(from, to int) {
		for i := from; i < to; i++ {
			settle, err := s.take(context.WithValue(t.Context(), clientKey{}, fmt.Sprint(i)), now)
			if err == nil {
				settle(true)
			} else if i < maxSpenders {
				t.Fatal(err)
			}
		}
	}
	spend(0, 2*maxSpenders)
	if n := len(s.clients); n > maxSpenders+1 {
		t.Errorf("%d clients are tracked", n)
	}
	now = now.Add(time.Minute)
	spend(0, 1)
	if n := len(s.clients); n != 1 {
		t.Errorf("%d clients are tracked a minute later", n)
	}
}

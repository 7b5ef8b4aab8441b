package lookup

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

func mailboxAt(local string) address.Address {
	return address.Address{Local: local, Domain: "d.example"}
}

func TestMailboxesAreAskedForOnlyWhereSwitchedOn(t *testing.T) {
	on := &fake{mailboxes: map[address.Address]source.Record{mailboxAt("anna"): {Login: "web1p1"}}}
	off := new(fake)
	l := open(t, Options{}, on, off)
	for _, tc := range []struct {
		source, local, want string
	}{
		{"a", "anna", "web1p1"},
		{"a", "otto", ""},
		{"b", "anna", ""},
		{"nobody", "anna", ""},
	} {
		if got := l.AsksMailboxes(tc.source); got != (tc.source == "a") {
			t.Errorf("%s: it is asked about mailboxes: %v", tc.source, got)
		}
		found, err := l.Mailbox(t.Context(), tc.source, mailboxAt(tc.local))
		switch {
		case tc.want == "" && !errors.Is(err, source.ErrNotFound):
			t.Errorf("%+v: %+v, %v", tc, found, err)
		case tc.want != "" && (err != nil || found.Record.Login != tc.want):
			t.Errorf("%+v: %+v, %v", tc, found, err)
		}
	}
	wantQuestions(t, on, 2)
	wantQuestions(t, off, 0)
}

// TestKnownAndUnknownMailboxesAreTheSame follows one of each through
// everything that can happen, and compares how often they are asked about and
// how long the answer takes.
func TestKnownAndUnknownMailboxesAreTheSame(t *testing.T) {
	course := func(local string) (story []string) {
		synctest.Test(t, func(t *testing.T) {
			var c told
			o := Options{Cache: source.Cache{Stale: 30 * time.Minute}}
			c.listen(&o)
			f := &fake{mailboxes: map[address.Address]source.Record{mailboxAt("anna"): {Login: "web1p1"}}}
			f.takes(10 * time.Millisecond)
			l := open(t, o, f)
			defer l.Close()
			for step, after := range []time.Duration{0, 0, 29 * time.Second, 20 * time.Second, time.Second, time.Minute, 5 * time.Minute, 5 * time.Minute, time.Hour} {
				time.Sleep(after)
				if step == 7 {
					f.fails(errDown)
				}
				begun := time.Now()
				_, err := l.Mailbox(t.Context(), "a", mailboxAt(local))
				tells := err == nil || errors.Is(err, source.ErrNotFound)
				took := time.Since(begun)
				synctest.Wait()
				time.Sleep(time.Second)
				story = append(story, fmt.Sprintf("step %d: %d questions in %v, tells %v, %v", step, f.asked(), took, tells, c.answered))
			}
			l.InvalidateAll()
			f.fails(nil)
			_, _ = l.Mailbox(t.Context(), "a", mailboxAt(local))
			story = append(story, fmt.Sprintf("at the end: %d questions, %v", f.asked(), c.answered))
		})
		return story
	}
	known, unknown := course("anna"), course("otto")
	for i := range known {
		t.Log(known[i])
		if known[i] != unknown[i] {
			t.Errorf("known:   %s\nunknown: %s", known[i], unknown[i])
		}
	}
}

// TestMailboxesShareOneMemory fills the memory: if that drove out
// the unknown ones alone, the time of a second question would tell who exists.
func TestMailboxesShareOneMemory(t *testing.T) {
	f := &fake{mailboxes: map[address.Address]source.Record{mailboxAt("anna"): {Login: "web1p1"}}}
	l := open(t, Options{Cache: source.Cache{Entries: 100}}, f)
	for i := range 10_000 {
		_, _ = l.Mailbox(t.Context(), "a", mailboxAt(fmt.Sprint("x", i)))
		if i == 50 {
			_, _ = l.Mailbox(t.Context(), "a", mailboxAt("anna"))
			_, _ = l.Mailbox(t.Context(), "a", mailboxAt("otto"))
		}
	}
	l.mailboxes.known.CleanUp()
	if n := l.mailboxes.known.EstimatedSize(); n > 100 {
		t.Errorf("%d mailboxes are cached", n)
	}
	f.asked()
	_, _ = l.Mailbox(t.Context(), "a", mailboxAt("anna"))
	anna := f.asked()
	_, _ = l.Mailbox(t.Context(), "a", mailboxAt("otto"))
	if otto := f.asked(); anna != otto {
		t.Errorf("after a flood: %d question for a mailbox that is there, %d for one that is not", anna, otto)
	}
}

func TestInvalidateConcernsTheMailboxesOfADomain(t *testing.T) {
	f := &fake{mailboxes: map[address.Address]source.Record{mailboxAt("anna"): {Login: "web1p1"}}}
	l := open(t, Options{}, f)
	for range 3 {
		_, _ = l.Mailbox(t.Context(), "a", mailboxAt("anna"))
	}
	wantQuestions(t, f, 1)
	l.Invalidate("d.example")
	_, _ = l.Mailbox(t.Context(), "a", mailboxAt("anna"))
	wantQuestions(t, f, 1)
}

package passwordcheck

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC)

func TestLedger(t *testing.T) {
	l := newLedger()
	for i := range triesEach {
		if !l.admit(noon.Add(time.Duration(i)*time.Minute), "login a", "mailbox a") {
			t.Fatalf("try %d was refused", i+1)
		}
	}
	at := noon.Add((triesEach - 1) * time.Minute)
	for _, tc := range []struct {
		name, login, mailbox string
		want                 bool
	}{
		{"the same", "login a", "mailbox a", false},
		{"in upper case", "LOGIN A", "Mailbox A", false},
		{"the same login under another domain", "login a", "mailbox b", false},
		{"the same mailbox under an alias", "login b", "mailbox a", false},
		{"another mailbox", "login b", "mailbox b", true},
	} {
		if got := l.admit(at, tc.login, tc.mailbox); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
	if l.admit(noon.Add(window-1), "login a", "mailbox a") {
		t.Error("a try was forgotten too early")
	}
	if !l.admit(noon.Add(window), "login a", "mailbox a") {
		t.Error("the first try was not forgotten")
	}
	if l.admit(noon.Add(window), "login a", "mailbox a") {
		t.Error("more than the first try was forgotten")
	}
}

func TestLedgerLimit(t *testing.T) {
	l := newLedger()
	for i := range triesOverall {
		if !l.admit(noon, fmt.Sprint("login ", i), fmt.Sprint("mailbox ", i)) {
			t.Fatalf("try %d was refused", i+1)
		}
	}
	if l.admit(noon, "login x", "mailbox x") {
		t.Error("a try beyond the limit was admitted")
	}
	if len(l.tries) != triesOverall || len(l.count) != 2*triesOverall {
		t.Errorf("%d tries and %d names are stored", len(l.tries), len(l.count))
	}
	if !l.admit(noon.Add(window), "login x", "mailbox x") || len(l.tries) != 1 || len(l.count) != 2 {
		t.Errorf("after the window %d tries and %d names are stored", len(l.tries), len(l.count))
	}
}

func BenchmarkLedger(b *testing.B) {
	b.ReportAllocs()
	l := newLedger()
	for at := noon; b.Loop(); at = at.Add(time.Second) {
		l.admit(at, "login mail.example.com anna@example.com", "mailbox anna@example.com")
	}
}

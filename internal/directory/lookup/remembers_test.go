package lookup

import (
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestRemembers: only answers about domains that could still be served count.
func TestRemembers(t *testing.T) {
	failing := &fake{err: errDown}
	l := New(Options{Sources: []Named{{Name: "a", Source: failing, Mailboxes: true}, {Name: "b", Source: failing}}})
	t.Cleanup(l.Close)
	record := &source.Record{}
	l.Remember(Known{Domain: "old.example", Source: "a", Record: record, Asked: time.Now().Add(-48 * time.Hour)})
	l.Remember(Known{Local: "anna", Domain: "example.com", Source: "a", Record: record, Asked: time.Now()})
	l.Remember(Known{Domain: "example.com", Source: "c", Record: record, Asked: time.Now()})
	if l.Remembers("a") || l.Remembers("b") || l.Remembers("c") {
		t.Error("remembers what cannot be served")
	}
	l.Remember(Known{Domain: "example.com", Source: "b", Record: record, Asked: time.Now()})
	if l.Remembers("a") || !l.Remembers("b") {
		t.Error("the answer of b counts for b alone")
	}
}

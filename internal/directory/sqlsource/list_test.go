package sqlsource

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestList lists domains on every database: for longer than a lookup may take, and in
// a read-only session.
func TestList(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		list := func(query string) (all []string, err error) {
			s := e.source(t, domainQuery, "", func(o *source.SQL) { o.ListQuery, o.Timeout = query, time.Millisecond })
			return all, s.List(t.Context(), func(name string) error {
				all = append(all, name)
				return nil
			})
		}
		got, err := list("SELECT " + e.sleepy + " AS slow, unicode AS domain FROM domain ORDER BY name")
		if want := []string{"example.com", "off.example", "own.example", "bücher.example"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v", got, err)
		}
		if got, err = list("SELECT NULL AS domain"); err != nil || !slices.Equal(got, []string{""}) {
			t.Errorf("%q, %v", got, err)
		}
		_, err = list("DELETE FROM domain RETURNING name AS domain")
		fails(t, err, "panel: queries.list: is not a read-only query")
		_, err = list("SELECT name FROM domain")
		fails(t, err, "panel: queries.list: returns no column domain")
		_, err = list("SELECT domain FROM nowhere")
		fails(t, err, "panel: queries.list: "+e.says["missing table"])

		enough := errors.New("enough")
		s := e.source(t, domainQuery, "", func(o *source.SQL) { o.ListQuery = "SELECT name AS domain FROM domain" })
		if err := s.List(t.Context(), func(string) error { return enough }); !errors.Is(err, enough) {
			t.Error(err)
		}
		if err := s.List(cancelled(t), func(string) error { return nil }); err == nil {
			t.Error("a cancelled list succeeds")
		}
	})
}

// TestNoList names the sources that cannot list domains.
func TestNoList(t *testing.T) {
	e := newSQLite(t)
	for _, tc := range []struct{ domain, mailbox, list, want string }{
		{domainQuery, "", "", "it needs queries.list to list its domains"},
		{"", loginQuery, "SELECT name AS domain FROM domain", "it looks up user names only"},
	} {
		s := e.source(t, tc.domain, tc.mailbox, func(o *source.SQL) { o.ListQuery = tc.list })
		reason := source.NoListError("")
		if err := s.List(t.Context(), nil); !errors.As(err, &reason) || string(reason) != tc.want {
			t.Error(err)
		}
	}
}

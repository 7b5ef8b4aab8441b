package sqlsource

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/test/databases"
)

// watch runs Watch until the test ends and returns what it calls.
func watch(t *testing.T, e engine, change ...func(*Source)) (changes <-chan address.Domain, failures <-chan error) {
	t.Helper()
	changed, failed, ended := make(chan address.Domain, 100), make(chan error, 100), make(chan struct{})
	s := e.source(t, domainQuery, "", func(o *source.SQL) { o.Channel = "waymark" })
	for _, c := range change {
		c(s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		s.Watch(ctx, func(d address.Domain) { changed <- d }, func(err error) { failed <- err })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return changed, failed
}

// next waits for a call.
func next[T any](t *testing.T, calls <-chan T) T {
	t.Helper()
	select {
	case call := <-calls:
		return call
	case <-time.After(patience):
		t.Fatal("nothing is called")
	}
	panic("unreachable")
}

func wantChange(t *testing.T, changes <-chan address.Domain, want address.Domain) {
	t.Helper()
	if got := next(t, changes); got != want {
		t.Errorf("changed is called with %q, want %q", got, want)
	}
}

func TestWatch(t *testing.T) {
	e := newPostgreSQL(t, servers.PostgreSQL(t)).panel(t)
	changes, _ := watch(t, e)
	wantChange(t, changes, "") // it listens from here on
	for _, tc := range []struct {
		notify string
		want   address.Domain
	}{
		{"NOTIFY waymark, 'example.com'", "example.com"},
		{"NOTIFY WAYMARK, 'Bücher.example.'", "xn--bcher-kva.example"},
		{"SELECT pg_notify('waymark', 'example.net')", "example.net"},
		{"NOTIFY waymark", ""},
		{"NOTIFY waymark, 'what is this'", ""},
		{"NOTIFY other, 'other.example'", "last.example"},
	} {
		e.exec(t, tc.notify)
		if tc.want == "last.example" {
			e.exec(t, "NOTIFY waymark, 'last.example'")
		}
		wantChange(t, changes, tc.want)
	}
}

// TestWatchReconnects has the server restart twice. Each outage is reported once,
// and afterwards everything may have changed.
func TestWatchReconnects(t *testing.T) {
	server := databases.StartPostgreSQL(t)
	e := newPostgreSQL(t, server).panel(t)
	changes, failures := watch(t, e)
	wantChange(t, changes, "")
	for range 2 {
		server.Kill(t)
		fails(t, next(t, failures), "panel: notifications on waymark: the connection to the server was lost")
		server.Start(t)
		wantChange(t, changes, "")
		e.exec(t, "NOTIFY waymark, 'example.com'")
		wantChange(t, changes, "example.com")
		select {
		case err := <-failures:
			t.Errorf("told again: %v", err)
		default:
		}
	}
}

// TestWatchNoticesSilence loses the connection without notice to either side, as
// a firewall does.
func TestWatchNoticesSilence(t *testing.T) {
	server := servers.PostgreSQL(t)
	e := newPostgreSQL(t, server).panel(t)
	p := forward(t, server.Address())
	e.dsn = strings.Replace(e.dsn, server.Address(), p.address, 1)
	changes, failures := watch(t, e, func(s *Source) { s.ping, s.opts.Timeout = 50*time.Millisecond, 2*time.Second })
	wantChange(t, changes, "")
	e.exec(t, "NOTIFY waymark, 'example.com'")
	wantChange(t, changes, "example.com")
	p.forget()
	fails(t, next(t, failures), "panel: notifications on waymark: no answer within 2s")
	wantChange(t, changes, "")
	e.exec(t, "NOTIFY waymark, 'example.net'")
	wantChange(t, changes, "example.net")
}

func TestWatchSaysWhyItCannotListen(t *testing.T) {
	server := servers.PostgreSQL(t)
	e := newPostgreSQL(t, server)
	e.dsn = server.DSN("nobody", secret, "postgres")
	_, failures := watch(t, e)
	fails(t, next(t, failures), "panel: notifications on waymark: the server rejected the user or the password")
}

func TestWatchWithoutAChannel(t *testing.T) {
	s := newSQLite(t).source(t, domainQuery, "")
	s.Watch(t.Context(), func(d address.Domain) { t.Errorf("changed is called with %q", d) }, func(err error) { t.Error(err) })
}

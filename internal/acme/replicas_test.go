package acme

import (
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/acme/sqlstorage"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/databases"
)

// inDatabase opens the storage of one replica.
func inDatabase(t *testing.T, dsn string) Storage {
	t.Helper()
	db, err := sqlsource.OpenWritable(source.SQL{Driver: "postgres", DSN: dsn, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstorage.New(db, "a secret of thirty-two characters")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestReplicas pins that two replicas order one certificate once, for clients that ask both at the same time.
// Then the database is killed: what was served still is, also after a restart, and the
// order of another name succeeds once the database is back.
func TestReplicas(t *testing.T) {
	server := databases.StartPostgreSQL(t)
	_, dsn := server.Certificates(t, "../../docs/tls.md")
	a := acmetest.New(t)
	copied := Directory(t.TempDir())
	replica := func(keep Storage) *instance {
		return start(t, a, inDatabase(t, dsn), func(o *Options) {
			o.Copy, o.NoDNS = keep, true
		})
	}
	one, two := replica(copied), replica(Directory(t.TempDir()))
	_, release := a.Hold(acmetest.Finalize)
	serials := make([]string, 20)
	var clients sync.WaitGroup
	for i := range serials {
		clients.Go(func() {
			at := one
			if i%2 == 0 {
				at = two
			}
			var err error
			if serials[i], err = at.shake(a, "autoconfig.example.com"); err != nil {
				t.Error(err)
			}
		})
	}
	for _, r := range []*instance{one, two} {
		within(t, time.Minute, "a replica does not try", func() bool {
			r.Manager.mu.Lock()
			defer r.Manager.mu.Unlock()
			return len(r.flights) == 1
		})
	}
	time.Sleep(2 * time.Second) // a replica that does not wait for the other one orders, too
	release()
	clients.Wait()
	for _, serial := range serials {
		if serial != serials[0] {
			t.Errorf("two certificates: %s and %s", serials[0], serial)
		}
	}
	if a.Orders() != 1 {
		t.Errorf("%d orders, want 1", a.Orders())
	}

	server.Kill(t)
	restarted := replica(copied)
	for name, i := range map[string]*instance{"from memory": two, "after a restart": restarted} {
		if got, err := i.shake(a, "autoconfig.example.com"); err != nil || got != serials[0] {
			t.Errorf("%s without the database: %s, %v", name, got, err)
		}
		if _, err := i.shake(a, "autodiscover.example.com"); err == nil {
			t.Error("a name without a certificate is served")
		}
	}
	server.Start(t)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, err := restarted.shake(a, "autodiscover.example.com"); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if held, err := List(t.Context(), two.o.Store); err != nil || len(held) != 2 || held[0].Name != "autoconfig.example.com" || held[1].LastError != "" {
		t.Errorf("the storage has %+v, %v", held, err)
	}
}

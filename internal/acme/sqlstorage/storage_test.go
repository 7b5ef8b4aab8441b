package sqlstorage

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/test/databases"
)

var servers databases.Servers

func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }

const secret = "a secret of thirty-two characters"

// tables returns a new database with the documented tables, and how to connect to it as
// a user with the documented permissions alone.
func tables(t testing.TB) (databases.Database, source.SQL) {
	t.Helper()
	db, dsn := servers.PostgreSQL(t).Certificates(t, "../../../docs/tls.md")
	return db, source.SQL{Driver: "postgres", DSN: dsn, Timeout: 5 * time.Second}
}

// replica returns the storage of one process.
func replica(t testing.TB, opts source.SQL) *Storage {
	t.Helper()
	db, err := sqlsource.OpenWritable(opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(db, secret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// eachStorage runs a test with two replicas of each kind of storage.
func eachStorage(t *testing.T, test func(t *testing.T, one, two certmagic.Storage)) {
	t.Run("directory", func(t *testing.T) {
		dir := t.TempDir()
		test(t, &certmagic.FileStorage{Path: dir}, &certmagic.FileStorage{Path: dir})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		_, opts := tables(t)
		test(t, replica(t, opts), replica(t, opts))
	})
}

// TestValues stores, lists and deletes as the library does.
func TestValues(t *testing.T) {
	eachStorage(t, func(t *testing.T, one, two certmagic.Storage) {
		ctx := t.Context()
		_, err := one.Load(ctx, "certificates/ca/a.example/a.example.crt")
		_, statErr := one.Stat(ctx, "certificates")
		_, listErr := one.List(ctx, "certificates", true)
		for what, err := range map[string]error{"Load": err, "Stat": statErr, "List": listErr} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of nothing: %v", what, err)
			}
		}
		if one.Exists(ctx, "certificates") || one.Delete(ctx, "certificates") != nil {
			t.Error("what is missing exists, or cannot be deleted")
		}
		values := map[string][]byte{
			"certificates/ca/a.example/a.example.crt":   []byte("certificate"),
			"certificates/ca/a.example/a.example.key":   bytes.Repeat([]byte{0, 1, 0xff}, 1000),
			"certificates/ca_2/b.example/b.example.crt": {},
			"certificates0":          []byte("beside the folder"),
			"acme/ca/users/%_\\/key": []byte("account"),
		}
		for key, value := range values {
			for _, value := range [][]byte{[]byte("before"), value} {
				if err := one.Store(ctx, key, value); err != nil {
					t.Fatal(err)
				}
			}
		}
		for key, want := range values {
			got, err := two.Load(ctx, key)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %q, %v", key, got, err)
			}
			info, err := two.Stat(ctx, key)
			if err != nil || info.Key != key || info.Size != int64(len(want)) || !info.IsTerminal || time.Since(info.Modified).Abs() > time.Minute {
				t.Errorf("%s: %+v, %v", key, info, err)
			}
		}
		if info, err := two.Stat(ctx, "certificates/ca"); err != nil || info.IsTerminal || !two.Exists(ctx, "certificates/ca") || two.Exists(ctx, "certificates/c") {
			t.Errorf("a folder: %+v, %v", info, err)
		}
		for _, tt := range []struct {
			prefix    string
			recursive bool
			want      string
		}{
			{"certificates", false, "certificates/ca certificates/ca_2"},
			{"certificates/ca", true, "certificates/ca/a.example certificates/ca/a.example/a.example.crt certificates/ca/a.example/a.example.key"},
			{"certificates/ca/a.example", false, "certificates/ca/a.example/a.example.crt certificates/ca/a.example/a.example.key"},
			{"", false, "acme certificates certificates0"},
		} {
			got, err := two.List(ctx, tt.prefix, tt.recursive)
			got = slices.DeleteFunc(got, func(key string) bool { return strings.HasPrefix(key, "locks") })
			slices.Sort(got)
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("%q, recursive %v: %v, %v", tt.prefix, tt.recursive, got, err)
			}
		}
		if err := two.Delete(ctx, "certificates/ca"); err != nil || one.Exists(ctx, "certificates/ca") || !one.Exists(ctx, "certificates/ca_2") || !one.Exists(ctx, "certificates0") {
			t.Errorf("deleting a folder: %v", err)
		}
	})
}

// TestLocks has two replicas count with a lock, and one that waits in vain.
func TestLocks(t *testing.T) {
	eachStorage(t, func(t *testing.T, one, two certmagic.Storage) {
		var inside, most atomic.Int64
		var all sync.WaitGroup
		for _, s := range []certmagic.Storage{one, two} {
			all.Go(func() {
				for range 2 {
					if err := s.Lock(t.Context(), "issue_cert_a.example"); err != nil {
						t.Error(err)
						return
					}
					most.Store(max(most.Load(), inside.Add(1)))
					time.Sleep(5 * time.Millisecond)
					inside.Add(-1)
					if err := s.Unlock(t.Context(), "issue_cert_a.example"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if most.Load() != 1 {
			t.Errorf("%d have the lock at once", most.Load())
		}
		if err := one.Lock(t.Context(), "issue_cert_a.example"); err != nil {
			t.Fatal(err)
		}
		if err := two.Lock(t.Context(), "issue_cert_b.example"); err != nil {
			t.Errorf("another name: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := two.Lock(ctx, "issue_cert_a.example"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a lock that another replica has: %v", err)
		}
		for name, s := range map[string]certmagic.Storage{"issue_cert_a.example": one, "issue_cert_b.example": two} {
			if err := s.Unlock(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestLeases of a holder that lives are renewed; those of one that was killed expire.
func TestLeases(t *testing.T) {
	db, opts := tables(t)
	one, two := replica(t, opts), replica(t, opts)
	one.lease = 12 * time.Second // renewed every four
	if err := one.Lock(t.Context(), "name"); err != nil {
		t.Fatal(err)
	}
	expires := func() (at time.Time) {
		t.Helper()
		if err := db.DB.QueryRowContext(t.Context(), `SELECT expires FROM waymark_certificate_locks WHERE name = 'name'`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	first := expires()
	for deadline := time.Now().Add(time.Minute); !expires().After(first); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the lease of a holder that lives is not renewed")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*tryAgain)
	defer cancel()
	if err := two.Lock(ctx, "name"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a lock whose holder lives: %v", err)
	}
	if err := one.Close(); err != nil { // as if it had been killed
		t.Fatal(err)
	}
	if err := two.Lock(t.Context(), "name"); err != nil {
		t.Errorf("the lock of a holder that was killed: %v", err)
	}
	if at := expires(); time.Until(at) > lease || !at.After(first) {
		t.Errorf("the new lease ends at %s", at)
	}
}

// TestNothingIsStoredInClear looks for a private key in every row, and opens rows with
// another secret, under another name, and changed.
func TestNothingIsStoredInClear(t *testing.T) {
	_, opts := tables(t)
	s := replica(t, opts)
	for _, key := range []string{"a.key", "b.key"} {
		if err := s.Store(t.Context(), key, []byte("PRIVATE KEY of "+key)); err != nil {
			t.Fatal(err)
		}
	}
	var found, same int
	if err := s.db.QueryRow(`SELECT count(*) FILTER (WHERE position('PRIVATE'::bytea IN value) > 0), count(*) - count(DISTINCT value) FROM waymark_certificates`).Scan(&found, &same); err != nil || found+same != 0 {
		t.Errorf("%d rows in clear, %d equal, %v", found, same, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	other, err := New(s.db, "another secret, as long as the first one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Load(t.Context(), "a.key"); !errors.Is(err, errSealed) || !errors.Is(other.Check(t.Context()), errSealed) {
		t.Errorf("with another secret: %v", err)
	}
	for _, change := range []string{
		`UPDATE waymark_certificates SET value = (SELECT value FROM waymark_certificates WHERE name = 'b.key') WHERE name = 'a.key'`,
		`UPDATE waymark_certificates SET value = '\x' WHERE name = 'a.key'`,
		`UPDATE waymark_certificates SET value = '\x01ff' WHERE name = 'a.key'`,
	} {
		if _, err := s.db.Exec(change); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), "a.key"); !errors.Is(err, errSealed) {
			t.Errorf("after %s: %v", change, err)
		}
	}
}

// TestCheckNamesWhatIsMissing: the tables, then a permission.
func TestCheckNamesWhatIsMissing(t *testing.T) {
	db, opts := tables(t)
	s := replica(t, opts)
	for _, step := range []struct{ change, want string }{
		{"REVOKE DELETE ON waymark_certificate_locks FROM " + db.Name, "the user of the database needs SELECT, INSERT, UPDATE and DELETE on the table waymark_certificate_locks"},
		{"DROP TABLE waymark_certificates", `the table waymark_certificates: ERROR: relation "waymark_certificates" does not exist`},
	} {
		db.Exec(t, step.change)
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), step.want) {
			t.Errorf("after %s: %v, want %s", step.change, err, step.want)
		}
	}
}

package sign

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

func selfSigned(t *testing.T, dir string, now time.Time, wantCreated bool) *Identity {
	t.Helper()
	id, created, err := SelfSigned(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	if created != wantCreated {
		t.Errorf("created %v, want %v", created, wantCreated)
	}
	return id
}

func TestSelfSigned(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "waymark")
	id := selfSigned(t, dir, testTime(), true)
	leaf := id.Leaf()
	if key, ok := leaf.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() != 2048 {
		t.Errorf("the key is %T, want RSA of 2048 bits", leaf.PublicKey)
	}
	if !id.NotAfter().Equal(testTime().Add(10 * 365 * 24 * time.Hour)) {
		t.Errorf("valid until %s", id.NotAfter())
	}
	if leaf.Subject.String() != leaf.Issuer.String() || leaf.Subject.CommonName != "Waymark (self-signed)" {
		t.Errorf("subject %s, issuer %s", leaf.Subject, leaf.Issuer)
	}
	if again := selfSigned(t, dir, testTime().AddDate(1, 0, 0), false); !again.Leaf().Equal(leaf) {
		t.Error("another identity a year later")
	}

	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("files left: %v, %v", entries, err)
	}
	file := filepath.Join(dir, entries[0].Name())
	for path, want := range map[string]os.FileMode{dir: 0o700, file: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
	signed, err := id.Sign(profile)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("openssl", func(t *testing.T) {
		if got, err := certtest.OpenSSL(t, signed, file); err != nil || !bytes.Equal(got, profile) {
			t.Errorf("other content: %q, %v", got, err)
		}
	})
}

func TestSelfSignedIsRenewed(t *testing.T) {
	made, err := makeSelfSigned(testTime())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		later   time.Duration
		renewed bool
	}{
		{"31 days before its expiry", selfSignedValidity - 31*24*time.Hour, false},
		{"29 days before its expiry", selfSignedValidity - 29*24*time.Hour, true},
		// Like after a first start with the clock at 1970.
		{"after its expiry", selfSignedValidity + time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, later := t.TempDir(), testTime().Add(tt.later)
			if err := os.WriteFile(filepath.Join(dir, selfSignedFile), made, 0o600); err != nil {
				t.Fatal(err)
			}
			first := selfSigned(t, dir, testTime(), false)
			second := selfSigned(t, dir, later, tt.renewed)
			if second.Leaf().Equal(first.Leaf()) == tt.renewed {
				t.Errorf("renewed %v, want %v", !tt.renewed, tt.renewed)
			}
			if tt.renewed && second.NotAfter().Before(later.AddDate(9, 0, 0)) {
				t.Errorf("the new one is valid until %s", second.NotAfter())
			}
		})
	}
}

// TestSelfSignedKeepsAnUnusableFile: it may be the identity of profiles that are
// installed, and the clock may be wrong.
func TestSelfSignedKeepsAnUnusableFile(t *testing.T) {
	t.Run("the clock is wrong", func(t *testing.T) {
		dir := t.TempDir()
		first := selfSigned(t, dir, testTime(), true)
		_, _, err := SelfSigned(dir, testTime().AddDate(-1, 0, 0))
		want := "is not valid before " + testTime().Add(-time.Hour).Format("2006-01-02 15:04:05") + " UTC; is the clock right?"
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want … %s", err, want)
		}
		if again := selfSigned(t, dir, testTime(), false); !again.Leaf().Equal(first.Leaf()) {
			t.Error("another identity")
		}
	})
	t.Run("a damaged file", func(t *testing.T) {
		dir := t.TempDir()
		file := filepath.Join(dir, selfSignedFile)
		if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, created, err := SelfSigned(dir, testTime())
		want := file + `: contains no private key; expected PEM that begins with "-----BEGIN PRIVATE KEY-----"`
		if created || err == nil || err.Error() != want {
			t.Errorf("created %v, got %v, want %s", created, err, want)
		}
	})
	t.Run("the folder cannot be created", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, created, err := SelfSigned(filepath.Join(file, "state"), testTime()); created || err == nil {
			t.Errorf("created %v, error %v", created, err)
		}
	})
}

// TestSelfSignedConcurrently: of several processes, one creates the identity and
// all use it.
func TestSelfSignedConcurrently(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	const processes = 4
	ids, created := make([]*Identity, processes), make([]bool, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() {
			var err error
			if ids[i], created[i], err = SelfSigned(dir, testTime()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	makers := 0
	for i, id := range ids {
		if created[i] {
			makers++
		}
		if id != nil && ids[0] != nil && !id.Leaf().Equal(ids[0].Leaf()) {
			t.Error("two identities")
		}
	}
	if makers != 1 {
		t.Errorf("%d made it, want 1", makers)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files left: %v, %v", entries, err)
	}
}

// TestLeftoversAreRemoved finds the private keys of processes that were killed
// while they created an identity.
func TestLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	old, young := filepath.Join(dir, selfSignedFile+".123"), filepath.Join(dir, selfSignedFile+".456")
	for file, age := range map[string]time.Duration{old: time.Hour, young: time.Second} {
		if err := os.WriteFile(file, []byte("key"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, testTime().Add(-age), testTime().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	selfSigned(t, dir, testTime(), true)
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young one: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, selfSignedFile)); err != nil {
		t.Errorf("the identity: %v", err)
	}
}

// TestTemporary pins that a temporary identity signs.
func TestTemporary(t *testing.T) {
	one, err := Temporary(testTime())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.Sign([]byte("x")); err != nil {
		t.Error(err)
	}
}

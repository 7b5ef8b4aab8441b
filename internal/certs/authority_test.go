package certs

import (
	"crypto"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

// aMoment is when everything here happens.
func aMoment() time.Time { return time.Date(2026, 11, 5, 14, 30, 15, 0, time.UTC) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func authority(name string, by *certtest.Party, changes ...certtest.Change) certtest.Party {
	return certtest.Authority(name, by, slices.Insert(changes, 0, certtest.At(aMoment()))...)
}

func certify(name string, key crypto.Signer, by *certtest.Party, changes ...certtest.Change) certtest.Party {
	return certtest.Certify(name, key, by, slices.Insert(changes, 0, certtest.At(aMoment()))...)
}

// inFolder works in a new folder with cert.pem and key.pem in it, so that
// messages name these. A file of nil parts is not made.
func inFolder(t *testing.T, cert, key [][]byte) {
	t.Helper()
	t.Chdir(t.TempDir())
	put(t, "cert.pem", cert...)
	put(t, "key.pem", key...)
}

func put(t *testing.T, name string, parts ...[]byte) {
	t.Helper()
	if parts == nil {
		return
	}
	if err := os.WriteFile(filepath.Clean(name), slices.Concat(parts...), 0o600); err != nil {
		t.Fatal(err)
	}
}

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

// testTime is the time of all tests.
func testTime() time.Time { return time.Date(2026, 11, 5, 14, 30, 15, 0, time.UTC) }

func authority(name string, by *certtest.Party, changes ...certtest.Change) certtest.Party {
	return certtest.Authority(name, by, slices.Insert(changes, 0, certtest.At(testTime()))...)
}

func certify(name string, key crypto.Signer, by *certtest.Party, changes ...certtest.Change) certtest.Party {
	return certtest.Certify(name, key, by, slices.Insert(changes, 0, certtest.At(testTime()))...)
}

// inFolder changes to a new folder with cert.pem and key.pem, so that errors
// contain these names. A file of nil parts is not written.
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

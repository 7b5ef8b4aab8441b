package invite

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestStoredKeys opens a link after a restart, also when the folder can no longer be
// written.
func TestStoredKeys(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	first, err := StoredKeys(dir, noon)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, storedFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	link := first.SealPage(Page, anna, noon)
	left := filepath.Join(dir, storedFile+".123")
	if err := os.WriteFile(left, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, noon.Add(-time.Hour), noon.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	again, err := StoredKeys(dir, noon)
	if err != nil {
		t.Fatal(err)
	}
	if a, _, _, err := again.OpenPage(link, noon); err != nil || a != anna {
		t.Errorf("after a restart: %v, %v", a, err)
	}
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != 1 {
		t.Errorf("the folder has %v, %v", found, err)
	}
	if err := os.WriteFile(filepath.Join(dir, storedFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := StoredKeys(dir, noon); err == nil {
		t.Error("a damaged key is used")
	}
}

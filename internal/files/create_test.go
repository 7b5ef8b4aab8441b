package files

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/waymark-mail/waymark/test/textfile"
)

// TestFileSystemsWithoutHardLinks creates a file where os.Link fails, as on FAT and on
// some network shares. One that another process has put there stays.
func TestFileSystemsWithoutHardLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "key")
	refused := func(from, to string) error { return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM} }
	move := func(from, to string) error { return linkWith(refused, from, to) }
	if created, err := create(path, []byte("first"), move); !created || err != nil {
		t.Fatalf("created is %t, %v", created, err)
	}
	if created, err := create(path, []byte("second"), move); created || err != nil {
		t.Errorf("where there is one, created is %t, %v", created, err)
	}
	if got := textfile.Read(t, path); got != "first" {
		t.Errorf("the file is %q", got)
	}
}

// TestCreateAndReplace checks which files remain in the folder.
func TestCreateAndReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	for _, step := range []struct {
		name    string
		do      func() (bool, error)
		created bool
		want    string
	}{
		{"the first", func() (bool, error) { return Create(path, []byte("first")) }, true, "first"},
		{"the second", func() (bool, error) { return Create(path, []byte("second")) }, false, "first"},
		{"in its place", func() (bool, error) { return false, Replace(path, []byte("third")) }, false, "third"},
	} {
		created, err := step.do()
		if got := textfile.Read(t, path); created != step.created || err != nil || got != step.want {
			t.Errorf("%s: created is %t, %v; the file is %q", step.name, created, err, got)
		}
	}
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != 1 {
		t.Errorf("the folder has %v, %v", found, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

//go:build linux

package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestOnlyChangedFilesAreRead gives each file a wrong print that is known for its stamp,
// which stays only while the file is not read.
func TestOnlyChangedFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	wrong := func(age time.Duration) prints {
		t.Helper()
		must(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
		info, err := os.Stat(path)
		must(t, err)
		return prints{path: {[32]byte{1}, stampOf(info)}}
	}
	write(t, path, "text")
	must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour))) // later than any pause of this test
	read := printsOf([]string{path}, nil)
	if read[path].stamp != (stamp{}) {
		t.Error("the stamp of a file that changed just now is trusted")
	}
	known := wrong(time.Hour)
	if got := printsOf([]string{path}, known); !got.equal(known) {
		t.Error("a file that did not change is read again")
	}
	for name, change := range map[string]func(){
		"content of the same length, with its old time": func() {
			write(t, path, "TEXT")
			must(t, os.Chtimes(path, time.Time{}, time.Unix(0, known[path].stamp.modified)))
		},
		"another file with the same time": func() {
			other := filepath.Join(dir, "b")
			write(t, other, "text")
			must(t, os.Chtimes(other, time.Time{}, time.Unix(0, known[path].stamp.modified)))
			must(t, os.Rename(other, path))
		},
	} {
		known = wrong(time.Hour)
		for begun := time.Now(); ; time.Sleep(time.Millisecond) { // the clock of the file system ticks
			change()
			info, err := os.Stat(path)
			must(t, err)
			if stampOf(info) != known[path].stamp {
				break
			}
			if time.Since(begun) > 30*time.Second {
				t.Fatalf("%s: the stamp does not change", name)
			}
		}
		if got := printsOf([]string{path}, known); got.equal(known) {
			t.Errorf("%s: the change is not noticed", name)
		}
	}
}

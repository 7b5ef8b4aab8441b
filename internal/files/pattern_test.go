//go:build unix

package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestPattern(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a*[") // no pattern
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	add := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"b.yaml", "a.yaml", ".c.yaml", "d.yaml~", "e"} {
		add(name)
	}
	for pattern, want := range map[string]string{"*.yaml": "a.yaml b.yaml", ".*.yaml": ".c.yaml", "[ab]*": "a.yaml b.yaml", "e": "e", "none": "", "[": ""} {
		paths, err := Pattern{dir, pattern}.Files()
		for i := range paths {
			paths[i] = filepath.Base(paths[i])
		}
		if err != nil || !reflect.DeepEqual(paths, strings.Fields(want)) && len(paths)+len(want) > 0 {
			t.Errorf("%s: %v, %v", pattern, paths, err)
		}
	}
	for i := range maxMatches + 1 {
		add("many" + strconv.Itoa(i))
	}
	if _, err := (Pattern{dir, "many*"}).Files(); err == nil || err.Error() != "read "+dir+": more than 10000 files match" {
		t.Error(err)
	}
}

func TestPatternsOfWhatIsNoDirectory(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{pipe: syscall.ENOTDIR, filepath.Join(dir, "none"): fs.ErrNotExist} {
		if _, err := (Pattern{path, "*"}).Files(); !errors.Is(err, want) || !errors.As(err, new(*fs.PathError)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

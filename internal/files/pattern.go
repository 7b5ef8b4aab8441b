package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Pattern matches files of one directory by their names.
type Pattern struct {
	Dir  string // absolute; its characters have no special meaning
	Name string // of path/filepath.Match
}

// Matches reports whether a file of the directory matches. Hidden files, which
// editors and Kubernetes create, match only a pattern that begins with a dot.
func (p Pattern) Matches(name string) bool {
	ok, err := filepath.Match(p.Name, name)
	return ok && err == nil && (name[0] != '.' || p.Name[0] == '.')
}

// maxMatches bounds the files that one pattern matches.
const maxMatches = 10_000

// Files returns the paths that match, sorted. An error is an *fs.PathError, also for
// more than 10,000.
func (p Pattern) Files() ([]string, error) {
	var paths []string
	err := within(Patience, p.Dir, func() (err error) {
		paths, err = p.list()
		return err
	})
	if err != nil {
		return nil, err
	}
	return paths, nil
}

func (p Pattern) list() ([]string, error) {
	// Without O_NONBLOCK, a pipe that took the directory's place is waited for.
	dir, err := os.OpenFile(p.Dir, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // nothing was written
	var paths []string
	for {
		names, err := dir.Readdirnames(1000)
		for _, name := range names {
			if p.Matches(name) {
				paths = append(paths, filepath.Join(p.Dir, name))
			}
		}
		switch {
		case len(paths) > maxMatches:
			return nil, &fs.PathError{Op: "read", Path: p.Dir, Err: fmt.Errorf("more than %d files match", maxMatches)}
		case errors.Is(err, io.EOF):
			slices.Sort(paths)
			return paths, nil
		case err != nil:
			return nil, err
		}
	}
}

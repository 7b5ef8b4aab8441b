package watch

import (
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"os"
)

// prints maps the path of a file to a fingerprint of its content. A file that
// cannot be read has none.
type prints map[string][sha256.Size]byte

func printsOf(paths []string) prints {
	all := prints{}
	for _, path := range paths {
		if sum, err := sumOf(path); err == nil {
			all[path] = sum
		}
	}
	return all
}

var errNotRegular = errors.New("not a regular file")

func sumOf(path string) (sum [sha256.Size]byte, err error) {
	// Opening a pipe would wait for its writer, and reading it would take data
	// that another reader expects.
	info, err := os.Stat(path)
	if err != nil {
		return sum, err
	}
	if !info.Mode().IsRegular() {
		return sum, errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

func (p prints) equal(other prints) bool { return maps.Equal(p, other) }

// keep takes the fingerprints of files from others, missing ones included.
func (p prints) keep(others prints, files []string) {
	for _, path := range files {
		if sum, ok := others[path]; ok {
			p[path] = sum
		} else {
			delete(p, path)
		}
	}
}

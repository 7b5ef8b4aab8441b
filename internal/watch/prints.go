package watch

import (
	"crypto/sha256"
	"io"
	"maps"
	"os"
)

// prints are fingerprints of files by their path. A file that cannot be read
// has none.
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

func sumOf(path string) (sum [sha256.Size]byte, err error) {
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

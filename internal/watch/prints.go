package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"

	"github.com/waymark-mail/waymark/internal/files"
)

// prints maps the path of a file to a fingerprint of its content. A file that
// cannot be read has none.
type prints map[string][sha256.Size]byte

func printsOf(paths []string) prints {
	all := prints{}
	for _, path := range paths {
		sum, err := sumOf(path)
		if errors.Is(err, context.DeadlineExceeded) {
			break // the others may well be on the same file system
		}
		if err == nil {
			all[path] = sum
		}
	}
	return all
}

func sumOf(path string) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	err = files.Use(path, func(f io.Reader) error {
		_, err := io.Copy(h, f)
		return err
	})
	if err != nil {
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

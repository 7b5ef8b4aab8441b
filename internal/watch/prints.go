package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"time"

	"github.com/waymark-mail/waymark/internal/files"
)

// prints maps the path of a file to a fingerprint of its content. A file that
// cannot be read has none.
type prints map[string]fingerprint

type fingerprint struct {
	sum   [sha256.Size]byte
	stamp stamp // zero if it does not identify the content
}

// stamp shows whether a file may have changed since it was read.
type stamp struct {
	device, inode         uint64
	size                  int64
	modified, otherChange int64 // Unix nanoseconds; the second is that of any change, and cannot be set
}

// settled is how old the last change of a file must be when it is read. The clocks of
// file systems tick every few milliseconds, or seconds: another change in the same tick
// would leave the same stamp.
const settled = 3 * time.Second

// printsOf returns the prints of files. One whose stamp is that in known is not read
// again: of 10,000 included files, a change of one needs one to be read.
func printsOf(paths []string, known prints) prints {
	all := make(prints, len(paths))
	for _, path := range paths {
		info, err := files.Stat(path)
		if errors.Is(err, context.DeadlineExceeded) {
			break // the others may well be on the same file system
		}
		if err != nil {
			continue
		}
		at := stampOf(info)
		if before, ok := known[path]; ok && before.stamp == at && at != (stamp{}) {
			all[path] = before
			continue
		}
		if time.Since(time.Unix(0, max(at.modified, at.otherChange))) < settled {
			at = stamp{}
		}
		sum, err := sumOf(path)
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err == nil {
			all[path] = fingerprint{sum, at}
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

// equal reports whether the contents are the same.
func (p prints) equal(other prints) bool {
	return maps.EqualFunc(p, other, func(a, b fingerprint) bool { return a.sum == b.sum })
}

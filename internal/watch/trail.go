package watch

import (
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is the number of links the kernel follows before it reports a loop.
const maxLinks = 40

// entries is a set of absolute paths, each in an existing directory that is
// reached without links. If one of them is replaced, created or removed, a
// watched path may lead to another file.
type entries map[string]bool

// addTrail adds the entries that lead to a file: every link in its path, and the
// file itself or else the first part of the path that does not exist. looked has the
// directories that are no links, of this look alone: 10,000 files may be in one.
func (e entries) addTrail(path string, looked map[string]bool) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	root := filepath.VolumeName(path) + string(filepath.Separator)
	walked, ahead := root, steps(strings.TrimPrefix(path, root))
	for links := 0; len(ahead) > 0 && links < maxLinks; {
		entry := filepath.Join(walked, ahead[0])
		ahead = ahead[1:]
		if len(ahead) > 0 && looked[entry] {
			walked = entry
			continue
		}
		info, err := os.Lstat(entry)
		switch {
		case err != nil:
			e[entry] = true
			return nil //nolint:nilerr // watched until it appears
		case info.Mode()&os.ModeSymlink != 0:
			e[entry] = true
			links++
			target, err := os.Readlink(entry)
			if err != nil {
				return nil //nolint:nilerr // replaced just now, which causes an event
			}
			if filepath.IsAbs(target) {
				walked = root
			}
			ahead = append(steps(target), ahead...)
		case len(ahead) == 0:
			e[entry] = true
		default:
			looked[entry] = true
			walked = entry
		}
	}
	return nil
}

func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

// directories returns the directories of the entries.
func (e entries) directories() map[string]bool {
	dirs := map[string]bool{}
	for entry := range e {
		dirs[filepath.Dir(entry)] = true
	}
	return dirs
}

package watch

import (
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many links are followed, as the kernel does: more is a loop.
const maxLinks = 40

// entries are names in directories. When one of them is exchanged, appears or
// goes, a watched path may lead to another file. All are absolute, and the
// directory of each is there and free of links.
type entries map[string]bool

// addTrail adds what lies on the way to a file: the file itself, every link in
// its path, and, when something is missing, the first name that is.
func (e entries) addTrail(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	root := filepath.VolumeName(path) + string(filepath.Separator)
	walked, ahead := root, steps(strings.TrimPrefix(path, root))
	for links := 0; len(ahead) > 0 && links < maxLinks; {
		entry := filepath.Join(walked, ahead[0])
		ahead = ahead[1:]
		info, err := os.Lstat(entry)
		switch {
		case err != nil:
			e[entry] = true
			return nil //nolint:nilerr // what is missing is waited for
		case info.Mode()&os.ModeSymlink != 0:
			e[entry] = true
			links++
			target, err := os.Readlink(entry)
			if err != nil {
				return nil //nolint:nilerr // exchanged this moment, which is an event of its own
			}
			if filepath.IsAbs(target) {
				walked = root
			}
			ahead = append(steps(target), ahead...)
		case len(ahead) == 0:
			e[entry] = true
		default:
			walked = entry
		}
	}
	return nil
}

func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

// directories returns where the entries are.
func (e entries) directories() map[string]bool {
	dirs := map[string]bool{}
	for entry := range e {
		dirs[filepath.Dir(entry)] = true
	}
	return dirs
}

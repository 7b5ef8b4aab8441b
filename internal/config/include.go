package config

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/internal/files"
)

// wild are the characters that make a name a pattern.
const wild = `*?[\`

// readInclude reads the files that one pattern or a list of them matches. Waiting for
// all of them may take as long as for one.
func readInclude(r *reader, v value, f *file) {
	if !r.onDisk {
		r.refuse(v, "files cannot be read here")
		return
	}
	if v.node.Kind == yaml.ScalarNode {
		r.include(v, f)
		return
	}
	r.items(v, "a pattern such as conf.d/*.yaml, or a list of them", func(v value) { r.include(v, f) })
}

// include reads the files that one pattern matches.
func (r *reader) include(v value, f *file) {
	written, ok := r.filled(v)
	if !ok {
		return
	}
	dir, name := filepath.Split(written)
	_, err := filepath.Match(name, "")
	switch {
	case strings.ContainsAny(dir, wild):
		r.refuse(v, "only the last part of the path may be a pattern")
		return
	case err != nil || name == "":
		r.refuse(v, "must be a pattern of file names such as conf.d/*.yaml, is %s", describe(v.node))
		return
	}
	pattern := files.Pattern{Dir: absolute(dir, v.doc.dir), Name: name}
	f.Included = append(f.Included, pattern)
	paths, err := pattern.Files()
	switch {
	case err != nil:
		r.refuse(v, "the folder %v", unreadableFile(err))
		return
	case len(paths) == 0 && !strings.ContainsAny(name, wild):
		r.refuse(v, "the file does not exist")
		return
	case len(paths) == 0:
		r.warn(v, "matches no file")
	}
	if f.includes == nil {
		f.includes = map[string]bool{}
	}
	for _, path := range paths {
		if path == r.files[0] {
			r.refuse(v, "matches the settings file itself; move the files to include to a folder of their own")
			return
		}
		if f.includes[path] {
			continue
		}
		f.includes[path] = true
		if r.waited > files.Patience {
			r.refuse(v, "reading the included files takes longer than %s", files.Patience)
			return
		}
		if !r.includeFile(v, f, filepath.Join(shownFolder(v.doc, dir), filepath.Base(path)), path) {
			return
		}
	}
}

// shownFolder is the folder of included files as findings name it: as reachable as
// the settings file.
func shownFolder(d *document, dir string) string {
	if filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(filepath.Dir(d.name), dir)
}

// includeFile reads one file. It returns false when further ones cannot be read,
// either.
func (r *reader) includeFile(v value, f *file, name, path string) bool {
	d := &document{name: name, dir: filepath.Dir(path), included: true}
	begun := time.Now()
	data, err := readSettings(path, MaxSettingsFile-r.size.octets)
	r.waited += time.Since(begun)
	if err != nil {
		r.report(d, 0, 0, "", fmt.Sprintf("the file %v; it is included %s", err, v.mention().place(d)))
		r.hung = errors.Is(err, context.DeadlineExceeded)
		return !r.hung
	}
	d.lines = countLines(data)
	if root := r.root(d, data); root.node != nil {
		readBlock(r, root, sharedFields(), &f.blocks)
	}
	return r.size.tooLarge(r.env.Memory) == ""
}

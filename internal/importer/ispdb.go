package importer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Limits of all files of one import together.
const (
	maxFiles = 20_000
	maxTotal = 256 << 20 // octets
)

// ISPDB makes a settings file from files of the ISP database, and from all of
// them that stand in folders. The error says everything that cannot be read,
// one thing to a line, and nothing is imported then; it is ErrNothing when no
// file has anything.
func ISPDB(paths []string) (Result, error) {
	d := newDraft()
	r := folderReader{draft: d}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			r.fail(path, 0, reason(err))
		case info.IsDir():
			r.folder(path)
		default:
			r.file(path, true)
		}
	}
	if len(r.failures) > 0 {
		return Result{}, errors.Join(r.failures...)
	}
	origin := "a file of an ISP database"
	if r.files != 1 {
		origin = fmt.Sprintf("%d files of an ISP database", r.files)
	}
	return d.result(origin)
}

// folderReader reads files one after the other.
type folderReader struct {
	*draft
	failures []error
	files    int
	total    int64
}

func (r *folderReader) fail(path string, line int, text string) {
	at := Note{File: path, Line: line, Text: text}
	r.failures = append(r.failures, errors.New(at.String()))
}

// reason returns an error without the path, which stands before it already.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return "it cannot be read: " + err.Error()
}

// folder reads the files of a folder, in the order of their names.
func (r *folderReader) folder(path string) {
	entries, err := os.ReadDir(path)
	if err != nil {
		r.fail(path, 0, reason(err))
		return
	}
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		info, err := os.Stat(name) // a link may lead to a file
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case err != nil:
			r.fail(name, 0, reason(err))
		case info.IsDir():
			r.hint(place{file: name}, "subfolders are ignored")
		case !info.Mode().IsRegular():
			r.hint(place{file: name}, "not a regular file; ignored")
		default:
			r.file(name, false)
		}
		if r.files > maxFiles || r.total > maxTotal {
			return // said already
		}
	}
}

// file reads one file. In a folder there may be others than those of an ISP
// database; a file that was named must be one.
func (r *folderReader) file(path string, named bool) {
	data, err := readFile(path, maxXML)
	if err != nil {
		r.fail(path, 0, reason(err))
		return
	}
	if !named && !looksLikeXML(data) {
		r.hint(place{file: path}, "not XML; ignored")
		return
	}
	r.files++
	r.total += int64(len(data))
	if r.files > maxFiles || r.total > maxTotal {
		r.fail(path, 0, fmt.Sprintf("there are more than %d files or %d MiB; import a part at a time", maxFiles, maxTotal>>20))
		return
	}
	root, err := parseXML(data)
	if err != nil {
		line := 0
		if e, ok := errors.AsType[*syntaxError](err); ok {
			line = e.line
		}
		r.fail(path, line, err.Error())
		return
	}
	if root.name != "clientConfig" {
		text := "the file is not a clientConfig: its root element is " + plain(cut(root.name, maxName))
		if named {
			r.fail(path, root.line, text)
		} else {
			r.hint(place{file: path, line: root.line}, "%s; ignored", text)
		}
		return
	}
	clientConfig{r.draft, path}.read(root)
}

// looksLikeXML reports whether a file begins as XML does: files of the ISP
// database have names with and without an ending.
func looksLikeXML(data []byte) bool {
	s := strings.TrimPrefix(string(data[:min(len(data), 512)]), "\ufeff")
	return strings.HasPrefix(strings.TrimSpace(s), "<") || strings.HasPrefix(s, "\xfe\xff") || strings.HasPrefix(s, "\xff\xfe")
}

// readFile reads a file, one octet more than it may have at most.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, most+1))
}

package importer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/waymark-mail/waymark/internal/files"
)

// Limits of all files of one import.
const (
	maxFiles = 20_000
	maxTotal = 256 << 20 // octets
)

// ISPDB makes a settings file from files of the ISP database and from folders of
// them. When a file cannot be read, nothing is imported: the error has one line
// per problem. It is ErrNothing when no file has anything to import.
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

// folderReader reads files and folders.
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

// reason returns an error without the path, which the message already has.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return "cannot be read: " + err.Error()
}

// folder reads the files of a folder, sorted by name.
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
			r.hint(position{file: name}, "subfolders are skipped")
		case !info.Mode().IsRegular():
			r.hint(position{file: name}, "not a regular file; skipped")
		default:
			r.file(name, false)
		}
		if r.files > maxFiles || r.total > maxTotal {
			return // reported
		}
	}
}

// file reads one file. A folder may contain other files; a file that was named
// must be a clientConfig document.
func (r *folderReader) file(path string, named bool) {
	data, err := readFile(path, maxXML)
	if err != nil {
		r.fail(path, 0, reason(err))
		return
	}
	if !named && !looksLikeXML(data) {
		r.hint(position{file: path}, "not XML; skipped")
		return
	}
	r.files++
	r.total += int64(len(data))
	if r.files > maxFiles || r.total > maxTotal {
		r.fail(path, 0, fmt.Sprintf("more than %d files or %d MiB; import a part at a time", maxFiles, maxTotal>>20))
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
		text := "not a clientConfig file: its root element is " + plain(cut(root.name, maxName))
		if named {
			r.fail(path, root.line, text)
		} else {
			r.hint(position{file: path, line: root.line}, "%s; skipped", text)
		}
		return
	}
	clientConfig{r.draft, path}.read(root)
}

// looksLikeXML reports whether a file begins like XML: files of the ISP database
// have names with and without an extension.
func looksLikeXML(data []byte) bool {
	s := strings.TrimPrefix(string(data[:min(len(data), 512)]), "\ufeff")
	return strings.HasPrefix(strings.TrimSpace(s), "<") || strings.HasPrefix(s, "\xfe\xff") || strings.HasPrefix(s, "\xff\xfe")
}

// readFile reads a file, at most one octet more than most.
func readFile(path string, most int64) ([]byte, error) {
	return files.Head(path, most+1)
}

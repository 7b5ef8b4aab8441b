package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waymark-mail/waymark/internal/files"
)

// Environment resolves ${env:NAME} and ${file:PATH}. References of a nil field
// are errors.
type Environment struct {
	Getenv   func(name string) (string, bool)
	ReadFile func(path string) ([]byte, error) // gets absolute paths
	// Memory is what reading the file may take, in bytes; 0 if no limit is known.
	Memory int64
	// Within, if it is not nil, is called with a memory limit in bytes, within which the
	// file can be read in parts with hardly more time, before that begins; and with
	// math.MaxInt64 if it must be read as a whole after all.
	Within func(memory int64)
}

// ReadFile is for Environment: it reads regular files only, and no more of them
// than a value may have.
func ReadFile(path string) ([]byte, error) { return files.Head(path, maxReferencedFile+1) }

// maxReferencedFile bounds a referenced file, in octets: passwords, names and
// addresses are short.
const maxReferencedFile = 64 << 10

// reference is the result of one ${...}. Each is looked up once per file, so that
// a Config sees one value.
type reference struct {
	value string
	err   error
}

// expand replaces the references in text of a file in the folder dir. Its errors contain references, never
// their values.
func (r *reader) expand(text, dir string) (string, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		if i > 0 && text[i-1] == '$' { // $${ is a literal ${
			b.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			return "", errors.New("contains a reference without }; write ${env:NAME} or ${file:PATH}, or $${ for a literal ${")
		}
		value, err := r.lookUp(text[i:i+end+1], dir)
		if err != nil {
			return "", err
		}
		b.WriteString(text[:i] + value)
		text = text[i+end+1:]
	}
}

// lookUp returns the value of one reference such as ${env:NAME}.
func (r *reader) lookUp(ref, dir string) (string, error) {
	in := [2]string{ref, dir}
	known, ok := r.references[in]
	if !ok {
		known.value, known.err = r.fetch(ref, dir)
		if known.err != nil {
			known.err = fmt.Errorf("%s: %w", printed(ref), known.err)
		}
		r.references[in] = known
	}
	return known.value, known.err
}

func (r *reader) fetch(ref, dir string) (string, error) {
	kind, name, _ := strings.Cut(ref[len("${"):len(ref)-len("}")], ":")
	var value string
	switch {
	case kind == "env" && name != "":
		v, ok := "", false
		if r.env.Getenv != nil {
			v, ok = r.env.Getenv(name)
		}
		if !ok {
			return "", errors.New("the environment variable is not set")
		}
		value = v
	case kind == "file" && name != "":
		v, err := r.readFile(absolute(name, dir))
		if err != nil {
			return "", err
		}
		value = v
	default:
		return "", errors.New("unknown reference; write ${env:NAME} or ${file:PATH}, or $${ for a literal ${")
	}
	if err := checkText(value, false); err != nil {
		return "", fmt.Errorf("its value %w", err)
	}
	return value, nil
}

func (r *reader) readFile(path string) (string, error) {
	data, err := r.fetchFile(path)
	if err != nil {
		return "", err
	}
	if len(data) > maxReferencedFile {
		return "", errors.New("the file is larger than 64 KiB")
	}
	text := strings.TrimSuffix(string(data), "\n")
	return strings.TrimSuffix(text, "\r"), nil
}

// fetchFile reads a file that the settings name, and adds it to r.files.
func (r *reader) fetchFile(path string) ([]byte, error) {
	if !slices.Contains(r.files, path) { // also one that does not exist yet
		r.files = append(r.files, path)
	}
	if r.env.ReadFile == nil {
		return nil, errors.New("files cannot be read here")
	}
	if r.hung {
		return nil, errors.New("the file cannot be read: the file system of another file does not answer")
	}
	data, err := r.env.ReadFile(path)
	r.hung = errors.Is(err, context.DeadlineExceeded)
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the path is in the reference already
	}
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	return data, nil
}

// absolute returns an absolute path. Relative ones start in dir.
func absolute(path, dir string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// checkText rejects what XML and property lists cannot contain: control
// characters.
func checkText(s string, lines bool) error {
	if !utf8.ValidString(s) {
		return errors.New("is not valid UTF-8")
	}
	for _, c := range s {
		if unicode.IsControl(c) && (c != '\n' || !lines) || c == '\ufffe' || c == '\uffff' {
			return fmt.Errorf("contains the character %U, which is not allowed", c)
		}
	}
	return nil
}

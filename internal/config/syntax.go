package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// parse parses a document into a tree of nodes; nil when it cannot be read.
// Findings go to r.
func (r *reader) parse(d *document, data []byte) *yaml.Node {
	rest, parts := split(data, r.partSize)
	r.size.add(data, parts)
	if text := r.size.tooLarge(r.env.Memory); text != "" {
		r.report(d, 0, 0, "", text)
		return nil
	}
	if needs := r.size.needs(); parts != nil && needs > largeMemory && r.env.Within != nil {
		r.env.Within(needs / 10 * 6) // without it, more than half is garbage
	}
	if line, text := unreadable(data); text != "" {
		r.report(d, line, 0, "", text)
		return nil
	}
	first, second, complete := r.composeAll(d, rest)
	if d.parts = parts; parts != nil && (!complete || !d.graft(first)) {
		if text := r.readWhole(); text != "" && complete {
			r.report(d, 0, 0, "", text)
		}
		return nil
	}
	if first == nil {
		if complete {
			r.report(d, 0, 0, "", "the file is empty; see docs/configuration.md for the keys")
		}
		return nil
	}
	if second != nil {
		r.report(d, second.Line, second.Column, "", "the file contains several YAML documents; remove the line ---")
	}
	root := first.Content[0]
	if at, text := checkSize(root); at != nil {
		r.report(d, at.Line, at.Column, "", text)
		return nil
	}
	return root
}

// maxSyntaxErrors is how many errors of syntax are reported at once.
const maxSyntaxErrors = 10

// composeAll is compose, but without the top-level keys that have an error of syntax:
// the others are checked all the same. complete is false if there is such a key.
func (r *reader) composeAll(d *document, data []byte) (first, second *yaml.Node, complete bool) {
	for found := range maxSyntaxErrors {
		first, second, err := compose(data)
		if err == nil {
			return first, second, found == 0
		}
		line, column, text := syntaxError(data, err)
		r.report(d, line, column, "", text)
		var key string
		if data, key = withoutKeyAt(data, line); key == "" {
			break
		}
		r.wrong[key] = true
	}
	return nil, nil, false
}

var topLevelKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^["']?([\w-]+)["']?\s*:`)
})

// withoutKeyAt blanks out the top-level key with the lines below it that a line
// belongs to. The key is "" if there is none.
func withoutKeyAt(data []byte, line int) (rest []byte, key string) {
	lines := linesOf(data)
	if line < 1 || line > len(lines) {
		return nil, ""
	}
	begin, end := line-1, line
	for begin > 0 && !beginsTopLevel(lines[begin]) {
		begin--
	}
	for end < len(lines) && !beginsTopLevel(lines[end]) {
		end++
	}
	found := topLevelKey().FindStringSubmatch(lines[begin])
	if found == nil {
		return nil, ""
	}
	clear(lines[begin:end])
	return []byte(strings.Join(lines, "\n")), found[1]
}

// beginsTopLevel reports whether a line can begin a key of the whole file.
func beginsTopLevel(line string) bool {
	return line != "" && !strings.ContainsAny(line[:1], " \t#-]}")
}

// lineBreaks makes every line break that YAML knows a "\n", so that a line has the
// number that the YAML library gives it.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func linesOf(data []byte) []string {
	return strings.Split(lineBreaks.Replace(string(data)), "\n")
}

// countLines is the length of linesOf, without a copy of a large file.
func countLines(data []byte) int {
	lines := 1 - bytes.Count(data, []byte("\r\n"))
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
		lines += bytes.Count(data, []byte(end))
	}
	return lines
}

// compose returns the first and the second document of data; nil for a missing
// one.
func compose(data []byte) (first, second *yaml.Node, err error) {
	// The library panics on states that it considers impossible. A settings file
	// must not end a running server that reloads it.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML parser failed: %v", p)
		}
	}()
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	for _, doc := range []**yaml.Node{&first, &second} {
		n := new(yaml.Node)
		if err := loader.Load(n); errors.Is(err, io.EOF) {
			return first, second, nil
		} else if err != nil {
			return first, second, err
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
			*doc = n
		}
	}
	return first, second, nil
}

// unreadable returns the line and the kind of the first byte that is not allowed
// in a settings file; "" when there is none. The YAML library rejects them
// without a position.
func unreadable(data []byte) (line int, text string) {
	line = 1
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		switch {
		case c == '\n':
			line++
		case c == '\t', c == '\r', c == '\u0085':
		case c == utf8.RuneError && size == 1:
			if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
				return line, "the file is in UTF-16; save it as UTF-8"
			}
			return line, "the file is not valid UTF-8; save it as UTF-8"
		case unicode.IsControl(c):
			return line, fmt.Sprintf("the file contains the control character %U", c)
		}
		i += size
	}
	return 0, ""
}

// Aliases may expand a file this much: enough for 100,000 domains that share a
// block, far too little for a YAML bomb.
const (
	aliasFactor = 10
	aliasMargin = 100_000
)

// checkSize rejects files that aliases make endless or far too large, and those that
// are too deep. It returns the node of the error, nil for none.
func checkSize(root *yaml.Node) (at *yaml.Node, text string) {
	c := counter{expanded: map[*yaml.Node]int{}}
	size := c.count(root, 1)
	switch {
	case c.deep != nil:
		return c.deep, fmt.Sprintf("blocks and lists are nested deeper than %d levels", maxDepth)
	case c.endless:
		return root, "a YAML alias refers to a block that contains it; write the block out"
	case size > aliasFactor*c.written+aliasMargin:
		return root, "the YAML aliases expand the file far too much; write the blocks out"
	}
	return nil, ""
}

// counter counts nodes, as written and with aliases expanded.
type counter struct {
	written  int
	expanded map[*yaml.Node]int // by anchored node
	endless  bool
	deep     *yaml.Node // one below maxDepth; nil for none
}

func (c *counter) count(n *yaml.Node, depth int) int {
	const plenty = 1 << 40 // more than any file; sums of it can't overflow
	c.written++
	if n.Kind == yaml.AliasNode {
		size, done := c.expanded[n.Alias]
		if !done { // it is still being counted, or never was
			c.endless = true
		}
		return size
	}
	if depth > maxDepth && n.Kind != yaml.ScalarNode {
		c.deep = n
		return 1
	}
	size := 1
	for _, child := range n.Content {
		size = min(size+c.count(child, depth+1), plenty)
	}
	if n.Anchor != "" {
		c.expanded[n] = size
	}
	return size
}

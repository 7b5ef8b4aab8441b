package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// parse parses a document into a tree of nodes; nil when it cannot be read.
// Findings go to r.
func (r *reader) parse(d *document, data []byte) *yaml.Node {
	r.size.add(data)
	if text := r.size.tooLarge(r.env.Memory); text != "" {
		r.report(d, 0, 0, "", text)
		return nil
	}
	if line, text := unreadable(data); text != "" {
		r.report(d, line, 0, "", text)
		return nil
	}
	first, second, err := compose(data)
	if err != nil {
		line, column, text := syntaxError(data, err)
		r.report(d, line, column, "", text)
	}
	if first == nil {
		if err == nil {
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

// linesOf returns the number of lines, by every line break that YAML knows.
func linesOf(data []byte) int {
	lines := 1
	for _, c := range string(data) {
		if strings.ContainsRune("\n\r\u0085\u2028\u2029", c) {
			lines++
		}
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

// syntaxError returns the position and the reason of a YAML error.
func syntaxError(data []byte, err error) (line, column int, text string) {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return 0, 0, "not valid YAML: " + err.Error()
	}
	text = "not valid YAML: " + e.Message
	if e.ContextMsg != "" {
		text += " " + e.ContextMsg
		if e.ContextMark.Line > 0 && e.ContextMark.Line != e.Mark.Line {
			text += fmt.Sprintf(" that begins on line %d", e.ContextMark.Line)
		}
	}
	switch rest := textAt(data, e.Mark.Line, e.Mark.Column); {
	case strings.HasPrefix(rest, "\t"):
		text += "; indent with spaces, not with tabs"
	case strings.Contains(e.ContextMsg, "alias"):
		text += `; write "*" in quotes`
	}
	// The library adds a line break to a file without one at its end.
	line = min(e.Mark.Line, bytes.Count(data, []byte("\n"))+1)
	return line, e.Mark.Column, text
}

// textAt returns the rest of a line from a column.
func textAt(data []byte, line, column int) string {
	n := 0
	for text := range bytes.Lines(data) {
		if n++; n == line && column > 0 && column <= len(text) {
			return string(text[column-1:])
		}
	}
	return ""
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
			return line, "the file is not valid UTF-8"
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

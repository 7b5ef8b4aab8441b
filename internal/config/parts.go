package config

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// The tree of the YAML library takes 35 times as much memory as its text. So the domains
// of a document that has many are parsed in parts.
const (
	manyOctets = 16 << 10  // of domains and what follows them
	partSize   = 256 << 10 // in octets, about
)

// part is a piece of the domains of a document: entries without the key above them.
type part struct {
	text   []byte
	before int // lines
}

// split cuts the domains of a large document into parts of about that size, 0 for none,
// each of which is parsed alone. rest is the document without them, with as many lines. A text or
// a list that goes on in the next part is an error of syntax in both, after which the
// document is read as a whole. There are no parts where that is not certain, and none of a
// document that begins with its domains, or has the line breaks of Windows.
func split(data []byte, size int) (rest []byte, parts []part) {
	key := []byte("\ndomains:\n")
	begin := bytes.Index(data, key) + len(key)
	if begin < len(key) || len(data)-begin <= min(size, manyOctets) || size == 0 || spans(data) {
		return data, nil
	}
	head := data[:begin]
	depth := entryDepth(data[begin:])
	if depth == 0 {
		return data, nil
	}
	lines := countLines(head) - 1
	cut := func(end int) {
		parts = append(parts, part{data[begin:end], lines})
		lines += countLines(data[begin:end]) - 1
		begin = end
	}
	end := begin
	for line := range bytes.Lines(data[begin:]) {
		if line[0] != ' ' && line[0] != '#' && len(bytes.TrimSpace(line)) > 0 {
			break // the next key of the file
		}
		if end-begin >= size && entryDepth(line) == depth {
			cut(end)
		}
		end += len(line)
	}
	cut(end)
	rest = append(bytes.Clone(head), bytes.Repeat([]byte("\n"), lines-parts[0].before)...)
	return append(rest, data[end:]...), parts
}

// entryDepth returns how many spaces are before an entry, which begins with a plain or a
// quoted key; 0 if a line begins with something else.
func entryDepth(line []byte) int {
	text := bytes.TrimLeft(line, " ")
	first, _ := utf8.DecodeRune(text)
	if !unicode.IsLetter(first) && !unicode.IsNumber(first) && first != '"' && first != '\'' {
		return 0
	}
	return len(line) - len(text)
}

// spans reports whether a document has what spans several parts: markers of other
// documents, directives, and anchors.
func spans(data []byte) bool {
	for _, marker := range []string{"---", "...", "%"} {
		if bytes.HasPrefix(data, []byte(marker)) || bytes.Contains(data, []byte("\n"+marker)) {
			return true
		}
	}
	for i, c := range data {
		if c == '&' && (i == 0 || strings.IndexByte(" \t\r\n[{,", data[i-1]) >= 0) {
			return true
		}
	}
	return false
}

// graft puts an empty block in place of the domains of a document that has parts. It
// returns false when the tree has no such key.
func (d *document) graft(tree *yaml.Node) bool {
	if tree == nil {
		return false
	}
	v := value{node: tree.Content[0]}
	n := v.find("domains")
	if n == nil || n.Tag != "!!null" {
		return false
	}
	*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: d.parts[0].before + 1, Column: entryDepth(d.parts[0].text) + 1}
	return true
}

// eachBlock calls use for the blocks of domains of a document in turn: the one in its
// tree, and then those of its parts, of which one at a time is in memory. It returns false
// when one cannot be read.
func (r *reader) eachBlock(v value, use func(value)) bool {
	use(v)
	for _, p := range v.doc.parts {
		n := r.parsePart(v.doc, p)
		if n == nil {
			return false
		}
		use(value{v.doc, n, v.path})
	}
	return true
}

// parsePart returns the block of a part; nil when it cannot be read, which is reported
// only if there is no memory to read the document as a whole.
func (r *reader) parsePart(d *document, p part) *yaml.Node {
	first, second, err := compose(p.text)
	switch {
	case err == nil && first == nil: // only comments
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	case err == nil && second == nil && first.Content[0].Kind == yaml.MappingNode:
		root := first.Content[0]
		shift(root, p.before)
		if at, _ := checkSize(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{root}}); at == nil {
			return root
		}
	}
	if r.readWhole() == "" {
		return nil
	}
	line, column, text := 1, 0, "must be a block with one key per domain"
	if err != nil {
		line, column, text = syntaxError(p.text, err)
	}
	r.report(d, p.before+line, column, "", text)
	return nil
}

// readWhole has the documents read again, without parts. It returns why there is too
// little memory for that, else "".
func (r *reader) readWhole() string {
	text := r.size.asWhole().tooLarge(r.env.Memory)
	r.whole = r.whole || text == ""
	return text
}

// shift adds the lines before a part to those of its nodes.
func shift(n *yaml.Node, lines int) {
	n.Line += lines
	for _, child := range n.Content {
		shift(child, lines)
	}
}

package importer

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of one XML file: a hundred thousand domains fit, and memory stays small.
const (
	maxXML      = 16 << 20 // octets
	maxElements = 250_000
	maxDepth    = 50
)

// element is an XML element. Reading a part marks it as taken; what is not taken
// at the end was not imported.
type element struct {
	name     string // without its namespace
	line     int
	parent   *element // nil for the root
	attrs    []attribute
	raw      []byte // the text in it, less that of its children
	children []*element

	taken, textTaken bool
}

type attribute struct {
	name, value string
	taken       bool
}

// syntaxError is the line and the reason of a file that cannot be parsed.
type syntaxError struct {
	line int // 0 when it is not known
	text string
}

func (e *syntaxError) Error() string { return e.text }

// parseXML parses an XML file. Entities of a document type are not expanded, so
// that no file can include others or blow up.
func parseXML(data []byte) (*element, error) {
	if len(data) > maxXML {
		return nil, &syntaxError{0, "the file is larger than 16 MiB"}
	}
	if bytes.HasPrefix(data, []byte("\xfe\xff")) || bytes.HasPrefix(data, []byte("\xff\xfe")) {
		return nil, &syntaxError{0, "the file is encoded in UTF-16; save it as UTF-8"}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	p := xmlReader{data: data, dec: xml.NewDecoder(bytes.NewReader(data)), line: 1}
	p.dec.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if slices.Contains([]string{"us-ascii", "ascii", "utf8"}, strings.ToLower(charset)) {
			return in, nil
		}
		return nil, &syntaxError{1, "the encoding " + plain(cut(charset, 60)) + " is not supported; save the file as UTF-8"}
	}
	root, err := p.read()
	if err == nil {
		return root, nil
	}
	if e, ok := errors.AsType[*syntaxError](err); ok {
		return nil, e
	}
	if e, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return nil, &syntaxError{e.Line, "not valid XML: " + e.Msg}
	}
	return nil, &syntaxError{p.line, strings.TrimPrefix(err.Error(), "xml: ")}
}

type xmlReader struct {
	data   []byte
	dec    *xml.Decoder
	line   int // at offset
	offset int64
	count  int
}

// read returns the root element.
func (p *xmlReader) read() (*element, error) {
	var root, open *element
	for depth := 0; ; {
		p.advance()
		token, err := p.dec.Token()
		switch {
		case errors.Is(err, io.EOF) && root == nil:
			return nil, errors.New("contains no XML element")
		case errors.Is(err, io.EOF):
			return root, nil
		case err != nil:
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local, line: p.line, parent: open}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					e.attrs = append(e.attrs, attribute{name: a.Name.Local, value: clean(a.Value)})
				}
			}
			switch {
			case open != nil:
				open.children = append(open.children, e)
			case root != nil:
				return nil, errors.New("the file has more than one root element")
			default:
				root = e
			}
			open = e
			depth++
			p.count++
			if depth > maxDepth {
				return nil, fmt.Errorf("the elements are nested more than %d deep", maxDepth)
			}
			if p.count > maxElements {
				return nil, fmt.Errorf("the file has more than %d elements", maxElements)
			}
		case xml.EndElement:
			open = open.parent
			depth--
		case xml.CharData:
			if open != nil {
				open.raw = append(open.raw, t...)
			}
		}
	}
}

// advance counts the lines up to the next token.
func (p *xmlReader) advance() {
	end := min(p.dec.InputOffset(), int64(len(p.data)))
	p.line += bytes.Count(p.data[p.offset:end], []byte("\n"))
	p.offset = end
}

// path returns the names of the element and its parents, without the root.
func (e *element) path() string {
	var names []string
	for ; e.parent != nil; e = e.parent {
		names = append(names, plain(cut(e.name, 60)))
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// text takes the text of an element, on one line.
func (e *element) text() string {
	e.taken, e.textTaken = true, true
	return clean(string(e.raw))
}

// attr returns an attribute and marks it as used; "" when there is none.
func (e *element) attr(name string) string {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			e.attrs[i].taken = true
			return e.attrs[i].value
		}
	}
	return ""
}

// all takes the children with one of these names.
func (e *element) all(names ...string) []*element {
	var found []*element
	for _, c := range e.children {
		if slices.Contains(names, c.name) {
			c.taken = true
			found = append(found, c)
		}
	}
	return found
}

// one takes the first child with a name; nil when there is none.
func (e *element) one(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			c.taken = true
			return c
		}
	}
	return nil
}

// skip takes an element with all its content, because a note covers it.
func (e *element) skip() {
	e.taken, e.textTaken = true, true
	for i := range e.attrs {
		e.attrs[i].taken = true
	}
	for _, c := range e.children {
		c.skip()
	}
}

package conformance

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"
)

// element is a part of an XML document as it was sent, without a view on what
// it means.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*element
	text     string // of the element itself, without that of its children
}

const maxDepth = 50

// parseXML reads a document. It refuses what some client's parser does not
// read: a DOCTYPE, sections of CDATA, elements nested without end. A byte order
// mark has a check of its own.
func parseXML(body []byte) (*element, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if bytes.Contains(body, []byte("<![CDATA[")) {
		return nil, errors.New("there is a CDATA section")
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	top := &element{}
	open := []*element{top}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		inner := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, errors.New("elements are nested too deep")
			}
			e := &element{name: token.Name, attrs: token.Attr}
			inner.children = append(inner.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			inner.text += string(token)
		case xml.Directive:
			return nil, errors.New("there is a DOCTYPE")
		}
	}
	if len(top.children) != 1 || strings.TrimSpace(top.text) != "" {
		return nil, errors.New("there must be exactly one root element")
	}
	return top.children[0], nil
}

// is reports whether the element has one of these local names.
func (e *element) is(names ...string) bool {
	for _, name := range names {
		if e.name.Local == name {
			return true
		}
	}
	return false
}

// all returns the children with one of the local names, in order. A nil
// element has none.
func (e *element) all(names ...string) []*element {
	if e == nil {
		return nil
	}
	var found []*element
	for _, c := range e.children {
		if c.is(names...) {
			found = append(found, c)
		}
	}
	return found
}

// first returns the first element on the way down by local names; nil when
// there is none.
func (e *element) first(path ...string) *element {
	for _, name := range path {
		found := e.all(name)
		if len(found) == 0 {
			return nil
		}
		e = found[0]
	}
	return e
}

// value returns the text of the first child of that name; "" without one.
func (e *element) value(name string) string {
	if c := e.first(name); c != nil {
		return c.text
	}
	return ""
}

// attr returns the value of an attribute without a namespace.
func (e *element) attr(name string) (string, bool) {
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// each visits the element and all below it.
func (e *element) each(visit func(*element)) {
	visit(e)
	for _, c := range e.children {
		c.each(visit)
	}
}

var (
	hostLabel = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	})
	digits = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[0-9]+$`)
	})
)

// isHostName reports whether s is a host name in ASCII (RFC 1123 section 2.1).
func isHostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if !hostLabel().MatchString(label) {
			return false
		}
		last = label
	}
	return !digits().MatchString(last)
}

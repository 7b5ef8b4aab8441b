package clients

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

type eventKind int

const (
	startElement eventKind = iota
	endElement
	characters // text, or a CDATA section
	remark     // comment, processing instruction or declaration
)

// event is what a pull parser reports. Names are as they are written, with
// their prefix.
type event struct {
	kind  eventKind
	name  string
	attrs []xml.Attr // of a start
	text  string     // of characters, entities resolved
	raw   string     // of characters, as they are written
	cdata bool
}

// attr returns an attribute by its exact name.
func (e event) attr(name string) (string, bool) {
	for _, a := range e.attrs {
		if qualified(a.Name) == name {
			return a.Value, true
		}
	}
	return "", false
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// pull returns the events of a well-formed document; the error says why it is
// none. The decoder does not resolve prefixes in this mode, nor match the tags.
func pull(document []byte) ([]event, error) {
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	dec := xml.NewDecoder(bytes.NewReader(document))
	var events []event
	var open []string
	roots := 0
	for {
		from := dec.InputOffset()
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("not well-formed XML: " + err.Error())
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(open) == 0 {
				roots++
			}
			name := qualified(token.Name)
			open = append(open, name)
			events = append(events, event{kind: startElement, name: name, attrs: token.Copy().Attr})
		case xml.EndElement:
			name := qualified(token.Name)
			if len(open) == 0 || open[len(open)-1] != name {
				return nil, errors.New("not well-formed XML: </" + name + "> closes nothing")
			}
			open = open[:len(open)-1]
			events = append(events, event{kind: endElement, name: name})
		case xml.CharData:
			raw := string(document[from:dec.InputOffset()])
			if len(open) == 0 && strings.TrimSpace(raw) != "" {
				return nil, errors.New("not well-formed XML: text outside of the root")
			}
			events = append(events, event{kind: characters, text: string(token), raw: raw, cdata: strings.HasPrefix(raw, "<![CDATA[")})
		default:
			events = append(events, event{kind: remark})
		}
	}
	if roots != 1 || len(open) != 0 {
		return nil, errors.New("not well-formed XML: there must be one root, and it must end")
	}
	return events, nil
}

// skipRemarks joins characters that only a remark or the edge of a CDATA section
// separates, as pull parsers of Java do.
func skipRemarks(events []event) []event {
	var out []event
	for _, e := range events {
		switch {
		case e.kind == remark:
		case e.kind == characters && len(out) > 0 && out[len(out)-1].kind == characters:
			out[len(out)-1].text += e.text
		default:
			out = append(out, e)
		}
	}
	return out
}

// node is an element of a document tree.
type node struct {
	name     string
	attrs    []xml.Attr
	children []*node
	own      string // the characters directly in it
	all      string // those of the elements in it as well
	filled   bool   // there is anything in it, be it a remark
}

// tree returns the root of a well-formed document.
func tree(document []byte) (*node, error) {
	events, err := pull(document)
	if err != nil {
		return nil, err
	}
	above := []*node{{}}
	for _, e := range events {
		top := above[len(above)-1]
		switch e.kind {
		case startElement:
			child := &node{name: e.name, attrs: e.attrs}
			top.children, top.filled = append(top.children, child), true
			above = append(above, child)
		case endElement:
			above = above[:len(above)-1]
			above[len(above)-1].all += top.all
		case characters:
			top.own, top.all, top.filled = top.own+e.text, top.all+e.text, true
		case remark:
			top.filled = true
		}
	}
	return above[0].children[0], nil
}

// attr returns an attribute by its exact name; "" when there is none.
func (n *node) attr(name string) string {
	value, _ := event{attrs: n.attrs}.attr(name)
	return value
}

// child returns the first child of that name, or nil.
func (n *node) child(name string) *node {
	if all := n.named(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

// named returns the children of that name.
func (n *node) named(name string) []*node {
	var all []*node
	for _, c := range n.children {
		if c.name == name {
			all = append(all, c)
		}
	}
	return all
}

// textOf returns the characters directly in the first child of that name; ""
// when there is none.
func (n *node) textOf(name string) string {
	if c := n.child(name); c != nil {
		return c.own
	}
	return ""
}

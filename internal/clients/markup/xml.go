package markup

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Kind is the kind of an Event.
type Kind int

// The kinds.
const (
	Start Kind = iota
	End
	Characters // text, or a CDATA section
	Remark     // a comment, processing instruction or declaration
)

// Event is what a pull parser reports. Names are as written, with their prefix.
type Event struct {
	Kind  Kind
	Name  string
	Attrs []Attr // of a Start
	Text  string // of Characters, entities resolved
	Raw   string // of Characters, as written
	CDATA bool
}

// Attr is an attribute.
type Attr struct{ Name, Value string }

// Attr returns an attribute by its exact name.
func (e Event) Attr(name string) (string, bool) {
	for _, a := range e.Attrs {
		if a.Name == name {
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

// Events returns the events of a document, or an error when the document is not
// well-formed.
func Events(document []byte) ([]Event, error) {
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	dec := xml.NewDecoder(bytes.NewReader(document))
	var events []Event
	var open []string
	roots := 0
	for {
		from := dec.InputOffset()
		token, err := dec.RawToken() // which neither resolves prefixes nor matches tags
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
			e := Event{Kind: Start, Name: qualified(token.Name)}
			for _, a := range token.Attr {
				e.Attrs = append(e.Attrs, Attr{qualified(a.Name), a.Value})
			}
			open = append(open, e.Name)
			events = append(events, e)
		case xml.EndElement:
			name := qualified(token.Name)
			if len(open) == 0 || open[len(open)-1] != name {
				return nil, errors.New("not well-formed XML: </" + name + "> closes no element")
			}
			open = open[:len(open)-1]
			events = append(events, Event{Kind: End, Name: name})
		case xml.CharData:
			raw := string(document[from:dec.InputOffset()])
			if len(open) == 0 && strings.TrimSpace(raw) != "" {
				return nil, errors.New("not well-formed XML: there is text outside the root element")
			}
			events = append(events, Event{Kind: Characters, Text: string(token), Raw: raw, CDATA: strings.HasPrefix(raw, "<![CDATA[")})
		default:
			events = append(events, Event{Kind: Remark})
		}
	}
	if roots != 1 || len(open) != 0 {
		return nil, errors.New("not well-formed XML: there must be exactly one root element, and it must end")
	}
	return events, nil
}

// SkipRemarks joins characters that only a remark or the edge of a CDATA section
// separates, as Java's pull parsers do.
func SkipRemarks(events []Event) []Event {
	var out []Event
	for _, e := range events {
		switch {
		case e.Kind == Remark:
		case e.Kind == Characters && len(out) > 0 && out[len(out)-1].Kind == Characters:
			out[len(out)-1].Text += e.Text
		default:
			out = append(out, e)
		}
	}
	return out
}

// Node is an element of a document tree.
type Node struct {
	Name     string
	Attrs    []Attr
	Children []*Node
	Own      string // the characters directly in it
	All      string // its own characters and those of its descendants
	Filled   bool   // it has content, be it only a remark
}

// Parse returns the root of a document, or an error when the document is not
// well-formed.
func Parse(document []byte) (*Node, error) {
	events, err := Events(document)
	if err != nil {
		return nil, err
	}
	above := []*Node{{}}
	for _, e := range events {
		top := above[len(above)-1]
		switch e.Kind {
		case Start:
			child := &Node{Name: e.Name, Attrs: e.Attrs}
			top.Children, top.Filled = append(top.Children, child), true
			above = append(above, child)
		case End:
			above = above[:len(above)-1]
			above[len(above)-1].All += top.All
		case Characters:
			top.Own, top.All, top.Filled = top.Own+e.Text, top.All+e.Text, true
		case Remark:
			top.Filled = true
		}
	}
	return above[0].Children[0], nil
}

// Attr returns an attribute by its exact name; "" when there is none.
func (n *Node) Attr(name string) string {
	value, _ := Event{Attrs: n.Attrs}.Attr(name)
	return value
}

// Child returns the first child of that name, or nil.
func (n *Node) Child(name string) *Node {
	if all := n.Named(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

// Named returns the children of that name.
func (n *Node) Named(name string) []*Node {
	var all []*Node
	for _, c := range n.Children {
		if c.Name == name {
			all = append(all, c)
		}
	}
	return all
}

// TextOf returns the characters directly in the first child of that name; ""
// when there is none.
func (n *Node) TextOf(name string) string {
	if c := n.Child(name); c != nil {
		return c.Own
	}
	return ""
}

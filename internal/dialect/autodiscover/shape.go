package autodiscover

import (
	"bytes"
	"strings"

	"github.com/maypok86/otter/v2"
)

const (
	maxShapes = 256  // more than clients have versions
	maxShape  = 2048 // bytes
)

// shapes caches requests without their address. A client sends the same text with
// another address each time, and decoding XML takes longer than the rest of a
// response: a text is decoded once, and then only its address is extracted.
type shapes struct {
	known *otter.Cache[string, []schema]
}

func newShapes() shapes {
	return shapes{otter.Must(&otter.Options[string, []schema]{MaximumSize: maxShapes})}
}

// parse is a faster parseRequest.
func (m shapes) parse(body []byte) (request, error) {
	before, addr, after, ok := cutAddress(body)
	if !ok || len(before)+len(after) > maxShape {
		return parseRequest(body)
	}
	var text [maxShape]byte // on the stack, where two strings would not be (BenchmarkParseRequestOfKnownShape)
	shape := string(append(append(text[:0], before...), after...))
	if schemas, ok := m.known.GetIfPresent(shape); ok {
		return request{addr, schemas}, nil
	}
	req, err := parseRequest(body)
	if err == nil && req.address == addr && isPlace(before, addr, after) {
		m.known.Set(shape, req.schemas)
	}
	return req, err
}

// cutAddress splits a request at the first plain address between its tags. It may
// still be in a comment: see isPlace.
func cutAddress(body []byte) (before []byte, addr string, after []byte, ok bool) {
	const start, end = "<EMailAddress>", "</EMailAddress>"
	i := bytes.Index(body, []byte(start))
	if i < 0 {
		return nil, "", nil, false
	}
	i += len(start)
	j := bytes.Index(body[i:], []byte(end))
	if j < 1 {
		return nil, "", nil, false
	}
	text := body[i : i+j]
	for _, c := range text {
		if !plain(c) {
			return nil, "", nil, false
		}
	}
	return body[:i], string(text), body[i+j:], true
}

// plain reports whether a character of an address needs no decoding in XML, in
// every accepted encoding.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("@._+-", c) >= 0
}

// isPlace reports whether the parsed address comes from this place: it does when
// it changes with the text there.
func isPlace(before []byte, addr string, after []byte) bool {
	another := "x" + addr
	probe, err := parseRequest(bytes.Join([][]byte{before, []byte(another), after}, nil))
	return err == nil && probe.address == another
}

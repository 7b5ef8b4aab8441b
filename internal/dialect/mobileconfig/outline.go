package mobileconfig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/groob/plist"
)

// outlines encodes profiles. groob/plist builds a tree by reflection and flushes for
// each element, which takes longer than a P-256 signature (BenchmarkRender). So it
// encodes each shape of profile once, with a gap for each text, and profiles of that
// shape fill the gaps. The zero value keeps nothing.
type outlines struct {
	known map[shape]outline // nil: none is kept
	guard sync.RWMutex
}

// mostShapes bounds what is kept: ports come from databases, too. A shape takes 4 KB.
const mostShapes = 500

func newOutlines() *outlines { return &outlines{known: map[shape]outline{}} }

// shape is what the profiles of an outline share: everything but their texts.
type shape struct {
	head         head
	organization string
	consent      string // the languages
	removal      time.Time
	content      [3 * mostMailboxes]any // each with gaps as texts
}

// outline is an encoded property list with gaps.
type outline struct {
	parts []part
	tail  []byte
}

// part is followed by the text with that index.
type part struct {
	before []byte
	text   int
}

// encode returns a profile as an XML property list. The error says that a text has a
// character that a property list cannot represent.
func (o *outlines) encode(profile configuration, content []payload) ([]byte, error) {
	t := texts{all: make([]string, 0, mostTexts*(1+len(content)))}
	of, err := o.of(t.take(profile, content), profile, content)
	if err != nil {
		return nil, err
	}
	return of.fill(t.all)
}

// mostTexts are those of a payload, and of a profile without its consent texts.
const mostTexts = 10

// of returns the outline of a profile. marked is the same with marks as texts.
func (o *outlines) of(marked, profile configuration, content []payload) (outline, error) {
	key := shape{head: marked.head, organization: marked.Organization}
	if len(marked.ConsentText) > 0 { // else the iterator would allocate
		key.consent = strings.Join(slices.Sorted(maps.Keys(marked.ConsentText)), "\x00")
	}
	if marked.RemovalDate != nil {
		key.removal = *marked.RemovalDate
	}
	if copy(key.content[:], marked.Content) < len(marked.Content) || o.known == nil {
		return outlineOf(profile, content)
	}
	o.guard.RLock()
	known, ok := o.known[key]
	o.guard.RUnlock()
	if ok {
		return known, nil
	}
	made, err := outlineOf(profile, content)
	if err != nil {
		return outline{}, err
	}
	o.guard.Lock()
	defer o.guard.Unlock()
	if len(o.known) >= mostShapes {
		clear(o.known)
	}
	o.known[key] = made
	return made, nil
}

// outlineOf encodes a profile with gaps as texts and cuts it there.
func outlineOf(profile configuration, content []payload) (outline, error) {
	t := texts{next: firstGap}
	profile = t.take(profile, content)
	var out bytes.Buffer
	enc := plist.NewEncoder(&out)
	enc.Indent("  ")
	if err := enc.Encode(profile); err != nil {
		return outline{}, fmt.Errorf("cannot encode the property list: %w", err)
	}
	if bytes.Contains(out.Bytes(), []byte(replacement)) {
		return outline{}, errUnrepresentable
	}
	var o outline
	from := 0
	for at, char := range out.String() {
		if i := int(char - firstGap); i >= 0 && i < len(t.all) {
			o.parts = append(o.parts, part{out.Bytes()[from:at], i})
			from = at + utf8.RuneLen(char)
		}
	}
	o.tail = out.Bytes()[from:]
	return o, nil
}

// fill writes the texts into the gaps.
func (o outline) fill(texts []string) ([]byte, error) {
	size := len(o.tail)
	for _, p := range o.parts {
		size += len(p.before) + len(texts[p.text])
	}
	out := make([]byte, 0, size)
	for _, p := range o.parts {
		out = append(out, p.before...)
		if text := texts[p.text]; plain(text) {
			out = append(out, text...)
		} else {
			var err error
			if out, err = appendEscaped(out, text); err != nil {
				return nil, err
			}
		}
	}
	return append(out, o.tail...), nil
}

// plain reports whether a text has only letters and other characters that are the same in
// XML, as nearly all have. It takes a quarter of the time of xml.EscapeText (BenchmarkRender).
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < '(' && c != ' ' || c > ';' && c < '?' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendEscaped appends a text in XML as groob/plist writes it.
func appendEscaped(out []byte, text string) ([]byte, error) {
	whole := bytes.NewBuffer(out)
	if err := xml.EscapeText(whole, []byte(text)); err != nil {
		return nil, err
	}
	written := whole.Bytes()[len(out):]
	if bytes.Contains(written, []byte(replacement)) {
		return nil, errUnrepresentable
	}
	return append(out, bytes.ReplaceAll(written, []byte("&#xA;"), []byte("\n"))...), nil
}

var errUnrepresentable = errors.New("a text of the provider contains a character that a property list cannot represent")

// replacement is what the encoder silently writes for control characters and
// invalid UTF-8. A changed user name would fail on the device without a reason.
const replacement = "\uFFFD"

// firstGap stands for the first text in an outline, the next character for the second:
// these are for private use, and XML can represent them.
const firstGap = '\U000F0000'

// texts are those of a profile, in the order of its gaps.
type texts struct {
	all  []string
	next rune // the next gap; 0 for marks
}

// gap keeps a text and returns what stands for it: a gap of its own, or a mark, which
// allocates nothing. An empty one stays: its key is omitted.
func (t *texts) gap(text string) string {
	if text == "" {
		return ""
	}
	t.all = append(t.all, text)
	if t.next == 0 {
		return "text"
	}
	t.next++
	return string(t.next - 1)
}

// take returns the profile with its content, and with gaps or marks as texts.
func (t *texts) take(c configuration, content []payload) configuration {
	c.head = c.gaps(t)
	c.Organization = t.gap(c.Organization)
	if len(c.ConsentText) > 0 {
		consent := make(map[string]string, len(c.ConsentText))
		for _, language := range slices.Sorted(maps.Keys(c.ConsentText)) {
			consent[language] = t.gap(c.ConsentText[language])
		}
		c.ConsentText = consent
	}
	c.Content = make([]any, 0, len(content))
	for _, p := range content {
		c.Content = append(c.Content, p.gaps(t))
	}
	return c
}

// payload is a part of a profile that can leave out its texts.
type payload interface{ gaps(*texts) any }

func (h head) gaps(t *texts) head {
	h.Identifier, h.UUID, h.DisplayName, h.Description = t.gap(h.Identifier), t.gap(h.UUID), t.gap(h.DisplayName), t.gap(h.Description)
	return h
}

func (m mail) gaps(t *texts) any {
	m.head = m.head.gaps(t)
	m.AccountDescription, m.Address = t.gap(m.AccountDescription), t.gap(m.Address)
	m.IncomingHost, m.IncomingUsername = t.gap(m.IncomingHost), t.gap(m.IncomingUsername)
	m.OutgoingHost, m.OutgoingUsername = t.gap(m.OutgoingHost), t.gap(m.OutgoingUsername)
	return m
}

func (c calDAV) gaps(t *texts) any {
	c.head = c.head.gaps(t)
	c.AccountDescription, c.Host, c.PrincipalURL, c.Username = t.gap(c.AccountDescription), t.gap(c.Host), t.gap(c.PrincipalURL), t.gap(c.Username)
	return c
}

func (c cardDAV) gaps(t *texts) any {
	c.head = c.head.gaps(t)
	c.AccountDescription, c.Host, c.PrincipalURL, c.Username = t.gap(c.AccountDescription), t.gap(c.Host), t.gap(c.PrincipalURL), t.gap(c.Username)
	return c
}

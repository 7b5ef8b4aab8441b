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
	content      [3 * mostMailboxes]any // each with marks as texts
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

// texts returns what stands for a text in a profile: a mark, a gap, or the text itself. For
// "" it is "", whose key is omitted.
type texts func(text string) string

// written returns a profile with what texts returns for each of its texts: for all of them,
// and in the same order each time.
type written func(texts) (configuration, error)

// encode returns a profile as an XML property list. The error is that of profile, or says
// that a text has a character that a property list cannot represent.
func (o *outlines) encode(profile written) ([]byte, error) {
	all := make([]string, 0, 32) // enough for mail, calendars and contacts
	marked, err := profile(func(text string) string {
		if text == "" {
			return ""
		}
		all = append(all, text)
		return "text" // a gap of its own would be an allocation
	})
	if err != nil {
		return nil, err
	}
	of, err := o.of(marked, profile)
	if err != nil {
		return nil, err
	}
	return of.fill(all)
}

// of returns the outline of a profile. marked is the same with marks as texts.
func (o *outlines) of(marked configuration, profile written) (outline, error) {
	key := shape{head: marked.head, organization: marked.Organization}
	if len(marked.ConsentText) > 0 { // else the iterator would allocate
		key.consent = strings.Join(slices.Sorted(maps.Keys(marked.ConsentText)), "\x00")
	}
	if marked.RemovalDate != nil {
		key.removal = *marked.RemovalDate
	}
	if copy(key.content[:], marked.Content) < len(marked.Content) || o.known == nil {
		return outlineOf(profile)
	}
	o.guard.RLock()
	known, ok := o.known[key]
	o.guard.RUnlock()
	if ok {
		return known, nil
	}
	made, err := outlineOf(profile)
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
func outlineOf(profile written) (outline, error) {
	next := firstGap
	gaps, err := profile(func(text string) string {
		if text == "" {
			return ""
		}
		next++
		return string(next - 1)
	})
	if err != nil {
		return outline{}, err
	}
	var out bytes.Buffer
	enc := plist.NewEncoder(&out)
	enc.Indent("  ")
	if err := enc.Encode(gaps); err != nil {
		return outline{}, fmt.Errorf("cannot encode the property list: %w", err)
	}
	if bytes.Contains(out.Bytes(), []byte(replacement)) {
		return outline{}, errUnrepresentable
	}
	var o outline
	from := 0
	for at, char := range out.String() {
		if char >= firstGap && char < next {
			o.parts = append(o.parts, part{out.Bytes()[from:at], int(char - firstGap)})
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

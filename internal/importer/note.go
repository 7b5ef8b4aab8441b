package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Note is one remark about an import. It never contains a password or a user
// name.
type Note struct {
	File string `json:"file,omitempty"` // "" for the environment of the process
	Line int    `json:"line,omitempty"` // from 1; 0 where there are no lines
	// Key is the name in the other system: emailProvider/webMail, server 4,
	// LDAP_HOST.
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`
	// Hint marks a remark about something to review. All other notes are about
	// data that is not imported.
	Hint bool `json:"hint"`
}

// String returns "file:line: key: text", with "hint: " before the key of a hint.
// Unknown parts are left out.
func (n Note) String() string {
	var b strings.Builder
	b.WriteString(plain(n.File))
	if n.Line > 0 {
		b.WriteString(":" + strconv.Itoa(n.Line))
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if n.Hint {
		b.WriteString("hint: ")
	}
	if n.Key != "" {
		b.WriteString(n.Key + ": ")
	}
	b.WriteString(n.Text)
	return b.String()
}

// position is where something was read.
type position struct {
	file string
	line int
	key  string
}

// word is a value of another system and its position. The zero text means that it
// is not set.
type word struct {
	position
	text string
}

// lost adds a note about data that is not imported.
func (d *draft) lost(at position, format string, args ...any) {
	d.note(Note{File: at.file, Line: at.line, Key: at.key, Text: fmt.Sprintf(format, args...)})
}

// hint adds a note about something to review.
func (d *draft) hint(at position, format string, args ...any) {
	d.note(Note{File: at.file, Line: at.line, Key: at.key, Text: fmt.Sprintf(format, args...), Hint: true})
}

// note adds each note once: a provider with a thousand domains is read a thousand
// times.
func (d *draft) note(n Note) {
	switch {
	case d.noted[n]:
	case len(d.notes) >= maxNotes:
		d.left++
	default:
		d.noted[n] = true
		d.notes = append(d.notes, n)
	}
}

// maxNotes bounds the notes: each of a million domains may have one.
const maxNotes = 100_000

// sortNotes sorts the notes of each file by line. The files keep their order.
func (d *draft) sortNotes() {
	if d.left > 0 {
		d.notes = append(d.notes, Note{Text: fmt.Sprintf("and %d more", d.left)})
	}
	rank := map[string]int{}
	for _, n := range d.notes {
		if _, ok := rank[n.File]; !ok {
			rank[n.File] = len(rank)
		}
	}
	slices.SortStableFunc(d.notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(rank[a.File], rank[b.File]), cmp.Compare(a.Line, b.Line))
	})
}

// quoted returns text of another system in quotes, shortened if it is long.
func quoted(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return strconv.Quote(s)
}

// plain returns text of another system, in quotes unless it is printable on one
// line.
func plain(s string) string {
	if q := strconv.Quote(s); q[1:len(q)-1] != s {
		return q
	}
	return s
}

// clean returns text of another system on one line, without invisible characters.
// Of those, only the joiners of scripts and emoji are part of a name.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Note is one thing that somebody should know about an import. It never holds
// a password, nor a user name.
type Note struct {
	File string `json:"file,omitempty"` // "" for the environment of the process
	Line int    `json:"line,omitempty"` // from 1; 0 where there are no lines
	// Key names the place as its system does: emailProvider/webMail, server 4,
	// LDAP_HOST.
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`
	// Hint says that nothing is lost, but that somebody should look. All other
	// notes are about what is not carried over.
	Hint bool `json:"hint"`
}

// String returns "file:line: key: text", with "hint: " before the key of a
// hint, and without what is not known.
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

// place is where something was read.
type place struct {
	file string
	line int
	key  string
}

// word is a text of another system with its place. The zero text means that it
// is not given.
type word struct {
	place
	text string
}

// lost notes what is not carried over.
func (d *draft) lost(at place, format string, args ...any) {
	d.note(Note{File: at.file, Line: at.line, Key: at.key, Text: fmt.Sprintf(format, args...)})
}

// hint notes what is carried over, but not as it stood there.
func (d *draft) hint(at place, format string, args ...any) {
	d.note(Note{File: at.file, Line: at.line, Key: at.key, Text: fmt.Sprintf(format, args...), Hint: true})
}

// note keeps each note once: a provider of a thousand domains is met a
// thousand times.
func (d *draft) note(n Note) {
	if !d.noted[n] {
		d.noted[n] = true
		d.notes = append(d.notes, n)
	}
}

// sortNotes sorts the notes of each file by their lines. The files stay in
// their order.
func (d *draft) sortNotes() {
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

// quoted returns foreign text in quotes, cut when it is long.
func quoted(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return strconv.Quote(s)
}

// plain returns foreign text as it is where it fits on a line, else in quotes.
func plain(s string) string {
	if q := strconv.Quote(s); q[1:len(q)-1] != s {
		return q
	}
	return s
}

// clean returns foreign text on one line, without characters that cannot be
// seen. Of those, only the joiners of scripts and emoji are part of a name.
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

package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Finding is an error or a warning about a settings file. It never contains the
// value of a ${env:} or ${file:} reference.
type Finding struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`   // from 1; 0 when the file as a whole is meant
	Column int    `json:"column,omitempty"` // from 1
	// Key is the dotted path of the key, such as
	// providers.infomaniak.services[0].port; "" for the whole file.
	Key     string `json:"key,omitempty"`
	Text    string `json:"text"`    // the fault and the fix
	Warning bool   `json:"warning"` // the file can be used all the same
}

// String returns "file:line: key: text", with "warning: " before the key of a
// warning. Unknown parts are left out.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		b.WriteString(":" + strconv.Itoa(f.Line))
	}
	b.WriteString(": ")
	if f.Warning {
		b.WriteString("warning: ")
	}
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// Findings are the faults of a settings file.
type Findings []Finding

// HasErrors reports whether any finding is more than a warning.
func (fs Findings) HasErrors() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return !f.Warning })
}

// Sort sorts by file, the first one being the settings file, then by line and column.
func (fs Findings) Sort(first string) {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		switch {
		case a.File == b.File:
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		case a.File == first:
			return -1
		case b.File == first:
			return 1
		}
		return cmp.Compare(a.File, b.File)
	})
}

// printed returns text from the file on one line: in quotes unless it is plain
// printable text, and shortened if it is long.
func printed(s string) string {
	q := quoted(s)
	if plain := q[1 : len(q)-1]; plain == s && s != "" {
		return s
	}
	return q
}

// quoted returns text from the file in quotes, shortened if it is long.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		if r := []rune(s); len(r) > most {
			s = string(r[:most]) + "..."
		}
	}
	return strconv.Quote(s)
}

// list returns words as "a, b, c".
func list[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(printed(string(w)))
	}
	return b.String()
}

// unknown returns the finding about an unknown word.
func unknown[T ~string](what, word string, known []T) string {
	if near, ok := nearest(word, known); ok {
		return fmt.Sprintf("unknown %s %s; did you mean %s? Known: %s", what, printed(word), printed(string(near)), list(known))
	}
	return fmt.Sprintf("unknown %s %s; known: %s", what, printed(word), list(known))
}

package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line returns text that stays on its line: whatever is not a visible character
// or a space is escaped as in a Go string, such as \n and \x1b.
func Line(text string) string { return escape(text, "") }

// Lines returns text of several lines, such as an error that lists findings.
// All but the first begin with white space, so that none of them passes for a
// line of a report. Everything else is escaped as by Line.
func Lines(text string) string {
	first, rest, more := strings.Cut(text, "\n")
	var b strings.Builder
	b.WriteString(Line(first))
	for more {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		b.WriteByte('\n')
		if line != "" && line[0] != ' ' && line[0] != '\t' {
			b.WriteString("  ")
		}
		b.WriteString(escape(line, "\t"))
	}
	return b.String()
}

// WriteJSON writes v as indented JSON. Inside of strings, what Line would
// escape is written as \uXXXX, which is the same value.
func WriteJSON(w io.Writer, v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapeJSON(text.String()))
	return err
}

// escape escapes what is not visible, except for the characters in kept.
func escape(text, kept string) string {
	clean := func(r rune) bool { return unicode.IsPrint(r) || strings.ContainsRune(kept, r) }
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !clean(r) }) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if broken := r == utf8.RuneError && size == 1; clean(r) && !broken {
			b.WriteString(text[:size])
		} else {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// escapeJSON escapes what is not visible. It is inside of strings: outside of
// them, JSON has ASCII alone.
func escapeJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

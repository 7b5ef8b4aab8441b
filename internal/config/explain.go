package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// syntaxError returns the position of a YAML error, what is wrong and what to write. It
// repeats keys, but no values, which could be secrets.
// The errors of the library name what the parser expected, not the mistake.
func syntaxError(data []byte, err error) (line, column int, text string) {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return 0, 0, "not valid YAML: " + err.Error()
	}
	lines := linesOf(data)
	// The library adds a line break to a file without one at its end.
	m := mistake{lines: lines, line: min(e.Mark.Line, len(lines)), column: e.Mark.Column, begins: min(e.ContextMark.Line, len(lines))}
	if text = m.explain(e); text == "" {
		text = e.Message
		if e.ContextMsg != "" {
			text += " " + e.ContextMsg
		}
		if m.begins > 0 && m.begins != m.line {
			text += fmt.Sprintf(" that begins on line %d", m.begins)
		}
	}
	return m.line, m.column, "not valid YAML: " + text
}

// mistake is where the parser gave up.
type mistake struct {
	lines        []string
	line, column int // from 1
	begins       int // line of what it was reading; 0 if it is unknown
}

// explain returns "" for a mistake that it does not know. It moves m to the line of
// the mistake, where that is an earlier one.
func (m *mistake) explain(e *yaml.LoadError) string {
	rest := m.rest()
	switch {
	case strings.HasPrefix(rest, "\t"):
		return "a tab; indent with spaces, not with tabs"
	case strings.Contains(e.Message, "cannot start any token") && rest != "":
		first, _ := utf8.DecodeRuneInString(rest)
		return fmt.Sprintf("a text that begins with %s needs quotes; write %s", printed(string(first)), quoted(string(first)+"..."))
	case strings.Contains(e.ContextMsg, "alias"), strings.Contains(e.Message, "unknown anchor"):
		return fmt.Sprintf(`* begins an alias of YAML; if a text is meant, write %s in quotes`, quoted(m.alias()))
	case strings.Contains(e.ContextMsg, "quoted scalar"):
		return m.quotedText(e)
	case strings.Contains(e.ContextMsg, "flow"):
		return m.brackets(e)
	case strings.Contains(e.Message, "mapping values are not allowed"):
		return m.colon()
	case strings.Contains(e.Message, "did not find expected key"), strings.Contains(e.Message, "did not find expected '-' indicator"):
		return m.indentation()
	}
	return ""
}

// rest returns the rest of the line from the column.
func (m *mistake) rest() string {
	if m.line < 1 || m.column < 1 {
		return ""
	}
	if line := m.lines[m.line-1]; m.column <= len(line) {
		return line[m.column-1:]
	}
	return ""
}

// domainPattern is a pattern of domains as a key.
var domainPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\*\.[^\s,:\]}]+)\s*:`)
})

// alias returns what to put in quotes. Other texts than domains could be secrets.
func (m *mistake) alias() string {
	if m.line >= 1 {
		if found := domainPattern().FindStringSubmatch(m.lines[m.line-1]); found != nil {
			return found[1]
		}
	}
	return "*"
}

func (m *mistake) quotedText(e *yaml.LoadError) string {
	if strings.Contains(e.Message, "end of stream") {
		if m.begins > 0 {
			m.line, m.column = m.begins, e.ContextMark.Column
		}
		return "a quote is opened and never closed; write one at the end of the text, too"
	}
	return `a backslash in "..." begins an escape; write '...' instead, as in 'C:\waymark\key.pem'`
}

// referenceInBrackets is one that YAML reads as a block of its own.
var referenceInBrackets = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[^"'\w]\s*(\$\{[^}]*\})`)
})

func (m *mistake) brackets(e *yaml.LoadError) string {
	open := m.begins
	if open == 0 {
		open = m.line
	}
	for _, text := range m.lines[max(open, 1)-1 : m.line] {
		if found := referenceInBrackets().FindStringSubmatch(text); found != nil {
			return fmt.Sprintf(`a reference between { } or [ ] needs quotes; write %s`, quoted(found[1]))
		}
	}
	opened, closed := "{", "}"
	if strings.Contains(e.ContextMsg, "sequence") {
		opened, closed = "[", "]"
	}
	endOfFile := e.Mark.Line > len(m.lines) || strings.TrimSpace(m.lines[m.line-1]) == ""
	if open == m.line && endOfFile {
		for m.line > 1 && strings.TrimSpace(m.lines[m.line-1]) == "" {
			m.line--
		}
		m.column = 0
		return fmt.Sprintf("%s is not closed; write %s at the end", opened, closed)
	}
	if open != m.line {
		found := m.line
		m.line, m.column = open, e.ContextMark.Column
		return fmt.Sprintf("%s is not closed before line %d; write %s at the end", opened, found, closed)
	}
	return fmt.Sprintf("a comma or a %s is missing; write a comma between two values, and %s at the end", closed, closed)
}

var (
	// keyWithoutSpace is a key whose colon has no space behind it.
	keyWithoutSpace = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*(?:- )?([\w.*@-]+:)[^\s:/][^:]*$`)
	})
	// keyWithoutColon is a line with a single word.
	keyWithoutColon = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*([\w.-]+)$`)
	})
)

// colon explains a colon where a value cannot have one: the line above is not a key
// although it looks like one, or the value itself has a colon.
func (m *mistake) colon() string {
	if strings.Contains(m.lines[m.line-1], "\u00a0") {
		return "the line has a no-break space; replace it by an ordinary space"
	}
	for above := m.line - 1; above >= 1; above-- {
		text := strings.TrimRight(m.lines[above-1], " ")
		if strings.TrimSpace(text) == "" || strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		if strings.Contains(text, "\u00a0") {
			m.line, m.column = above, 0
			return "the line has a no-break space; replace it by an ordinary space"
		}
		if found := keyWithoutSpace().FindStringSubmatch(text); found != nil {
			m.line, m.column = above, 0
			return "a space is missing behind " + found[1]
		}
		if found := keyWithoutColon().FindStringSubmatch(text); found != nil {
			m.line, m.column = above, 0
			return fmt.Sprintf("a colon is missing; write %s:", found[1])
		}
		break
	}
	before := m.lines[m.line-1][:min(max(m.column-1, 0), len(m.lines[m.line-1]))]
	if key, value, ok := strings.Cut(before, ": "); ok && strings.TrimSpace(value) != "" {
		return fmt.Sprintf("a value with a colon needs quotes; write %s: \"...\"", printed(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(key), "- "))))
	}
	return "the line is indented more than its block, or the line above lacks its colon; keys of one block begin at the same column"
}

func (m *mistake) indentation() string {
	text := m.lines[m.line-1]
	indent := len(text) - len(strings.TrimLeft(text, " "))
	if m.column > indent+1 {
		return `text follows a closing quote; write "..." around a text with an apostrophe, and a comma or a new line between two values`
	}
	return "the indentation differs from that of the lines above; keys of one block, and the - of one list, begin at the same column"
}

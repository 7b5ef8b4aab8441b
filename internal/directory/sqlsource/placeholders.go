package sqlsource

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// The placeholders that a query may hold, each as often as it likes. Their
// values are always bound, never pasted.
const (
	phAddress       = "address"        // anna@xn--bcher-kva.example, the local part as it was typed
	phLocal         = "local"          // anna
	phDomain        = "domain"         // xn--bcher-kva.example, lower case
	phDomainUnicode = "domain_unicode" // bücher.example, for panels that store U-labels
)

func domainPlaceholders() []string { return []string{phDomain, phDomainUnicode} }

func mailboxPlaceholders() []string {
	return []string{phAddress, phLocal, phDomain, phDomainUnicode}
}

// values returns what is bound for the placeholders. Without a local part a
// holds the domain that is asked for.
func values(placeholders []string, a address.Address) []any {
	all := make([]any, len(placeholders))
	for i, name := range placeholders {
		switch name {
		case phAddress:
			all[i] = a.String()
		case phLocal:
			all[i] = a.Local
		case phDomain:
			all[i] = a.Domain.String()
		case phDomainUnicode:
			all[i] = a.Domain.Unicode()
		}
	}
	return all
}

// rewrite replaces the placeholders of a query by the parameters that the
// database knows and returns their names in the order in which they are bound.
// Every occurrence is a parameter of its own, so that PostgreSQL may give each
// its own type. What is not a placeholder stays as it is, byte by byte.
func rewrite(l lexis, query string, known []string) (string, []string, error) {
	var out strings.Builder
	var names []string
	for i := 0; i < len(query); {
		end, err := l.token(query, i, known)
		if err != nil {
			return "", nil, err
		}
		if query[i] != ':' || !isNameStart(at(query, i+1)) {
			out.WriteString(query[i:end])
			i = end
			continue
		}
		name := query[i+1 : end]
		if !slices.Contains(known, name) {
			return "", nil, fmt.Errorf("holds the unknown placeholder :%s; known here are %s", name, listed(known))
		}
		names = append(names, name)
		if l.numbered {
			out.WriteString("$" + strconv.Itoa(len(names)))
		} else {
			out.WriteByte('?')
		}
		i = end
	}
	return out.String(), names, nil
}

// lexis is how a database reads SQL, as far as that decides what is a
// placeholder and what only looks like one.
type lexis struct {
	numbered      bool // parameters are $1 $2; otherwise ?
	backslashes   bool // '...' and "..." know \'
	escapeStrings bool // E'...' knows \'
	dollarQuotes  bool // $$...$$ and $tag$...$tag$
	backticks     bool // `...` quotes a name
	brackets      bool // [...] quotes a name
	hashComments  bool // # begins a comment
	dashNeedsGap  bool // -- begins a comment only in front of white space
	nestComments  bool // /* /* */ */ is one comment
	sigils        bool // $name, @name and :1 are parameters
}

// token returns where the token ends that begins at i.
func (l lexis) token(q string, i int, known []string) (int, error) {
	c, next := q[i], at(q, i+1)
	switch {
	case c == ';':
		return 0, errors.New("holds a ; outside of quotes; write one statement, and no ; at its end")
	case c == 0:
		return 0, errors.New("holds a NUL character")
	case c == '\'', c == '"', c == '`' && l.backticks:
		return quoted(q, i, c, l.backslashes && c != '`')
	case c == '[' && l.brackets:
		return quoted(q, i, ']', false)
	case c == '#' && l.hashComments, c == '-' && next == '-' && (!l.dashNeedsGap || isGap(at(q, i+2))):
		return lineEnd(q, i), nil
	case c == '/' && next == '*':
		return l.blockComment(q, i)
	case c == '?' && !l.numbered,
		c == '$' && l.numbered && isDigit(next),
		l.sigils && (c == '$' || c == '@') && isNameStart(next),
		l.sigils && c == ':' && isDigit(next):
		return 0, fmt.Errorf("holds %s; write %s instead", q[i:nameEnd(q, i+1)], listed(known))
	case c == '$' && l.dollarQuotes:
		return dollarQuoted(q, i)
	case c == ':' && (next == ':' || next == '='): // a cast, an assignment
		return i + 2, nil
	case c == ':' && isNameStart(next):
		return nameEnd(q, i+1), nil
	case isName(c):
		end := i
		for isName(at(q, end)) || at(q, end) == '$' {
			end++
		}
		if l.escapeStrings && strings.EqualFold(q[i:end], "e") && at(q, end) == '\'' {
			return quoted(q, end, '\'', true)
		}
		return end, nil
	}
	return i + 1, nil
}

// quoted returns where the quotes end that begin at i. A closing character
// that is there twice stands for itself.
func quoted(q string, i int, closing byte, backslashes bool) (int, error) {
	for j := i + 1; j < len(q); j++ {
		switch {
		case q[j] == '\\' && backslashes:
			j++
		case q[j] == closing && closing != ']' && at(q, j+1) == closing:
			j++
		case q[j] == closing:
			return j + 1, notQuoted(q[i : j+1])
		}
	}
	return 0, fmt.Errorf("holds a %c that is not closed", q[i])
}

// dollarQuoted is quoted for $$...$$ and $tag$...$tag$. A dollar sign that
// begins no quotes is a token of its own.
func dollarQuoted(q string, i int) (int, error) {
	tagEnd := nameEnd(q, i+1)
	if at(q, tagEnd) != '$' {
		return i + 1, nil
	}
	tag := q[i : tagEnd+1]
	length := strings.Index(q[tagEnd+1:], tag)
	if length < 0 {
		return 0, fmt.Errorf("holds a %s that is not closed", tag)
	}
	end := tagEnd + 1 + length + len(tag)
	return end, notQuoted(q[i:end])
}

// notQuoted refuses quotes that hold a placeholder: Postfix and Dovecot want
// '%s', so people write ':domain', which would never match anything. A colon
// in the middle of a word, as in mailto:address, is none.
func notQuoted(literal string) error {
	for i := range len(literal) {
		if literal[i] != ':' || isName(literal[i-1]) || literal[i-1] == ':' || !isNameStart(at(literal, i+1)) {
			continue
		}
		name := literal[i+1 : nameEnd(literal, i+1)]
		if slices.Contains(mailboxPlaceholders(), name) {
			return fmt.Errorf("holds the placeholder :%s inside of quotes; values are bound, so write :%s without quotes, and put texts together with || or CONCAT", name, name)
		}
	}
	return nil
}

func (l lexis) blockComment(q string, i int) (int, error) {
	depth := 1
	for j := i + 2; j+1 < len(q); {
		switch {
		case q[j] == '*' && q[j+1] == '/':
			j += 2
			if depth--; depth == 0 {
				return j, nil
			}
		case q[j] == '/' && q[j+1] == '*' && l.nestComments:
			j += 2
			depth++
		default:
			j++
		}
	}
	return 0, errors.New("holds a /* that is not closed")
}

func lineEnd(q string, i int) int {
	if n := strings.IndexByte(q[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(q)
}

// at returns the byte at i, and 0 behind the end.
func at(q string, i int) byte {
	if i < len(q) {
		return q[i]
	}
	return 0
}

func nameEnd(q string, i int) int {
	for isName(at(q, i)) {
		i++
	}
	return i
}

func isName(c byte) bool { return isNameStart(c) || isDigit(c) }

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isGap(c byte) bool { return c <= ' ' }

func listed(placeholders []string) string { return ":" + strings.Join(placeholders, ", :") }

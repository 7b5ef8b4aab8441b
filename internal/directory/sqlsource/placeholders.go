package sqlsource

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/waymark-mail/waymark/internal/address"
)

// The placeholders of a query. A query may repeat them. Their values are always
// bound as parameters and never become part of the SQL text.
const (
	phAddress       = "{address}"        // anna@xn--bcher-kva.example, the local part as typed
	phLocal         = "{local}"          // anna
	phDomain        = "{domain}"         // xn--bcher-kva.example, lower case
	phDomainUnicode = "{domain_unicode}" // bücher.example, for panels that store U-labels
)

func domainPlaceholders() []string { return []string{phDomain, phDomainUnicode} }

func mailboxPlaceholders() []string {
	return []string{phAddress, phLocal, phDomain, phDomainUnicode}
}

// values returns the parameters to bind. A domain query gets an address without
// a local part.
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

// The kinds of tokens, by the groups of the expressions below.
const (
	quoted  = 2 * (1 + iota) // quoted text or a quoted name, closed
	braces                   // {domain}
	foreign                  // a parameter in another form: ?, $1, :domain
	stray                    // what no query may contain, such as a quote that is not closed
)

// tokens returns the expression for everything that can contain, or look like, a
// placeholder. Words are tokens because the e of some'\' does not begin an escape
// string. A doubled quote ends one quoted text and begins the next, with the same
// result.
func tokens(quotes, comments, parameters, opening string) *regexp.Regexp {
	const rest = `[\w$\x{80}-\x{10FFFF}]*`
	return regexp.MustCompile(`(?s)(` + quotes + `)|` + comments + `|::|:=|[\w\x{80}-\x{10FFFF}]` + rest +
		`|(\{\w+\})|(:[a-zA-Z_\x{80}-\x{10FFFF}]` + rest + parameters + `)|([;\x00'"]|/\*` + opening + `)`)
}

// dollarTag begins and ends a dollar-quoted text of PostgreSQL.
var dollarTag = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$(?:[a-zA-Z_\x{80}-\x{10FFFF}][\w\x{80}-\x{10FFFF}]*)?\$`)
})

// tokensOf returns tokens for a query to one kind of database.
func tokensOf(driver, query string) *regexp.Regexp {
	const block = `/\*.*?\*/`
	switch driver {
	case "postgres":
		quotes := `'[^']*'|"[^"]*"|[eE]'(?:[^'\\]|\\.)*'`
		for _, tag := range dollarTag().FindAllString(query, -1) { // expressions cannot refer back to an opening tag
			tag = regexp.QuoteMeta(tag)
			quotes += "|" + tag + ".*?" + tag
		}
		// Comments nest; two levels are enough, and more are refused.
		const text = `[^/]|/+[^/*]`
		return tokens(quotes, `--[^\n]*|/\*(?:`+text+`|/+\*(?:`+text+`)*?\*/)*?\*/`, `|\$\d+`, "|"+dollarTag().String())
	case "mysql": // 5--1 has no comment
		return tokens(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`+"`[^`]*`", `#[^\n]*|--(?:[\x01-\x09\x0b-\x20][^\n]*)?(?:\n|\z)|`+block, `|\?`, "|`")
	default: // SQLite
		return tokens(`'[^']*'|"[^"]*"|\[[^]]*\]|`+"`[^`]*`", `--[^\n]*|`+block, `|[?:$@]\w+|\?`, "|[[`]")
	}
}

// rewrite replaces the placeholders of a query by parameters of the database and
// returns the placeholders in the order of the parameters. Each occurrence is a
// parameter of its own, so that PostgreSQL can give each its own type. All other
// text is copied byte by byte.
func rewrite(driver, query string, known []string) (string, []string, error) {
	if !utf8.ValidString(query) {
		return "", nil, errors.New("is not valid UTF-8")
	}
	var out strings.Builder
	var names []string
	copied := 0
	for _, m := range tokensOf(driver, query).FindAllStringSubmatchIndex(query, -1) {
		token := query[m[0]:m[1]]
		switch {
		case m[quoted] >= 0:
			for _, name := range mailboxPlaceholders() {
				if strings.Contains(token, name) {
					return "", nil, fmt.Errorf("contains %s inside quotes; remove the quotes: values are bound as parameters (join text with || or CONCAT)", name)
				}
			}
		case len(known) == 0 && (m[braces] >= 0 || m[foreign] >= 0):
			return "", nil, fmt.Errorf("contains %s; a query for all domains has no placeholders", token)
		case m[braces] >= 0 && !slices.Contains(known, token):
			return "", nil, fmt.Errorf("unknown placeholder %s; available here: %s", token, strings.Join(known, ", "))
		case m[braces] >= 0:
			names = append(names, token)
			out.WriteString(query[copied:m[0]])
			copied = m[1]
			if driver == "postgres" {
				out.WriteString("$" + strconv.Itoa(len(names)))
			} else {
				out.WriteByte('?')
			}
		case m[foreign] >= 0:
			write := "{" + token[1:] + "}"
			if !slices.Contains(known, write) {
				write = strings.Join(known, ", ")
			}
			return "", nil, fmt.Errorf("contains the parameter %s; write %s instead", token, write)
		case token == ";":
			return "", nil, errors.New("contains a semicolon; write one statement without a semicolon at its end")
		case token == "\x00":
			return "", nil, errors.New("contains a NUL character")
		case m[stray] >= 0:
			return "", nil, fmt.Errorf("contains %s that is not closed", token)
		}
	}
	out.WriteString(query[copied:])
	return out.String(), names, nil
}

package importer

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync"
)

// variable is one environment variable.
type variable struct {
	position // its key is the name
	value    string
}

// assignment is a line of an env file or a shell script.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)
})

// parseEnv reads NAME=value lines, as env files and the command env have them.
func (d *draft) parseEnv(file string, data []byte) ([]variable, error) {
	var all []variable
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		at := position{file: file, line: number}
		m := assignment().FindStringSubmatch(text)
		if m == nil {
			d.hint(at, "not a NAME=value line; skipped")
			continue
		}
		at.key = m[1]
		all = append(all, variable{at, unquote(m[2])})
	}
	if len(all) == 0 {
		return nil, errors.New("contains no NAME=value line such as IMAP_HOST=imap.example.com")
	}
	return all, nil
}

// unquote removes quotes, or the comment after an unquoted value.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return clean(s[1 : 1+end])
		}
	}
	if strings.HasPrefix(s, "#") {
		return ""
	}
	if i := strings.Index(s, " #"); i >= 0 {
		s = s[:i]
	}
	return clean(s)
}

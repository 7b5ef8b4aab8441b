package config

import (
	"regexp"
	"sync"
)

// minSecret is the minimum length of a secret, in octets.
const minSecret = 32

// secret reads a secret that the operator chose. Findings never contain it.
func (r *reader) secret(v value) (string, bool) {
	switch v.node.Tag {
	case "!!int", "!!float", "!!bool":
		r.refuse(v, "must be a text; put it in quotes")
		return "", false
	}
	s, ok := r.filled(v)
	if ok && len(s) < minSecret {
		r.refuse(v, "is too short; use at least %d random characters, such as the output of openssl rand -base64 32", minSecret)
		return "", false
	}
	if ok {
		r.warnInClear(v)
	}
	return s, ok
}

// warnInClear warns about a secret without a reference.
func (r *reader) warnInClear(v value) {
	if !v.referenced() {
		r.warn(v, "contains a secret that everybody who can read this file sees; use ${env:NAME} or ${file:PATH}")
	}
}

// passwordInDSN matches a password in the DSN formats of the drivers: in a URL,
// before the host of MySQL, or as a key of libpq.
var passwordInDSN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(\w+://)?[^:/@]*:[^/@][^@]*@|\bpassword=\S`)
})

// tokenForm matches a bearer token (RFC 6750 section 2.1).
var tokenForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
})

func readAPI(r *reader, v value, f *file) {
	if v.written() != "" { // perhaps the token itself
		r.refuse(v, `must be a block of keys such as {token: "${env:API_TOKEN}"}`)
		return
	}
	readBlock(r, v, []field[API]{
		{"token", func(r *reader, v value, a *API) {
			s, ok := r.secret(v)
			switch {
			case ok && !tokenForm().MatchString(s):
				r.refuse(v, "contains a character that is not allowed in a token; allowed are letters, digits and -._~+/, and = at the end")
			case ok:
				a.Token = s
			}
		}},
	}, &f.API)
}

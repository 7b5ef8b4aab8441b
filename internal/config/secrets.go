package config

import "regexp"

// minSecret is how many characters a secret has at least.
const minSecret = 32

// secret reads a secret of the operator's own making. Findings about it never
// show it.
func (r *reader) secret(v value) (string, bool) {
	switch v.node.Tag {
	case "!!int", "!!float", "!!bool":
		r.refuse(v, "must be a text; put it in quotes")
		return "", false
	}
	s, ok := r.filled(v)
	if ok && len(s) < minSecret {
		r.refuse(v, "is too short: it needs %d random characters, such as openssl rand -base64 32 prints", minSecret)
		return "", false
	}
	if ok {
		r.warnInClear(v)
	}
	return s, ok
}

// warnInClear warns of a secret that everybody sees who sees the file.
func (r *reader) warnInClear(v value) {
	if !v.referenced() {
		r.warn(v, "holds a secret in clear, for everybody who may read this file; write ${env:NAME} or ${file:PATH} in its place")
	}
}

// passwordInDSN is a password in the forms of a DSN that the drivers know: in a
// URL, before the host of MySQL, or as a key of libpq.
var passwordInDSN = regexp.MustCompile(`(?i)^(\w+://)?[^:/@]*:[^/@][^@]*@|\bpassword=\S`)

// tokenForm is what may be sent as a bearer token (RFC 6750 section 2.1).
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

func readAPI(r *reader, v value, f *file) {
	if v.written() != "" { // perhaps the token itself
		r.refuse(v, `must be a block of keys such as {token: "${env:API_TOKEN}"}`)
		return
	}
	readBlock(r, v, []field[API]{
		{"token", func(r *reader, v value, a *API) {
			s, ok := r.secret(v)
			switch {
			case ok && !tokenForm.MatchString(s):
				r.refuse(v, "holds a character that no token may hold; known are letters, digits and -._~+/, and = at the end")
			case ok:
				a.Token = s
			}
		}},
	}, &f.API)
}

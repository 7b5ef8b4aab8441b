package dialect

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// ForHolders returns a protocol whose endpoints answer only whoever sends the
// token; "" leaves them to everybody.
func ForHolders(p Dialect, token string) Dialect {
	if token == "" {
		return p
	}
	endpoints := make([]Endpoint, len(p.Endpoints))
	for i, e := range p.Endpoints {
		serve := e.Serve
		e.Serve = func(r *http.Request) (Response, error) {
			if !HasToken(r, token) {
				return p.Refusal(http.StatusForbidden, NeedsToken), nil
			}
			return serve(r)
		}
		endpoints[i] = e
	}
	p.Endpoints = endpoints
	return p
}

// NeedsToken is what somebody without the token is told, with status 403: a 401
// makes mail clients and browsers ask people for a password.
const NeedsToken = "this needs the token of the settings: send it as Authorization: Bearer TOKEN"

// HasToken reports whether a request carries the token (RFC 6750 section 2.1).
// The time it takes does not depend on how much of it is right.
func HasToken(r *http.Request, token string) bool {
	scheme, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	have, want := sha256.Sum256([]byte(strings.TrimSpace(sent))), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(have[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

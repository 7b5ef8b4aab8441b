package dialect

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/settings"
)

// RequireToken returns a copy of d whose endpoints require a bearer token; with
// token "" it returns d.
func RequireToken(d Dialect, token string) Dialect {
	if token == "" {
		return d
	}
	endpoints := make([]Endpoint, len(d.Endpoints))
	for i, e := range d.Endpoints {
		serve := e.Serve
		e.Serve = func(r *http.Request) (Response, error) {
			if !hasToken(r, token) {
				return Response{}, settings.Errorf(settings.Forbidden, "API token required: send it as Authorization: Bearer TOKEN")
			}
			return serve(r)
		}
		endpoints[i] = e
	}
	d.Endpoints = endpoints
	return d
}

// hasToken reports whether a request carries the token (RFC 6750 section 2.1),
// in constant time.
func hasToken(r *http.Request, token string) bool {
	scheme, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	have, want := sha256.Sum256([]byte(strings.TrimSpace(sent))), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(have[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

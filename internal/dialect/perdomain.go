package dialect

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/settings"
)

// PerDomain returns the Serve of a document that all mailboxes of a domain share.
// query returns the domain that a request is about. Caches keep it for five minutes: a
// copy must not outlive the old digest of PACC in DNS, which is cached for one TTL
// after a change.
func PerDomain(r Resolver, contentType string, query func(*http.Request) (settings.Query, error), render func(settings.Settings) ([]byte, error)) func(*http.Request) (Response, error) {
	memo, header := NewMemo(), http.Header{"Cache-Control": {"public, max-age=300"}}
	return func(req *http.Request) (Response, error) {
		q, err := query(req)
		if err != nil {
			return Response{}, err
		}
		found, err := r.Resolve(req.Context(), q)
		if err != nil {
			return Response{}, err
		}
		return memo.Answer(found, contentType, header, render)
	}
}

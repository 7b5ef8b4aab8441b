package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/dialect"
)

// secured redirects a browser that opens the page on its own host name over http to
// https, if this process serves that itself. Behind a proxy the request may have come
// over https, and the redirect would lead back here again and again.
func (p *page) secured(serve func(*http.Request) (dialect.Response, error)) func(*http.Request) (dialect.Response, error) {
	origin, err := url.Parse(p.Secure)
	if err != nil || origin.Host == "" {
		return serve
	}
	return func(r *http.Request) (dialect.Response, error) {
		if r.URL.Scheme != "http" || isForwarded(r) || !strings.EqualFold(string(dialect.HostName(r)), origin.Hostname()) {
			return serve(r)
		}
		to := url.URL{Scheme: "https", Host: origin.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		return dialect.Response{Status: http.StatusFound, Header: http.Header{"Location": {to.String()}, "Cache-Control": {"no-store"}}}, nil
	}
}

// isForwarded reports whether a proxy passed a request on, trusted or not.
func isForwarded(r *http.Request) bool {
	return slices.ContainsFunc([]string{"Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto"}, func(name string) bool {
		return len(r.Header[http.CanonicalHeaderKey(name)]) > 0
	})
}

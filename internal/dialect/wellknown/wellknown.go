package wellknown

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// New returns the dialect. It accepts every method, because clients begin with
// PROPFIND (Thunderbird, iOS, DAVx5), OPTIONS (GNOME) or GET.
func New(r dialect.Resolver) dialect.Dialect {
	to := func(p settings.Protocol) func(*http.Request) (dialect.Response, error) {
		return func(req *http.Request) (dialect.Response, error) { return redirect(req, r, p) }
	}
	return dialect.Dialect{
		Name:      "wellknown",
		AnyOrigin: true,
		Endpoints: []dialect.Endpoint{
			{Path: "/.well-known/caldav", Serve: to(settings.CalDAV)},
			{Path: "/.well-known/carddav", Serve: to(settings.CardDAV)},
			{Path: "/.well-known/jmap", Serve: to(settings.JMAP)},
		},
	}
}

func redirect(r *http.Request, resolver dialect.Resolver, p settings.Protocol) (dialect.Response, error) {
	q, err := dialect.Ask(r, "")
	if err != nil {
		return dialect.Response{}, err
	}
	found, err := resolver.Resolve(r.Context(), q)
	if err != nil {
		return dialect.Response{}, err
	}
	svc, ok := settings.FirstWeb(found.Services(), p)
	// A redirect has no field for a moved address.
	if !ok || found.MovedTo != "" || leadsHere(r, svc.URL) {
		return dialect.Response{}, settings.Errorf(settings.NotOffered, "there is no %s service for that domain", p)
	}
	// 301 is what clients know; only POST loses its method by it. RFC 6764 allows
	// 303 and 307 too. Without max-age it would be cached permanently.
	resp := dialect.PlainText(http.StatusMovedPermanently, svc.URL)
	resp.Header = http.Header{"Location": {svc.URL}, "Cache-Control": {"public, max-age=3600"}}
	resp.Domain = found.Domain
	return resp, nil
}

// leadsHere reports whether a redirect would lead to the URL of the request. A
// target without a port matches any port, because of proxies.
func leadsHere(r *http.Request, target string) bool {
	u, err := url.Parse(target)
	return err == nil && strings.TrimSuffix(u.Path, "/") == r.URL.Path &&
		(u.Host == string(dialect.HostName(r)) || u.Host == strings.ToLower(r.Host))
}

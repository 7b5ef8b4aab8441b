package mtasts

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// New returns the dialect.
func New(r dialect.Resolver) dialect.Dialect {
	serve := dialect.PerDomain(r, "text/plain; charset=utf-8", query, Render)
	return dialect.Dialect{
		Name:      "mtasts",
		Render:    dialect.IgnoreChoice(Render),
		Endpoints: []dialect.Endpoint{{Path: "/.well-known/mta-sts.txt", Methods: []string{http.MethodGet}, Serve: serve}},
	}
}

// query asks about the domain of the host name alone, never a domain above it:
// senders ask at mta-sts.<domain> (RFC 8461 section 3.3).
func query(r *http.Request) (settings.Query, error) {
	return settings.Query{Domain: dialect.HostDomain(r)}, nil
}

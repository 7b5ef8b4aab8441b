package pacc

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// New returns the dialect.
func New(r dialect.Resolver) dialect.Dialect {
	serve := dialect.PerDomain(r, "application/json", query, Render)
	return dialect.Dialect{
		Name:      "pacc",
		Render:    dialect.IgnoreChoice(Render),
		AnyOrigin: true,
		Endpoints: []dialect.Endpoint{{Path: "/.well-known/user-agent-configuration.json", Methods: []string{http.MethodGet}, Serve: serve}},
	}
}

// query asks about the domain of the host name: the protocol has no addresses.
func query(r *http.Request) (settings.Query, error) { return dialect.Ask(r, "") }

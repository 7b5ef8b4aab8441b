package settingsjson

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// New returns the dialect.
func New(r dialect.Resolver) dialect.Dialect {
	return dialect.Dialect{
		Name:      "settings",
		Render:    dialect.IgnoreChoice(Render),
		AnyOrigin: true,
		Endpoints: []dialect.Endpoint{
			{Path: "/api/v1/settings", Methods: []string{http.MethodGet}, Serve: func(req *http.Request) (dialect.Response, error) { return serve(req, r) }},
		},
		Fail: dialect.ProblemFailure,
	}
}

func serve(r *http.Request, resolver dialect.Resolver) (dialect.Response, error) {
	q, err := query(r)
	if err != nil {
		return dialect.Response{}, err
	}
	found, err := resolver.Resolve(r.Context(), q)
	if err != nil {
		return dialect.Response{}, err
	}
	body, err := Render(found)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{
		Status:      http.StatusOK,
		ContentType: "application/json",
		Header:      http.Header{"Cache-Control": {"no-store"}}, // may hold an address
		Body:        body,
		Domain:      found.Domain,
	}, nil
}

// query reads email=ADDRESS or domain=DOMAIN; without either it uses the host
// name.
func query(r *http.Request) (settings.Query, error) {
	addr, err := dialect.QueryAddress(r, "email")
	if err != nil {
		return settings.Query{}, err
	}
	name, err := dialect.QueryAddress(r, "domain")
	if err != nil {
		return settings.Query{}, err
	}
	switch {
	case addr != "" && name != "":
		return settings.Query{}, settings.Errorf(settings.BadRequest, "email and domain exclude each other")
	case name != "":
		d, err := address.ParseDomain(name)
		if err != nil {
			return settings.Query{}, settings.Errorf(settings.BadRequest, "%v", err)
		}
		return settings.Query{Domain: d}, nil
	}
	return dialect.Ask(r, addr)
}

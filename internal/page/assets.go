package page

import (
	"net/http"
	"path"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/templates"
)

// asset returns the Serve function of an embedded file.
func asset(name, contentType string) func(*http.Request) (dialect.Response, error) {
	body, err := templates.Files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	resp := dialect.Response{
		Status:      http.StatusOK,
		ContentType: contentType,
		Header:      http.Header{"Cache-Control": {"no-cache"}}, // revalidated with 304
		Body:        body,
		ETag:        dialect.ETag(body),
	}
	return func(*http.Request) (dialect.Response, error) { return resp, nil }
}

// brand serves the colours and the logos of a domain's provider: <domain>.css,
// <domain>.logo and <domain>.logo-dark.
func (p *page) brand(r *http.Request) (dialect.Response, error) {
	name := r.PathValue("domain")
	kind := path.Ext(name)
	d, err := address.ParseDomain(strings.TrimSuffix(name, kind))
	if err != nil {
		return dialect.Response{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	found, err := p.Resolver.Resolve(r.Context(), settings.Query{Domain: d})
	if err != nil {
		return dialect.Response{}, err
	}
	brand := found.Provider.Brand
	resp := dialect.Response{Status: http.StatusOK, Header: http.Header{"Cache-Control": {"public, max-age=3600"}}}
	switch {
	case kind == ".css" && brand.Color != "":
		resp.ContentType, resp.Body = "text/css; charset=utf-8", stylesheet(brand.Color)
	case kind == ".logo" && brand.Logo != (settings.Logo{}):
		picture(&resp, brand.Logo)
	case kind == ".logo-dark" && brand.LogoDark != (settings.Logo{}):
		picture(&resp, brand.LogoDark)
	default:
		return dialect.Response{}, settings.Errorf(settings.NotOffered, "the provider of the domain has no such file")
	}
	resp.ETag = dialect.ETag(resp.Body)
	return resp, nil
}

func picture(resp *dialect.Response, logo settings.Logo) {
	resp.ContentType, resp.Body = logo.Type(), []byte(logo.Data())
	// An SVG that is opened directly could run scripts.
	resp.Header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
}

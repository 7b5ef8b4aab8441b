package page

import (
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/templates"
)

// asset returns the Serve function of an embedded file, which is read once it is asked
// for.
func asset(name, contentType string) func(*http.Request) (dialect.Response, error) {
	resp := sync.OnceValue(func() dialect.Response {
		body, err := templates.Files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		return dialect.Response{
			Status:      http.StatusOK,
			ContentType: contentType,
			Header:      http.Header{"Cache-Control": {"no-cache"}}, // revalidated with 304
			Body:        body,
			ETag:        dialect.ETag(body),
		}
	})
	return func(*http.Request) (dialect.Response, error) { return resp(), nil }
}

// styleIn returns the style of pages with the colour of a brand; "" is no brand. One file
// costs a page one request.
func styleIn(color string) ([]byte, error) {
	style, err := templates.Files.ReadFile("waymark.css")
	if err == nil && color != "" {
		style = append(style, stylesheet(color)...)
	}
	return style, err
}

// brand serves the style and the logos of a domain's provider: <domain>.css,
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
		if resp.Body, err = styleIn(brand.Color); err != nil {
			return dialect.Response{}, err
		}
		resp.ContentType = "text/css; charset=utf-8"
		resp.Header.Set("Cache-Control", "no-cache") // as that of pages without a brand
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

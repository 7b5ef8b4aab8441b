package page

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/templates"
)

type page struct {
	resolver proto.Resolver
	html     *template.Template
	style    []byte
}

// New returns the page as one more thing that is answered. It panics when the
// embedded templates are broken, which is a mistake in the code.
func New(r proto.Resolver) proto.Protocol {
	style, err := templates.Files.ReadFile("waymark.css")
	if err != nil {
		panic(err)
	}
	p := &page{resolver: r, html: template.Must(template.ParseFS(templates.Files, "page.html")), style: style}
	return proto.Protocol{
		Name: "page",
		Endpoints: []proto.Endpoint{
			{Path: "/", Methods: []string{http.MethodGet}, Serve: p.start},
			{Path: "/", Methods: []string{http.MethodPost}, Serve: p.show},
			{Path: "/assets/waymark.css", Methods: []string{http.MethodGet}, Serve: p.css},
		},
	}
}

func (p *page) start(*http.Request) (proto.Response, error) {
	return p.render(http.StatusOK, view{})
}

// show answers the posted form. A problem is shown on the page beside what was
// typed, with the status that says so to a machine.
func (p *page) show(r *http.Request) (proto.Response, error) {
	email, err := postedAddress(r)
	if err != nil {
		return proto.Response{}, err
	}
	found, err := p.find(r, email)
	if err != nil {
		f := proto.FailureOf(err)
		if f.Ours {
			return proto.Response{}, err
		}
		return p.render(f.Status, view{Email: shown(email), Problem: problem(err)})
	}
	resp, err := p.render(http.StatusOK, view{Email: found.Address.String(), Settings: describe(found)})
	resp.Domain = found.Domain
	return resp, err
}

func (p *page) find(r *http.Request, email string) (settings.Settings, error) {
	if email == "" {
		return settings.Settings{}, settings.Errorf(settings.BadRequest, "the address is empty")
	}
	q, err := proto.Ask(r, email)
	if err != nil {
		return settings.Settings{}, err
	}
	return p.resolver.Resolve(r.Context(), q)
}

func (p *page) css(*http.Request) (proto.Response, error) {
	return proto.Response{
		Status:      http.StatusOK,
		ContentType: "text/css; charset=utf-8",
		Header:      http.Header{"Cache-Control": {"no-cache"}}, // asked anew, answered by 304
		Body:        p.style,
		ETag:        proto.ETag(p.style),
	}, nil
}

// postedAddress reads the form. The body is capped by the server.
func postedAddress(r *http.Request) (string, error) {
	if err := r.ParseForm(); err != nil {
		return "", &settings.Error{Kind: settings.BadRequest, Message: "the form cannot be read", Cause: err}
	}
	return r.PostForm.Get("email"), nil
}

func (p *page) render(status int, v view) (proto.Response, error) {
	var body bytes.Buffer
	if err := p.html.Execute(&body, v); err != nil {
		return proto.Response{}, err
	}
	return proto.Response{
		Status:      status,
		ContentType: "text/html; charset=utf-8",
		Header: http.Header{
			"Cache-Control":           {"no-store"},
			"Content-Security-Policy": {"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
			"Referrer-Policy":         {"no-referrer"},
		},
		Body: body.Bytes(),
	}, nil
}

// shown returns what was typed in a form that can stand on a page again.
func shown(email string) string {
	const most = 320 // bytes; no address is longer
	if len(email) > most {
		email = email[:most]
	}
	return strings.ToValidUTF8(email, "\uFFFD")
}

func problem(err error) string {
	switch settings.KindOf(err) {
	case settings.UnknownDomain:
		return "That address is not one of ours: nobody here answers for its domain."
	case settings.BadRequest:
		return "That is not a mail address: " + proto.PublicMessage(err) + "."
	case settings.Internal, settings.NotOffered, settings.TooLarge, settings.Unavailable:
	}
	return proto.PublicMessage(err)
}

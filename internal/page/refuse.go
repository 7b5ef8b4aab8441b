package page

import (
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// refuse returns an error as a page in the visitor's language, with the form to start
// again. Pictures, styles and programs get plain text.
func (p *page) refuse(r *http.Request, err error) dialect.Response {
	plain := dialect.PlainFailure(err)
	if !strings.Contains(r.Header.Get("Accept"), "text/html") || strings.HasPrefix(r.URL.Path, "/assets/") {
		return plain
	}
	c := p.readChoice(r).texts
	kind := settings.KindOf(err)
	if kind == settings.RateLimited || kind == settings.Overloaded {
		limited := p.limited()[c.Language]
		limited.Status = plain.Status
		return limited
	}
	v := p.startView(r, c)
	v.Problem = c.Text(refusal(r, kind))
	if kind == settings.Forbidden {
		v.Problem = dialect.PublicMessage(err) // already in the visitor's language
	}
	resp, broken := p.render(plain.Status, v)
	if broken != nil {
		return plain
	}
	return resp
}

// refusal returns the key of the text for an error.
func refusal(r *http.Request, kind settings.Kind) string {
	profile := strings.HasPrefix(r.URL.Path, "/p/")
	switch kind {
	case settings.Unavailable, settings.LookupFailed:
		if profile {
			return "problem.profile"
		}
		return "problem.unavailable"
	case settings.UnknownDomain:
		return "problem.unknown"
	case settings.NotFound:
		if profile {
			return "problem.code"
		}
		return "problem.invalid"
	case settings.NotOffered:
		if profile {
			return "problem.profile"
		}
		return "problem.request"
	case settings.BadRequest, settings.MethodNotAllowed, settings.TooLarge, settings.Forbidden, settings.RateLimited, settings.Overloaded:
		return "problem.request"
	case settings.Internal:
	}
	return "problem.internal"
}

// tooMany renders the pages for too many requests: each must cost next to nothing.
func (p *page) tooMany() map[string]dialect.Response {
	all := map[string]dialect.Response{}
	for _, c := range p.Texts.Languages() {
		v := newStartView(p.Texts, c)
		v.Problem = c.Text("problem.limited")
		resp, err := p.render(http.StatusTooManyRequests, v)
		if err != nil {
			panic(err) // the embedded template is broken
		}
		all[c.Language] = resp
	}
	return all
}

// OfProfile returns Fail of the page for the links to a profile, /p/{token}, which a
// person follows; other requests get plain text.
func OfProfile(refuse func(*http.Request, error) dialect.Response) func(*http.Request, error) dialect.Response {
	return func(r *http.Request, err error) dialect.Response {
		if strings.HasPrefix(r.URL.Path, "/p/") {
			return refuse(r, err)
		}
		return dialect.PlainFailure(err)
	}
}

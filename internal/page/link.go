package page

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/qrcode"
	"github.com/waymark-mail/waymark/internal/settings"
)

// opened is what the token of a page says.
type opened struct {
	token  string
	form   form
	proven bool // whoever has the token may know the user name
	until  time.Time
}

// open reads the URL of a page, or of an invitation, and what was chosen. With an
// error it returns the page that shows it.
func (p *page) open(r *http.Request, invited bool) (opened, dialect.Response, error) {
	o := opened{token: r.PathValue("token"), form: p.readChoice(r), proven: invited}
	var a address.Address
	var err error
	if invited {
		a, o.until, err = p.Tokens.Open(invite.Setup, o.token, p.Now())
	} else {
		a, o.until, o.proven, err = p.Tokens.OpenPage(o.token, p.Now())
	}
	if err != nil {
		return o, p.broken(r, o, a, err), settings.Errorf(settings.NotFound, "%v", err)
	}
	o.form.email = a.String()
	return o, dialect.Response{}, nil
}

// addressOfExpired is how long the page of an expired link fills in its address.
// Later, the link reveals nothing.
const addressOfExpired = 24 * time.Hour

// broken is the page for a link that does not work.
func (p *page) broken(r *http.Request, o opened, a address.Address, err error) dialect.Response {
	v := p.startView(r, o.form.texts)
	v.Problem = o.form.texts.Text("problem.invalid")
	status := http.StatusNotFound
	if errors.Is(err, invite.ErrExpired) {
		v.Problem, status = o.form.texts.Text("problem.expired"), http.StatusGone
		if p.Now().Sub(o.until) < addressOfExpired {
			v.Email = a.Unicode()
		}
	}
	resp, err := p.render(status, v)
	if err != nil {
		return dialect.Response{} // the template failed: the server reports the link
	}
	return resp
}

// code draws the QR code that opens a page on another device, or the one with the
// settings for an app, such as ?for=thunderbird.
func (p *page) code(invited bool) func(*http.Request) (dialect.Response, error) {
	return func(r *http.Request) (dialect.Response, error) {
		o, _, err := p.open(r, invited)
		if err != nil {
			return dialect.Response{}, err
		}
		text := pageLink(r, path.Dir(r.URL.Path))
		if id := r.URL.Query().Get("for"); id != "" {
			found, err := p.resolve(r.Context(), o.form.email, o.proven)
			if err != nil {
				return dialect.Response{}, err
			}
			h, ok := handoverCalled(id, found)
			if !ok {
				return dialect.Response{}, settings.Errorf(settings.NotOffered, "there is no such code for the mailbox")
			}
			text = h.code
		}
		code, err := qrcode.New(text)
		if err != nil {
			return dialect.Response{}, err
		}
		header := http.Header{"Cache-Control": {"no-store"}, "Content-Security-Policy": {"default-src 'none'; sandbox"}}
		return dialect.Response{Status: http.StatusOK, ContentType: "image/svg+xml", Header: header, Body: []byte(code.SVG())}, nil
	}
}

// pageLink returns the link to a page on the host that the browser used.
func pageLink(r *http.Request, path string) string { return r.URL.Scheme + "://" + r.Host + path }

// seeOther leads the browser to a page that it can reload and come back to.
func seeOther(path string, q url.Values, fragment string, found settings.Settings) dialect.Response {
	resp := dialect.PlainText(http.StatusSeeOther, "see the page")
	resp.Header = http.Header{"Location": {path + "?" + q.Encode() + fragment}, "Cache-Control": {"no-store"}}
	resp.Domain = found.Domain
	return resp
}

package page

import (
	"net/http"
	"net/url"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// form is the posted form of the page. Unknown IDs of a device or an app choose
// nothing.
type form struct {
	email, device, app, password string
	texts                        *i18n.Catalogue
}

// maxForm bounds the form in bytes: an address and an encoded password.
const maxForm = 8 << 10

// readChoice reads the choices in the URL of a page.
func (p *page) readChoice(r *http.Request) form {
	q := r.URL.Query()
	return form{device: q.Get("device"), app: q.Get("app"), texts: p.Texts.Choose(q.Get("lang"), r.Header.Get("Accept-Language"))}
}

// query is what readChoice reads.
func (f form) query() url.Values {
	q := url.Values{"lang": {f.texts.Language}}
	if f.device != "" {
		q.Set("device", f.device)
	}
	if f.app != "" {
		q.Set("app", f.app)
	}
	return q
}

// readForm reads a posted form.
func (p *page) readForm(r *http.Request) (form, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return form{}, &settings.Error{Kind: settings.BadRequest, Message: "the form cannot be read", Cause: err}
	}
	return form{
		email:    r.PostForm.Get("email"),
		device:   r.PostForm.Get("device"),
		app:      r.PostForm.Get("app"),
		password: r.PostForm.Get("password"),
		texts:    p.Texts.Choose(r.PostForm.Get("lang"), r.Header.Get("Accept-Language")),
	}, nil
}

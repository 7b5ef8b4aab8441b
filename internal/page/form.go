package page

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// form is the posted form of the page. Unknown IDs of a device or an app choose
// nothing.
type form struct {
	email, device, app, password string
	proof                        string // see page.proof
	texts                        *i18n.Catalogue
}

// maxForm bounds the form in bytes: an address, a proof and an encoded password.
const maxForm = 8 << 10

// readForm reads a posted form.
func readForm(r *http.Request) (form, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return form{}, &settings.Error{Kind: settings.BadRequest, Message: "the form cannot be read", Cause: err}
	}
	return form{
		email:    r.PostForm.Get("email"),
		device:   r.PostForm.Get("device"),
		app:      r.PostForm.Get("app"),
		password: r.PostForm.Get("password"),
		proof:    r.PostForm.Get("proof"),
		texts:    i18n.All().Choose(r.PostForm.Get("lang"), r.Header.Get("Accept-Language")),
	}, nil
}

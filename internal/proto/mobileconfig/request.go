package mobileconfig

import (
	"errors"
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/settings"
)

type request struct {
	address address.Address
	options Options
}

// parse reads a request from its query or, when it is posted, from its form.
// Without an address there is no profile.
func (m *mobileconfig) parse(r *http.Request) (request, error) {
	addr, err := proto.QueryAddress(r, "email", "emailaddress")
	if err != nil {
		return request{}, err
	}
	if err := r.ParseForm(); err != nil {
		return request{}, unreadable(err)
	}
	if addr == "" {
		addr = r.PostForm.Get("email")
	}
	if addr == "" {
		return request{}, settings.Errorf(settings.BadRequest, "name the address, as in /profile.mobileconfig?email=anna@example.com")
	}
	a, err := address.Parse(addr)
	if err != nil {
		return request{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	selection, err := parseSelection(r.Form.Get("services"))
	if err != nil {
		return request{}, err
	}
	spoken := m.languages.choose(r.Form.Get("lang"), r.Header.Get("Accept-Language"))
	return request{a, Options{Selection: selection, Language: spoken}}, nil
}

func unreadable(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &settings.Error{Kind: settings.TooLarge, Message: "the form is too large", Cause: err}
	}
	return settings.Errorf(settings.BadRequest, "the request is not encoded correctly")
}

// parseSelection reads services=mail,calendar,contacts. Nothing means all.
func parseSelection(s string) (Selection, error) {
	var chosen Selection
	if s == "" {
		return chosen, nil
	}
	for word := range strings.SplitSeq(s, ",") {
		switch strings.TrimSpace(word) {
		case "mail":
			chosen.Mail = true
		case "calendar":
			chosen.Calendar = true
		case "contacts":
			chosen.Contacts = true
		default:
			return Selection{}, settings.Errorf(settings.BadRequest, "services may be mail, calendar and contacts, with commas between")
		}
	}
	return chosen, nil
}

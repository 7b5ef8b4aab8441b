package mobileconfig

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/settings"
)

type request struct {
	address address.Address
	options Options
}

// parse reads a request from its query or, when it is posted, from its form:
// email or emailaddress, services and lang. Without an address there is no
// profile.
func (m *mobileconfig) parse(r *http.Request) (request, error) {
	addr, err := proto.QueryAddress(r, "email", "emailaddress")
	if err != nil {
		return request{}, err
	}
	if err := r.ParseForm(); err != nil {
		return request{}, unreadable(err)
	}
	if posted := field(r.PostForm, "email", "emailaddress"); len(posted) > 0 {
		// A plus sign that was posted as it is reads as a space here.
		addr = strings.ReplaceAll(strings.TrimSpace(posted[0]), " ", "+")
	}
	if addr == "" {
		return request{}, settings.Errorf(settings.BadRequest, "name the address, as in /profile.mobileconfig?email=anna@example.com")
	}
	a, err := address.Parse(addr)
	if err != nil {
		return request{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	selection, err := parseSelection(strings.Join(field(r.Form, "services"), ","))
	if err != nil {
		return request{}, err
	}
	lang := strings.Join(field(r.Form, "lang"), ",")
	spoken := m.languages.choose(lang, r.Header.Get("Accept-Language"))
	return request{a, Options{Selection: selection, Language: spoken}}, nil
}

// field returns the values of a form that have one of the names, in any case,
// and are not empty. A page with one box to tick per service sends several.
func field(form url.Values, names ...string) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(form)) {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, key) }) {
			found = append(found, form[key]...)
		}
	}
	return slices.DeleteFunc(found, func(value string) bool { return value == "" })
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

package mobileconfig

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

type request struct {
	mailboxes []address.Address // at least one, without duplicates
	aliases   []address.Address // of the first
	selection Selection
	proven    bool // the user names may be shown
	language  string
}

// A person has a few mailboxes; a script may send hundreds.
const (
	mostMailboxes = 10
	mostAliases   = 20
)

// parse reads the query or the posted form: email or emailaddress for each
// mailbox, at least one; alias for each further address of the first mailbox;
// services and lang.
func parse(r *http.Request) (request, error) {
	if err := r.ParseForm(); err != nil {
		return request{}, unreadable(err)
	}
	var req request
	var err error
	if req.mailboxes, err = addresses(r, mostMailboxes, "email", "emailaddress"); err != nil {
		return request{}, err
	}
	if len(req.mailboxes) == 0 {
		return request{}, settings.Errorf(settings.BadRequest, "the address is missing, as in /profile.mobileconfig?email=anna@example.com")
	}
	if req.aliases, err = addresses(r, mostAliases, "alias"); err != nil {
		return request{}, err
	}
	if req.selection, err = parseSelection(strings.Join(field(r.Form, "services"), ",")); err != nil {
		return request{}, err
	}
	req.language = spoken(r, strings.Join(field(r.Form, "lang"), ","))
	return req, nil
}

// spoken returns the chosen language, else that of the browser.
func spoken(r *http.Request, chosen string) string {
	return i18n.All().Choose(chosen, r.Header.Get("Accept-Language")).Language
}

// addresses returns the addresses of the form, else of the query, under one of the
// names, in order and without duplicates.
func addresses(r *http.Request, most int, names ...string) ([]address.Address, error) {
	written := field(r.PostForm, names...)
	if len(written) == 0 {
		var err error
		if written, err = dialect.QueryAddresses(r, names...); err != nil {
			return nil, err
		}
	}
	if len(written) > most {
		return nil, settings.Errorf(settings.BadRequest, "too many addresses: at most %d are allowed for %s", most, names[0])
	}
	var all []address.Address
	for _, w := range written {
		a, err := address.Parse(dialect.MendAddress(w))
		if err != nil {
			return nil, settings.Errorf(settings.BadRequest, "%v", err)
		}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all, nil
}

// field returns the values of a form under one of the names, in any case, without
// empty ones. A page with a check box per service sends several.
func field(form url.Values, names ...string) []string {
	var keys, found []string
	for key := range form {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, key) }) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		found = append(found, form[key]...)
	}
	return slices.DeleteFunc(found, func(value string) bool { return value == "" })
}

func unreadable(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &settings.Error{Kind: settings.TooLarge, Message: "the form is too large", Cause: err}
	}
	return settings.Errorf(settings.BadRequest, "the request is not encoded correctly")
}

// parseSelection parses services=mail,calendar,contacts. Empty means all.
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
			return Selection{}, settings.Errorf(settings.BadRequest, "services must be a comma-separated list of mail, calendar and contacts")
		}
	}
	return chosen, nil
}

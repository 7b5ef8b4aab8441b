package page

import (
	"encoding/json"
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/settings"
)

// handover gives an app the settings of a mailbox without its password: in a QR code, or
// by a link.
type handover struct {
	ID, App string // the keys of its texts; the ID is in the URL of its code, too
	Link    string // "" for none
	code    string // what the QR code says
}

// Href is a link that the template must not take for a script.
func (h handover) Href() template.URL { return template.URL(h.Link) } //nolint:gosec // made by davLink

// handoversTo returns what an app reads.
func handoversTo(app string, s settings.Settings, p picked) []handover {
	var all []handover
	switch app {
	case "thunderbird", "thunderbird-android":
		if code, ok := thunderbirdCode(s, p); ok {
			all = append(all, handover{ID: "thunderbird", App: "thunderbird", code: code})
		}
	case "davx5":
		calendars, contacts := davLink(s, p.caldav), davLink(s, p.carddav)
		if calendars != "" && p.caldav.URL == p.carddav.URL { // DAVx5 finds both at one URL
			return []handover{{ID: "dav", App: "dav", Link: calendars, code: calendars}}
		}
		for id, link := range map[string]string{"caldav": calendars, "carddav": contacts} {
			if link != "" {
				all = append(all, handover{ID: id, App: "dav", Link: link, code: link})
			}
		}
		slices.SortFunc(all, func(a, b handover) int { return strings.Compare(a.ID, b.ID) })
	}
	return all
}

// handoverCalled returns the handover with an ID, to any app.
func handoverCalled(id string, s settings.Settings) (handover, bool) {
	p := pick(s.Services())
	for _, app := range Apps() {
		for _, h := range handoversTo(app, s, p) {
			if h.ID == id {
				return h, true
			}
		}
	}
	return handover{}, false
}

// dotString is the form of a local part that Thunderbird for Android accepts.
var dotString = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
})

// maxThunderbirdAddress is the longest address that it accepts, in bytes.
const maxThunderbirdAddress = 254

// thunderbirdCode returns the servers as Thunderbird for Android reads them from the code
// of "Export for mobile", format version 1. It is false for what the app refuses, for
// plaintext, and for OAuth2, which the app does only with providers that it knows.
func thunderbirdCode(s settings.Settings, p picked) (string, bool) {
	email := s.Address.String()
	if !p.mail || s.LoginHidden || !dotString().MatchString(s.Address.Local) || len(email) > maxThunderbirdAddress {
		return "", false
	}
	protocol := 0 // IMAP, or SMTP
	if p.in.Protocol == settings.POP3 {
		protocol = 1
	}
	in, readable := thunderbirdServer(protocol, s, p.in)
	out, writable := thunderbirdServer(0, s, p.out)
	if !readable || !writable {
		return "", false
	}
	identity := []any{email, ""} // the name of the person is unknown
	code, err := json.Marshal([]any{1, []any{1, 1}, in, []any{[]any{out, identity}}})
	return string(code), err == nil
}

func thunderbirdServer(protocol int, s settings.Settings, svc settings.Service) ([]any, bool) {
	security, secure := map[settings.Security]int{settings.STARTTLS: 2, settings.TLS: 3}[svc.Security]
	auth := 1
	if !svc.Accepts(settings.Password) {
		auth = 2 // in a challenge
	}
	login, _ := s.Login(svc) // known, because there is an address
	ok := secure && svc.TakesPassword() && !strings.ContainsAny(login, "\r\n")
	return []any{protocol, svc.Host, svc.Port, security, auth, login}, ok
}

// davLink returns the link that opens DAVx5 with the URL and the user name filled in; ""
// where it would open with another URL: DAVx5 drops the port, and everything behind a
// colon in the user name.
func davLink(s settings.Settings, svc settings.Service) string {
	u, err := url.Parse(svc.URL)
	login, known := s.Login(svc)
	if err != nil || u.Scheme != "https" || u.Port() != "" || !svc.Accepts(settings.Password) || !known || s.LoginHidden || strings.Contains(login, ":") {
		return ""
	}
	u.Scheme, u.User = string(svc.Protocol)+"s", url.User(login)
	return u.String()
}

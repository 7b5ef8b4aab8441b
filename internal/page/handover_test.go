package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/qrcode"
	"github.com/waymark-mail/waymark/internal/settings"
)

// thunderbirdAccount is what Thunderbird for Android reads from a code of "Export for
// mobile".
type thunderbirdAccount struct {
	in, out thunderbirdHost
	email   string
}

type thunderbirdHost struct {
	protocol             int
	host                 string
	port, security, auth int
	login                string
}

var (
	legalHost    = regexp.MustCompile(`(?i)^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.?$`)
	legalAddress = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$")
)

// readThunderbird models the app (qr-code-format.md, and the parser and validator beside
// it): it refuses what the app refuses, and a password.
func readThunderbird(code string) (thunderbirdAccount, error) {
	var a thunderbirdAccount
	var root []json.RawMessage
	if err := json.Unmarshal([]byte(code), &root); err != nil {
		return a, err
	}
	if len(root) != 4 || string(root[0]) != "1" || string(root[1]) != "[1,1]" {
		return a, errors.New("not one account of format version 1")
	}
	var groups [][]json.RawMessage
	if err := json.Unmarshal(root[3], &groups); err != nil || len(groups) != 1 || len(groups[0]) != 2 {
		return a, fmt.Errorf("not one outgoing server with one identity: %w", err)
	}
	var err error
	if a.in, err = readThunderbirdHost(root[2], 1); err != nil {
		return a, err
	}
	if a.out, err = readThunderbirdHost(groups[0][0], 0); err != nil {
		return a, err
	}
	var identity []string
	if err := json.Unmarshal(groups[0][1], &identity); err != nil || len(identity) != 2 {
		return a, fmt.Errorf("not an address and a name: %w", err)
	}
	a.email = identity[0]
	local, _, _ := strings.Cut(a.email, "@")
	if !legalAddress.MatchString(a.email) || len(local) > 64 || len(a.email) > 254 {
		return a, errors.New("not an address that the app accepts")
	}
	return a, nil
}

func readThunderbirdHost(data json.RawMessage, lastProtocol int) (thunderbirdHost, error) {
	var h thunderbirdHost
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil || len(list) != 6 {
		return h, fmt.Errorf("not six fields, without a password: %w", err)
	}
	for i, field := range []any{&h.protocol, &h.host, &h.port, &h.security, &h.auth, &h.login} {
		if err := json.Unmarshal(list[i], field); err != nil {
			return h, err
		}
	}
	switch {
	case h.protocol < 0 || h.protocol > lastProtocol:
		return h, errors.New("unknown protocol")
	case len(h.host) > 255 || !legalHost.MatchString(h.host):
		return h, errors.New("not a host name")
	case h.port < 1 || h.port > 65535:
		return h, errors.New("not a port")
	case h.security != 0 && h.security != 2 && h.security != 3:
		return h, errors.New("unknown security")
	case h.auth < 0 || h.auth > 6 || h.auth == 3 || h.auth == 4:
		return h, errors.New("unsupported authentication")
	case strings.ContainsAny(h.login, "\r\n"):
		return h, errors.New("a user name of several lines")
	}
	return h, nil
}

// TestThunderbirdReadsTheCode reads each code as the app does, and pins that there is none
// for what it refuses.
func TestThunderbirdReadsTheCode(t *testing.T) {
	imap, smtp := service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS)
	auth := func(s settings.Service, a ...settings.Auth) settings.Service { s.Auth = a; return s }
	anna := func(s *settings.Settings) {}
	as := func(local string, d address.Domain) func(*settings.Settings) {
		return func(s *settings.Settings) { s.Address = address.Address{Local: local, Domain: d} }
	}
	tls, mail := thunderbirdHost{0, "mail.example.com", 993, 3, 1, "anna@example.com"}, thunderbirdHost{0, "mail.example.com", 465, 3, 1, "anna@example.com"}
	for _, tc := range []struct {
		name     string
		services []settings.Service
		change   func(*settings.Settings)
		want     *thunderbirdAccount // nil for no code
	}{
		{"implicit TLS", []settings.Service{imap, smtp}, anna, &thunderbirdAccount{tls, mail, "anna@example.com"}},
		{"STARTTLS", []settings.Service{service(settings.IMAP, 143, settings.STARTTLS), service(settings.Submission, 587, settings.STARTTLS)}, anna,
			&thunderbirdAccount{thunderbirdHost{0, "mail.example.com", 143, 2, 1, "anna@example.com"}, thunderbirdHost{0, "mail.example.com", 587, 2, 1, "anna@example.com"}, "anna@example.com"}},
		{"POP3 and another user name", []settings.Service{local(service(settings.POP3, 995, settings.TLS)), smtp}, anna,
			&thunderbirdAccount{thunderbirdHost{1, "mail.example.com", 995, 3, 1, "anna"}, mail, "anna@example.com"}},
		{"a challenge", []settings.Service{auth(imap, settings.PasswordChallenge), smtp}, anna,
			&thunderbirdAccount{thunderbirdHost{0, "mail.example.com", 993, 3, 2, "anna@example.com"}, mail, "anna@example.com"}},
		{"an international domain", []settings.Service{local(imap), local(smtp)}, as("anna", "xn--bcher-kva.example"),
			&thunderbirdAccount{thunderbirdHost{0, "mail.example.com", 993, 3, 1, "anna"}, thunderbirdHost{0, "mail.example.com", 465, 3, 1, "anna"}, "anna@xn--bcher-kva.example"}},
		{"a local part in another script", []settings.Service{imap, smtp}, as("änna", "example.com"), nil},
		{"a dot at the end", []settings.Service{imap, smtp}, as("anna.", "example.com"), nil},
		{"two dots", []settings.Service{imap, smtp}, as("an..na", "example.com"), nil},
		{"the longest address and more", []settings.Service{imap, smtp}, as(strings.Repeat("a", 64), address.Domain(strings.Repeat("d.", 94)+"ee")), nil},
		{"plaintext", []settings.Service{service(settings.IMAP, 143, settings.Plaintext), smtp}, anna, nil},
		{"OAuth2 alone", []settings.Service{auth(imap, settings.OAuth2), auth(smtp, settings.OAuth2)}, anna, nil},
		{"nothing to send with", []settings.Service{imap}, anna, nil},
		{"a user name that is hidden", []settings.Service{imap, smtp}, func(s *settings.Settings) { s.LoginHidden = true }, nil},
	} {
		s := with(t, tc.services...)
		tc.change(&s)
		all := handoversTo("thunderbird-android", s, pick(s.Services()))
		if len(all) == 0 || tc.want == nil {
			if len(all) > 0 || tc.want != nil {
				t.Errorf("%s: %v, want %v", tc.name, all, tc.want)
			}
			continue
		}
		if got, err := readThunderbird(all[0].code); err != nil || got != *tc.want {
			t.Errorf("%s: the app reads %+v, %v from %s, want %+v", tc.name, got, err, all[0].code, *tc.want)
		}
	}
}

// TestTheModelOfThunderbirdRefuses shows that the model can fail.
func TestTheModelOfThunderbirdRefuses(t *testing.T) {
	const good = `[1,[1,1],[0,"mail.example.com",993,3,1,"anna"],[[[0,"mail.example.com",465,3,1,"anna"],["anna@example.com",""]]]]`
	if _, err := readThunderbird(good); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"[1,[1", "[2,[1"}, {"993", "0"}, {"465", "65536"}, {"993,3", "993,4"}, {"465,3,1", "465,3,3"}, {`"mail.example.com",993`, `"bücher.example",993`},
		{"anna@", "än@"}, {"anna@", "an..na@"}, {`1,"anna"]`, `1,"anna","","secret"]`}, {`[0,"mail.example.com",465`, `[1,"mail.example.com",465`}, {`"anna"]`, `"an\nna"]`},
	} {
		if bad := strings.Replace(good, change[0], change[1], 1); bad == good {
			t.Errorf("%v changes nothing", change)
		} else if _, err := readThunderbird(bad); err == nil {
			t.Errorf("it reads %s", bad)
		}
	}
}

// readDAVx5 models how DAVx5 reads a link: the scheme becomes https, the port is dropped,
// and the user name ends at a colon.
func readDAVx5(link string) (base, login string) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "caldavs" && u.Scheme != "carddavs" {
		return "", ""
	}
	login, _, _ = strings.Cut(u.User.Username(), ":")
	u.Scheme, u.Host, u.User = "https", u.Hostname(), nil
	return u.String(), login
}

// TestDAVx5ReadsTheLink pins that the app gets the URL and the user name, and no password.
func TestDAVx5ReadsTheLink(t *testing.T) {
	imap, smtp := service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS)
	calendars := func(url string) settings.Service { return dav(settings.CalDAV, url, settings.LoginAddress) }
	contacts := func(url string) settings.Service { return dav(settings.CardDAV, url, settings.LoginAddress) }
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     string // the IDs with what the app reads
	}{
		{"two places", []settings.Service{calendars("https://cal.example/dav/"), contacts("https://card.example/a%20b/")}, "caldav https://cal.example/dav/ anna@example.com, carddav https://card.example/a%20b/ anna@example.com"},
		{"one place", []settings.Service{calendars("https://dav.example/"), contacts("https://dav.example/")}, "dav https://dav.example/ anna@example.com"},
		{"another user name", []settings.Service{local(contacts("https://dav.example/"))}, "carddav https://dav.example/ anna"},
		{"a port that the app would drop", []settings.Service{calendars("https://dav.example:8443/")}, ""},
		{"no encryption", []settings.Service{calendars("http://dav.example/")}, ""},
		{"a user name that the app would cut", []settings.Service{dav(settings.CalDAV, "https://dav.example/", "a:{local}")}, ""},
	} {
		s := with(t, append([]settings.Service{imap, smtp}, tc.services...)...)
		var got []string
		for _, h := range handoversTo("davx5", s, pick(s.Services())) {
			base, login := readDAVx5(h.Link)
			got = append(got, h.ID+" "+base+" "+login)
			if h.code != h.Link {
				t.Errorf("%s: the code says %s, the link %s", tc.name, h.code, h.Link)
			}
			body := rendered(t, s, Choice{Language: "en", App: "davx5"})
			if !strings.Contains(body, `<a class="button" href="`+h.Link+`">`) {
				t.Errorf("%s: the page has no link %s", tc.name, h.Link)
			}
		}
		if have := strings.Join(got, ", "); have != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, have, tc.want)
		}
	}
}

// TestTheCodesOfApps pins where the page shows a code, and what its picture says.
func TestTheCodesOfApps(t *testing.T) {
	const origin = "https://setup.example.com"
	path := pageOf(invite.Page)
	for app, id := range map[string]string{"thunderbird": "thunderbird", "thunderbird-android": "thunderbird", "davx5": "caldav"} {
		contains(t, get(t, origin+path+"?app="+app), `src="`+path+`/code.svg?for=`+id+`"`)
	}
	lacks(t, get(t, origin+path+"?app=gmail-android"), "?for=")
	for agent, opens := range map[string]bool{"Mozilla/5.0 (Linux; Android 14; Pixel 8)": true, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)": false} {
		r := httptest.NewRequest(http.MethodGet, origin+path+"?device=android&app=davx5", nil)
		r.Header.Set("User-Agent", agent)
		if got := strings.Contains(string(served(t, testPage(nil), r).Body), `href="caldavs:`); got != opens {
			t.Errorf("%s: a link opens DAVx5: %t", agent, got)
		}
	}
	lacks(t, get(t, origin+path+"?app=thunderbird&done=1"), "?for=")
	s := settingsOf(t, "example.com")
	for _, id := range []string{"thunderbird", "caldav"} {
		h, _ := handoverCalled(id, s)
		want, err := qrcode.New(h.code)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range []string{path, "/i/" + testKeys.Seal(invite.Setup, addressOfAnna, noon.Add(1))} {
			if got := get(t, origin+page+"/code.svg?for="+id); string(got.Body) != want.SVG() || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: another code: %s", id, h.code)
			}
		}
	}
	for _, id := range []string{"carddav", "nothing"} {
		if _, err := ask(t, testPage(nil), httptest.NewRequest(http.MethodGet, origin+path+"/code.svg?for="+id, nil)); settings.KindOf(err) != settings.NotOffered {
			t.Errorf("%s: %v", id, err)
		}
	}
}

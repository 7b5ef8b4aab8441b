package mobileconfig

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

func mailService(p settings.Protocol, port uint16, s settings.Security, auth ...settings.Auth) settings.Service {
	if auth == nil {
		auth = []settings.Auth{settings.Password}
	}
	return settings.Service{Protocol: p, Host: "mail.example.net", Port: port, Security: s, Login: settings.LoginAddress, Auth: auth}
}

func dav(p settings.Protocol, at string) settings.Service {
	return settings.Service{Protocol: p, URL: at, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func offering(services ...settings.Service) settings.Settings {
	return settings.Settings{
		Provider: &settings.Provider{ID: "example", Name: "Example", ShortName: "Example", Services: services},
		Domain:   "example.com", Canonical: "example.com",
		Address: address.Address{Local: "anna", Domain: "example.com"},
	}
}

// both is a mail service that lacks nothing.
func both() []settings.Service {
	return []settings.Service{mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 465, settings.TLS)}
}

func render(t *testing.T, s settings.Settings, o Options) (top map[string]any, payloads map[string]map[string]any) {
	t.Helper()
	profile, err := Render(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return checkProfile(t, profile)
}

// wants compares some keys of a payload; nil means that the key is not there.
func wants(t *testing.T, payload map[string]any, want map[string]any) {
	t.Helper()
	for name, value := range want {
		got, there := payload[name]
		if value == nil && there || value != nil && got != value {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
}

func TestMailPayload(t *testing.T) {
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     map[string]any
	}{
		{"TLS from the first byte", both(), map[string]any{
			"EmailAccountType": "EmailTypeIMAP", "EmailAddress": "anna@example.com",
			"IncomingMailServerHostName": "mail.example.net", "IncomingMailServerPortNumber": uint64(993), "IncomingMailServerUseSSL": true,
			"OutgoingMailServerHostName": "mail.example.net", "OutgoingMailServerPortNumber": uint64(465), "OutgoingMailServerUseSSL": true,
			"IncomingMailServerUsername": "anna@example.com", "OutgoingMailServerUsername": "anna@example.com",
			"IncomingMailServerAuthentication": "EmailAuthPassword", "OutgoingMailServerAuthentication": "EmailAuthPassword",
			"OutgoingPasswordSameAsIncomingPassword": true,
		}},
		// There is one switch, and a device negotiates STARTTLS with it on 587.
		{"submission with STARTTLS only", []settings.Service{
			mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 587, settings.STARTTLS),
		}, map[string]any{"OutgoingMailServerPortNumber": uint64(587), "OutgoingMailServerUseSSL": true}},
		// TLS from the first byte is what the switch is known to mean.
		{"TLS before STARTTLS, whatever the provider prefers", []settings.Service{
			mailService(settings.IMAP, 143, settings.STARTTLS), mailService(settings.IMAP, 993, settings.TLS),
			mailService(settings.Submission, 587, settings.STARTTLS), mailService(settings.Submission, 465, settings.TLS),
		}, map[string]any{"IncomingMailServerPortNumber": uint64(993), "OutgoingMailServerPortNumber": uint64(465)}},
		{"POP3 when there is nothing else", []settings.Service{
			mailService(settings.POP3, 995, settings.TLS), mailService(settings.Submission, 465, settings.TLS),
		}, map[string]any{"EmailAccountType": "EmailTypePOP", "IncomingMailServerPortNumber": uint64(995)}},
		{"IMAP before POP3", append(both(), mailService(settings.POP3, 995, settings.TLS)), map[string]any{"EmailAccountType": "EmailTypeIMAP"}},
		{"ports of one's own", []settings.Service{
			mailService(settings.IMAP, 1993, settings.TLS), mailService(settings.Submission, 1465, settings.TLS),
		}, map[string]any{"IncomingMailServerPortNumber": uint64(1993), "OutgoingMailServerPortNumber": uint64(1465)}},
		{"plaintext is said to be plaintext", []settings.Service{
			mailService(settings.IMAP, 143, settings.Plaintext), mailService(settings.Submission, 587, settings.Plaintext),
		}, map[string]any{"IncomingMailServerUseSSL": false, "OutgoingMailServerUseSSL": false}},
		{"the password as it is, whatever stands before it", []settings.Service{
			mailService(settings.IMAP, 993, settings.TLS, settings.OAuth2, settings.PasswordChallenge, settings.Password),
			mailService(settings.Submission, 465, settings.TLS, settings.PasswordChallenge),
		}, map[string]any{"IncomingMailServerAuthentication": "EmailAuthPassword", "OutgoingMailServerAuthentication": "EmailAuthCRAMMD5"}},
		{"a relay that asks for nothing", []settings.Service{
			mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 465, settings.TLS, settings.NoAuth),
		}, map[string]any{"OutgoingMailServerAuthentication": "EmailAuthNone", "OutgoingMailServerUsername": nil, "OutgoingPasswordSameAsIncomingPassword": false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, payloads := render(t, offering(tc.services...), Options{})
			wants(t, payloads["com.apple.mail.managed"], tc.want)
		})
	}
}

func TestDAVPayloads(t *testing.T) {
	for _, tc := range []struct {
		url  string
		want map[string]any
	}{
		{"https://dav.example.net", map[string]any{"CalDAVHostName": "dav.example.net", "CalDAVUseSSL": true, "CalDAVPort": nil, "CalDAVPrincipalURL": nil, "CalDAVUsername": "anna@example.com"}},
		{"https://dav.example.net/", map[string]any{"CalDAVHostName": "dav.example.net", "CalDAVPrincipalURL": nil}},
		{"https://dav.example.net:8443/cal/", map[string]any{"CalDAVHostName": "dav.example.net", "CalDAVPort": uint64(8443), "CalDAVPrincipalURL": "/cal/"}},
		{"http://dav.example.net/", map[string]any{"CalDAVUseSSL": false}},
	} {
		_, payloads := render(t, offering(dav(settings.CalDAV, tc.url)), Options{}) // calendars without mail
		wants(t, payloads["com.apple.caldav.account"], tc.want)
	}
	_, payloads := render(t, offering(dav(settings.CardDAV, "https://dav.example.net:8443/card/")), Options{})
	wants(t, payloads["com.apple.carddav.account"], map[string]any{
		"CardDAVHostName": "dav.example.net", "CardDAVPort": uint64(8443), "CardDAVPrincipalURL": "/card/", "CardDAVUseSSL": true, "CardDAVUsername": "anna@example.com",
	})
}

func TestWhatCannotBeSaid(t *testing.T) {
	for name, services := range map[string][]settings.Service{
		"OAuth2 only: Apple has no key for it":            {mailService(settings.IMAP, 993, settings.TLS, settings.OAuth2), mailService(settings.Submission, 465, settings.TLS, settings.OAuth2)},
		"no outgoing server: the schema demands one":      {mailService(settings.IMAP, 993, settings.TLS)},
		"nothing but what Apple does not set up this way": {mailService(settings.ManageSieve, 4190, settings.STARTTLS)},
	} {
		if _, err := Render(offering(services...), Options{}); settings.KindOf(err) != settings.NotOffered {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Render(offering(both()...), Options{Selection: Selection{Calendar: true}}); settings.KindOf(err) != settings.NotOffered {
		t.Errorf("calendars were chosen where there are none: %v", err)
	}
	nobody := offering(both()...)
	nobody.Address = address.Address{}
	if _, err := Render(nobody, Options{}); settings.KindOf(err) != settings.BadRequest {
		t.Errorf("without an address: %v", err)
	}
}

// identifiers returns the identifiers and UUIDs of a profile and its payloads.
func identifiers(t *testing.T, s settings.Settings, o Options) map[string]bool {
	t.Helper()
	top, payloads := render(t, s, o)
	ids := map[string]bool{top["PayloadIdentifier"].(string): true, top["PayloadUUID"].(string): true}
	for _, p := range payloads {
		ids[p["PayloadIdentifier"].(string)], ids[p["PayloadUUID"].(string)] = true, true
	}
	return ids
}

// TestIdentifiers pins what decides whether a device updates an account, makes
// a second one, or overwrites another.
func TestIdentifiers(t *testing.T) {
	base := offering(append(both(), dav(settings.CalDAV, "https://dav.example.net/"))...)
	want := identifiers(t, base, Options{})
	same := map[string]func(*settings.Settings, *Options){
		"again":                 func(*settings.Settings, *Options) {},
		"in another language":   func(_ *settings.Settings, o *Options) { o.Language = "fr" },
		"all chosen by name":    func(_ *settings.Settings, o *Options) { o.Selection = Selection{true, true, true} },
		"capitals in the name":  func(s *settings.Settings, _ *Options) { s.Address.Local = "Anna" },
		"on another mail host":  func(s *settings.Settings, _ *Options) { s.Provider.Services[0].Host = "new.example.net" },
		"under another name":    func(s *settings.Settings, _ *Options) { s.Provider.Name = "New" },
		"by another host's URL": func(s *settings.Settings, _ *Options) { s.Provider.Services[2].URL = "https://new.example.net/x" },
	}
	other := map[string]func(*settings.Settings, *Options){
		"another mailbox":    func(s *settings.Settings, _ *Options) { s.Address.Local = "bert" },
		"another domain":     func(s *settings.Settings, _ *Options) { s.Address.Domain = "example.org" },
		"another provider":   func(s *settings.Settings, _ *Options) { s.Provider.ID = "other" },
		"mail only":          func(_ *settings.Settings, o *Options) { o.Selection = Selection{Mail: true} },
		"calendars only":     func(_ *settings.Settings, o *Options) { o.Selection = Selection{Calendar: true} },
		"mail and calendars": func(_ *settings.Settings, o *Options) { o.Selection = Selection{Mail: true, Calendar: true} },
	}
	vary := func(change func(*settings.Settings, *Options)) map[string]bool {
		s, o := base, Options{}
		p := *base.Provider
		p.Services = append([]settings.Service(nil), base.Provider.Services...)
		s.Provider = &p
		change(&s, &o)
		return identifiers(t, s, o)
	}
	for name, change := range same {
		got := vary(change)
		for id := range want {
			if !got[id] {
				t.Errorf("%s: %s is gone", name, id)
			}
		}
	}
	for name, change := range other {
		for id := range vary(change) {
			if want[id] {
				t.Errorf("%s: %s is shared", name, id)
			}
		}
	}
}

// TestIdentifiersNeverChange pins the values themselves: a release that changes
// them makes a second account on every device. Any UUIDv5 tool gives the same.
func TestIdentifiersNeverChange(t *testing.T) {
	top, payloads := render(t, offering(both()...), Options{})
	wants(t, top, map[string]any{
		"PayloadIdentifier": "org.waymark-mail.example.22f459ac-4815-5201-b713-681fad6d2aa4",
		"PayloadUUID":       "22F459AC-4815-5201-B713-681FAD6D2AA4",
	})
	wants(t, payloads["com.apple.mail.managed"], map[string]any{
		"PayloadIdentifier": "org.waymark-mail.example.22f459ac-4815-5201-b713-681fad6d2aa4.mail",
		"PayloadUUID":       "1D7872A3-52F0-5D88-AA5A-E4774B933001",
	})
}

func TestOptionalParts(t *testing.T) {
	s := offering(both()...)
	top, _ := render(t, s, Options{})
	wants(t, top, map[string]any{"ConsentText": nil, "RemovalDate": nil, "PayloadOrganization": "Example", "PayloadScope": "User", "PayloadDisplayName": "Example (anna@example.com)"})

	s.Provider.Profile = settings.ProfileOptions{
		Organization: "Example Ltd",
		ConsentText:  map[string]string{"default": "Agree?", "de": "Einverstanden?"},
		RemovalDate:  time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	top, _ = render(t, s, Options{})
	wants(t, top, map[string]any{"PayloadOrganization": "Example Ltd", "RemovalDate": s.Provider.Profile.RemovalDate})
	if consent, _ := top["ConsentText"].(map[string]any); consent["de"] != "Einverstanden?" || consent["default"] != "Agree?" {
		t.Errorf("ConsentText is %v", top["ConsentText"])
	}
}

func TestEveryLanguageHasEveryText(t *testing.T) {
	seen := map[string]string{}
	for _, l := range Languages() {
		words := textsIn(l)
		if strings.Count(words.description, "%s") != 1 || strings.Count(words.description, "%") != 1 {
			t.Errorf("%s: the description is %q", l, words.description)
		}
		for name, text := range map[string]string{"description": words.description, "mail": words.mail, "calendar": words.calendar, "contacts": words.contacts} {
			if text == "" {
				t.Errorf("%s has no text for %s", l, name)
			}
		}
		if other, twice := seen[words.description]; twice {
			t.Errorf("%s and %s have the same description", l, other)
		}
		seen[words.description] = l
	}
}

func TestLanguage(t *testing.T) {
	l := newLanguages()
	for _, tc := range []struct{ chosen, accepted, want string }{
		{"", "", "en"},
		{"fr", "de", "fr"},
		{"", "de-CH,de;q=0.9,en;q=0.8", "de"},
		{"", "pt-BR,it;q=0.5", "it"},
		{"", "ja", "en"},
		{"xx-nonsense-\x00", "es", "es"},
		{strings.Repeat("de,", 100), "it", "it"},
	} {
		if got := l.choose(tc.chosen, tc.accepted); got != tc.want {
			t.Errorf("chosen %.20q, accepted %q: %s, want %s", tc.chosen, tc.accepted, got, tc.want)
		}
	}
}

// TestRandomSettings holds every profile against Apple's schema, and its
// servers against the canonical settings.
func TestRandomSettings(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	rendered := 0
	for range 2000 {
		s := settingstest.Random(r)
		if s.Address.IsZero() {
			continue
		}
		profile, err := Render(s, Options{Language: Languages()[r.IntN(5)]})
		if settings.KindOf(err) == settings.NotOffered {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rendered++
		_, payloads := checkProfile(t, profile)
		if m := payloads["com.apple.mail.managed"]; m != nil {
			if !named(s, m, "Incoming", settings.IMAP, settings.POP3) || !named(s, m, "Outgoing", settings.Submission) {
				t.Errorf("%v is not in %+v", m, s.Services())
			}
		}
		if t.Failed() {
			return
		}
	}
	if rendered < 500 {
		t.Errorf("only %d of the settings made a profile", rendered)
	}
}

// named reports whether a server of a mail payload is one of the services.
func named(s settings.Settings, m map[string]any, which string, protocols ...settings.Protocol) bool {
	for _, svc := range s.Services() {
		for _, p := range protocols {
			login, _ := s.Login(svc)
			user := m[which+"MailServerUsername"]
			if svc.Protocol == p && m[which+"MailServerHostName"] == svc.Host && m[which+"MailServerPortNumber"] == uint64(svc.Port) &&
				m[which+"MailServerUseSSL"] == (svc.Security != settings.Plaintext) && (user == nil || user == login) {
				return true
			}
		}
	}
	return false
}

// house answers for example.com, and envelope takes the place of a signature.
type (
	house    struct{}
	envelope struct{ broken bool }
)

func (house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	if q.Domain != "example.com" {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	s := offering(append(both(), dav(settings.CalDAV, "https://dav.example.net/"), dav(settings.CardDAV, "https://dav.example.net/"))...)
	s.Address = q.Address
	return s, nil
}

func (e envelope) Sign(content []byte) ([]byte, error) {
	if e.broken {
		return nil, errors.New("the key is gone")
	}
	return append([]byte("signed:"), content...), nil
}

func serve(r *http.Request, s Signer) (proto.Response, error) {
	for _, e := range New(house{}, s).Endpoints {
		if e.Path == r.URL.Path {
			return e.Serve(r)
		}
	}
	return proto.Response{}, errors.New("no endpoint")
}

func TestServe(t *testing.T) {
	form := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/profile.mobileconfig", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	get := func(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }
	for _, tc := range []struct {
		name     string
		r        *http.Request
		payloads int
	}{
		{"by link", get("/profile.mobileconfig?email=anna%40example.com"), 3},
		{"another spelling", get("/email.mobileconfig?Email=anna%40example.com"), 3},
		{"and another", get("/mobileconfig/?emailaddress=anna@example.com"), 3},
		{"without its slash", get("/mobileconfig?emailaddress=anna@example.com"), 3},
		{"mail only", get("/profile.mobileconfig?email=anna%40example.com&services=mail"), 1},
		{"two of them", get("/profile.mobileconfig?email=anna%40example.com&services=calendar,%20contacts"), 2},
		{"posted", form("email=anna%2Bnews%40example.com&services=mail,contacts"), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := serve(tc.r, envelope{})
			if err != nil {
				t.Fatal(err)
			}
			profile, signed := bytes.CutPrefix(resp.Body, []byte("signed:"))
			_, payloads := checkProfile(t, profile)
			if !signed || len(payloads) != tc.payloads || resp.ContentType != "application/x-apple-aspen-config" ||
				resp.Header.Get("Content-Disposition") != `attachment; filename="example.com.mobileconfig"` ||
				resp.Header.Get("Cache-Control") != "no-store" || resp.Domain != "example.com" {
				t.Errorf("%d payloads, %+v", len(payloads), resp.Header)
			}
		})
	}
}

func TestHostileRequests(t *testing.T) {
	for _, target := range []string{
		"", "?email=", "?email=anna", "?email=a@b@c", "?email=a%0d%0ab@example.com", "?email=%ff@example.com", "?email=%zz",
		"?email=" + strings.Repeat("a", 10_000) + "@example.com", "?email=%3C/string%3E@example.com",
		"?email=anna@example.com&services=everything", "?email=anna@example.com&services=mail,,", "?email=anna@example.com&x=%zz",
	} {
		if _, err := serve(httptest.NewRequest(http.MethodGet, "/profile.mobileconfig"+target, nil), envelope{}); settings.KindOf(err) != settings.BadRequest || err == nil {
			t.Errorf("%.50s: %v", target, err)
		}
	}
	long := httptest.NewRequest(http.MethodPost, "/profile.mobileconfig", nil)
	long.Body = http.MaxBytesReader(httptest.NewRecorder(), readCloser{strings.NewReader(strings.Repeat("x", 100))}, 10)
	long.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if _, err := serve(long, envelope{}); settings.KindOf(err) != settings.TooLarge {
		t.Errorf("a form that is too large: %v", err)
	}
	if _, err := serve(httptest.NewRequest(http.MethodGet, "/profile.mobileconfig?email=anna@unknown.example", nil), envelope{}); settings.KindOf(err) != settings.UnknownDomain {
		t.Errorf("an unknown domain: %v", err)
	}
	if _, err := serve(httptest.NewRequest(http.MethodGet, "/profile.mobileconfig?email=anna@example.com", nil), envelope{broken: true}); err == nil || settings.KindOf(err) != settings.Internal {
		t.Errorf("a signer that fails: %v", err)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// FuzzRender pins that no address an app could send breaks out of its place.
func FuzzRender(f *testing.F) {
	for _, local := range []string{"anna", "o'neil", "a&b", "用户", "%x", "a=b", "]]>"} {
		f.Add(local, "en")
	}
	f.Fuzz(func(t *testing.T, local, language string) {
		a, err := address.Parse(local + "@example.com")
		if err != nil {
			return // no client could ask for it
		}
		s := offering(both()...)
		s.Address = a
		_, payloads := render(t, s, Options{Language: language})
		wants(t, payloads["com.apple.mail.managed"], map[string]any{"EmailAddress": a.String(), "IncomingMailServerHostName": "mail.example.net"})
	})
}

// FuzzSelection pins that what is read is read again from its own name.
func FuzzSelection(f *testing.F) {
	for _, s := range []string{"", "mail", "mail,calendar,contacts", "contacts, mail", ",", "1D7872A3-52F0-5D88-AA5A-E4774B933001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		chosen, err := parseSelection(text)
		if err != nil {
			return
		}
		if chosen.all() {
			return
		}
		again, err := parseSelection(strings.ReplaceAll(chosen.String(), "+", ","))
		if err != nil || again != chosen {
			t.Errorf("%q: %+v, read again: %+v, %v", text, chosen, again, err)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	s := offering(append(both(), dav(settings.CalDAV, "https://dav.example.net/"), dav(settings.CardDAV, "https://dav.example.net/"))...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(s, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	r := httptest.NewRequest(http.MethodGet, "/profile.mobileconfig?"+url.Values{"email": {"anna@example.com"}}.Encode(), nil)
	endpoint := New(house{}, envelope{}).Endpoints[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := endpoint.Serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

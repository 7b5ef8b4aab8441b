package pacc

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

func offering(services ...settings.Service) settings.Settings {
	return settings.Settings{
		Provider: &settings.Provider{ID: "p", Name: "Example & Sons", ShortName: "Example", Services: services},
		Domain:   "example.com", Canonical: "example.com",
	}
}

func mail(p settings.Protocol, host string, port uint16, s settings.Security) settings.Service {
	return settings.Service{Protocol: p, Host: host, Port: port, Security: s, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func dav(p settings.Protocol, url string) settings.Service {
	return settings.Service{Protocol: p, URL: url, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func TestRender(t *testing.T) {
	own := mail(settings.POP3, "pop.example.net", 995, settings.TLS)
	own.Login = "{local}"
	s := offering(
		mail(settings.IMAP, "old.example.net", 143, settings.STARTTLS), // cannot be said
		mail(settings.IMAP, "imap.example.net", 993, settings.TLS),
		mail(settings.IMAP, "second.example.net", 993, settings.TLS),
		mail(settings.Submission, "smtp.example.net", 1465, settings.TLS), // another port cannot be said
		mail(settings.Submission, "mx.example.net", 465, settings.TLS),
		own, // another login cannot be said
		mail(settings.ManageSieve, "imap.example.net", 4190, settings.STARTTLS),
		dav(settings.CalDAV, "http://dav.example.net/cal/"),
		dav(settings.CalDAV, "https://dav.example.net:8443/cal/"),
		dav(settings.CalDAV, "https://dav.example.net"), // names no context path
		dav(settings.CalDAV, "https://dav.example.net/cal/"),
		dav(settings.JMAP, "https://jmap.example.net/session"),
	)
	s.Provider.HelpURL = "https://help.example.net/"
	s.Provider.OAuth2 = &settings.OAuth2Endpoints{Issuer: "https://id.example.net"}
	for i := range s.Provider.Services {
		s.Provider.Services[i].Auth = []settings.Auth{settings.OAuth2, settings.Password}
	}
	s.Provider.Services[2].Auth = []settings.Auth{settings.Password} // it is not named
	const want = `{
  "protocols": {
    "jmap": {
      "url": "https://jmap.example.net/session"
    },
    "imap": {
      "host": "imap.example.net"
    },
    "submit": {
      "host": "mx.example.net"
    },
    "smtp": {
      "host": "mx.example.net"
    },
    "caldav": {
      "url": "https://dav.example.net/cal/"
    }
  },
  "authentication": {
    "password": true,
    "oauth-public": {
      "issuer": "https://id.example.net"
    }
  },
  "info": {
    "provider": {
      "name": "Example \u0026 Sons",
      "shortName": "Example"
    },
    "help": {
      "documentation": "https://help.example.net/"
    }
  }
}
`
	got, err := Render(s)
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestNothingExpressible(t *testing.T) {
	_, err := Render(offering(mail(settings.IMAP, "old.example.net", 143, settings.STARTTLS)))
	if settings.KindOf(err) != settings.NotOffered {
		t.Errorf("got %v", err)
	}
	moved := offering(mail(settings.IMAP, "imap.example.net", 993, settings.TLS)) // clients know the old address only
	moved.Domain, moved.MovedTo = "old.example", "example.com"
	if body, err := Render(moved); settings.KindOf(err) != settings.NotOffered {
		t.Errorf("moved: %s, %v", body, err)
	}
}

func TestAuthentication(t *testing.T) {
	login := &settings.OAuth2Endpoints{Issuer: "https://id.example.net"}
	for _, tc := range []struct {
		name   string
		oauth2 *settings.OAuth2Endpoints
		auth   []settings.Auth
		want   string // "" when the service cannot be named
	}{
		{"password", nil, []settings.Auth{settings.Password}, `{"password":true}`},
		{"challenge is a password, too", nil, []settings.Auth{settings.PasswordChallenge}, `{"password":true}`},
		{"OAuth2 and password", login, []settings.Auth{settings.OAuth2, settings.Password}, `{"password":true,"oauth-public":{"issuer":"https://id.example.net"}}`},
		{"OAuth2 alone", login, []settings.Auth{settings.OAuth2}, `{"password":false,"oauth-public":{"issuer":"https://id.example.net"}}`},
		{"OAuth2 that no service takes", login, []settings.Auth{settings.Password}, `{"password":true}`},
		{"OAuth2 without an issuer", nil, []settings.Auth{settings.OAuth2}, ""},
		{"what the format has no word for", login, []settings.Auth{settings.GSSAPI, settings.NTLM, settings.ClientCert, settings.NoAuth}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			imap := mail(settings.IMAP, "imap.example.net", 993, settings.TLS)
			imap.Auth = tc.auth
			second := mail(settings.IMAP, "second.example.net", 993, settings.TLS) // never named beside the first
			second.Auth = []settings.Auth{settings.GSSAPI}
			s := offering(imap, second)
			s.Provider.OAuth2 = tc.oauth2
			body, err := Render(s)
			if tc.want == "" {
				if settings.KindOf(err) != settings.NotOffered {
					t.Errorf("%v\n%s", err, body)
				}
				return
			}
			var doc struct {
				Authentication json.RawMessage `json:"authentication"`
			}
			if err := json.Unmarshal(body, &doc); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Compact(&got, doc.Authentication); err != nil || got.String() != tc.want {
				t.Errorf("%s, want %s", got.String(), tc.want)
			}
		})
	}
}

// The document says once for all services how people log in.
func TestAuthenticationIsThatOfEveryNamedService(t *testing.T) {
	for _, tc := range []struct {
		name       string
		imap, smtp []settings.Auth
		want, not  string
	}{
		{"a password goes before OAuth2", []settings.Auth{settings.OAuth2}, []settings.Auth{settings.Password}, `"submit"`, `"imap"`},
		{"OAuth2 of one is not that of all", []settings.Auth{settings.OAuth2, settings.Password}, []settings.Auth{settings.Password}, `"imap"`, `"oauth-public"`},
		{"OAuth2 alone, everywhere", []settings.Auth{settings.OAuth2}, []settings.Auth{settings.OAuth2}, `"password": false`, `"password": true`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			imap, smtp := mail(settings.IMAP, "imap.example.net", 993, settings.TLS), mail(settings.Submission, "smtp.example.net", 465, settings.TLS)
			imap.Auth, smtp.Auth = tc.imap, tc.smtp
			s := offering(imap, smtp)
			s.Provider.OAuth2 = &settings.OAuth2Endpoints{Issuer: "https://id.example.net"}
			body, err := Render(s)
			if err != nil || !bytes.Contains(body, []byte(tc.want)) || bytes.Contains(body, []byte(tc.not)) {
				t.Errorf("%v\n%s", err, body)
			}
		})
	}
}

// TestRandomSettings pins that the bytes are the same each time, for every
// mailbox, since their digest is published in DNS, and that they name canonical
// values.
func TestRandomSettings(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rendered := 0
	for range 2000 {
		s := settingstest.Random(r)
		body, err := Render(s)
		if settings.KindOf(err) == settings.NotOffered {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rendered++
		other := s
		other.Address.Local = "somebody-else"
		if again, err := Render(other); err != nil || !bytes.Equal(body, again) {
			t.Fatalf("%v: not the same bytes:\n%s\n%s", err, body, again)
		}
		var doc struct {
			Protocols map[string]struct{ Host, URL string }
		}
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Protocols["submit"] != doc.Protocols["smtp"] {
			t.Fatalf("submit and smtp differ:\n%s", body)
		}
		for name, at := range doc.Protocols {
			if name == "submit" || name == "smtp" {
				name = "submission"
			}
			found := false
			for _, svc := range s.Services() {
				found = found || svc.Protocol == settings.Protocol(name) && svc.Host == at.Host && svc.URL == at.URL
			}
			if !found {
				t.Fatalf("%s %+v is not among %+v", name, at, s.Services())
			}
		}
	}
	if rendered < 350 {
		t.Errorf("only %d of the settings could be said", rendered)
	}
}

// house answers for example.com.
type house struct{ settings settings.Settings }

func newHouse() house {
	return house{offering(mail(settings.IMAP, "imap.example.net", 993, settings.TLS))}
}

func (h house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	if q != (settings.Query{Host: "example.com"}) {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	return h.settings, nil
}

func TestServe(t *testing.T) {
	serve := New(newHouse()).Endpoints[0].Serve
	for host, want := range map[string]settings.Kind{"ua-auto-config.unknown.example": settings.UnknownDomain, "192.0.2.1": settings.BadRequest} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if _, err := serve(r); settings.KindOf(err) != want {
			t.Errorf("%s: %v", host, err)
		}
	}
	// An address in the query must not change the bytes, nor which domain.
	r := httptest.NewRequest(http.MethodGet, "/?emailaddress=a@unknown.example", nil)
	r.Host = "ua-auto-config.example.com"
	resp, err := serve(r)
	if err != nil || resp.ContentType != "application/json" || resp.ETag == "" || resp.Domain != "example.com" {
		t.Errorf("%v, %+v", err, resp)
	}
}

func BenchmarkRender(b *testing.B) {
	s := offering(mail(settings.IMAP, "imap.example.net", 993, settings.TLS), mail(settings.Submission, "mx.example.net", 465, settings.TLS))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	serve := New(newHouse()).Endpoints[0].Serve
	r := httptest.NewRequest(http.MethodGet, "https://ua-auto-config.example.com/.well-known/user-agent-configuration.json", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

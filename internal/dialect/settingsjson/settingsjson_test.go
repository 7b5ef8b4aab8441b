package settingsjson

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

func example(a address.Address) settings.Settings {
	return settings.Settings{
		Provider: &settings.Provider{
			ID: "p", Name: "Example", ShortName: "Ex", HelpURL: "https://help.example.net/", Subaddress: "+",
			OAuth2: &settings.OAuth2Endpoints{Issuer: "https://id.example.net", AuthURL: "https://id.example.net/a", TokenURL: "https://id.example.net/t", Scope: "mail"},
			Services: []settings.Service{
				{Protocol: settings.IMAP, Host: "imap.{domain}", Port: 993, Security: settings.TLS, Login: settings.LoginAddress, Auth: []settings.Auth{settings.OAuth2, settings.Password}},
				{Protocol: settings.CalDAV, URL: "https://dav.example.net/", Login: "{local}", Auth: []settings.Auth{settings.Password}},
			},
		},
		Domain: "alias.example", Canonical: "example.com", Address: a,
	}
}

func TestRender(t *testing.T) {
	const want = `{
  "domain": "alias.example",
  "canonical_domain": "example.com",
  "address": "anna+news@alias.example",
  "provider": {
    "id": "p",
    "name": "Example",
    "short_name": "Ex",
    "help_url": "https://help.example.net/"
  },
  "services": [
    {
      "protocol": "imap",
      "host": "imap.example.com",
      "port": 993,
      "security": "tls",
      "login": "anna@alias.example",
      "auth": [
        "oauth2",
        "password"
      ]
    },
    {
      "protocol": "caldav",
      "url": "https://dav.example.net/",
      "login": "anna",
      "auth": [
        "password"
      ]
    }
  ],
  "oauth2": {
    "issuer": "https://id.example.net",
    "auth_url": "https://id.example.net/a",
    "token_url": "https://id.example.net/t",
    "scope": "mail"
  }
}
`
	got, err := Render(example(address.Address{Local: "anna+news", Domain: "alias.example"}))
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	got, err = Render(example(address.Address{}))
	if err != nil || !strings.Contains(string(got), `"login": "{local}"`) || strings.Contains(string(got), `"address"`) {
		t.Errorf("without an address: %v\n%s", err, got)
	}
}

func TestRandomSettings(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		s := settingstest.Random(r)
		body, err := Render(s)
		if err != nil {
			t.Fatal(err)
		}
		var doc document
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		var want []service
		for _, svc := range s.Services() {
			login, known := s.Login(svc)
			if !known {
				login = string(svc.Login)
			}
			want = append(want, service{svc.Protocol, svc.Host, svc.Port, svc.Security, svc.URL, login, svc.Auth, popOptions(svc.POP)})
		}
		if !reflect.DeepEqual(doc.Services, want) || doc.Address != s.Address.String() {
			t.Fatalf("got %+v, want %+v", doc, want)
		}
	}
}

type house struct{ asked *settings.Query }

func (h house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	*h.asked = q
	return example(q.Address), nil
}

func TestWhoIsAskedAbout(t *testing.T) {
	for _, tc := range []struct {
		target string
		want   settings.Query
		kind   settings.Kind
		fails  bool
	}{
		{target: "?email=anna%40example.com", want: settings.Query{Domain: "example.com", Address: address.Address{Local: "anna", Domain: "example.com"}}},
		{target: "?domain=B%C3%BCcher.example", want: settings.Query{Domain: "xn--bcher-kva.example"}},
		{target: "", want: settings.Query{Host: "example.net"}},
		{target: "?email=anna", fails: true, kind: settings.BadRequest},
		{target: "?email=%zz", fails: true, kind: settings.BadRequest},
		{target: "?domain=%zz", fails: true, kind: settings.BadRequest},
		{target: "?email=anna@example.com&domain=example.com", fails: true, kind: settings.BadRequest},
		{target: "?email=anna%0d%0aX@example.com", fails: true, kind: settings.BadRequest},
		{target: "?domain=anna@example.com", fails: true, kind: settings.BadRequest},
		{target: "?domain=a..b", fails: true, kind: settings.BadRequest},
	} {
		var asked settings.Query
		resp, err := New(house{&asked}).Endpoints[0].Serve(httptest.NewRequest(http.MethodGet, "https://example.net/api/v1/settings"+tc.target, nil))
		if tc.fails {
			if err == nil || settings.KindOf(err) != tc.kind {
				t.Errorf("%s: %v", tc.target, err)
			}
			continue
		}
		if err != nil || asked != tc.want || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v, asked %+v", tc.target, err, asked)
		}
	}
}

// FuzzRequest pins that any query gets well-formed JSON: the settings, or a client
// error.
func FuzzRequest(f *testing.F) {
	for _, q := range []string{"email=anna%40example.com", "domain=b%C3%BCcher.example", "email=a+b@example.com&domain=", "EMAIL=%", "domain=a..b", "email=%22%3C@example.com"} {
		f.Add("example.net", q)
	}
	p := New(house{new(settings.Query)})
	f.Fuzz(func(t *testing.T, host, query string) {
		r := httptest.NewRequest(http.MethodGet, "https://example.net/api/v1/settings", nil)
		r.Host, r.URL.RawQuery = host, query
		resp, err := p.Endpoints[0].Serve(r)
		if err != nil {
			if settings.KindOf(err) != settings.BadRequest {
				t.Fatalf("%q %q: %v", host, query, err)
			}
			resp = p.Fail(r, err)
		}
		if !json.Valid(resp.Body) || (resp.Status == http.StatusOK) != (err == nil) {
			t.Fatalf("%q %q: %d %s", host, query, resp.Status, resp.Body)
		}
	})
}

func TestErrorsAreProblemDetails(t *testing.T) {
	resp := New(house{}).Fail(nil, settings.ErrUnknownDomain)
	const want = `{"title":"Not Found","status":404,"detail":"this server does not answer for that domain"}` + "\n"
	if resp.Status != 404 || resp.ContentType != "application/problem+json" || string(resp.Body) != want {
		t.Errorf("%d %s %s", resp.Status, resp.ContentType, resp.Body)
	}
}

func BenchmarkRender(b *testing.B) {
	s := example(address.Address{Local: "anna", Domain: "alias.example"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	serve := New(house{new(settings.Query)}).Endpoints[0].Serve
	r := httptest.NewRequest(http.MethodGet, "https://example.net/api/v1/settings?email=anna%40example.com", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

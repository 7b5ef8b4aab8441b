package wellknown

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

type house struct{}

func (house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	if q.Domain != "" || !strings.HasSuffix(string(q.Host), "example.com") {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	service := func(p settings.Protocol, url string) settings.Service {
		return settings.Service{Protocol: p, URL: url, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
	}
	if q.Host == "bare.example.com" {
		return settings.Settings{Provider: &settings.Provider{ID: "p"}, Domain: "bare.example.com", Canonical: "bare.example.com"}, nil
	}
	return settings.Settings{
		Provider: &settings.Provider{ID: "p", Services: []settings.Service{
			service(settings.CalDAV, "https://dav.example.com/.well-known/caldav"),
			service(settings.CalDAV, "https://second.example.com/"),
			service(settings.JMAP, "https://jmap.example.com/session"),
			service(settings.CardDAV, "https://card.example.com:8443/.well-known/carddav/"),
		}},
		Domain: "example.com", Canonical: "example.com",
	}, nil
}

func ask(method, url string) (dialect.Response, error) {
	r := httptest.NewRequest(method, url, nil)
	for _, e := range New(house{}).Endpoints {
		if e.Path == r.URL.Path {
			return e.Serve(r)
		}
	}
	return dialect.Response{}, settings.Errorf(settings.Internal, "no endpoint")
}

func TestRedirects(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "POST"} {
		resp, err := ask(method, "https://example.com/.well-known/jmap")
		if err != nil || resp.Status != http.StatusMovedPermanently || resp.Header.Get("Location") != "https://jmap.example.com/session" {
			t.Errorf("%s: %v, %+v", method, err, resp)
		}
	}
	resp, err := ask("PROPFIND", "https://example.com/.well-known/caldav")
	if err != nil || resp.Header.Get("Location") != "https://dav.example.com/.well-known/caldav" {
		t.Errorf("the preferred service: %v, %+v", err, resp)
	}
	if resp.Header.Get("Cache-Control") == "" {
		t.Error("the redirect would be kept for ever")
	}
}

func TestAnotherPortIsAnotherPlace(t *testing.T) {
	resp, err := ask("PROPFIND", "https://card.example.com/.well-known/carddav")
	if err != nil || resp.Header.Get("Location") != "https://card.example.com:8443/.well-known/carddav/" {
		t.Errorf("%v, %+v", err, resp)
	}
}

func TestNoRedirect(t *testing.T) {
	for name, url := range map[string]string{
		"to where the client is":                  "https://dav.example.com/.well-known/caldav",
		"to where the client is, in another case": "https://DAV.Example.com/.well-known/caldav",
		"to where the client is, behind a proxy":  "http://dav.example.com:8080/.well-known/caldav",
		"to where the client is, on that port":    "https://card.example.com:8443/.well-known/carddav",
		"no such service":                         "https://bare.example.com/.well-known/jmap",
	} {
		if _, err := ask("PROPFIND", url); settings.KindOf(err) != settings.NotOffered {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ask("GET", "https://unknown.example/.well-known/jmap"); settings.KindOf(err) != settings.UnknownDomain {
		t.Errorf("an unknown domain: %v", err)
	}
	if _, err := ask("GET", "https://192.0.2.1/.well-known/jmap"); settings.KindOf(err) != settings.BadRequest {
		t.Errorf("no domain: %v", err)
	}
}

func BenchmarkServe(b *testing.B) {
	serve := New(house{}).Endpoints[0].Serve
	r := httptest.NewRequest("PROPFIND", "https://example.com/.well-known/caldav", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

package autodiscover

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

func exampleSettings(b *testing.B) settings.Settings {
	a, err := address.Parse("anna@example.com")
	if err != nil {
		b.Fatal(err)
	}
	s, err := providers().Resolve(b.Context(), settings.Query{Domain: a.Domain, Address: a})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkParseRequest(b *testing.B) {
	body := []byte(request2006("anna@example.com", outlookSchema))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseRequest(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseRequestOfKnownShape(b *testing.B) {
	body := []byte(request2006("anna@example.com", outlookSchema))
	m := newShapes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	s := exampleSettings(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRenderCached(b *testing.B) {
	s := exampleSettings(b)
	m := cached{dialect.NewMemo()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.render(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPost(b *testing.B) {
	serve := New(providers(), clock).Endpoints[0].Serve
	body := request2006("anna@example.com", outlookSchema)
	r := httptest.NewRequest(http.MethodPost, xmlPath, nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Body = http.MaxBytesReader(nil, readCloser{strings.NewReader(body)}, 64<<10)
		if _, err := serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPostRefused(b *testing.B) {
	p := New(providers(), clock)
	body := request2006("anna@elsewhere.example", outlookSchema)
	r := httptest.NewRequest(http.MethodPost, xmlPath, nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Body = readCloser{strings.NewReader(body)}
		_, err := p.Endpoints[0].Serve(r)
		if p.Fail(r, err).Status != http.StatusOK {
			b.Fatal(err)
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	serve := New(providers(), clock).Endpoints[2].Serve
	r := httptest.NewRequest(http.MethodGet, jsonPath+"?Email=anna%40example.com&Protocol=Autodiscoverv1&RedirectCount=1", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

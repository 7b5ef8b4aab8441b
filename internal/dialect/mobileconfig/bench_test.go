package mobileconfig

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

func BenchmarkRender(b *testing.B) {
	s := offering(append(both(), dav(settings.CalDAV, "https://dav.example.net/"), dav(settings.CardDAV, "https://dav.example.net/"))...)
	for _, bm := range []struct {
		name string
		kept *outlines
	}{{"first-of-its-shape", new(outlines)}, {"known-shape", newOutlines()}} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bm.kept.render(s, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkServe(b *testing.B) {
	r := httptest.NewRequest(http.MethodGet, "/profile.mobileconfig?"+url.Values{"email": {"anna@example.com"}}.Encode(), nil)
	endpoint := New(house{}, envelope{}, nil, nil).Endpoints[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := endpoint.Serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

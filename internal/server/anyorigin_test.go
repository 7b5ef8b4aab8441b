package server

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// TestAnyOrigin asks a protocol that scripts of any site may read, and one that
// they may not.
func TestAnyOrigin(t *testing.T) {
	protocol := func(name string, public bool) dialect.Dialect {
		return dialect.Dialect{Name: name, AnyOrigin: public, Endpoints: []dialect.Endpoint{
			{Path: "/" + name, Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
				resp := dialect.PlainText(http.StatusOK, "hello")
				resp.ETag = `"abc"`
				return resp, nil
			}},
			{Path: "/" + name + "/nobody", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
				return dialect.Response{}, settings.ErrUnknownDomain
			}},
		}}
	}
	h := New(Options{
		Dialects:          []dialect.Dialect{protocol("public", true), protocol("own", false)},
		RequestsPerMinute: 9,
		Metrics:           telemetry.NewMetrics("", ""),
		Log:               zap.NewNop(),
	})
	for _, tc := range []struct {
		name, method, path, origin, etag string
		status                           int
		want                             []string
	}{
		{name: "GET", method: "GET", path: "/public", origin: "https://a.example", status: 200, want: []string{"*"}},
		{name: "HEAD", method: "HEAD", path: "/public", origin: "https://a.example", status: 200, want: []string{"*"}},
		{name: "for what a cache keeps: without an origin too", method: "GET", path: "/public", status: 200, want: []string{"*"}},
		{name: "a copy that is still good", method: "GET", path: "/public", etag: `"abc"`, status: 304, want: []string{"*"}},
		{name: "a refusal, whose status a script shall see", method: "GET", path: "/public/nobody", origin: "https://a.example", status: 404, want: []string{"*"}},
		{name: "a preflight is not answered", method: "OPTIONS", path: "/public", origin: "https://a.example", status: 405, want: []string{"*"}},
		{name: "another protocol", method: "GET", path: "/own", origin: "https://a.example", status: 200},
		{name: "no path", method: "GET", path: "/nothing", origin: "https://a.example", status: 404},
		{name: "the ninth request", method: "GET", path: "/public", status: 200, want: []string{"*"}},
		{name: "one too many", method: "GET", path: "/public", status: 429, want: []string{"*"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.path, nil)
			for name, value := range map[string]string{"Origin": tc.origin, "If-None-Match": tc.etag} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			got := rec.Header()["Access-Control-Allow-Origin"]
			if rec.Code != tc.status || !slices.Equal(got, tc.want) {
				t.Errorf("got %d with %q, want %d with %q", rec.Code, got, tc.status, tc.want)
			}
			for _, name := range []string{"Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
				if rec.Header().Get(name) != "" {
					t.Errorf("there is a %s", name)
				}
			}
		})
	}
}

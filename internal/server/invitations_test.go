package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

func TestInvitations(t *testing.T) {
	var ready Readiness
	invite := func(_ context.Context, a address.Address, valid time.Duration) (Invitation, error) {
		if a.Domain == "unknown.example" {
			return Invitation{}, errors.New("unknown.example: this server does not answer for that domain")
		}
		return Invitation{URL: "https://setup.example.com/i/" + a.Local + valid.String(), Expires: time.Date(2026, 12, 5, 12, 0, 0, 0, time.UTC)}, nil
	}
	ops := NewOps(Ops{Hosts: []address.Domain{"example.com"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready, Invite: invite})
	for _, tc := range []struct {
		name, body  string
		status      int
		contentType string
		want        string
	}{
		{"for the usual time", `{"email": "anna@example.com"}`, 201, "application/json", `{"url":"https://setup.example.com/i/anna0s","expires":"2026-12-05T12:00:00Z"}`},
		{"for a time of one's own", `{"email": "anna@example.com", "expires": "24h"}`, 201, "application/json", `{"url":"https://setup.example.com/i/anna24h0m0s","expires":"2026-12-05T12:00:00Z"}`},
		{"no address", `{"email": "anna"}`, 400, "application/problem+json", `{"title":"Bad Request","status":400,"detail":"the address has no @"}`},
		{"no time", `{"email": "anna@example.com", "expires": "soon"}`, 400, "application/problem+json", `{"title":"Bad Request","status":400,"detail":"expires must be a duration such as 30d or 12h"}`},
		{"no time at all", `{"email": "anna@example.com", "expires": "0"}`, 400, "application/problem+json", `{"title":"Bad Request","status":400,"detail":"expires must be a duration such as 30d or 12h"}`},
		{"a time before now", `{"email": "anna@example.com", "expires": "-1h"}`, 400, "application/problem+json", `{"title":"Bad Request","status":400,"detail":"expires must be a duration such as 30d or 12h"}`},
		{"an unknown key", `{"mail": "anna@example.com"}`, 400, "application/problem+json", `{"title":"Bad Request","status":400,"detail":"the body must be JSON such as {\"email\": \"anna@example.com\", \"expires\": \"30d\"}"}`},
		{"two of them", `{"email": "anna@example.com"}{}`, 400, "application/problem+json", `{"title":"Bad Request","status":400,"detail":"unexpected data after the JSON object"}`},
		{"nobody's domain", `{"email": "anna@unknown.example"}`, 422, "application/problem+json", `{"title":"Unprocessable Entity","status":422,"detail":"unknown.example: this server does not answer for that domain"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			ops.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/api/v1/invites", strings.NewReader(tc.body)))
			if rec.Code != tc.status || rec.Header().Get("Content-Type") != tc.contentType || strings.TrimSpace(rec.Body.String()) != tc.want {
				t.Errorf("%d, %s\n%s\nwant\n%s", rec.Code, rec.Header().Get("Content-Type"), rec.Body, tc.want)
			}
		})
	}
}

// TestExaminationsRefuseOtherSites: a page of another site cannot keep the doctor busy,
// and its own page can ask.
func TestExaminationsRefuseOtherSites(t *testing.T) {
	var ready Readiness
	var asked []address.Domain
	examine := func(_ context.Context, d address.Domain) ([]byte, error) {
		asked = append(asked, d)
		return []byte("{}"), nil
	}
	ops := NewOps(Ops{Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready, Examine: Examiner{examine, examine}})
	for _, path := range []string{"/api/v1/doctor", "/doctor"} {
		for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200, "": 200} {
			r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9090"+path+"?domain=Example.com", nil)
			r.Header.Set("Sec-Fetch-Site", site)
			rec := httptest.NewRecorder()
			asked = nil
			ops.ServeHTTP(rec, r)
			if rec.Code != want || (len(asked) == 1 && asked[0] == "example.com") != (want == 200) {
				t.Errorf("%s from %q: %d, asked %q", path, site, rec.Code, asked)
			}
		}
	}
}

// TestOpsRefusesOtherSites posts as the page of another site would, through the
// browser of an operator.
func TestOpsRefusesOtherSites(t *testing.T) {
	var ready Readiness
	done := 0
	ops := NewOps(Ops{
		Hosts: []address.Domain{"example.com"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready,
		Reload: func(bool) []string { done++; return nil },
		Invite: func(context.Context, address.Address, time.Duration) (Invitation, error) {
			done++
			return Invitation{}, nil
		},
	})
	for path, body := range map[string]string{"/-/reload": "", "/api/v1/invites": `{"email": "anna@example.com"}`} {
		for _, tc := range []struct{ name, value string }{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"", ""}} {
			r := httptest.NewRequest("POST", "http://127.0.0.1:9090"+path, strings.NewReader(body))
			r.Header.Set(tc.name, tc.value)
			rec := httptest.NewRecorder()
			before := done
			ops.ServeHTTP(rec, r)
			if other := tc.name != ""; other != (rec.Code == 403) || other != (done == before) {
				t.Errorf("%s, %s %s: %d %s", path, tc.name, tc.value, rec.Code, rec.Body)
			}
		}
	}
}

// TestOpsAnswersToItsNames asks by names, as the page of another site does whose own
// name resolves to this machine.
func TestOpsAnswersToItsNames(t *testing.T) {
	var ready Readiness
	ops := NewOps(Ops{Hosts: []address.Domain{"waymark.example.net"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &ready})
	for host, want := range map[string]int{
		"127.0.0.1:9090": 200, "[::1]:9090": 200, "192.0.2.1": 200, "localhost:9090": 200, "waymark:9090": 200, "": 200,
		"waymark.mail.svc:9090": 200, "waymark.mail.svc.cluster.local": 200, "Waymark.Example.net.:9090": 200,
		"evil.example": 403, "evil.example:9090": 403, "example.net": 403, "x.waymark.example.net": 403, "127.0.0.1.evil.example": 403, "local.example": 403,
	} {
		for _, path := range []string{"/metrics", "/healthz"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			rec := httptest.NewRecorder()
			if ops.ServeHTTP(rec, r); rec.Code != want {
				t.Errorf("%q, %s: %d, want %d", host, path, rec.Code, want)
			}
		}
	}
}

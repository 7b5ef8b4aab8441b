package mtasts

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

type resolver map[string]*settings.MTASTS

func (r resolver) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	policy, ok := r[string(q.Domain)]
	if !ok {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	return settings.Settings{Provider: &settings.Provider{MTASTS: policy}, Domain: q.Domain, Canonical: q.Domain}, nil
}

// TestPolicy asks as the sending mail servers do (RFC 8461 section 3.3).
func TestPolicy(t *testing.T) {
	d := New(resolver{
		"example.com": {Mode: "enforce", MX: []string{"mx1.example.net", "*.mail.example"}, MaxAge: 604800},
		"off.example": {Mode: "none", MaxAge: 86400},
		"example.net": nil,
	})
	for _, tc := range []struct{ host, want string }{
		{"mta-sts.example.com", "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.net\r\nmx: *.mail.example\r\nmax_age: 604800\r\n"},
		{"MTA-STS.Example.com:443", "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.net\r\nmx: *.mail.example\r\nmax_age: 604800\r\n"},
		{"mta-sts.off.example", "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"},
		{"mta-sts.example.net", "the domain has no MTA-STS policy"},
		{"mta-sts.sub.example.com", "this server does not answer for that domain"}, // a policy is for one domain
		{"www.example.com", "this server does not answer for that domain"},
		{"192.0.2.1", "this server does not answer for that domain"},
	} {
		r := httptest.NewRequest("GET", "https://x/.well-known/mta-sts.txt", nil)
		r.Host = tc.host
		response, err := d.Endpoints[0].Serve(r)
		got := string(response.Body)
		if err != nil {
			got = dialect.PublicMessage(err)
		} else if response.ContentType != "text/plain; charset=utf-8" || response.Status != 200 {
			t.Errorf("%s: %d %s", tc.host, response.Status, response.ContentType)
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.host, got, tc.want)
		}
	}
}

package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/settings"
)

type house struct{}

func (house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	if q.Domain != "example.com" {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	services := []settings.Service{
		{Protocol: settings.IMAP, Host: "mail.example.com", Port: 993, Security: settings.TLS, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}},
		{Protocol: settings.IMAP, Host: "mail.example.com", Port: 143, Security: settings.STARTTLS, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}},
		{Protocol: settings.CalDAV, URL: "https://dav.example.com/", Login: "{local}", Auth: []settings.Auth{settings.Password}},
	}
	return settings.Settings{
		Provider: &settings.Provider{Name: "Example & Sons", HelpURL: "https://help.example.com/", Services: services},
		Domain:   "example.com", Canonical: "example.com", Address: q.Address,
	}, nil
}

func post(t *testing.T, email string) proto.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{"email": {email}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := New(house{}).Endpoints[1].Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestTheSettingsOfAnAddress(t *testing.T) {
	resp := post(t, " Anna@EXAMPLE.com ")
	page := string(resp.Body)
	for _, want := range []string{
		"Example &amp; Sons",
		`Incoming mail (IMAP)</th><td data-label="Server">mail.example.com</td><td data-label="Port">993</td><td data-label="Encryption">SSL/TLS</td><td data-label="User name">Anna@example.com</td>`,
		`Incoming mail (IMAP) <span class="alternative">alternative</span></th><td data-label="Server">mail.example.com</td><td data-label="Port">143</td><td data-label="Encryption">STARTTLS</td>`,
		`Calendars (CalDAV)</th><td data-label="Server">https://dav.example.com/</td><td></td><td data-label="Encryption">SSL/TLS</td><td data-label="User name">Anna</td>`,
		`action="/profile.mobileconfig"`,
		`href="https://help.example.com/"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s:\n%s", want, page)
		}
	}
	if resp.Status != 200 || resp.Domain != "example.com" {
		t.Errorf("status %d, domain %q", resp.Status, resp.Domain)
	}
}

func TestProblemsAreSaidOnThePage(t *testing.T) {
	for _, tc := range []struct {
		email  string
		status int
		want   string
	}{
		{"anna@unknown.example", 404, "That address is not one of ours"},
		{"anna", 400, "That is not a mail address: the address has no @."},
		{"", 400, "That is not a mail address: the address is empty."},
		{"anna\xff@example.com", 400, "anna\uFFFD@example.com"},
		{strings.Repeat("a", 10_000), 400, `value="` + strings.Repeat("a", 320) + `"`},
		{`"><script>alert(1)</script>@example.com`, 400, "&#34;&gt;&lt;script&gt;"},
	} {
		resp := post(t, tc.email)
		if resp.Status != tc.status || !strings.Contains(string(resp.Body), tc.want) || strings.Contains(string(resp.Body), "<script") {
			t.Errorf("%q: %d\n%s", tc.email, resp.Status, resp.Body)
		}
	}
}

// TestNothingFromElsewhere pins that the page needs no other server and no
// inline code, and that the address in it is not kept or passed on.
func TestNothingFromElsewhere(t *testing.T) {
	resp := post(t, "anna@example.com")
	for name, want := range map[string]string{
		"Cache-Control":           "no-store",
		"Referrer-Policy":         "no-referrer",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, banned := range []string{"<script", "<style", "style=", "src="} {
		if strings.Contains(string(resp.Body), banned) {
			t.Errorf("the page holds %s", banned)
		}
	}
}

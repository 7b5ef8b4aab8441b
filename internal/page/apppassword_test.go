package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/settings"
)

// maker creates the password "made for" and the device, or none.
type maker struct {
	fails bool
	asked []string
}

func (m *maker) Offered(p *settings.Provider) bool { return p.ID == "example" }

func (m *maker) Create(_ context.Context, s settings.Settings, device string) (string, bool) {
	m.asked = append(m.asked, s.Address.String()+" "+device)
	if m.fails {
		return "", false
	}
	return "made for " + device, true
}

// tryPassword posts a password to the page of an address, and follows no redirect.
func tryPassword(t *testing.T, m *maker, origin, path, password string) dialect.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, origin+path+"/password", strings.NewReader(url.Values{"password": {password}, "lang": {"en"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", iPhone)
	return served(t, New(Options{Resolver: house{}, Tokens: testKeys, Verify: &verifier{}, AppPasswords: m, Now: testNow}), r)
}

// TestAnAppPasswordIsShownOnce pins that it is in one response, and in no URL.
func TestAnAppPasswordIsShownOnce(t *testing.T) {
	m := &maker{}
	resp := tryPassword(t, m, "https://setup.example.com", pageOf(invite.Page), "right")
	contains(t, resp, `<code class="secret app-password">made for iphone</code>`, "It is shown only once", "That is the right password.", `action="/p/`, ` data-password="Copy password"`)
	lacks(t, resp, `type="password"`, `/password"`)
	if resp.Status != http.StatusOK || resp.Header.Get("Cache-Control") != "no-store" || !slices.Equal(m.asked, []string{"anna@example.com iphone"}) {
		t.Errorf("%d, %v, asked for %v", resp.Status, resp.Header, m.asked)
	}
	place := resp.Header.Get("Content-Location")
	if u, err := url.Parse(place); err != nil || !strings.HasPrefix(place, "/s/") || strings.Contains(place, "made") || u.Query().Get("password") != "right" {
		t.Fatalf("the page is at %s", place)
	}
	again := served(t, New(Options{Resolver: house{}, Tokens: testKeys, Verify: &verifier{}, AppPasswords: m, Now: testNow}), httptest.NewRequest(http.MethodGet, "https://setup.example.com"+place, nil))
	contains(t, again, "That is the right password.", `class="chosen"`)
	lacks(t, again, "made for", "shown only once")
	if len(m.asked) != 1 {
		t.Errorf("asked for %v", m.asked)
	}
}

// TestWhenAnAppPasswordIsMade pins that only the right password, over https, makes one.
func TestWhenAnAppPasswordIsMade(t *testing.T) {
	other := "/s/" + testKeys.SealPage(invite.Proven, settingsOf(t, "pop.example").Address, noon)
	for _, tc := range []struct {
		name, origin, path, password, want string
		fails, asked                       bool
	}{
		{"wrong", "https://setup.example.com", pageOf(invite.Page), "wrong", "wrong", false, false},
		{"wrong, after a right one", "https://setup.example.com", pageOf(invite.Proven), "wrong", "wrong", false, false},
		{"limited", "https://setup.example.com", pageOf(invite.Page), "limited", "limited", false, false},
		{"http", "http://setup.example.com", pageOf(invite.Page), "right", "insecure", false, false},
		{"a provider without an endpoint", "https://setup.example.com", other, "right", "right", false, false},
		{"the endpoint fails", "https://setup.example.com", pageOf(invite.Page), "right", "no_app_password", true, true},
	} {
		m := &maker{fails: tc.fails}
		resp := tryPassword(t, m, tc.origin, tc.path, tc.password)
		u, err := url.Parse(resp.Header.Get("Location"))
		if err != nil || resp.Status != http.StatusSeeOther || u.Query().Get("password") != tc.want || (len(m.asked) > 0) != tc.asked {
			t.Errorf("%s: %d to %s, asked for %v", tc.name, resp.Status, u, m.asked)
		}
	}
}

// TestWithoutAnAppPassword pins what a person reads when the endpoint fails, and that no
// link can claim it.
func TestWithoutAnAppPassword(t *testing.T) {
	resp := post(t, New(Options{Resolver: house{}, Tokens: testKeys, Verify: &verifier{}, AppPasswords: &maker{fails: true}, Now: testNow}), pageOf(invite.Page)+"/password", iPhone, "password", "right", "lang", "de")
	contains(t, resp, `class="verdict no_app_password"`, "ein App-Passwort konnte nicht erstellt werden", `id="steps"`)
	claimed := served(t, testPage(&verifier{}), httptest.NewRequest(http.MethodGet, "https://setup.example.com"+pageOf(invite.Page)+"?password=no_app_password", nil))
	contains(t, claimed, `type="password"`)
	lacks(t, claimed, "That is the right password")
}

// TestAnAppPasswordIsAnnounced before the password is typed.
func TestAnAppPasswordIsAnnounced(t *testing.T) {
	const announced = "a new password just for this app"
	r := func() *http.Request {
		return httptest.NewRequest(http.MethodGet, "https://setup.example.com"+pageOf(invite.Page), nil)
	}
	contains(t, served(t, New(Options{Resolver: house{}, Tokens: testKeys, Verify: &verifier{}, AppPasswords: &maker{}, Now: testNow}), r()), announced)
	lacks(t, served(t, testPage(&verifier{}), r()), announced)
}

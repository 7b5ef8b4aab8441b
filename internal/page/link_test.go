package page

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/qrcode"
)

func TestInvitations(t *testing.T) {
	anna := address.Address{Local: "anna", Domain: "example.com"}
	for _, tc := range []struct {
		name, token string
		status      int
		want        string
	}{
		{"good", testKeys.Seal(invite.Setup, anna, noon.Add(time.Hour)), 200, "Your mailbox anna@example.com at Example &amp; Sons is ready"},
		{"its last day is said", testKeys.Seal(invite.Setup, anna, noon.Add(72*time.Hour)), 200, "works until 8 November 2026"},
		{"it can be opened elsewhere, and printed", testKeys.Seal(invite.Setup, anna, noon.Add(72*time.Hour)), 200, `/code.svg" width`},
		{"expired", testKeys.Seal(invite.Setup, anna, noon.Add(-time.Second)), 410, "This link has expired"},
		{"expired long ago, and the address is gone", testKeys.Seal(invite.Setup, anna, noon.Add(-25*time.Hour)), 410, `required value=""`},
		{"expired, and the address is still there", testKeys.Seal(invite.Setup, anna, noon.Add(-time.Second)), 410, `value="anna@example.com"`},
		{"altered", "x" + testKeys.Seal(invite.Setup, anna, noon.Add(time.Hour)), 404, "This link is incomplete"},
		{"of a QR code", testKeys.Seal(invite.Page, anna, noon.Add(time.Hour)), 404, "This link is incomplete"},
		{"for a domain that is gone", testKeys.Seal(invite.Setup, address.Address{Local: "a", Domain: "gone.example"}, noon.Add(time.Hour)), 404, "We do not know the domain of this address"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp := get(t, "https://setup.example.com/i/"+tc.token)
			if resp.Status != tc.status || !strings.Contains(string(resp.Body), tc.want) {
				t.Errorf("%d, no %s in\n%s", resp.Status, tc.want, resp.Body)
			}
		})
	}
}

// TestAnInvitationInEveryLanguage reads until when it is good, and leads on by
// a code that holds its own link, as it may be on paper.
func TestAnInvitationInEveryLanguage(t *testing.T) {
	token := testKeys.Seal(invite.Setup, address.Address{Local: "anna", Domain: "example.com"}, noon.Add(27*24*time.Hour))
	for language, until := range map[string]string{
		"en": "This link works until 2 December 2026.",
		"de": "Dieser Link gilt bis zum 2. Dezember 2026.",
		"fr": "Ce lien est valable jusqu’au 2 décembre 2026.",
		"it": "Scadenza di questo link: 2 dicembre 2026.",
		"es": "Este enlace es válido hasta el 2 de diciembre de 2026.",
	} {
		contains(t, get(t, "https://setup.example.com/i/"+token+"?lang="+language), until)
	}
}

// TestCodesLeadToTheirPage compares the picture on a page with the code of the
// page's own URL.
func TestCodesLeadToTheirPage(t *testing.T) {
	anna := address.Address{Local: "anna", Domain: "example.com"}
	for _, path := range []string{pageOf(invite.Page), pageOf(invite.Proven), "/i/" + testKeys.Seal(invite.Setup, anna, noon.Add(time.Hour))} {
		contains(t, get(t, "https://setup.example.com"+path+"?lang=en"), `<img class="code" src="`+path+`/code.svg"`)
		code, err := qrcode.New("https://setup.example.com" + path)
		if got := get(t, "https://setup.example.com"+path+"/code.svg"); err != nil || string(got.Body) != code.SVG() || got.ContentType != "image/svg+xml" {
			t.Errorf("%s: %s, %s, %v", path, got.ContentType, got.Body, err)
		}
	}
	for _, path := range []string{"/s/x/code.svg", "/i/x/code.svg", "/i" + strings.TrimPrefix(pageOf(invite.Page), "/s") + "/code.svg"} {
		if resp, err := ask(t, testPage(nil), httptest.NewRequest(http.MethodGet, path, nil)); err == nil {
			t.Errorf("%s: a code for a text of anybody: %s", path, resp.Body)
		}
	}
}

// TestEveryScreenHasItsURL reloads and comes back to pages, by their URLs alone.
func TestEveryScreenHasItsURL(t *testing.T) {
	v := &verifier{}
	p := testPage(v)
	redirect := func(path string, form string) string {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "https://setup.example.com"+path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := ask(t, p, r)
		to := locationOf(resp)
		if err != nil || resp.Status != http.StatusSeeOther || strings.Contains(to, "anna") || strings.Contains(to, "@") || strings.Contains(to, "%40") {
			t.Fatalf("%s: %d to %q, %v", path, resp.Status, to, err)
		}
		return to
	}
	open := func(path string) dialect.Response {
		return served(t, p, httptest.NewRequest(http.MethodGet, "https://setup.example.com"+path, nil))
	}
	typed := redirect("/", "email=anna%40example.com&device=windows&app=thunderbird&lang=de")
	if !strings.HasPrefix(typed, "/s/") || !strings.HasSuffix(typed, "?app=thunderbird&device=windows&lang=de") {
		t.Fatalf("the page is at %s", typed)
	}
	for range 2 {
		contains(t, open(typed), `<html lang="de">`, "anna@example.com", `value="thunderbird" aria-current="true"`)
	}
	path, _, _ := strings.Cut(typed, "?")
	wrong := redirect(path+"/password", "password=wrong&device=iphone&lang=fr")
	contains(t, open(wrong), `<html lang="fr">`, `class="verdict wrong"`, `type="password"`)
	if !strings.Contains(wrong, "device=iphone") {
		t.Errorf("the device is lost: %s", wrong)
	}
	right := redirect(path+"/password", "password=right&lang=en")
	contains(t, open(right), `class="verdict right"`)
	if len(v.asked) != 2 {
		t.Errorf("%d passwords were checked, want 2", len(v.asked))
	}
	resp, err := ask(t, p, httptest.NewRequest(http.MethodGet, "https://setup.example.com"+path+"/password?device=mac", nil))
	if to := resp.Header.Get("Location"); err != nil || to != path+"?device=mac&lang=en" {
		t.Errorf("the URL of a check leads to %q, %v", to, err)
	}
}

// TestOnlyAPasswordMakesTheVerdict has a link say that a password was right.
func TestOnlyAPasswordMakesTheVerdict(t *testing.T) {
	p := testPage(&verifier{})
	for query, want := range map[string]string{"password=right": "", "password=wrong": "wrong", "password=%3Cb%3E": "", "password=": ""} {
		page := served(t, p, httptest.NewRequest(http.MethodGet, "https://setup.example.com"+pageOf(invite.Page)+"?"+query, nil))
		if got := regexp.MustCompile(`class="verdict (\w*)`).FindStringSubmatch(string(page.Body)); (got == nil) != (want == "") || got != nil && got[1] != want {
			t.Errorf("%s: %v, want %q", query, got, want)
		}
	}
}

// TestHowLongAPageLasts opens the pages of a tab that is restored later.
func TestHowLongAPageLasts(t *testing.T) {
	for _, tc := range []struct {
		name    string
		purpose invite.Purpose
		later   time.Duration
		status  int
		address bool
	}{
		{"after a week", invite.Page, 7 * 24 * time.Hour, 200, true},
		{"after 30 days", invite.Page, 30*24*time.Hour + time.Second, 410, true},
		{"after 32 days", invite.Page, 32 * 24 * time.Hour, 410, false},
		{"after a check, the day after", invite.Proven, 24 * time.Hour, 200, true},
		{"after a check, 31 days later", invite.Proven, 31 * 24 * time.Hour, 410, false},
	} {
		p := New(Options{Resolver: house{}, Tokens: testKeys, Now: func() time.Time { return noon.Add(tc.later) }})
		page := served(t, p, httptest.NewRequest(http.MethodGet, "https://setup.example.com"+pageOf(tc.purpose), nil))
		if page.Status != tc.status || strings.Contains(string(page.Body), "anna@example.com\"") && !tc.address {
			t.Errorf("%s: %d\n%s", tc.name, page.Status, page.Body)
		}
	}
}

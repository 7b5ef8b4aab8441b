package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestRefusalsAreInTheLanguageOfThePerson refuses a browser, and a program.
func TestRefusalsAreInTheLanguageOfThePerson(t *testing.T) {
	for _, tc := range []struct {
		path string
		err  error
		want string // key
	}{
		{"/", settings.Errorf(settings.RateLimited, "too many"), "problem.limited"},
		{"/s/x", settings.Errorf(settings.Overloaded, "too many"), "problem.limited"},
		{"/", settings.Errorf(settings.MethodNotAllowed, "no"), "problem.request"},
		{"/", settings.Errorf(settings.TooLarge, "no"), "problem.request"},
		{"/s/x/password", settings.Errorf(settings.BadRequest, "no"), "problem.request"},
		{"/s/x/password", settings.Errorf(settings.NotOffered, "no"), "problem.request"},
		{"/", settings.Errorf(settings.Internal, "no"), "problem.internal"},
		{"/", settings.Errorf(settings.Unavailable, "no"), "problem.unavailable"},
		{"/p/x", settings.Errorf(settings.NotFound, "no"), "problem.code"},
		{"/p/x", settings.Errorf(settings.Unavailable, "no"), "problem.profile"},
		{"/p/x", settings.Errorf(settings.RateLimited, "no"), "problem.limited"},
		{"/p/x", settings.ErrUnknownDomain, "problem.unknown"},
	} {
		for _, c := range i18n.All().Languages() {
			r := httptest.NewRequest(http.MethodGet, tc.path, nil)
			r.Header.Set("Accept", "text/html,application/xhtml+xml")
			r.Header.Set("Accept-Language", c.Language)
			resp := testPage(nil).Failure(r, tc.err)
			if resp.Status != dialect.FailureOf(tc.err).Status || resp.ContentType != "text/html; charset=utf-8" {
				t.Errorf("%s, %v: %d %s", tc.path, tc.err, resp.Status, resp.ContentType)
			}
			contains(t, resp, `<html lang="`+c.Language+`">`, `role="alert">`+c.Text(tc.want)+"<", `name="email"`)
		}
		r := httptest.NewRequest(http.MethodGet, tc.path, nil)
		if resp := testPage(nil).Failure(r, tc.err); resp.ContentType != "text/plain; charset=utf-8" {
			t.Errorf("%s, %v: a program gets %s", tc.path, tc.err, resp.ContentType)
		}
	}
}

// TestAProfileForProgramsIsRefusedInPlainText pins that only links to a profile get the
// page.
func TestAProfileForProgramsIsRefusedInPlainText(t *testing.T) {
	refuse := OfProfile(testPage(nil).Fail)
	for path, want := range map[string]string{"/p/x": "text/html", "/profile.mobileconfig": "text/plain"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept", "text/html")
		if resp := refuse(r, settings.ErrUnknownDomain); !strings.HasPrefix(resp.ContentType, want) {
			t.Errorf("%s: %s", path, resp.ContentType)
		}
	}
}

// TestAPartOfALinkLeadsToTheFirstPage opens links that were copied incompletely.
func TestAPartOfALinkLeadsToTheFirstPage(t *testing.T) {
	for _, path := range []string{"/s", "/i", "/p"} {
		if resp := get(t, path+"?lang=de"); resp.Status != http.StatusSeeOther || resp.Header.Get("Location") != "/?lang=de" {
			t.Errorf("%s: %d, %v", path, resp.Status, resp.Header)
		}
	}
}

// TestReasonsOfRefusedAddresses pins the reasons that help a person.
func TestReasonsOfRefusedAddresses(t *testing.T) {
	resp := post(t, testPage(nil), "/", "", "email", strings.Repeat("a", 70)+"@example.com")
	contains(t, resp, "at most 64 characters before the @")
	resp = post(t, testPage(nil), "/", "", "email", "anna@left.example")
	contains(t, resp, "have moved to another service")
}

// TestAMovedMailboxIsToldSo opens the page of an old address, by typing it and by an
// invitation to it.
func TestAMovedMailboxIsToldSo(t *testing.T) {
	want := `<p class="verdict">Your mailbox has moved. Your new address is anna@example.com; the settings below are for the new address.</p>`
	contains(t, post(t, testPage(nil), "/", "", "email", "anna@old.example"), want)
	contains(t, get(t, "/i/"+testKeys.Seal(invite.Setup, address.Address{Local: "anna", Domain: "old.example"}, noon.Add(1))), want)
	resp := post(t, testPage(&verifier{}), "/s/"+testKeys.SealPage(invite.Page, address.Address{Local: "anna", Domain: "old.example"}, noon)+"/password", "", "password", "right")
	contains(t, resp, want, "That is the right password.")
	lacks(t, post(t, testPage(nil), "/", "", "email", "anna@example.com"), "has moved")
}

// TestInternationalDomains pins that people read Unicode, and apps get ASCII.
func TestInternationalDomains(t *testing.T) {
	page := post(t, testPage(&verifier{}), "/", "", "email", "anna@bücher.example", "app", "thunderbird")
	contains(t, page, `<h1>Set up <span class="whole">anna@bücher.example</span></h1>`, "<title>Set up anna@bücher.example</title>", `<code class="value">anna@xn--bcher-kva.example</code>`)
	page = get(t, "/i/"+testKeys.Seal(invite.Setup, address.Address{Local: "anna", Domain: "xn--bcher-kva.example"}, noon.Add(1)))
	contains(t, page, "Your mailbox anna@bücher.example at")
	page = get(t, "/i/"+testKeys.Seal(invite.Setup, address.Address{Local: "anna", Domain: "xn--bcher-kva.example"}, noon.Add(-1)))
	contains(t, page, `value="anna@bücher.example"`)
}

// TestFocusMovesToTheNextStep pins that a reader of the screen continues where the
// person is: the forms lead to headings that take the focus.
func TestFocusMovesToTheNextStep(t *testing.T) {
	contains(t, post(t, testPage(nil), "/", iPhone, "email", "anna@example.com"), `#app"`, `<h2 id="app" tabindex="-1"`, `#steps"`, `<h2 id="steps" tabindex="-1">`)
	contains(t, post(t, testPage(&verifier{}), "/", iPhone, "email", "anna@example.com"), `<h2 id="verify" tabindex="-1">`)
}

// TestSelfSignedProfilesAreExpected pins what a person reads before the device says
// that it cannot verify the profile.
func TestSelfSignedProfilesAreExpected(t *testing.T) {
	o := Options{Resolver: house{}, Tokens: testKeys, Profiles: func(*settings.Provider) Profiles { return SelfSigned }, Now: testNow}
	page := post(t, New(o), "/", iPhone, "email", "anna@example.com")
	contains(t, page, "“Not Verified”. That is expected here")
	lacks(t, page, "ask your provider before")
}

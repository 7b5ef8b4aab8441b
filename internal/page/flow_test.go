package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/invite"
)

// TestTheOrderOfTheScreens pins what a person sees after the address: the password, where
// it is checked, then the device, the app and one way to set it up.
func TestTheOrderOfTheScreens(t *testing.T) {
	open := func(scheme string, v Verifier, token, query string) dialect.Response {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, scheme+"://setup.example.com"+token+query, nil)
		r.Header.Set("User-Agent", iPhone)
		return served(t, testPage(v), r)
	}
	typed, proven := pageOf(invite.Page), pageOf(invite.Proven)
	for _, tc := range []struct {
		name, scheme string
		v            Verifier
		token, query string
		want         string // asks, steps or done
	}{
		{"a password is asked for first", "https", &verifier{}, typed, "", "asks"},
		{"in another language, too", "https", &verifier{}, typed, "?lang=de", "asks"},
		{"not where none is checked", "https", nil, typed, "", "steps"},
		{"not over http", "http", &verifier{}, typed, "", "steps"},
		{"skipped", "https", &verifier{}, typed, "?password=skipped", "steps"},
		{"a device was chosen", "https", &verifier{}, typed, "?device=mac", "steps"},
		{"an app was chosen", "https", &verifier{}, typed, "?app=thunderbird", "steps"},
		{"wrong", "https", &verifier{}, typed, "?password=wrong&device=iphone", "asks"},
		{"nobody answers", "https", &verifier{}, typed, "?password=unreachable", "asks"},
		{"too many tries", "https", &verifier{}, typed, "?password=limited", "asks"},
		{"right", "https", &verifier{}, proven, "?password=right", "steps"},
		{"a link that claims so", "https", &verifier{}, typed, "?password=right", "asks"},
		{"no passwords there", "https", &verifier{}, typed, "?password=unsupported", "steps"},
		{"the end", "https", &verifier{}, typed, "?device=iphone&done=1", "done"},
	} {
		body := string(open(tc.scheme, tc.v, tc.token, tc.query).Body)
		got := map[bool]string{strings.Contains(body, `type="password"`): "asks", strings.Contains(body, `id="steps"`): "steps", strings.Contains(body, `id="done"`): "done"}[true]
		if got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	invitation := get(t, "https://setup.example.com/i/"+testKeys.Seal(invite.Setup, addressOfAnna, noon.Add(1)))
	contains(t, invitation, `id="device"`)
}

// TestTheEnd pins what a person does last.
func TestTheEnd(t *testing.T) {
	page := get(t, "https://setup.example.com"+pageOf(invite.Page)+"?device=iphone&app=outlook-mobile&done=1")
	contains(t, page, "Send yourself a message from the app, to anna@example.com.", `href="https://webmail.example.com/"`, `<button name="app" value="outlook-mobile"`, "What does your app say?", "/code.svg")
	contains(t, page, `?app=outlook-mobile&amp;device=iphone&amp;lang=en#print">Print your settings on one sheet</a>`)
	lacks(t, page, `id="steps"`)
	contains(t, get(t, "https://setup.example.com"+pageOf(invite.Page)+"?app=outlook-mobile&device=iphone"), `<p id="print"`)
}

// TestEveryStepPageHasItsLink pins the link beside the QR code, for every device, on the
// page at the end and on that of an invitation.
func TestEveryStepPageHasItsLink(t *testing.T) {
	const origin = "https://setup.example.com"
	for _, d := range devices() {
		for _, path := range []string{pageOf(invite.Page), "/i/" + testKeys.Seal(invite.Setup, addressOfAnna, noon.Add(1))} {
			contains(t, get(t, origin+path+"?device="+d.id), `<img class="code" src="`+path+`/code.svg"`, `<code class="value">`+origin+path+`</code>`)
		}
	}
	end := pageOf(invite.Page)
	contains(t, get(t, origin+end+"?done=1"), `<code class="value">`+origin+end+`</code>`)
}

// TestStepsCanBeTickedOff pins that each step has a box with a name of its own.
func TestStepsCanBeTickedOff(t *testing.T) {
	page := get(t, "https://setup.example.com"+pageOf(invite.Page)+"?app=thunderbird")
	contains(t, page, `<input type="checkbox" class="tick" aria-label="Step 1 is done">`, `aria-label="Step 3 is done"`)
}

// TestAnIPadIsNoMac pins what a person reads whose browser does not say what it runs on.
func TestAnIPadIsNoMac(t *testing.T) {
	contains(t, get(t, "https://setup.example.com"+pageOf(invite.Page)+"?device=mac"), `<p class="hint screen ipad">Is this an iPad?`)
	lacks(t, get(t, "https://setup.example.com"+pageOf(invite.Page)+"?device=iphone"), "Is this an iPad?")
}

// TestAnAppPasswordIsOfferedWithEveryPassword finds the link on the steps and beside the
// check, before anything was refused.
func TestAnAppPasswordIsOfferedWithEveryPassword(t *testing.T) {
	const link = `href="https://example.com/passwords"`
	contains(t, get(t, "https://setup.example.com"+pageOf(invite.Page)+"?app=thunderbird"), link)
	contains(t, post(t, testPage(&verifier{}), "/", "", "email", "anna@example.com"), `type="password"`, link)
}

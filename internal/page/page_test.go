package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/settings"
)

var noon = time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)

// house answers for example.com with everything, and for pop.example with POP3
// and no calendars.
func logo(data string) settings.Logo {
	l, err := settings.ParseLogo(data)
	if err != nil {
		panic(err)
	}
	return l
}

type house struct{}

func service(p settings.Protocol, port uint16, s settings.Security) settings.Service {
	return settings.Service{Protocol: p, Host: "mail.example.com", Port: port, Security: s, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func (house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	mail := []settings.Service{
		service(settings.IMAP, 993, settings.TLS), service(settings.IMAP, 143, settings.STARTTLS), service(settings.POP3, 110, settings.Plaintext),
		service(settings.Submission, 465, settings.TLS), service(settings.Submission, 587, settings.STARTTLS), service(settings.Submission, 25, settings.STARTTLS),
	}
	p := &settings.Provider{
		ID: "example", Name: "Example & Sons", Names: map[string]string{"de": "Beispiel & Söhne"}, HelpURL: "https://help.example.com/",
		WebmailURL:     "https://webmail.{domain}/",
		AppPasswordURL: "https://example.com/passwords",
		Services:       append(mail, settings.Service{Protocol: settings.CalDAV, URL: "https://dav.example.com/", Login: "{local}", Auth: []settings.Auth{settings.Password}}),
		Brand:          settings.Brand{Color: "#ffd700", Logo: logo("<svg/>"), LogoDark: logo("<svg fill='white'/>")},
	}
	switch q.Domain {
	case "example.com":
	case "pop.example":
		p = &settings.Provider{ID: "pop", Name: "Pop", Services: []settings.Service{service(settings.POP3, 995, settings.TLS), service(settings.Submission, 465, settings.TLS)}}
	case "xn--bcher-kva.example":
	case "named.example": // a customer under the logo of the provider
		own := *p
		own.Name, own.Names, own.Brand.LogoDark = "Named Ltd", nil, settings.Logo{}
		own.NameLogo(p)
		p = &own
	case "old.example":
		moved := address.Address{Local: q.Address.Local, Domain: "example.com"}
		return settings.Settings{Provider: p, Domain: q.Domain, Canonical: "example.com", MovedTo: "example.com", Address: moved}, nil
	case "left.example":
		return settings.Settings{}, &settings.MovedError{To: settings.Redirect{URL: "https://elsewhere.example/autodiscover/autodiscover.xml"}}
	case "down.example":
		return settings.Settings{}, settings.Errorf(settings.Unavailable, "the settings not available at the moment")
	default:
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	return settings.Settings{Provider: p, Domain: q.Domain, Canonical: q.Domain, Address: q.Address}, nil
}

// verifier returns the verdict that the password names.
type verifier struct{ asked []string }

func (v *verifier) Verify(_ context.Context, s settings.Settings, password string) Verdict {
	v.asked = append(v.asked, s.Address.String())
	return Verdict(password)
}

var testKeys = invite.RandomKeys()

func testPage(v Verifier) dialect.Dialect {
	return New(Options{Resolver: house{}, Tokens: testKeys, Verify: v, Now: testNow})
}

func testNow() time.Time { return noon }

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"

// ask sends a request to the endpoint of its path and method.
func ask(t *testing.T, p dialect.Dialect, r *http.Request) (dialect.Response, error) {
	t.Helper()
	for _, e := range p.Endpoints {
		pattern := regexp.MustCompile("^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(e.Path), "([^/]*)") + "$")
		found := pattern.FindStringSubmatch(r.URL.Path)
		if found == nil || e.Methods[0] != r.Method {
			continue
		}
		if len(found) > 1 {
			_, param, _ := strings.Cut(e.Path, "{")
			param, _, _ = strings.Cut(param, "}")
			r.SetPathValue(param, found[1])
		}
		return e.Serve(r)
	}
	t.Fatalf("nobody answers %s %s", r.Method, r.URL)
	return dialect.Response{}, nil
}

func get(t *testing.T, target string) dialect.Response {
	t.Helper()
	return served(t, testPage(nil), httptest.NewRequest(http.MethodGet, target, nil))
}

// served returns the page that answers a request, which may come with an error.
func served(t *testing.T, p dialect.Dialect, r *http.Request) dialect.Response {
	t.Helper()
	resp, err := ask(t, p, r)
	if resp.Status == 0 {
		t.Fatal(err)
	}
	if (err != nil) != (resp.Status >= 400) {
		t.Errorf("status %d with the error %v", resp.Status, err)
	}
	return resp
}

func post(t *testing.T, p dialect.Dialect, path, userAgent string, fields ...string) dialect.Response {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "https://setup.example.com"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", userAgent)
	resp := served(t, p, r)
	if resp.Status != http.StatusSeeOther {
		return resp
	}
	r = httptest.NewRequest(http.MethodGet, "https://setup.example.com"+locationOf(resp), nil)
	r.Header.Set("User-Agent", userAgent)
	return served(t, p, r)
}

// locationOf returns what a browser requests after a redirect.
func locationOf(resp dialect.Response) string {
	to, _, _ := strings.Cut(resp.Header.Get("Location"), "#")
	return to
}

// pageOf returns the path of the page of anna at example.com.
func pageOf(p invite.Purpose) string {
	return "/s/" + testKeys.SealPage(p, address.Address{Local: "anna", Domain: "example.com"}, noon)
}

var addressOfAnna = address.Address{Local: "anna", Domain: "example.com"}

// settingsOf returns the settings of anna at a domain.
func settingsOf(t *testing.T, d address.Domain) settings.Settings {
	t.Helper()
	s, err := house{}.Resolve(t.Context(), settings.Query{Domain: d, Address: address.Address{Local: "anna", Domain: d}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rendered(t *testing.T, s settings.Settings, c Choice) string {
	t.Helper()
	body, err := Render(i18n.All(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// whole returns a page without the places where a value may break.
func whole(page string) string { return strings.ReplaceAll(page, "<wbr>", "") }

func contains(t *testing.T, page dialect.Response, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(whole(string(page.Body)), want) {
			t.Errorf("the page has no %s:\n%s", want, page.Body)
		}
	}
}

func lacks(t *testing.T, page dialect.Response, unwanted ...string) {
	t.Helper()
	for _, text := range unwanted {
		if strings.Contains(string(page.Body), text) {
			t.Errorf("the page has %s:\n%s", text, page.Body)
		}
	}
}

func TestTheFirstPage(t *testing.T) {
	page := get(t, "/")
	contains(t, page, `<html lang="en">`, `<input id="email" name="email" type="email"`)
	if resp := get(t, "/?lang=de"); !strings.Contains(string(resp.Body), `<html lang="de">`) {
		t.Error("the language cannot be chosen")
	}
}

// TestTheFirstPageIsThatOfTheProvider opens it under the names that lead there.
func TestTheFirstPageIsThatOfTheProvider(t *testing.T) {
	for host, branded := range map[string]bool{
		"setup.example.com": true, "example.com": true, "setup.example.com:8443": true,
		"a.b.example.com": false, "unknown.example": false, "down.example": false, "192.0.2.1:8080": false, "[::1]": false, "": false, "a b": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		page, err := ask(t, testPage(nil), r)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(page.Body), `<img class="logo" src="/assets/brand/example.com.logo" alt="Example &amp; Sons">`); got != branded {
			t.Errorf("%s: its looks are those of the provider: %t", host, got)
		}
	}
	invitation := get(t, "https://setup.example.com/i/nonsense?lang=de")
	contains(t, invitation, `alt="Beispiel &amp; Söhne"`, `href="/assets/brand/example.com.css"`)
}

func TestAnIPhoneIsRecognisedAndGetsTheProfile(t *testing.T) {
	page := post(t, testPage(nil), "/", iPhone, "email", " Anna@EXAMPLE.com ")
	contains(t, page,
		"Example &amp; Sons", `iPhone or iPad <small>(recognised)</small></button>`, `iPhone or iPad</span><span class="change">change</span>`,
		`<button name="app" value="apple-mail-ios" aria-current="true">`, `action="/p/`, "The profile sets up mail and calendars in one go.",
		`/code.svg" loading="lazy"`, `<code class="value">https://dav.example.com/</code>`, `<code class="value">Anna</code>`,
		`href="https://help.example.com/"`, `href="https://webmail.example.com/"`, `src="/assets/brand/example.com.logo"`, `href="/assets/brand/example.com.css"`,
	)
	lacks(t, page, "CardDAV", `/password"`)
}

func TestStepsWithOnesOwnValues(t *testing.T) {
	for _, tc := range []struct {
		name, userAgent, address, device, app string
		wants, lacks                          []string
	}{
		{"Thunderbird on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "anna@example.com", "", "thunderbird",
			[]string{`value="windows" aria-current="true"`, "port</span> <code class=\"value\">993</code>", "port</span> <code class=\"value\">465</code>", "Thunderbird finds the servers"}, []string{`action="/p/`}},
		{"an app decides for its device", "", "anna@example.com", "", "kmail", []string{`value="linux" aria-current="true"`}, nil},
		{"a printer needs no incoming mail", "", "anna@example.com", "printer", "", []string{"Scan to e-mail", "<code class=\"value\">465</code>"}, nil},
		{"POP3 where there is nothing else", "", "anna@pop.example", "linux", "thunderbird", []string{`<span class="label">protocol</span> <strong>POP3</strong>`, `<code class="value">995</code>`}, []string{"On the Network", "CardDav Address Book"}},
		{"nothing is known of the device", "curl/8", "anna@example.com", "", "", []string{"Your device"}, []string{"Your app", `aria-current="true">iPhone`}},
		{"a device that nobody has", iPhone, "anna@example.com", "toaster", "bread", []string{"Your device"}, []string{"Your app"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			page := post(t, testPage(nil), "/", tc.userAgent, "email", tc.address, "device", tc.device, "app", tc.app)
			contains(t, page, tc.wants...)
			lacks(t, page, tc.lacks...)
		})
	}
}

// TestEveryAppInEveryLanguage renders all of them for a provider that offers
// everything and for one that offers little, and looks for placeholders that
// were left over.
func TestEveryAppInEveryLanguage(t *testing.T) {
	left := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, c := range i18n.All().Languages() {
		for _, app := range Apps() {
			for _, domain := range []address.Domain{"example.com", "pop.example"} {
				s := settingsOf(t, domain)
				body := rendered(t, s, Choice{Language: c.Language, App: app})
				if pick(s.Services()).supports(app, c) && (!strings.Contains(body, `value="`+app+`" aria-current="true"`) || !strings.Contains(body, `<ol class="steps">`)) {
					t.Errorf("%s, %s: no steps", c.Language, app)
				}
				_, body, _ = strings.Cut(body, "<body") // the script before it has one of its own
				if found := left.FindString(strings.ReplaceAll(body, `data-label="`+c.Text("copy.label")+`"`, "")); found != "" {
					t.Errorf("%s, %s: %s is left over", c.Language, app, found)
				}
			}
		}
	}
}

func TestTheTableOfAllSettings(t *testing.T) {
	page := post(t, testPage(nil), "/", "", "email", "anna@example.com")
	var got []string
	row := regexp.MustCompile(`<tr class="(\w+)"><th scope="row">(.*?) <span class="rank">.*?</span></th>(?:<td(?: colspan="2")? data-label="Server:"><code class="value">(.*?)</code></td>)(?:<td data-label="Port:"><code class="value">(\d+)</code></td>)?`)
	for _, m := range row.FindAllStringSubmatch(whole(string(page.Body)), -1) {
		got = append(got, strings.Join(m[1:], " | "))
	}
	want := []string{
		"recommended | Incoming mail (IMAP) | mail.example.com | 993",
		"alternative | Incoming mail (IMAP) | mail.example.com | 143",
		"recommended | Outgoing mail (SMTP) | mail.example.com | 465",
		"alternative | Outgoing mail (SMTP) | mail.example.com | 587",
		"discouraged | Outgoing mail (SMTP) | mail.example.com | 25",
		"recommended | Calendars (CalDAV) | https://dav.example.com/ | ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestProblemsAreSaidOnThePage(t *testing.T) {
	for _, tc := range []struct {
		email  string
		status int
		want   string
	}{
		{"anna@unknown.example", 404, "We do not know the domain of this address"},
		{"anna@down.example", 503, "not available at the moment"},
		{"anna", 400, "That is not a complete email address."},
		{"", 400, "Enter your email address first."},
		{"anna\xff@example.com", 400, "anna\uFFFD@example.com"},
		{strings.Repeat("a", 5_000), 400, `value="` + strings.Repeat("a", 320) + `"`},
		{`"><script>alert(1)</script>@example.com`, 400, "&#34;&gt;&lt;script&gt;"},
	} {
		resp := post(t, testPage(nil), "/", "", "email", tc.email)
		if resp.Status != tc.status || !strings.Contains(string(resp.Body), tc.want) || strings.Contains(string(resp.Body), "<script>") {
			t.Errorf("%q: %d\n%s", tc.email, resp.Status, resp.Body)
		}
	}
}

// TestProblemsAreInOneLanguage pins that nothing of the English errors that a
// machine gets is on the page.
func TestProblemsAreInOneLanguage(t *testing.T) {
	for _, email := range []string{"anna", "anna@", "anna@@example.com", "an na@example.com", "anna@-example.com", strings.Repeat("a", 65) + "@example.com", "anna@192.0.2.1", "anna@down.example", "anna@unknown.example"} {
		page := post(t, testPage(nil), "/", "", "email", email, "lang", "de")
		contains(t, page, `role="alert"`)
		lacks(t, page, "the address", "the domain", "the part", "the settings")
	}
}

func TestCheckingAPassword(t *testing.T) {
	for verdict, want := range map[Verdict]string{
		Right: "That is the right password.", Unreachable: "cannot be reached", Unsupported: "cannot be checked here", Limited: "Too many attempts",
		Wrong: "may differ from the password of your customer account",
	} {
		v := &verifier{}
		resp := post(t, testPage(v), pageOf(invite.Page)+"/password", iPhone, "password", string(verdict))
		contains(t, resp, want, `class="verdict `+string(verdict)+`"`)
		if verdict == Wrong {
			contains(t, resp, `href="https://example.com/passwords"`)
		}
		if len(v.asked) != 1 || v.asked[0] != "anna@example.com" {
			t.Errorf("%s: asked about %v", verdict, v.asked)
		}
	}
}

func TestAPasswordIsNeverTakenOverPlainHTTP(t *testing.T) {
	v := &verifier{}
	r := httptest.NewRequest(http.MethodPost, "http://setup.example.com"+pageOf(invite.Page)+"/password", strings.NewReader("password=right"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := ask(t, testPage(v), r)
	if err != nil || len(v.asked) != 0 {
		t.Fatalf("%v, asked about %v", err, v.asked)
	}
	resp = served(t, testPage(v), httptest.NewRequest(http.MethodGet, "http://setup.example.com"+locationOf(resp), nil))
	contains(t, resp, "not opened over https")
	lacks(t, resp, `type="password"`, "right password")
}

func TestThePasswordStaysWhereItIs(t *testing.T) {
	resp := post(t, testPage(&verifier{}), pageOf(invite.Page)+"/password", "", "password", "wrong")
	lacks(t, resp, `value="wrong"`)
	if _, err := ask(t, testPage(nil), httptest.NewRequest(http.MethodPost, "https://setup.example.com"+pageOf(invite.Page)+"/password", strings.NewReader(""))); settings.KindOf(err) != settings.NotOffered {
		t.Errorf("where it is switched off: %v", err)
	}
}

// TestFormsOfOthers pins that no other site can make a browser try passwords.
func TestFormsOfOthers(t *testing.T) {
	for _, path := range []string{"/", pageOf(invite.Page) + "/password"} {
		v := &verifier{}
		r := httptest.NewRequest(http.MethodPost, "https://setup.example.com"+path, strings.NewReader("email=anna%40example.com&password=right"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := ask(t, testPage(v), r)
		if settings.KindOf(err) != settings.Forbidden || !strings.Contains(err.Error(), "sent from another page") || resp.Status != 0 || len(v.asked) != 0 {
			t.Errorf("%s: %v, %d, asked about %v", path, err, resp.Status, v.asked)
		}
	}
}

// TestWhoSendsAForm pins that forms are taken from every browser, over http and without
// Sec-Fetch-Site too, and from no other site.
func TestWhoSendsAForm(t *testing.T) {
	for _, tc := range []struct {
		name    string
		headers map[string]string
		taken   bool
	}{
		{"a browser of today", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://setup.example.com"}, true},
		{"an address that was typed", map[string]string{"Sec-Fetch-Site": "none"}, true},
		{"without Sec-Fetch-Site", map[string]string{"Origin": "http://setup.example.com"}, true},
		{"without both", nil, true},
		{"another site", map[string]string{"Origin": "http://evil.example"}, false},
		{"a site that hides its name", map[string]string{"Origin": "null"}, false},
		{"a neighbour", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://www.example.com"}, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://setup.example.com/", strings.NewReader("email=anna%40example.com"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range tc.headers {
			r.Header.Set(name, value)
		}
		resp, err := ask(t, testPage(nil), r)
		if taken := err == nil && resp.Status == http.StatusSeeOther; taken != tc.taken || !taken && settings.KindOf(err) != settings.Forbidden {
			t.Errorf("%s: %d, %v", tc.name, resp.Status, err)
		}
	}
}

// TestNothingFromElsewhere pins that the page needs no other server and no
// inline code, and that the address in it is not kept or passed on.
func TestNothingFromElsewhere(t *testing.T) {
	resp := post(t, testPage(&verifier{}), "/", iPhone, "email", "anna@example.com")
	for name, want := range map[string]string{
		"Cache-Control":           "no-store",
		"Referrer-Policy":         "same-origin",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if resp.Header.Get("Set-Cookie") != "" {
		t.Error("there is a cookie")
	}
	for _, m := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(string(resp.Body), -1) {
		if to := m[1]; !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "#") && to != "https://help.example.com/" && to != "https://webmail.example.com/" && to != "https://example.com/passwords" {
			t.Errorf("the page leads to %s", to)
		}
		if strings.Contains(m[1], "anna") {
			t.Errorf("the address is in a URL: %s", m[1])
		}
	}
	lacks(t, resp, "<style", " style=", "<script>", "javascript:", " onclick")
}

func TestBrand(t *testing.T) {
	css := get(t, "/assets/brand/example.com.css")
	style := string(get(t, "/assets/waymark.css").Body)
	if string(css.Body) != style+":root{--brand:#ffd700;--on-brand:#000}\n" || css.Header.Get("Cache-Control") != "no-cache" || css.ContentType != "text/css; charset=utf-8" {
		t.Errorf("%s, %s", css.ContentType, css.Body)
	}
	logo := get(t, "/assets/brand/example.com.logo")
	if string(logo.Body) != "<svg/>" || logo.ContentType != "image/svg+xml" || !strings.Contains(logo.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%+v", logo)
	}
	if dark := get(t, "/assets/brand/example.com.logo-dark"); string(dark.Body) != "<svg fill='white'/>" || !strings.Contains(dark.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%+v", dark)
	}
	page := get(t, "https://example.com/?lang=de")
	contains(t, page, `<source media="screen and (prefers-color-scheme: dark)" srcset="/assets/brand/example.com.logo-dark">`, `alt="Beispiel &amp; Söhne"`)
	lacks(t, page, `<p class="name">`)
	named := get(t, "https://named.example/?lang=de")
	contains(t, named, `<img class="logo" src="/assets/brand/named.example.logo" alt="Example &amp; Sons">`, `<p class="name">Named Ltd</p>`)
	lacks(t, named, "<source")
	for _, path := range []string{"pop.example.css", "pop.example.logo", "pop.example.logo-dark", "named.example.logo-dark", "unknown.example.css", "example.com.exe", "a b.css"} {
		if resp, err := ask(t, testPage(nil), httptest.NewRequest(http.MethodGet, "/assets/brand/"+url.PathEscape(path), nil)); err == nil {
			t.Errorf("%s: %s", path, resp.Body)
		}
	}
	for color, want := range map[string]string{"#000000": "#fff", "#ffffff": "#000", "#0b57d0": "#fff", "#ffd700": "#000", "#757575": "#fff", "#555555": "#fff"} {
		if got := string(stylesheet(color)); !strings.Contains(got, "--on-brand:"+want) {
			t.Errorf("text on %s: %s", color, got)
		}
	}
}

func TestAssets(t *testing.T) {
	for path, contentType := range map[string]string{
		"/assets/waymark.css": "text/css; charset=utf-8",
		"/assets/waymark.js":  "text/javascript; charset=utf-8",
		"/favicon.ico":        "image/x-icon",
		"/robots.txt":         "text/plain; charset=utf-8",
	} {
		if resp := get(t, path); resp.ContentType != contentType || len(resp.Body) == 0 || resp.ETag == "" {
			t.Errorf("%s: %+v", path, resp)
		}
	}
}

// TestNothingIsForSearchEngines: pages of people and their links must not be found.
func TestNothingIsForSearchEngines(t *testing.T) {
	if got, want := string(get(t, "/robots.txt").Body), "User-agent: *\nDisallow: /\n"; got != want {
		t.Errorf("robots.txt:\n%s\nwant:\n%s", got, want)
	}
}

// TestTheFirstPageIsSmall bounds what a phone with a bad connection loads.
func TestTheFirstPageIsSmall(t *testing.T) {
	total := len(post(t, testPage(&verifier{}), "/", iPhone, "email", "anna@example.com").Body)
	for _, path := range []string{"/assets/waymark.css", "/assets/waymark.js", "/favicon.ico"} {
		total += len(get(t, path).Body)
	}
	if total > 60_000 {
		t.Errorf("the page has %d bytes in all, want at most 60,000", total)
	}
}

func TestRecognise(t *testing.T) {
	for agent, want := range map[string]string{
		iPhone: "iphone",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8)":        "android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)": "mac",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)":       "windows",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0)":       "linux",
		"Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X)":   "iphone",
		"curl/8.5.0": "",
		"":           "",
	} {
		if got := recognise(agent); got != want {
			t.Errorf("%s: %s, want %s", agent, got, want)
		}
	}
}

func BenchmarkAssistant(b *testing.B) {
	s, err := house{}.Resolve(b.Context(), settings.Query{Domain: "example.com", Address: address.Address{Local: "anna", Domain: "example.com"}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := execute(newView(i18n.All(), s, Choice{Language: "en", Device: "iphone"})); err != nil {
			b.Fatal(err)
		}
	}
}

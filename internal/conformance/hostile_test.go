package conformance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/examples"
	"github.com/waymark-mail/waymark/internal/conformance"
)

// TestOtherServers runs every check against servers that answer anything at
// all. There is a verdict on each, and most of them are bad.
func TestOtherServers(t *testing.T) {
	answering := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write([]byte(body))
		}
	}
	const apple = "application/x-apple-aspen-config"
	list := func(inside string) string { return `<?xml version="1.0"?><plist version="1.0">` + inside + `</plist>` }
	for name, h := range map[string]http.HandlerFunc{
		"nothing":                  answering("", ""),
		"a page":                   answering("text/html", "<!doctype html><html><body>It works!</body></html>"),
		"an empty config":          answering("text/xml", `<?xml version="1.0"?><clientConfig/>`),
		"an empty provider":        answering("text/xml", `<?xml version="1.0"?><clientConfig><emailProvider><incomingServer/><incomingServer type="imap"/></emailProvider></clientConfig>`),
		"an empty Autodiscover":    answering("text/xml", `<?xml version="1.0"?><Autodiscover/>`),
		"an empty account":         answering("text/xml", `<?xml version="1.0"?><Autodiscover><Response><Account><Protocol/></Account><Error/></Response></Autodiscover>`),
		"an empty object":          answering("application/json", `{}`),
		"other types in an object": answering("application/json", `{"protocols":{"imap":{"host":[1]},"caldav":{"url":7},"submit":null},"Url":{},"ErrorCode":1}`),
		"an array":                 answering("application/json", `[[[]]]`),
		"an empty property list":   answering(apple, list("")),
		"an empty profile":         answering(apple, list("<dict/>")),
		"other types in a profile": answering(apple, list(`<dict><key>PayloadContent</key><array><string>x</string><dict><key>PayloadType</key><string>com.apple.mail.managed</string><key>IncomingMailServerPortNumber</key><string>993</string></dict></array><key>PayloadUUID</key><integer>1</integer></dict>`)),
		"an array for a profile":   answering(apple, list("<array/>")),
		"no signature":             answering(apple, "0\x82\x01\x00nothing"),
		"deep nesting":             answering("text/xml", strings.Repeat("<a>", 10_000)),
		"not UTF-8":                answering("text/xml", "<?xml version=\"1.0\"?><clientConfig>\xff</clientConfig>"),
		"no gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = fmt.Fprint(w, "x")
		},
		"redirects to itself": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) },
		"redirects to nowhere": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", ":")
			w.WriteHeader(http.StatusMovedPermanently)
		},
		"redirects to another port": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com:1"+r.URL.String(), http.StatusMovedPermanently)
		},
		"asks for a password": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := conformance.Run(t.Context(), serve(t, h, &pki{}), quick()...)
			if err != nil {
				t.Fatal(err)
			}
			if n := report.Count(conformance.Failed); n < 25 {
				t.Errorf("only %d checks failed: %+v", n, report)
			}
			for _, r := range report.Results {
				if (r.Verdict == conformance.Failed) != (len(r.Findings) > 0) || len(r.Findings) > 20 {
					t.Errorf("check %d %s with %d findings", r.Number, r.Verdict, len(r.Findings))
				}
				for _, f := range r.Findings {
					if len(f.Request)+len(f.Text) > 5000 {
						t.Errorf("check %d repeats too much: %.100s…", r.Number, f.Text)
					}
				}
			}
		})
	}
}

// TestServersThatAreNone asks servers whose answers cannot be read at all. A
// few checks of each kind are enough.
func TestServersThatAreNone(t *testing.T) {
	for name, tc := range map[string]struct {
		serve http.HandlerFunc
		found string
	}{
		"over a megabyte": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, strings.Repeat("x", 1<<20+1)) }, "the body is larger than 1048576 bytes"},
		"hangs up":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := conformance.Run(t.Context(), serve(t, tc.serve, &pki{}), 1, 6, 21, 31, 34, 38, 39)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Results {
				if r.Verdict != conformance.Failed || !strings.Contains(r.Findings[0].Text, tc.found) {
					t.Errorf("check %d %s: %q", r.Number, r.Verdict, r.Findings)
				}
			}
		})
	}
}

// TestSettingsThatOfferLess runs every check against settings that offer less
// or something else. What is not there is no finding.
func TestSettingsThatOfferLess(t *testing.T) {
	const bare = `
providers:
  one:
    services:
      - {protocol: imap, host: mail.example.com}
      - {protocol: submission, host: mail.example.com}
domains:
  example.com: {provider: one}
`
	login := strings.Replace(bare, "    services:", "    login: \"{local}.{domain}\"\n    services:", 1)
	for _, tc := range []struct {
		name, settings string
		with           func(*conformance.Target)
		notChecked     int
	}{
		{"the example that runs without a file", string(examples.Infomaniak()), nil, 0},
		{"imap and smtp alone", bare, nil, 0},
		{"STARTTLS alone", strings.ReplaceAll(bare, "mail.example.com}", "mail.example.com, security: starttls}"), nil, 39},
		{"another user name", login, func(t *conformance.Target) { t.Login = "{local}.{domain}" }, 39},
		{"no JSON", bare + "autodiscover: {json: false}\n", func(t *conformance.Target) { t.NoJSON = true }, 0},
		{"ActiveSync", strings.Replace(bare, "    services:", "    services:\n      - {protocol: activesync, url: \"https://eas.example.com/x\"}", 1), func(t *conformance.Target) { t.ActiveSync = true }, 0},
		{"Exchange Web Services", strings.Replace(bare, "    services:", "    autodiscover: {ews: true}\n    services:\n      - {protocol: ews, url: \"https://ex.example.com/EWS/Exchange.asmx\"}", 1), func(t *conformance.Target) { t.EWS = true }, 0},
		{"Exchange Web Services in autoconfig and JSON alone", strings.Replace(bare, "    services:", "    services:\n      - {protocol: ews, url: \"https://ex.example.com/EWS/Exchange.asmx\"}", 1), func(t *conformance.Target) { t.EWS = true }, 0},
		{"OAuth2 before the password", strings.Replace(bare, "    services:", "    auth: [oauth2, password]\n    oauth2: {issuer: \"https://login.example.com\", auth_url: \"https://login.example.com/a\", token_url: \"https://login.example.com/t\", scope: mail}\n    services:", 1), nil, 0},
		{"ports of one's own", strings.NewReplacer("imap, host: mail.example.com", "imap, host: mail.example.com, port: 10993, security: tls").Replace(bare), nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			pki := newPKI(t)
			target := serve(t, handler(t, tc.settings, pki.signer, zap.NewNop()), pki)
			target.IDN, target.MX, target.OutlookDAV, target.Zone = "", "", false, printedZone(t, tc.settings)
			if tc.with != nil {
				tc.with(&target)
			}
			report, err := conformance.Run(t.Context(), target, quick()...)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Results {
				if r.Verdict == conformance.Failed {
					t.Errorf("%02d %s: %q", r.Number, r.Sentence, r.Findings)
				}
				if r.Verdict == conformance.NotChecked && r.Number != tc.notChecked && r.Number != 17 && r.Number != 18 {
					t.Errorf("%02d %s: %s", r.Number, r.Verdict, r.Why)
				}
				if r.Number == tc.notChecked && !strings.Contains(r.Why, "PACC supports only") {
					t.Errorf("check %d %s: %s", r.Number, r.Verdict, r.Why)
				}
			}
		})
	}
}

// TestWhatIsNotKnownIsNotChecked leaves out what some checks need.
func TestWhatIsNotKnownIsNotChecked(t *testing.T) {
	pki := newPKI(t)
	h := handler(t, settings, pki.signer, zap.NewNop())
	whole := serve(t, h, pki)
	whole.Zone = zoneFor(t, h)
	toHTTPS := serve(t, redirects(at("/.well-known/autoconfig/mail/config-v1.1.xml"), func(r *http.Request) string { return "https://" + r.Host + r.URL.RequestURI() })(h), pki)
	for _, tc := range []struct {
		name       string
		leave      func(*conformance.Target)
		checks     []int
		notChecked []int
	}{
		{"https alone", func(t *conformance.Target) { t.HTTP = "" }, quick(), []int{5, 32}},
		{"http alone", func(t *conformance.Target) { t.HTTPS = "" }, quick(), []int{32}},
		{"http that leads to https", func(t *conformance.Target) { t.HTTPS, t.HTTP = "", toHTTPS.HTTP }, []int{5}, []int{5}},
		{"it answers for every domain", func(t *conformance.Target) { t.Unserved = "" }, []int{6, 18, 30}, []int{6, 30}},
		{"no international domain", func(t *conformance.Target) { t.IDN = "" }, []int{17}, []int{17}},
		{"no customer", func(t *conformance.Target) { t.Customer = "" }, []int{18}, []int{18}},
		{"no zone", func(t *conformance.Target) { t.Zone = "" }, []int{39, 40}, []int{39, 40}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			target := whole
			tc.leave(&target)
			report, err := conformance.Run(t.Context(), target, tc.checks...)
			if err != nil {
				t.Fatal(err)
			}
			var notChecked []int
			for _, r := range report.Results {
				switch r.Verdict {
				case conformance.NotChecked:
					notChecked = append(notChecked, r.Number)
				case conformance.Failed:
					t.Errorf("%02d: %q", r.Number, r.Findings)
				case conformance.Passed:
				}
			}
			if !slices.Equal(notChecked, tc.notChecked) {
				t.Errorf("not checked: %v, want %v", notChecked, tc.notChecked)
			}
		})
	}
}

// quick are the checks without the one that sends a hundred requests.
func quick() []int {
	var numbers []int
	for _, c := range conformance.All() {
		if c.Number != 20 {
			numbers = append(numbers, c.Number)
		}
	}
	return numbers
}

// TestTargetsThatAreNone requires an error that names a valid value, before
// anything is asked.
func TestTargetsThatAreNone(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	good := conformance.Target{HTTPS: "https://127.0.0.1:8443", Domain: "example.com"}
	for _, tc := range []struct {
		name  string
		spoil func(*conformance.Target)
		want  string
	}{
		{"no URL", func(t *conformance.Target) { t.HTTPS = "" }, "a base URL is needed, such as https://127.0.0.1:8443"},
		{"another scheme", func(t *conformance.Target) { t.HTTPS = "http://127.0.0.1" }, `"http://127.0.0.1" is not a base URL such as https://127.0.0.1:8443`},
		{"a path", func(t *conformance.Target) { t.HTTP = "http://127.0.0.1/x" }, `"http://127.0.0.1/x" is not a base URL such as http://127.0.0.1:8080`},
		{"no domain", func(t *conformance.Target) { t.Domain = "" }, "a domain that the server serves is needed"},
		{"a domain that is none", func(t *conformance.Target) { t.Domain = "a b" }, `"a b" is not a domain`},
		{"an address of another domain", func(t *conformance.Target) { t.Known = "anna@example.net" }, `"anna@example.net" is not an address of example.com`},
		{"no address", func(t *conformance.Target) { t.Unknown = "anna" }, `"anna" is not an address of example.com`},
		{"one mailbox for both", func(t *conformance.Target) { t.Unknown = "anna@example.com" }, "the known and the unknown mailbox are the same"},
		{"a profile without an address", func(t *conformance.Target) { t.Profile = "/profile" }, `"/profile" is not a path with {address}`},
		{"nobody there", func(t *conformance.Target) { t.HTTPS, t.HTTP = "", closed.URL }, "no server answers at " + closed.URL + ": "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target := good
			tc.spoil(&target)
			_, err := conformance.Run(t.Context(), target)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if _, err := conformance.Run(t.Context(), good, 41); err == nil || err.Error() != "there is no check 41; use 1 to 40" {
		t.Error(err)
	}
}

// TestNumbers pins the numbers of the checks, which people refer to.
func TestNumbers(t *testing.T) {
	sentences := map[string]bool{}
	for i, c := range conformance.All() {
		if c.Number != i+1 || c.Sentence == "" || sentences[c.Sentence] {
			t.Errorf("check %d at place %d: %s", c.Number, i+1, c.Sentence)
		}
		sentences[c.Sentence] = true
	}
	if len(sentences) != 40 {
		t.Errorf("there are %d checks", len(sentences))
	}
}

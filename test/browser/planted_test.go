package browser

import (
	"bytes"
	"crypto/tls"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/templates"
	"github.com/waymark-mail/waymark/test/programs"
)

// A check that finds nothing on our pages may be broken. Here every check gets pages
// with faults, which it must find.

// finds requires each of wants to be part of a finding. Without wants there must be
// no findings.
func finds(t *testing.T, findings []string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, want) }) {
			t.Errorf("no check found %q; the findings are %q", want, findings)
		}
	}
	if len(wants) == 0 && len(findings) > 0 {
		t.Errorf("unexpected findings: %q", findings)
	}
}

// TestPlantedFaults serves pages that each have one fault.
func TestPlantedFaults(t *testing.T) {
	type fault struct {
		body  string
		wants []string
	}
	const value = `<h1>Here</h1><p><code class="value">imap.example.com</code></p>`
	planted := map[string]fault{
		"sound":               {`<h1>Here</h1><p>Nothing is wrong. <label>Address <input type="text"></label></p>`, nil},
		"no label":            {`<h1>Here</h1><p><input type="text"></p>`, []string{"label: Form elements must have labels", "input-missing-label"}},
		"low contrast":        {`<h1>Here</h1><p class="pale">Who can read this?</p>`, []string{"color-contrast: "}},
		"tiny target":         {`<h1>Here</h1><p class="tiny"><button type="button">a</button><button type="button">b</button></p>`, []string{"target-size: "}},
		"inline script":       {`<h1>Here</h1><script>document.title = "changed"</script>`, []string{"console: ", "script-src"}},
		"inline style":        {`<h1 style="color: red">Here</h1>`, []string{"console: ", "style-src"}},
		"picture of others":   {`<h1>Here</h1><p><img src="https://elsewhere.example/pixel.png" alt="A pixel"></p>`, []string{"a request to https://elsewhere.example", "console: "}},
		"no alternative":      {`<h1>Here</h1><p><img src="/logo.svg"></p>`, []string{"image-alt: ", "wcag/h37"}},
		"missing file":        {`<h1>Here</h1><p><img src="/missing.svg" alt="A logo"></p>`, []string{"404 for /missing.svg"}},
		"too wide":            {`<h1>Here</h1><p class="wide">Wide</p>`, []string{"500 px wide in a window of 320 px, because of <p class=\"wide\">"}},
		"too heavy":           {`<h1>Here</h1><p><img src="/heavy.svg" alt="A heavy picture"></p>`, []string{"want at most 30000"}},
		"always dark":         {`<h1>Here</h1><p class="night">Night</p>`, []string{`the page is "dark", want "light"`}},
		"a cookie":            {`<h1>Here</h1>`, []string{"the cookie visitor"}},
		"a memory":            {`<h1>Here</h1><script src="/remember.js"></script>`, []string{"keeps visitor in the browser"}},
		"a broken script":     {`<h1>Here</h1><script src="/broken.js"></script>`, []string{"a script failed: "}},
		"a dialogue":          {`<h1>Here</h1><script src="/ask.js"></script>`, []string{"a dialogue: Sure?"}},
		"an address in a URL": {`<h1>Here</h1><p><img src="/logo.svg?email=anna@example.com" alt="A logo"></p>`, []string{"an address in the URL /logo.svg"}},
		"an unclosed list":    {`<h1>Here</h1><ul><p>No item</p></ul>`, []string{"element-permitted-content", "list: "}},
		"a button on paper":   {`<h1>Here</h1><p><button type="button" class="always">Press</button></p>`, []string{"a button is on paper"}},
		"a copy":              {value + `<script src="/waymark.js"></script>`, nil},
		"a wrong copy":        {value + `<script src="/wrong.js"></script>`, []string{`the clipboard is "imap.example.org", want "imap.example.com"`}},
		"no copy":             {value, []string{"locator.click: Timeout"}},
	}
	script, err := templates.Files.ReadFile("waymark.js")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][2]string{
		"/page.css": {"text/css", "body{margin:0;background:#fff;color:#000}.pale{color:#ccc}.wide{width:500px;margin:0}body:has(.night){background:#000;color:#fff}" +
			".tiny button{padding:0;border:0;width:10px;height:10px;font-size:10px}.copy{width:24px;height:24px}@media print{button:not(.always){display:none}}"},
		"/logo.svg":    {"image/svg+xml", logo},
		"/heavy.svg":   {"image/svg+xml", logo + strings.Repeat("<!-- heavy -->", mostBytes/10)},
		"/remember.js": {"text/javascript", "localStorage.setItem('visitor', '1')"},
		"/broken.js":   {"text/javascript", "nothing.there()"},
		"/ask.js":      {"text/javascript", "confirm('Sure?')"},
		"/waymark.js":  {"text/javascript", string(script)},
		"/wrong.js":    {"text/javascript", strings.Replace(string(script), "writeText(text)", "writeText('imap.example.org')", 1)},
	}
	id := authority().Server(setupHost)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'")
		name := r.URL.Path[1:]
		if file, ok := files[r.URL.Path]; ok {
			w.Header().Set("Content-Type", file[0])
			_, _ = w.Write([]byte(file[1]))
			return
		}
		f, ok := planted[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if name == "a cookie" {
			http.SetCookie(w, &http.Cookie{Name: "visitor", Value: "1"})
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
			"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Here</title>\n" +
			"<link rel=\"stylesheet\" href=\"/page.css\">\n</head>\n" +
			"<body data-copy=\"Copy\" data-copied=\"Copied\" data-label=\"Copy {value}\">\n<main>" + f.body + "</main>\n</body>\n</html>\n"))
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{id.TLS()}}
	server.StartTLS()
	t.Cleanup(server.Close)

	s := newScripts(t)
	s.lead(server.Listener.Addr().String(), id)
	s.input["texts"] = catalogues(i18n.Formal)
	s.input["providers"] = map[string]string{}
	s.input["patience"] = 3000 // ms
	s.run(t, "planted.mjs", map[string]any{"planted": slices.Sorted(maps.Keys(planted))}, func(t *testing.T, l looked) {
		findings := l.Findings
		if heavy := l.Weight.heavy(); heavy != "" {
			findings = append(findings, heavy)
		}
		finds(t, findings, planted[l.Name].wants...)
	})
}

// TestASlowPageIsFound measures a page that takes too long.
func TestASlowPageIsFound(t *testing.T) {
	programs.OnlyInTestAll(t, "measures time, which a busy machine disturbs")
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-time.After(2 * slowest)
		}
	}))
	t.Cleanup(server.Close)
	for path, want := range map[string]bool{"/fast": false, "/slow": true} {
		took := quickest(2, slowest, func() time.Duration { return wait(t, server.Client(), server.URL+path, nil) })
		if got := took > slowest; got != want {
			t.Errorf("%s takes %v; is it slow? %t", path, took, got)
		}
	}
}

// faultsAreFound expects what our pages do not do.
func (p *pages) faultsAreFound(t *testing.T) {
	t.Run("other words", func(t *testing.T) {
		p.run(t, "walk.mjs", map[string]any{
			"texts": p.altered(t, "page.title", "page.skip", "page.greeting", "problem.unknown", "problem.expired", "problem.invalid", "settings.tls"),
			"walks": []any{map[string]any{
				"name": "walk", "device": "iphone", "userAgent": devices[1].userAgent, "apps": []string{"gmail-android", "thunderbird-android"},
				"language": "en", "other": "de", "scheme": "dark", "width": 1280, "scripts": true, "address": "anna@example.com",
				"invitation": p.invitation(t, "bert@example.com", time.Hour), "expired": p.invitation(t, "bert@example.com", -time.Hour),
			}},
		}, func(t *testing.T, l looked) {
			finds(t, l.Findings, "the heading of the first page is ", "the first stop of the keyboard is ", "the problem is ", "the device is ",
				"the recommended row lacks ", "the invitation lacks ", "the expired invitation is ", "the address of the expired invitation is ", "the altered invitation is ")
		})
		p.run(t, "password.mjs", map[string]any{
			"texts": p.altered(t, "verify.right", "verify.wrong", "verify.hint_case"), "rightPassword": rightPassword,
			"visits": []any{map[string]any{"name": "password", "language": "en", "address": "carl@tried.example", "userAgent": devices[3].userAgent}},
		}, func(t *testing.T, l looked) {
			finds(t, l.Findings, "the verdict on a wrong one is ", "what helps lacks ", "the verdict on the right one is ")
		})
		p.run(t, "axe.mjs", map[string]any{
			"texts":  p.altered(t, "page.lead"),
			"visits": []any{map[string]any{"name": "kind of page", "language": "en", "says": "page.lead", "looks": []any{}}},
		}, func(t *testing.T, l looked) {
			finds(t, l.Findings, "the page lacks ")
		})
		p.run(t, "apps.mjs", map[string]any{
			"apps": []string{"printer", "pigeon"}, "visits": []any{map[string]any{"name": "app", "language": "en", "address": "anna@example.com"}},
		}, func(t *testing.T, l looked) {
			finds(t, l.Findings, "nobody can choose pigeon")
		})
	})
	t.Run("flow", func(t *testing.T) {
		p.run(t, "matrix.mjs", map[string]any{
			"voices": map[string]any{"formal": p.altered(t, "done.title")},
			"flows": []any{map[string]any{
				"name": "flow", "address": "anna@tried.example", "userAgent": devices[3].userAgent, "device": "windows", "app": "outlook-new", "apple": false,
				"phone": true, "width": 320, "height": 200, "language": "en", "voice": "formal", "scheme": "light", "scripts": true, "way": "http",
			}},
		}, func(t *testing.T, l looked) {
			finds(t, l.Findings, "what to do first on the first page is at ", "a password is asked for over http", "the end is ")
			finds(t, otherVoice([]string{"Tippen Sie auf „Weiter“.", "Gib dein Passwort ein."}, "de", "formal"), `the informal word "Gib"`)
		})
	})
	t.Run("profiles", func(t *testing.T) {
		profile := p.fetch(t, "en", http.StatusOK, "/profile.mobileconfig", url.Values{"email": {"anna@example.com"}})
		finds(t, p.profileFaults(t, profile, "anna@example.com"))
		finds(t, p.profileFaults(t, profile, "bert@example.com"), "EmailAddress", "IncomingMailServerUsername", "OutgoingMailServerUsername")
		altered := bytes.Replace(profile, []byte("imap.example.com"), []byte("imap.example.org"), 1)
		finds(t, p.profileFaults(t, altered, "anna@example.com"), "openssl: ")
	})
	t.Run("codes", func(t *testing.T) {
		blank := image.NewRGBA(image.Rect(0, 0, 200, 200))
		draw.Draw(blank, blank.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		var picture bytes.Buffer
		if err := png.Encode(&picture, blank); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "blank.png")
		if err := os.WriteFile(file, picture.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if link, err := p.read(t, file); err == nil {
			t.Errorf("zbarimg reads %q in a blank picture", link)
		}
	})
	t.Run("log", func(t *testing.T) {
		log := &programs.Log{}
		if _, err := io.WriteString(log, "{\"address\":\"anna@example.com\"}\n{}\n"); err != nil {
			t.Fatal(err)
		}
		finds(t, log.Lines("anna"), "anna@example.com")
		finds(t, log.Lines("bert"))
	})
}

// altered returns the catalogues with other words for some keys of English.
func (p *pages) altered(t *testing.T, keys ...string) map[string]map[string]string {
	t.Helper()
	all := catalogues(i18n.Formal)
	for _, key := range keys {
		if all["en"][key] == "" {
			t.Fatalf("there is no text %s", key)
		}
		all["en"][key] = "Something else"
	}
	return all
}

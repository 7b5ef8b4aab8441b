package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/test/programs"
)

// The devices that people come with, and what their browsers call themselves.
var devices = []struct {
	id, userAgent string
	apps          []string // the usual one, and another
}{
	{"iphone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1", []string{"apple-mail-ios", "outlook-mobile"}},
	{"android", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile Safari/537.36", []string{"gmail-android", "thunderbird-android"}},
	{"mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", []string{"apple-mail-macos", "thunderbird"}},
	{"windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0", []string{"outlook-new", "outlook-classic"}},
}

// longAddress is as long as they come in practice.
const longAddress = "maximiliane.mustermann-von-hohenstein@donaudampfschifffahrtsgesellschaftsverwaltung.example"

// TestPages walks through the pages of a running Waymark.
func TestPages(t *testing.T) {
	p := newPages(t, i18n.Formal)
	informal := newPages(t, i18n.Informal)
	t.Run("the whole way", p.theWholeWay)
	t.Run("every pair", func(t *testing.T) { p.everyPair(t, informal) })
	t.Run("for everybody", p.forEverybody)
	t.Run("a password is checked", p.aPasswordIsChecked)
	t.Run("an app password is shown once", p.anAppPasswordIsShownOnce)
	t.Run("four taps", p.fourTaps)
	t.Run("every app on a phone", p.everyAppOnAPhone)
	t.Run("on paper", p.onPaper)
	t.Run("codes", p.codes)
	t.Run("weight", p.weight)
	t.Run("first byte", p.firstByte)
	t.Run("markup", p.markup)
	t.Run("screenshots", p.screenshots)
	t.Run("a password is checked, informally", informal.aPasswordIsChecked)
	t.Run("nothing in the log", p.nothingInTheLog)
	t.Run("nothing in the log, informally", informal.nothingInTheLog)
	t.Run("faults are found", p.faultsAreFound)
}

type pages struct {
	*scripts
	*site
	languages []string
	zbarimg   string
}

// newPages starts the service, which speaks in a voice, and makes the scripts ready to
// visit it.
func newPages(t *testing.T, voice i18n.Voice) *pages {
	t.Helper()
	t.Setenv("PAGES_VOICE", string(voice))
	p := &pages{scripts: newScripts(t), zbarimg: programs.Need(t, "zbarimg", "zbar-tools")}
	p.site = start(t)
	p.languages = i18n.All().Tags()
	p.lead(p.HTTPS, p.identity)
	p.input["texts"] = catalogues(voice)
	p.input["providers"] = map[string]string{"en": "Example Mail", "de": "Beispielpost", "fr": "Courrier de Test", "it": "Posta Esempio", "es": "Correo Ejemplo"}
	return p
}

// catalogues returns the texts by language and key, for the scripts to compare the pages
// with.
func catalogues(voice i18n.Voice) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, c := range i18n.All().Speaking(voice, nil).Languages() {
		all[c.Language] = map[string]string{"language": c.Name()}
		for _, key := range c.Keys() {
			all[c.Language][key] = c.Text(key)
		}
	}
	return all
}

// theWholeWay walks through the pages with every device in every language. Widths,
// color schemes and browsers without scripts are spread so that each pair of values
// occurs at least once.
func (p *pages) theWholeWay(t *testing.T) {
	widths, schemes := []int{320, 390, 768, 1280}, []string{"light", "dark"}
	var walks []map[string]any
	addresses := map[string]string{} // by the name of the walk
	for d, device := range devices {
		for l, language := range p.languages {
			width, scheme, scripts := widths[(d+l)%4], schemes[(d/2+l)%2], (d+l/2)%2 == 0
			address := fmt.Sprintf("anna.%s.%s@example.com", device.id, language)
			name := fmt.Sprintf("%s, %s, %s, %d px, scripts %t", device.id, language, scheme, width, scripts)
			addresses[name] = address
			walks = append(walks, map[string]any{
				"name":   name,
				"device": device.id, "userAgent": device.userAgent, "apps": device.apps,
				"language": language, "other": p.languages[(l+1)%len(p.languages)],
				"scheme": scheme, "width": width, "scripts": scripts, "address": address,
				"invitation": p.invitation(t, address, 72*time.Hour), "expired": p.invitation(t, address, -time.Minute),
			})
		}
	}
	p.run(t, "walk.mjs", map[string]any{"walks": walks}, func(t *testing.T, l looked) {
		clean(t, l)
		isApple := strings.HasPrefix(l.Name, "iphone") || strings.HasPrefix(l.Name, "mac")
		switch file := l.Files["profile"]; {
		case file != "":
			profile, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p.verify(t, profile, addresses[l.Name])
		case isApple:
			t.Error("there is no profile")
		}
	})
}

// visits are every kind of page, in every language. Those that have most
// on them, or that everybody may meet, are looked at in every look, the others in two.
func (p *pages) visits(t *testing.T) []map[string]any {
	t.Helper()
	type look struct {
		Scheme string `json:"scheme"`
		Width  int    `json:"width"`
	}
	corners := []look{{"light", 320}, {"dark", 1280}}
	everyLook := append([]look{{"dark", 320}, {"light", 1280}}, corners...)
	var all []map[string]any
	for _, language := range p.languages {
		tried := "anna." + language + "@tried.example"
		for name, visit := range map[string]map[string]any{
			"start":           {"says": "page.lead"},
			"problem":         {"says": "problem.unknown", "address": "anna@elsewhere.example"},
			"invitation":      {"says": "choose.recognised", "path": p.invitation(t, "anna@example.com", time.Hour), "userAgent": devices[1].userAgent},
			"expired":         {"says": "problem.expired", "path": p.invitation(t, "anna@example.com", -time.Hour)},
			"iPhone":          {"says": "profile_page.ios_title", "address": "anna@example.com", "userAgent": devices[0].userAgent},
			"Windows":         {"says": "settings.oauth2", "address": "anna@example.com", "userAgent": devices[3].userAgent},
			"no device":       {"says": "choose.device", "address": "anna@example.com", "userAgent": "Unheard-of/1.0"},
			"POP3 and yellow": {"says": "settings.pop3", "address": "anna@little.example", "device": "printer"},
			"password":        {"says": "verify.lead", "address": "anna@example.com", "stays": true},
			"the end":         {"says": "done.title", "address": "anna@example.com", "userAgent": devices[0].userAgent, "done": true},
			"long names":      {"says": "profile_page.macos_title", "address": longAddress, "userAgent": devices[2].userAgent},
			"right password":  {"says": "verify.right", "address": tried, "password": rightPassword},
			"wrong password":  {"says": "verify.wrong", "address": tried, "password": "wrong", "userAgent": devices[1].userAgent},
			"a domain":        {"says": "domain.lead", "path": "/domain"},
			"wrong domain":    {"says": "domain.unknown", "path": "/domain?domain=elsewhere.example"},
			"own domain":      {"says": "domain.apps_lead", "path": "/domain?domain=example.com"},
			"no mail server":  {"says": "verify.unreachable", "address": "anna@gone.example", "password": "wrong"},
		} {
			visit["name"], visit["language"] = language+", "+name, language
			visit["looks"], visit["menu"] = corners, name == "invitation" || name == "start"
			if slices.Contains([]string{"start", "problem", "iPhone", "wrong password", "own domain"}, name) {
				visit["looks"] = everyLook
			}
			all = append(all, visit)
		}
	}
	return all
}

// forEverybody checks every kind of page for accessibility, in every language, light and dark, narrow and wide.
func (p *pages) forEverybody(t *testing.T) {
	p.run(t, "axe.mjs", map[string]any{"visits": p.visits(t)}, clean)
}

// aPasswordIsChecked tries a wrong password at the mail server, then the right
// one.
func (p *pages) aPasswordIsChecked(t *testing.T) {
	var visits []map[string]any
	for l, language := range p.languages {
		visits = append(visits, map[string]any{
			"name": language, "language": language, "address": "bert." + language + "@tried.example",
			"userAgent": devices[l%len(devices)].userAgent, "scripts": l%2 == 0,
		})
	}
	p.run(t, "password.mjs", map[string]any{"visits": visits, "rightPassword": rightPassword}, clean)
}

// fourTaps counts the taps on an iPhone until the password is in the clipboard and the
// profile is downloaded.
func (p *pages) fourTaps(t *testing.T) {
	visits := []map[string]any{{"name": "iPhone", "language": "en", "address": "dora@tried.example", "userAgent": devices[0].userAgent, "width": 390, "height": 844}}
	p.run(t, "taps.mjs", map[string]any{"visits": visits, "rightPassword": rightPassword}, clean)
}

// everyAppOnAPhone allows no steps that need sideways scrolling.
func (p *pages) everyAppOnAPhone(t *testing.T) {
	var visits []map[string]any
	for _, language := range p.languages {
		visits = append(visits, map[string]any{"name": language, "language": language, "address": longAddress})
	}
	p.run(t, "apps.mjs", map[string]any{"visits": visits, "apps": page.Apps()}, clean)
}

// onPaper checks that a printed invitation is complete.
func (p *pages) onPaper(t *testing.T) {
	var visits []map[string]any
	for _, language := range p.languages {
		visits = append(visits, map[string]any{
			"name": language, "language": language, "path": p.invitation(t, "anna@example.com", 72*time.Hour),
			"mailbox": "anna@example.com", "userAgent": devices[0].userAgent,
		})
	}
	p.run(t, "print.mjs", map[string]any{"visits": visits}, clean)
}

// nothingInTheLog allows no address in the log of all these requests.
func (p *pages) nothingInTheLog(t *testing.T) {
	p.fetch(t, "en", http.StatusOK, "/", url.Values{"email": {"anna@example.com"}})
	if p.Log.Next(`"route":"/"`, time.Minute) == "" { // it is written after the answer
		t.Fatalf("the log has no request for the page: %s", &p.Log)
	}
	for _, part := range []string{"anna", "bert", "dora", "@example.com", rightPassword} {
		for _, line := range p.Log.Lines(part) {
			t.Errorf("the log contains %s: %s", part, line)
		}
	}
}

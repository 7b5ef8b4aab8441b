package page

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// with returns settings for anna@example.com with these services.
func with(t *testing.T, services ...settings.Service) settings.Settings {
	t.Helper()
	s := settingsOf(t, "example.com")
	p := *s.Provider
	p.Services = services
	s.Provider = &p
	return s
}

// plainSteps returns the words of the section with the steps, without markup.
func plainSteps(t *testing.T, s settings.Settings, c Choice) string {
	t.Helper()
	body := rendered(t, s, c)
	_, body, found := strings.Cut(body, `<h2 id="steps" tabindex="-1">`)
	steps, _, ended := strings.Cut(body, `</section>`)
	if !found || !ended {
		t.Fatal("there are no steps")
	}
	words := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(steps, "")
	return regexp.MustCompile(`\s+([,.:])|\s+`).ReplaceAllStringFunc(words, func(space string) string {
		if mark := strings.TrimSpace(space); mark != "" {
			return mark
		}
		return " "
	})
}

func dav(p settings.Protocol, url string, login settings.Login) settings.Service {
	return settings.Service{Protocol: p, URL: url, Login: login, Auth: []settings.Auth{settings.Password}}
}

func local(s settings.Service) settings.Service {
	s.Login = "{local}"
	return s
}

// TestTheStepsSayTheRightValue pins the places where an app needs another word
// or another value than the table of all settings has.
func TestTheStepsSayTheRightValue(t *testing.T) {
	imap, smtp := service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS)
	imap143, smtp587 := service(settings.IMAP, 143, settings.STARTTLS), service(settings.Submission, 587, settings.STARTTLS)
	smtp25 := service(settings.Submission, 25, settings.STARTTLS)
	oauth := smtp
	oauth.Auth = []settings.Auth{settings.OAuth2}
	for _, tc := range []struct {
		name        string
		services    []settings.Service
		app         string
		wants, nots []string
	}{
		{"Gmail calls the encryption of port 465 SSL", []settings.Service{imap, smtp}, "gmail-web", []string{"port 465", "secured connection using SSL."}, []string{"SSL/TLS"}},
		{"and STARTTLS TLS", []settings.Service{imap, smtp587}, "gmail-web", []string{"port 587", "secured connection using TLS."}, []string{"STARTTLS"}},
		{"so does Samsung Email", []settings.Service{imap143, smtp}, "samsung-mail", []string{"security type TLS, port 143", "security type SSL, port 465"}, []string{"STARTTLS"}},
		{"Evolution has sentences for it", []settings.Service{imap, smtp587}, "evolution", []string{"encryption method “TLS on a dedicated port”", "encryption method “STARTTLS after connecting”"}, []string{"SSL/TLS"}},
		{"a switch is on", []settings.Service{imap143, smtp}, "apple-mail-ios", []string{"Use SSL on, server port 143"}, nil},
		{"and off without encryption", []settings.Service{service(settings.IMAP, 143, settings.Plaintext), smtp}, "apple-mail-ios", []string{"Use SSL off, server port 143", "Use SSL on, server port 465"}, nil},
		{"never port 25", []settings.Service{imap, smtp25, smtp587}, "thunderbird", []string{"port 587"}, []string{"port 25,"}},
		{"a password before a window to sign in", []settings.Service{imap, oauth, smtp587}, "thunderbird", []string{"port 587"}, []string{"port 465"}},
		{"a printer that is old", []settings.Service{imap, smtp, smtp25, smtp587}, "printer", []string{"port 465, encryption SSL/TLS", "STARTTLS only? Then use: server mail.example.com, port 587, encryption STARTTLS"}, []string{"993"}},
		{"which the provider has nothing for", []settings.Service{imap, smtp}, "printer", []string{"port 465"}, []string{"STARTTLS only"}},
		{"or has nothing else for", []settings.Service{imap, smtp587}, "printer", []string{"port 587, encryption STARTTLS"}, []string{"STARTTLS only"}},
		{"Outlook takes the address for the user name", []settings.Service{imap, smtp}, "outlook-classic", nil, []string{"as the user name"}},
		{"unless it is another one", []settings.Service{local(imap), smtp}, "outlook-classic", []string{"enter anna under File"}, nil},
		{"POP3 where there is nothing else", []settings.Service{service(settings.POP3, 995, settings.TLS), smtp}, "outlook-new", []string{"then POP3.", "port 995"}, []string{"IMAP"}},
		{"calendars and contacts at one place", []settings.Service{imap, smtp, dav(settings.CalDAV, "https://dav.example/", ""), dav(settings.CardDAV, "https://dav.example/", "")}, "davx5",
			[]string{"Base URL https://dav.example/"}, []string{"no contacts"}},
		{"and at two", []settings.Service{imap, smtp, dav(settings.CalDAV, "https://cal.example/", ""), dav(settings.CardDAV, "https://card.example/", "{local}")}, "davx5",
			[]string{"Base URL https://cal.example/, user name anna@example.com", "base URL https://card.example/, user name anna."}, nil},
		{"contacts alone", []settings.Service{imap, smtp, dav(settings.CardDAV, "https://card.example/", "")}, "davx5", []string{"Base URL https://card.example/"}, []string{"no contacts"}},
		{"Mail for Windows has ended", []settings.Service{imap, smtp}, "windows-mail", []string{"discontinued Mail for Windows at the end of 2024", "Open Outlook from the Start menu", "port 993"}, nil},
		{"Gmail no longer fetches", []settings.Service{imap, smtp}, "gmail-web", []string{"no longer fetches mail from other providers", "have Example &amp; Sons forward it to your Gmail address"}, []string{"993"}},
		{"where a password goes is said first", []settings.Service{imap, smtp}, "outlook-new", []string{"passes it on to Microsoft’s cloud"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for i := range tc.services {
				if tc.services[i].Login == "" {
					tc.services[i].Login = settings.LoginAddress
				}
			}
			steps := plainSteps(t, with(t, tc.services...), Choice{Language: "en", App: tc.app})
			for _, want := range tc.wants {
				if !strings.Contains(steps, want) {
					t.Errorf("no %q in\n%s", want, steps)
				}
			}
			for _, not := range tc.nots {
				if strings.Contains(steps, not) {
					t.Errorf("%q in\n%s", not, steps)
				}
			}
		})
	}
}

// TestAppsThatCannotBeSetUpAreNotOffered names those that would only lead
// people into a wall.
func TestAppsThatCannotBeSetUpAreNotOffered(t *testing.T) {
	pop, smtp := service(settings.POP3, 995, settings.TLS), service(settings.Submission, 465, settings.TLS)
	calendars := dav(settings.CalDAV, "https://dav.example/", settings.LoginAddress)
	for name, tc := range map[string]struct {
		services []settings.Service
		missing  []string
	}{
		"everything":   {[]settings.Service{service(settings.IMAP, 993, settings.TLS), smtp, calendars}, nil},
		"no calendars": {[]settings.Service{service(settings.IMAP, 993, settings.TLS), smtp}, []string{"davx5"}},
		"POP3":         {[]settings.Service{pop, smtp, calendars}, []string{"outlook-mobile", "gmail-ios", "delta-chat"}},
		"calendars only": {[]settings.Service{calendars}, []string{
			"android-mail", "delta-chat", "fairemail", "gmail-android", "gmail-ios", "gmail-web", "outlook-classic", "outlook-mac", "outlook-mobile",
			"outlook-new", "printer", "samsung-mail", "thunderbird-android", "windows-mail",
		}},
	} {
		var missing []string
		for _, app := range Apps() {
			body := rendered(t, with(t, tc.services...), Choice{Language: "en", App: app})
			if !strings.Contains(body, `name="app" value="`+app+`"`) {
				missing = append(missing, app)
			}
		}
		slices.Sort(missing)
		slices.Sort(tc.missing)
		if !slices.Equal(missing, tc.missing) {
			t.Errorf("%s: %v cannot be chosen, want %v", name, missing, tc.missing)
		}
	}
}

// TestCalendarsAlone pins that no step and no help is about mail where there is none.
func TestCalendarsAlone(t *testing.T) {
	s := with(t, dav(settings.CalDAV, "https://dav.example/", settings.LoginAddress))
	for app, first := range map[string]string{
		"apple-mail-macos": "Calendars: System Settings", "apple-mail-ios": "Calendars: Settings", "thunderbird": "Calendars: ≡", "davx5": "Tap the plus sign", "other": "Calendars (CalDAV)",
	} {
		steps := plainSteps(t, s, Choice{Language: "en", App: app})
		if !strings.Contains(steps, first) || strings.Contains(steps, "Add Account… › Other Mail") || strings.Contains(steps, "finds the servers") || strings.Contains(steps, "Open Mail") {
			t.Errorf("%s:\n%s", app, steps)
		}
		if body := rendered(t, s, Choice{Language: "en", App: app}); strings.Contains(body, `id="folders"`) {
			t.Errorf("%s: help about folders", app)
		}
	}
}

// TestFactsThatPeopleMiss pins facts that the guides of providers mention.
func TestFactsThatPeopleMiss(t *testing.T) {
	for _, c := range i18n.All().Languages() {
		for app, fact := range map[string]string{
			"outlook-mobile": "Outlook Lite", "gmail-web": "lias", "samsung-mail": " Samsung Email", "printer": " IP", "thunderbird": ">STARTTLS",
		} {
			body := rendered(t, settingsOf(t, "example.com"), Choice{Language: c.Language, App: app})
			if _, body, _ = strings.Cut(body, "<main"); !strings.Contains(body, fact) {
				t.Errorf("%s, %s: no %s", c.Language, app, fact)
			}
		}
	}
}

// TestTheTermsOfApps pins the glossary of encryption.
func TestTheTermsOfApps(t *testing.T) {
	var got []string
	for _, term := range terms(i18n.All().In("en")) {
		got = append(got, term.App+": "+term.TLS+" or "+term.STARTTLS)
	}
	for _, want := range []string{"Most apps: SSL/TLS or STARTTLS", "Samsung Email: SSL or TLS", "Evolution: “TLS on a dedicated port” or “STARTTLS after connecting”"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// TestWhatAnAppFindsComesFirst pins the order: the profile or the address alone,
// then the steps by hand, then the help for each error.
func TestWhatAnAppFindsComesFirst(t *testing.T) {
	for app, first := range map[string]string{"thunderbird": "Just enter your address", "apple-mail-ios": "Set up with a profile", "printer": "The servers are not found automatically here."} {
		steps := plainSteps(t, settingsOf(t, "example.com"), Choice{Language: "en", App: app})
		found, byHand, help := strings.Index(steps, first), strings.Index(steps, "Set up by hand"), strings.Index(steps, "Something not working?")
		if app == "printer" { // by hand is the only way
			if byHand >= 0 {
				t.Errorf("%s: the only way can be folded up", app)
			}
			byHand = found
		}
		if found < 0 || byHand < found || help < byHand {
			t.Errorf("%s: %q at %d, by hand at %d, help at %d", app, first, found, byHand, help)
		}
	}
}

// TestWhatTheAppSays pins the choice of errors: the most common one first, each with one
// fix, and the port of this mailbox's own services.
func TestWhatTheAppSays(t *testing.T) {
	help := regexp.MustCompile(`<details id="([a-z-]+)" name="help">`)
	for _, app := range Apps() {
		body := rendered(t, settingsOf(t, "example.com"), Choice{Language: "en", App: app})
		if !strings.Contains(body, `<a href="#help">Something not working?</a>`) || !strings.Contains(body, `id="help"`) {
			t.Errorf("%s: no link to the help", app)
		}
		var got []string
		for _, m := range help.FindAllStringSubmatch(body, -1) {
			got = append(got, m[1])
		}
		if want := []string{"connect", "wrong-password", "relay", "blocked", "busy", "code", "certificate", "send", "folders"}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", app, got, want)
		}
		for _, words := range []string{
			"without https://", `port <code class="value">143</code> with <strong>STARTTLS</strong> for incoming mail`, `outgoing mail, you can try port <code class="value">587</code>`,
			"error 535", "550 5.7.1", "error 573", "Error 421", "0x800", "warning about the certificate", "cannot be sent", "Folders are missing",
		} {
			if !strings.Contains(body, words) {
				t.Errorf("%s: no %q", app, words)
			}
		}
	}
	if body := rendered(t, settingsOf(t, "pop.example"), Choice{Language: "en", App: "thunderbird"}); strings.Contains(body, "the other port") {
		t.Error("a port that the provider does not have is an alternative")
	}
}

// TestTheFieldsOfAnApp pins that values are rows in the order of the app's form, as often
// as it has forms, and that a step without one of its values is left out.
func TestTheFieldsOfAnApp(t *testing.T) {
	text := func(s string) i18n.Item { return i18n.Item{Text: s} }
	list := func(all ...i18n.Item) i18n.Item { return i18n.Item{Items: all} }
	values := map[string]string{"in_host": "imap", "in_security": "TLS", "address": "anna"}
	for _, tc := range []struct {
		name string
		in   i18n.Item
		want string
	}{
		{"a sentence", text("Enter {address}."), "Enter anna."},
		{"one form", list(text("Incoming:"), list(list(text("server"), text("{in_host}")), text("your password")), text("Next.")), "Incoming:|server=imap|your password=|Next."},
		{"two forms", list(list(list(text("server"), text("{in_host}"))), text("Then:"), list(list(text("security"), text("{in_security}")))), "|server=imap|Then:|security=TLS|"},
		{"a sentence about something missing", text("Calendars: {caldav_url}."), ""},
		{"a field of something missing", list(text("Calendars:"), list(list(text("server"), text("{caldav_url}")))), ""},
	} {
		st, _ := newStep(tc.in, values)
		got := ""
		for _, p := range st {
			for _, w := range p.Words {
				got += w.Text
			}
			for _, f := range p.Fields {
				got += "|" + f.Label + "=" + f.Value.Text
			}
			if len(p.Fields) > 0 {
				got += "|"
			}
		}
		if got = strings.ReplaceAll(got, "||", "|"); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestAFieldIsALabelAndAValue pins the form of the steps in the catalogues: a sentence, or
// a list of sentences and of fields. A sentence does not name two values to copy for an
// app's form.
func TestAFieldIsALabelAndAValue(t *testing.T) {
	value := regexp.MustCompile(`^\{[a-z_]+\}$`)
	for _, c := range i18n.All().Languages() {
		for _, app := range Apps() {
			for i, step := range c.Items("apps." + app + ".steps") {
				for _, part := range append([]i18n.Item{step}, step.Items...) {
					if strings.Count(part.Text, "_host}")+strings.Count(part.Text, "_port}")+strings.Count(part.Text, "_login}") > 1 {
						t.Errorf("%s: step %d of %s has values in a sentence: %s", c.Language, i, app, part.Text)
					}
				}
				for _, part := range step.Items {
					for _, f := range part.Items {
						if f.Text == "" && (len(f.Items) != 2 || f.Items[0].Text == "" || !value.MatchString(f.Items[1].Text)) {
							t.Errorf("%s: step %d of %s: %+v is no label with a value", c.Language, i, app, f)
						}
					}
				}
			}
		}
	}
}

// TestOnlyAppsThatSignIn pins what a provider without passwords offers.
func TestOnlyAppsThatSignIn(t *testing.T) {
	imap, smtp := service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS)
	imap.Auth, smtp.Auth = []settings.Auth{settings.OAuth2}, []settings.Auth{settings.OAuth2}
	s := with(t, imap, smtp)
	for _, app := range Apps() {
		body := rendered(t, s, Choice{Language: "en", App: app})
		offered := strings.Contains(body, `name="app" value="`+app+`"`)
		if offered != slices.Contains(appsThatSignIn(), app) {
			t.Errorf("%s is offered: %t", app, offered)
		}
		if offered && (strings.Contains(body, "Set up by hand") || !strings.Contains(body, "sign in there")) {
			t.Errorf("%s: steps with a password", app)
		}
	}
}

// TestNothingIsAskedWhereThereIsOneApp allows no choice between one app and nothing. The
// form of the devices leads to the steps then.
func TestNothingIsAskedWhereThereIsOneApp(t *testing.T) {
	for app, asked := range map[string]bool{"printer": false, "thunderbird": true} {
		page := rendered(t, settingsOf(t, "example.com"), Choice{Language: "en", App: app})
		if got := strings.Contains(page, `<button name="app"`); got != asked {
			t.Errorf("%s: an app is asked for: %t", app, got)
		}
		if got := strings.Contains(page, `<section class="card" id="app" tabindex="-1"`); got == asked {
			t.Errorf("%s: #app is the card of the steps: %t", app, got)
		}
	}
}

// TestStepsInEveryLanguageHaveTheSameValues finds a value that got lost or came
// along in a translation.
func TestStepsInEveryLanguageHaveTheSameValues(t *testing.T) {
	value := regexp.MustCompile(`<code class="value">([^<]*)</code>`)
	values := func(language, app string) []string {
		var all []string
		for _, m := range value.FindAllStringSubmatch(whole(rendered(t, settingsOf(t, "example.com"), Choice{Language: language, App: app})), -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return all
	}
	for _, c := range i18n.All().Languages() {
		for _, app := range Apps() {
			if got, want := values(c.Language, app), values("en", app); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %v, want %v", c.Language, app, got, want)
			}
		}
	}
}

// TestOneWayToTheMailboxIsRecommended pins that no visitor is told to set up the same
// mailbox twice.
func TestOneWayToTheMailboxIsRecommended(t *testing.T) {
	imap, smtp := service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS)
	jmap := dav(settings.JMAP, "https://jmap.example/", settings.LoginAddress)
	activesync := dav(settings.ActiveSync, "https://eas.example/", settings.LoginAddress)
	for name, tc := range map[string]struct {
		services []settings.Service
		want     string
	}{
		"beside IMAP": {[]settings.Service{jmap, activesync, imap, smtp}, "imap recommended, submission recommended, jmap alternative, activesync alternative"},
		"by itself":   {[]settings.Service{jmap}, "jmap recommended"},
	} {
		s := with(t, tc.services...)
		var got []string
		for _, r := range rows(s, pick(s.Services()), i18n.All().In("en")) {
			got = append(got, string(r.protocol)+" "+r.Rank)
		}
		if have := strings.Join(got, ", "); have != tc.want {
			t.Errorf("%s: %s, want %s", name, have, tc.want)
		}
	}
}

package i18n

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/voices"
)

// isButton reports whether a text is on a button or a link. Italian has one form for
// them, which looks like a command to a friend.
func isButton(key string) bool {
	return slices.Contains([]string{
		"page.show", "page.skip", "copy.button", "copy.label", "verify.button", "verify.skip", "verify.copy", "verify.copy_download",
		"verify.reveal", "verify.hide", "verify.app_password", "profile_page.download", "handover.dav_title", "handover.caldav_title",
		"handover.carddav_title", "done.sheet", "done.back", "choose.change",
	}, key)
}

// TestVoices expects that a text with two voices has a word of its voice and none of
// the other, and that any other text has no word of either.
func TestVoices(t *testing.T) {
	for _, c := range All().Languages() {
		if c.Language == "en" {
			if c.content().custom != "" {
				t.Error("English has two voices")
			}
			continue
		}
		in := map[Voice]func(string) string{}
		for _, voice := range Voices() {
			in[voice] = voices.WordOf(c.Language, string(voice))
		}
		differing := 0
		for key := range c.content().texts {
			forms := c.content().forms(key)
			if len(forms) == 2 && forms[0] != forms[1] {
				differing++
			}
			for i, text := range forms {
				if c.Language == "it" && isButton(key) || key == "profile.description" { // the latter is about the profile
					continue
				}
				text = voices.WithoutLabels(text)
				for j, voice := range Voices() {
					found := in[voice](text)
					if want := len(forms) == 2 && i == j; (found != "") != want {
						t.Errorf("%s: %s has the %s word %q in %q", c.Language, key, voice, found, text)
					}
				}
			}
		}
		if differing < 100 {
			t.Errorf("%s: only %d texts differ", c.Language, differing)
		}
	}
}

// TestVoicesAreTold shows TestVoices a leak of each kind.
func TestVoicesAreTold(t *testing.T) {
	for _, tc := range []struct {
		language string
		voice    Voice
		text     string
		want     bool
	}{
		{"de", Formal, "Öffnen Sie Mail.", true},
		{"de", Formal, "Sobald ihr Passwort geprüft ist", false},
		{"de", Informal, "Dann wähle {in_protocol}.", true},
		{"de", Informal, "Tippen Sie auf „Wähle dein Konto“.", false},
		{"de", Informal, "Öffnen Sie Einstellungen › Dein Konto und gib es ein.", true},
		{"fr", Formal, "Puis touchez « Suivant ».", true},
		{"fr", Formal, "La boîte chez {provider}", false},
		{"fr", Informal, "Saisis ton nom", true},
		{"fr", Informal, "L’application envoie sans s’authentifier.", false},
		{"fr", Informal, "Saisissez {address}, et touche « Suivant ».", true},
		{"it", Formal, "Inserisca {address} e tocchi «Avanti».", true},
		{"it", Informal, "Inserisca {address} e tocca «Avanti».", true},
		{"it", Informal, "Scelga File › Aggiungi account.", false},
		{"es", Formal, "Abre tu buzón y escriba el código.", true},
		{"es", Informal, "Se abre una ventana", false},
		{"es", Informal, "¿Es un iPad? Entonces elige «iPhone o iPad».", true},
	} {
		if found := voices.WordOf(tc.language, string(tc.voice))(voices.WithoutLabels(tc.text)); (found != "") != tc.want {
			t.Errorf("%s, %s: %q in %q", tc.language, tc.voice, found, tc.text)
		}
	}
}

// TestOneWordForEachThing expects the word that the texts of a language use, not one
// with the same meaning. Labels of apps have their own.
func TestOneWordForEachThing(t *testing.T) {
	for language, other := range map[string]map[string]string{
		"de": {`\bemails?\b|\bEmail-`: "E-Mail", `\bKennwort\b`: "Passwort", `Handy`: "Telefon", `niemand zuständig|aufgehoben|Zeig mir|das d(?:es|ieses) Postfachs`: "another sentence",
			`zurzeit|im Moment`: "gerade", `in zwei Schritten`: "Zwei-Faktor-Authentifizierung", ` …\.`: "a menu without its dots"},
		"fr": {`\bappli?s?\b`: "application", `réglages`: "paramètres", `courriels?\b`: "courrier", `[Bb]oîtes? [^m]|[Bb]oîtes?[.,;]`: "boîte mail", `à la main`: "manuellement", `personne ici|vous parle`: "another sentence"},
		"it": {`(?i)cifrat`: "crittografia", `\bemail\b`: "e-mail", `\ba mano\b`: "manualmente", `nessuno risponde|ti parla`: "another sentence"},
		"es": {`(?i)encripta|codificación`: "cifrado", `\bemail\b`: "correo", `[^{]\bapp\b`: "aplicación", `autentificación`: "autenticación", `ntroduce`: "escribe", `\ba mano\b`: "manualmente", `nadie responde|dobles|te hable`: "another sentence"},
		"en": {`nobody here|that of th`: "another sentence", `(?i)\bmail address`: "email address", `(?i)\btype (?:your|a|it)\b`: "enter", `(?i)\bmake an\b`: "create", `…[”. ]`: "a menu without its dots"},
	} {
		wrong := map[*regexp.Regexp]string{}
		for pattern, want := range other {
			wrong[regexp.MustCompile(pattern)] = want
		}
		eachForm(All().In(language), func(key, text string) {
			if strings.HasPrefix(key, "apps.evolution.") { // its fields have names of their own
				return
			}
			text = voices.WithoutLabels(text)
			for pattern, want := range wrong {
				if found := pattern.FindString(text); found != "" {
					t.Errorf("%s: %s says %q instead of %s: %s", language, key, found, want, text)
				}
			}
		})
	}
}

func TestSpeaking(t *testing.T) {
	both := All().Speaking(Formal, map[string]map[string]string{"de": {"page.show": "Los"}})
	for _, tc := range []struct {
		texts               *Catalogues
		language, key, want string
	}{
		{All(), "de", "page.address", "Deine E-Mail-Adresse"},
		{All(), "fr", "page.address", "Votre adresse e-mail"},
		{All().Speaking("", nil), "de", "page.address", "Deine E-Mail-Adresse"},
		{All().Speaking(Informal, nil), "fr", "page.address", "Ton adresse e-mail"},
		{both, "de", "page.address", "Ihre E-Mail-Adresse"},
		{both, "es", "page.address", "Su dirección de correo"},
		{both, "it", "page.address", "Il suo indirizzo e-mail"},
		{both, "en", "page.address", "Your email address"},
		{both, "de", "page.show", "Los"},
		{both, "en", "page.show", "Continue"},
		{All(), "de", "page.show", "Weiter"},
	} {
		if got := tc.texts.In(tc.language).Text(tc.key); got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.language, tc.key, got, tc.want)
		}
	}
	if got := both.Choose("", "de-AT").Text("page.show"); got != "Los" {
		t.Errorf("the chosen language has %q", got)
	}
	keys := both.In("de").Keys()
	for key, want := range map[string]bool{"page.show": true, "apps.thunderbird.steps.1.1.0.0": true, "language": false, "autoconfig.documentation": false, "voice": false} {
		if slices.Contains(keys, key) != want {
			t.Errorf("that the key %s may be replaced is %v", key, !want)
		}
	}
}

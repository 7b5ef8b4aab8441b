package service

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestVoiceAndTextsReachPeople asks for everything that people read, with a voice and
// texts of the operator, one of them with markup.
func TestVoiceAndTextsReachPeople(t *testing.T) {
	h := start(t, settingsFor("mail.example.net", `pages: {voice: formal, texts: {de: {page.title: "<b>Muster</b> & Co", problem.invalid: "Kein <script> gilt.", profile.description: "Konten von {addresses} <i>bei Muster</i>"}, en: {page.show: Go}}}`))
	base := "http://" + h.svc.Addr("http")
	for _, tc := range []struct{ path, want string }{
		{"/?lang=de", "&lt;b&gt;Muster&lt;/b&gt; &amp; Co"},
		{"/?lang=de", "Ihre E-Mail-Adresse"},
		{"/?lang=it", "Il suo indirizzo e-mail"},
		{"/?lang=en", ">Go</button>"},
		{"/s/nonsense?lang=de", "Kein &lt;script&gt; gilt."},
		{"/profile.mobileconfig?email=anna@example.com&lang=de", "Konten von anna@example.com &lt;i&gt;bei Muster&lt;/i&gt;"},
	} {
		if _, body := h.get(base + tc.path); !strings.Contains(body, tc.want) || strings.Contains(body, "Kein <script>") || strings.Contains(body, "<b>Muster") {
			t.Errorf("%s has no %s:\n%s", tc.path, tc.want, body)
		}
	}
	h.write(h.file, settingsFor("mail.example.net", "pages: {voice: informal}"))
	h.reload()
	h.eventually("the reloaded texts are on the page", func() bool {
		_, body := h.get(base + "/?lang=fr")
		return strings.Contains(body, "Ton adresse e-mail")
	})
}

// TestRenderersSpeak renders a page without a server.
func TestRenderersSpeak(t *testing.T) {
	cfg, findings := config.Parse("waymark.yaml", []byte(settingsFor("mail.example.net", "pages: {voice: formal}")), config.Environment{})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	q := settings.Query{Domain: "example.com"}
	q.Address.Local, q.Address.Domain = "anna", q.Domain
	found, err := Resolve(t.Context(), cfg, q)
	if err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string]string{"de": "Wählen Sie ≡", "es": "Elija ≡", "fr": "Choisissez ≡", "it": "Scelga ≡"} {
		body, err := Renderers(cfg)["page"](found, dialect.Choice{Language: language, App: "thunderbird"})
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %v, no %s", language, err, want)
		}
	}
}

package page

import (
	"regexp"
	"strings"
	"testing"
)

// TestAPreviewNeedsNoServer pins that the page that an operator renders into a
// file looks as it does on the service: nothing in it leads to a server.
func TestAPreviewNeedsNoServer(t *testing.T) {
	body := rendered(t, settingsOf(t, "example.com"), Choice{Language: "fr", App: "outlook-new"})
	for _, want := range []string{
		`<html lang="fr">`, "--brand:#ffd700;--on-brand:#000", ".card {", `<script type="module">`, "navigator.clipboard",
		`<img class="logo" src="data:image/svg&#43;xml;base64,PHN2Zy8&#43;" alt="Example &amp; Sons">`,
		`srcset="data:image/svg&#43;xml;base64,PHN2ZyBmaWxsPSd3aGl0ZScvPg==">`,
		`value="outlook-new" aria-current="true"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if to := m[1]; !strings.HasPrefix(to, "#") && !strings.HasPrefix(to, "data:") && to != "https://help.example.com/" && to != "https://webmail.example.com/" && to != "https://example.com/passwords" {
			t.Errorf("it needs %s", to)
		}
	}
	if page := post(t, testPage(nil), "/", "", "email", "anna@example.com"); strings.Contains(string(page.Body), "<style") || strings.Contains(string(page.Body), "data:") {
		t.Error("the page of the service has style in it, which its content security policy forbids")
	}
}

func TestAPreviewInTheLanguageThatComesNearest(t *testing.T) {
	for asked, want := range map[string]string{"fr-CH": "fr", "": "en", "tlh": "en", "de": "de"} {
		if body := rendered(t, settingsOf(t, "example.com"), Choice{Language: asked}); !strings.Contains(body, `<html lang="`+want+`">`) {
			t.Errorf("%q is not in %s", asked, want)
		}
	}
}

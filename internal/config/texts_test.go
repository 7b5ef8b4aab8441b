package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/i18n"
)

// pagesIn parses a block pages.
func pagesIn(block string) (*Config, Findings) {
	text := "pages: " + block + "\nproviders: {p: {services: [{protocol: imap, host: a.example}, {protocol: submission, host: a.example}]}}\ndomains: {a.example: {provider: p}}\n"
	return Parse("waymark.yaml", []byte(text), testEnvironment())
}

func TestTextsOfThePage(t *testing.T) {
	cfg, findings := pagesIn(`{voice: formal, texts: {de: {page.title: "E-Mail bei Muster", help.still: "Frag {provider} <b>."}, fr: {apps.thunderbird.auto.0: "≡"}}}`)
	want := Pages{Voice: i18n.Formal, Texts: map[string]map[string]string{
		"de": {"page.title": "E-Mail bei Muster", "help.still": "Frag {provider} <b>."},
		"fr": {"apps.thunderbird.auto.0": "≡"},
	}}
	if len(findings) > 0 || !reflect.DeepEqual(cfg.Pages, want) {
		t.Errorf("%+v, %v", cfg, findings)
	}
}

func TestMistakesInTexts(t *testing.T) {
	long := strings.Repeat("ä", maxPageText)
	for _, tc := range []struct{ name, pages, want string }{
		{"an unknown voice", `{voice: formel}`, "pages.voice: unknown voice formel; did you mean formal? Known: formal, informal"},
		{"an unknown language", `{texts: {dk: {page.title: x}}}`, "pages.texts.dk: unknown language dk; did you mean de? Known: en, de, es, fr, it"},
		{"a language of a country", `{texts: {pt-BR: {page.title: x}}}`, "pages.texts.pt-BR: unknown language pt-BR; known: en, de, es, fr, it"},
		{"a language twice", `{texts: {de: {page.title: x}, de: {page.lead: x}}}`, "pages.texts.de: the language de is listed twice"},
		{"a key twice", `{texts: {de: {page.title: x, page.title: y}}}`, "pages.texts.de.page.title: the key page.title is listed twice"},
		{"a typing error", `{texts: {de: {page.tilte: x}}}`, "pages.texts.de.page.tilte: unknown key page.tilte; did you mean page.title? waymark texts de lists them all"},
		{"a typing error in a group", `{texts: {de: {apps.thunderbrid.step.0: x}}}`, "pages.texts.de.apps.thunderbrid.step.0: unknown key apps.thunderbrid.step.0; did you mean apps.thunderbird.steps.0? waymark texts de lists them all"},
		{"an unknown key", `{texts: {fr: {heading: x}}}`, "pages.texts.fr.heading: unknown key heading; waymark texts fr lists them all"},
		{"a group", `{texts: {fr: {page: x}}}`, "pages.texts.fr.page: unknown key page; waymark texts fr lists them all"},
		{"a step that does not exist", `{texts: {fr: {apps.thunderbird.steps.99: x}}}`, "pages.texts.fr.apps.thunderbird.steps.99: unknown key apps.thunderbird.steps.99; waymark texts fr lists them all"},
		{"the name of the language", `{texts: {fr: {language: x}}}`, "pages.texts.fr.language: unknown key language; waymark texts fr lists them all"},
		{"a group as a block", `{texts: {fr: {page: {title: x}}}}`, "pages.texts.fr.page: unknown key page; waymark texts fr lists them all"},
		{"an unknown placeholder", `{texts: {en: {help.still: "Ask {provder}."}}}`, "pages.texts.en.help.still: unknown placeholder {provder}; did you mean {provider}? Known: {provider}"},
		{"a placeholder where there is none", `{texts: {en: {page.title: "Mail for {address}"}}}`, "pages.texts.en.page.title: has the placeholder {address}, but this text has none"},
		{"a placeholder that is not closed", `{texts: {en: {page.title: "Mail {for"}}}`, "pages.texts.en.page.title: has a { without a }"},
		{"a missing placeholder", `{texts: {en: {help.still: "Call us."}}}`, "warning: pages.texts.en.help.still: lacks the placeholder {provider}, so people do not see its value"},
		{"an empty text", `{texts: {en: {help.still: " "}}}`, "pages.texts.en.help.still: must not be empty"},
		{"two lines", `{texts: {en: {page.title: "a\nb"}}}`, "pages.texts.en.page.title: contains the character U+000A, which is not allowed"},
		{"the longest text", `{texts: {en: {page.title: ` + long + `}}}`, ""},
		{"a longer text", `{texts: {en: {page.title: ` + long + `x}}}`, "pages.texts.en.page.title: has 1001 characters, at most 1000 are allowed"},
		{"a list of languages", `{texts: [de]}`, "pages.texts: must be a block with one block of texts per language, is a list; remove the - before each key"},
		{"a text for a language", `{texts: {de: x}}`, "pages.texts.de: must be a block with one text per key, is the text \"x\""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, findings := pagesIn(tc.pages)
			var got []string
			for _, f := range findings {
				line := f.Key + ": " + f.Text
				if f.Warning {
					line = "warning: " + line
				}
				got = append(got, line)
			}
			if have := strings.Join(got, "|"); have != tc.want {
				t.Errorf("have %s\nwant %s", have, tc.want)
			}
		})
	}
}

package mobileconfig

import (
	"strings"
	"testing"
)

func TestEveryLanguageHasEveryText(t *testing.T) {
	seen := map[string]string{}
	for _, l := range Languages() {
		words := textsIn(l)
		if strings.Count(words.description, "%s") != 1 || strings.Count(words.description, "%") != 1 {
			t.Errorf("%s: the description is %q", l, words.description)
		}
		for name, text := range map[string]string{"description": words.description, "mail": words.mail, "calendar": words.calendar, "contacts": words.contacts} {
			if text == "" {
				t.Errorf("%s has no text for %s", l, name)
			}
		}
		if other, twice := seen[words.description]; twice {
			t.Errorf("%s and %s have the same description", l, other)
		}
		seen[words.description] = l
	}
}

func TestLanguage(t *testing.T) {
	l := newLanguages()
	for _, tc := range []struct{ chosen, accepted, want string }{
		{"", "", "en"},
		{"fr", "de", "fr"},
		{"", "de-CH,de;q=0.9,en;q=0.8", "de"},
		{"", "pt-BR,it;q=0.5", "it"},
		{"", "ja", "en"},
		{"xx-nonsense-\x00", "es", "es"},
		{strings.Repeat("de,", 100), "it", "it"},
	} {
		if got := l.choose(tc.chosen, tc.accepted); got != tc.want {
			t.Errorf("chosen %.20q, accepted %q: %s, want %s", tc.chosen, tc.accepted, got, tc.want)
		}
	}
}

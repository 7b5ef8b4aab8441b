package i18n

import (
	"strings"
	"testing"
)

// TestFill compares the texts with those of a strings.Replacer.
func TestFill(t *testing.T) {
	pairs := []string{"a", "x", "name", "{a}", "", "empty"}
	for text, want := range map[string]string{
		"":                        "",
		"no placeholder":          "no placeholder",
		"{a}":                     "x",
		"{a}{name} and {a}.":      "x{a} and x.", // a value is not read again
		"{b} {a {a}":              "{b} {a x",
		"{{a}}":                   "{x}",
		"{name":                   "{name",
		"a}{":                     "a}{",
		"{}":                      "empty",
		"é{a}é":                   "éxé",
		"{a\n}{A}{ a}":            "{a\n}{A}{ a}",
		"{https://{name}.example": "{https://{a}.example",
	} {
		if got := fill(text, pairs); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if got := strings.NewReplacer("{a}", "x", "{name}", "{a}", "{}", "empty").Replace(text); got != want {
			t.Errorf("%q: the replacer gives %q", text, got)
		}
	}
}

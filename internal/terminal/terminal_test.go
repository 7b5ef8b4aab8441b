package terminal

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"Anna's mail – größe 😀":   "Anna's mail – größe 😀",
		`a "name" with \n`:        `a "name" with \n`,
		"x\ntrusted     yes\r\n":  `x\ntrusted     yes\r\n`,
		"\x1b[2J\u009b2J\a\x7f\t": `\x1b[2J\u009b2J\a\x7f\t`,
		"a\u202eb\u200fc\u2028":   `a\u202eb\u200fc\u2028`,
		"\xff\xfe\ufffd":          "\\xff\\xfe\ufffd",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	const text = "the settings have errors\n  waymark.yaml:1: x\n\ntrusted     yes\x1b[A\n\tusage\n"
	const want = "the settings have errors\n  waymark.yaml:1: x\n\n  trusted     yes\\x1b[A\n\tusage\n"
	if got := Lines(text); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestWriteJSON escapes what a terminal would obey, and no more: the value stays.
func TestWriteJSON(t *testing.T) {
	for text, want := range map[string]string{
		"Anna's <größe> & 😀":   `"Anna's <größe> & 😀"`,
		"\u009b2J\u202e\u00ad": `"\u009b2J\u202e\u00ad"`,
		"\U000e0001\x1b\n":     `"\udb40\udc01\u001b\n"`,
	} {
		var out strings.Builder
		if err := WriteJSON(&out, []string{text}); err != nil || out.String() != "[\n  "+want+"\n]\n" {
			t.Errorf("%q gives %s, %v; want %s", text, out.String(), err, want)
		}
		var back []string
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back[0] != text {
			t.Errorf("%q is read as %q: %v", text, back, err)
		}
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("x\ntrusted     yes\x1b[2J")
	f.Add("\xff\u009b\u202e\U000e0001\\\"")
	f.Fuzz(func(t *testing.T, text string) {
		hidden := func(r rune) bool { return !unicode.IsPrint(r) }
		if got := Line(text); strings.ContainsFunc(got, hidden) || !utf8.ValidString(got) {
			t.Errorf("%q gives %q", text, got)
		}
		got := Lines(text)
		if strings.ContainsFunc(strings.NewReplacer("\n", "", "\t", "").Replace(got), hidden) || strings.Count(got, "\n") != strings.Count(text, "\n") {
			t.Errorf("%q gives %q", text, got)
		}
		var out strings.Builder
		if err := WriteJSON(&out, []string{text}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(strings.ReplaceAll(out.String(), "\n", ""), hidden) {
			t.Errorf("%q gives %q", text, out.String())
		}
		var back []string
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back[0] != strings.ToValidUTF8(text, "\ufffd") && utf8.ValidString(text) {
			t.Errorf("%q gives %q: %v", text, back, err)
		}
	})
}

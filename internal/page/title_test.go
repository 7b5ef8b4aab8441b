package page

import (
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/i18n"
)

func TestTitle(t *testing.T) {
	for address, want := range map[string][]string{
		"anna@example.com":               {"anna@", "example", ".com"},
		"maximiliane.von@mail.example":   {"maximiliane", ".von@", "mail", ".example"},
		"anna@bücher.example":            {"anna@", "bücher", ".example"},
		"example.com":                    {"example", ".com"},
		"o'hara&sons@example.com":        {"o'hara&sons@", "example", ".com"},
		`"a.b"@<wbr>.example`:            {`"a`, `.b"@`, "<wbr>", ".example"},
		"localhost":                      {"localhost"},
		"maximiliane-von@a-b.co.example": {"maximiliane-von@", "a-b", ".co", ".example"},
	} {
		for _, c := range i18n.All().Languages() {
			got := newTitle(c.Text("page.title_for", "address", address), address)
			if !slices.Equal(got.Parts, want) {
				t.Errorf("%s: got %q for %s, want %q", c.Language, got.Parts, address, want)
			}
			if all := got.Before + strings.Join(got.Parts, "") + got.After; all != c.Text("page.title_for", "address", address) {
				t.Errorf("%s: the title of %s became %q", c.Language, address, all)
			}
		}
	}
}

// Values break as headings do, with scripts and without.
func TestValuesBreakBetweenTheirParts(t *testing.T) {
	for value, want := range map[string][]string{
		"imap.example.com":                   {"imap", ".example", ".com"},
		"https://dav.example.com/calendars/": {"https://", "dav", ".example", ".com/", "calendars/"},
		"_imaps._tcp.example.com.":           {"_imaps", "._tcp", ".example", ".com."},
		"993":                                {"993"},
		"":                                   {""},
	} {
		if got := parts(value); !slices.Equal(got, want) {
			t.Errorf("got %q for %q, want %q", got, value, want)
		}
	}
	page := rendered(t, settingsOf(t, "example.com"), Choice{Language: "en", App: "thunderbird"})
	for _, want := range []string{`<code class="value">mail<wbr>.example<wbr>.com</code>`, `<code class="value">https://<wbr>dav<wbr>.example<wbr>.com/</code>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

// What a person typed stays text beside the places where it may break.
func TestTitleIsEscaped(t *testing.T) {
	v := newStartView(i18n.All(), i18n.All().Choose("en", ""))
	v.Found, v.Email = true, "a&b.<script>@example.com"
	var page strings.Builder
	if err := html().Execute(&page, v); err != nil {
		t.Fatal(err)
	}
	if want := `<h1>Set up <span class="whole">a&amp;b<wbr>.&lt;script&gt;@<wbr>example<wbr>.com</span></h1>`; !strings.Contains(page.String(), want) {
		t.Errorf("got %s, want %s", page.String(), want)
	}
}

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

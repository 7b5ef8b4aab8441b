package directory

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestBrandOfARecord gives each domain the parts that its record has, and else those
// of the provider. Domains of one reseller share a provider, and so its documents.
func TestBrandOfARecord(t *testing.T) {
	logo := func() settings.Logo {
		l, err := settings.ParseLogo("<svg/>")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	w := newTown(t, nil, nil, &fake{domains: map[address.Domain]source.Record{
		"color.example":  {Brand: settings.Brand{Color: "#00ff00"}},
		"logo.example":   {Brand: settings.Brand{Logo: logo()}},
		"second.example": {Brand: settings.Brand{Logo: logo()}},
		"named.example":  {Name: "Named Ltd"},
		"both.example":   {Name: "Both Ltd", Brand: settings.Brand{Logo: logo()}},
		"pages.example":  {HelpURL: "https://help.reseller.example/", WebmailURL: "https://webmail.{domain}/", Canonical: "target.example"},
	}}, &fake{})
	w.hoster.Brand.Color, w.hoster.HelpURL = "#0000ff", "https://help.hoster.example/"
	theirs, err := settings.ParseLogo("<svg>theirs</svg>")
	if err != nil {
		t.Fatal(err)
	}
	w.hoster.Brand.Logo, w.hoster.Brand.LogoDark = theirs, theirs
	ask := func(d address.Domain) settings.Settings {
		found, err := w.Resolve(t.Context(), settings.Query{Domain: d})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := ask("color.example").Provider; got.Brand != (settings.Brand{Color: "#00ff00", Logo: theirs, LogoDark: theirs}) || got.HelpURL != w.hoster.HelpURL {
		t.Errorf("a colour: %+v", got)
	}
	if got := ask("logo.example").Provider; got.Brand != (settings.Brand{Color: "#0000ff", Logo: logo(), LogoOf: "{domain}"}) || got != ask("second.example").Provider {
		t.Errorf("a logo: %+v", got)
	}
	for d, want := range map[address.Domain]string{"color.example": w.hoster.Name, "logo.example": "logo.example", "named.example": w.hoster.Name, "both.example": "Both Ltd"} {
		if got := ask(d).Provider.LogoName("en", d); got != want {
			t.Errorf("%s has the logo of %s, want %s", d, got, want)
		}
	}
	if got := ask("pages.example"); got.Provider.HelpURL != "https://help.reseller.example/" || got.WebmailURL() != "https://webmail.target.example/" {
		t.Errorf("pages: %+v, %s", got, got.WebmailURL())
	}
}

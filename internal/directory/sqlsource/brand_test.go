package sqlsource

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

// TestBrand reads the brand of domains as panels store it: the logo as text, as
// bytes, and as a data URL.
func TestBrand(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		bytes := map[string]string{"postgres": "BYTEA", "mysql": "MEDIUMBLOB", "sqlite": "BLOB"}[e.driver]
		long := map[string]string{"postgres": "TEXT", "mysql": "MEDIUMTEXT", "sqlite": "TEXT"}[e.driver]
		hex := func(s string) string {
			if e.driver == "postgres" {
				return `'\x` + s + `'`
			}
			return "x'" + s + "'"
		}
		e.exec(t,
			"CREATE TABLE brands (name VARCHAR(255) NOT NULL PRIMARY KEY, help VARCHAR(255), webmail VARCHAR(255), color VARCHAR(7), logo "+long+", picture "+bytes+")",
			"INSERT INTO brands VALUES ('text.example', 'https://help.example.net/?a=1', 'https://webmail.{domain}/', '#0B57D0', '<svg>"+strings.Repeat(" ", 60_000)+"</svg>', NULL)",
			"INSERT INTO brands VALUES ('url.example', NULL, NULL, NULL, 'data:image/png;base64,iVBORw0KGgo=', NULL)",
			"INSERT INTO brands VALUES ('bytes.example', NULL, NULL, NULL, NULL, "+hex("89504e470d0a1a0a00ff")+")",
			"INSERT INTO brands VALUES ('large.example', NULL, NULL, NULL, '<svg>"+strings.Repeat(" ", 66_000)+"</svg>', NULL)",
			"INSERT INTO brands VALUES ('huge.example', NULL, NULL, NULL, '<svg>"+strings.Repeat(" ", 140_000)+"</svg>', NULL)",
			"INSERT INTO brands VALUES ('jpeg.example', NULL, NULL, NULL, NULL, "+hex("ffd8ffe0")+")",
			"INSERT INTO brands VALUES ('elsewhere.example', NULL, NULL, NULL, 'https://cdn.example.net/logo.svg', NULL)",
			"INSERT INTO brands VALUES ('color.example', NULL, NULL, 'red', NULL, NULL)",
			"INSERT INTO brands VALUES ('help.example', 'http://help.example.net/', NULL, NULL, NULL, NULL)",
			"INSERT INTO brands VALUES ('webmail.example', NULL, 'javascript:alert(1)', NULL, NULL, NULL)",
		)
		const from = " FROM brands WHERE name = {domain}"
		texts := e.source(t, "SELECT help AS help_url, webmail AS webmail_url, color AS brand_color, logo AS brand_logo, logo AS brand_logo_dark"+from, "")
		pictures := e.source(t, "SELECT picture AS brand_logo, picture AS brand_logo_dark"+from, "")
		for _, s := range []*Source{texts, pictures} {
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		}
		got, err := texts.Domain(t.Context(), "text.example")
		if err != nil || got.HelpURL != "https://help.example.net/?a=1" || got.WebmailURL != "https://webmail.{domain}/" ||
			got.Brand.Color != "#0b57d0" || len(got.Brand.Logo.Data()) != 60_011 || got.Brand.LogoDark != got.Brand.Logo || got.Brand.Logo.Type() != "image/svg+xml" {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := texts.Domain(t.Context(), "url.example"); err != nil || got.Brand.Logo.Type() != "image/png" {
			t.Errorf("a data URL: %+v, %v", got, err)
		}
		if got, err := pictures.Domain(t.Context(), "bytes.example"); err != nil || got.Brand.Logo.Data() != "\x89PNG\r\n\x1a\n\x00\xff" || got.Brand.LogoDark != got.Brand.Logo {
			t.Errorf("bytes: %+v, %v", got, err)
		}
		fails(t, lookUp(t, pictures, "jpeg.example"), "panel: queries.domain: column brand_logo: the picture must be SVG or PNG")
		for name, want := range map[string]string{
			"large":     "brand_logo: the picture is larger than 64 KiB",
			"huge":      "brand_logo: is longer than 131072 octets",
			"elsewhere": "brand_logo: the picture must be SVG or PNG",
			"color":     `brand_color: must be a colour such as "#0b57d0"`,
			"help":      "help_url: must be an https URL such as https://www.example.com/",
			"webmail":   "webmail_url: the url must be absolute, such as https://dav.example.com/",
		} {
			fails(t, lookUp(t, texts, address.Domain(name+".example")), "panel: queries.domain: column "+want)
		}
	})
}

//go:build unix

package ldapsource

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestBrand reads the brand of a domain, with a logo of any octets.
func TestBrand(t *testing.T) {
	o := own("ldap://" + newSlapd(t, "").plain)
	o.Domain.Attributes = map[string]string{
		"help_url": "labeledURI", "webmail_url": "homePostalAddress", "brand_color": "description", "brand_logo": "audio", "brand_logo_dark": "audio",
	}
	s := open(t, o)
	got, err := s.Domain(t.Context(), "brand.example")
	if err != nil || got.HelpURL != "https://help.example.net/mail" || got.WebmailURL != "https://webmail.{domain}/" ||
		got.Brand.Color != "#0b57d0" || got.Brand.Logo.Data() != "\x89PNG\r\n\x1a\n\x00\xff" || got.Brand.Logo.Type() != "image/png" || got.Brand.LogoDark != got.Brand.Logo {
		t.Errorf("%+v, %v", got, err)
	}
	o.Domain.Attributes = map[string]string{"brand_logo": "=picture.jpg"}
	_, err = New("ldap", source.LDAP{URL: o.URL, Domain: o.Domain})
	wantError(t, err, "ldap: domain.attributes: column brand_logo: the picture must be SVG or PNG")
}

package settings

import (
	"cmp"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"sync"
	"unique"

	"github.com/waymark-mail/waymark/internal/address"
)

// Brand is the look of a provider on the set-up page. It is comparable.
type Brand struct {
	Color    string // such as #1a2b3c; "" for none
	Logo     Logo
	LogoDark Logo // replaces Logo on a dark page; none for Logo on a light plate
	// LogoOf is whose logo it is, where that is not the provider: a name, or {domain}.
	LogoOf string
}

// With returns b with the parts of other that are set. A logo of other is not mixed
// with the dark one of b, which may show another name.
func (b Brand) With(other Brand) Brand {
	b.Color = cmp.Or(other.Color, b.Color)
	if other.Logo != (Logo{}) {
		b.Logo, b.LogoDark, b.LogoOf = other.Logo, Logo{}, other.LogoOf
	}
	b.LogoDark = cmp.Or(other.LogoDark, b.LogoDark)
	return b
}

// NameLogo notes whose logo a provider has that was made from base: that of base under
// another name, or one of its own under the name of base.
func (p *Provider) NameLogo(base *Provider) {
	inherited, renamed := p.Brand.Logo == base.Brand.Logo, p.Name != base.Name
	switch {
	case p.Brand.Logo == (Logo{}):
	case inherited && renamed:
		p.Brand.LogoOf = cmp.Or(base.Brand.LogoOf, base.Name)
	case !inherited && !renamed:
		p.Brand.LogoOf = domainPlaceholder
	}
}

// SharesLogo reports whether the provider has the logo of another name.
func (p *Provider) SharesLogo() bool {
	return p.Brand.LogoOf != "" && p.Brand.LogoOf != domainPlaceholder
}

// LogoName returns whose logo a page of a domain shows, in a language.
func (p *Provider) LogoName(language string, d address.Domain) string {
	if p.Brand.LogoOf == "" {
		return p.NameIn(language)
	}
	return strings.ReplaceAll(p.Brand.LogoOf, domainPlaceholder, d.Unicode())
}

var colorForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^#[0-9a-f]{6}$`)
})

// ParseColor returns a colour in lower case.
func ParseColor(s string) (string, error) {
	s = strings.ToLower(s)
	if !colorForm().MatchString(s) {
		return "", errors.New(`must be a colour such as "#0b57d0"`)
	}
	return s, nil
}

// MaxLogo bounds a picture, in octets: every visitor loads it.
const MaxLogo = 64 << 10

// Logo is a picture, SVG or PNG. Equal ones share memory: all domains of a
// reseller may have the same. The zero value is none.
type Logo struct{ data unique.Handle[string] }

const pngHeader = "\x89PNG\r\n\x1a\n"

// ParseLogo checks a picture, or a data URL that contains one. Only SVG and PNG are
// allowed, because browsers guess other types.
func ParseLogo(data string) (Logo, error) {
	if meta, encoded, ok := strings.Cut(data, ","); ok && strings.HasPrefix(meta, "data:image/") && strings.HasSuffix(meta, ";base64") {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return Logo{}, errors.New("the data URL of the picture must be in Base64")
		}
		data = string(raw)
	}
	switch {
	case len(data) > MaxLogo:
		return Logo{}, errors.New("the picture is larger than 64 KiB")
	case strings.HasPrefix(data, pngHeader), strings.Contains(data[:min(len(data), 1024)], "<svg"):
		return Logo{unique.Make(data)}, nil
	}
	return Logo{}, errors.New("the picture must be SVG or PNG")
}

// Data returns the content of the picture; "" for none.
func (l Logo) Data() string {
	if l == (Logo{}) {
		return ""
	}
	return l.data.Value()
}

// Type returns the media type.
func (l Logo) Type() string {
	if strings.HasPrefix(l.Data(), pngHeader) {
		return "image/png"
	}
	return "image/svg+xml"
}

// MarshalBinary implements encoding.BinaryMarshaler, for snapshots.
func (l Logo) MarshalBinary() ([]byte, error) { return []byte(l.Data()), nil }

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (l *Logo) UnmarshalBinary(data []byte) (err error) {
	if len(data) > 0 {
		*l, err = ParseLogo(string(data))
	}
	return err
}

package settings

import (
	"cmp"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"unique"
)

// Brand is the look of a provider on the set-up page. It is comparable.
type Brand struct {
	Color string // such as #1a2b3c; "" for none
	Logo  Logo
}

// With returns b with the parts of other that are set.
func (b Brand) With(other Brand) Brand {
	b.Color = cmp.Or(other.Color, b.Color)
	b.Logo = cmp.Or(other.Logo, b.Logo)
	return b
}

var colorForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// ParseColor returns a colour in lower case.
func ParseColor(s string) (string, error) {
	s = strings.ToLower(s)
	if !colorForm.MatchString(s) {
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

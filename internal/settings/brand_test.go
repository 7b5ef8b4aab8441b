package settings

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"strings"
	"testing"
	"unique"
)

func TestParseLogo(t *testing.T) {
	const png = pngHeader + "\x00\xff"
	for name, tc := range map[string]struct{ data, content, mediaType string }{
		"SVG":             {"<?xml version='1.0'?><svg/>", "<?xml version='1.0'?><svg/>", "image/svg+xml"},
		"PNG":             {png, png, "image/png"},
		"data URL of SVG": {"data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte("<svg/>")), "<svg/>", "image/svg+xml"},
		"data URL of PNG": {"data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(png)), png, "image/png"},
		"type of its own": {"data:image/jpeg;base64," + base64.StdEncoding.EncodeToString([]byte(png)), png, "image/png"},
		"as large as may": {"<svg>" + strings.Repeat(" ", MaxLogo-5), "<svg>" + strings.Repeat(" ", MaxLogo-5), "image/svg+xml"},
	} {
		l, err := ParseLogo(tc.data)
		if err != nil || l.Data() != tc.content || l.Type() != tc.mediaType {
			t.Errorf("%s: %q, %s, %v", name, l.Data(), l.Type(), err)
		}
	}
	for data, want := range map[string]string{
		"":                                     "the picture must be SVG or PNG",
		"\xff\xd8\xff":                         "the picture must be SVG or PNG",
		"https://cdn.example/logo.svg":         "the picture must be SVG or PNG",
		"data:image/png;base64,!":              "the data URL of the picture must be in Base64",
		strings.Repeat(" ", 1024) + "<svg/>":   "the picture must be SVG or PNG",
		"<svg>" + strings.Repeat(" ", MaxLogo): "the picture is larger than 64 KiB",
	} {
		if _, err := ParseLogo(data); err == nil || err.Error() != want {
			t.Errorf("%.30q: got %v, want %s", data, err, want)
		}
	}
}

// TestBrandWith pins that a dark logo never replaces the light one of another brand.
func TestBrandWith(t *testing.T) {
	ours, theirs := Logo{unique.Make("<svg>ours</svg>")}, Logo{unique.Make("<svg>theirs</svg>")}
	base := Brand{Color: "#000000", Logo: theirs, LogoDark: theirs, LogoOf: "Them"}
	for name, tc := range map[string]struct{ other, want Brand }{
		"nothing":     {Brand{}, base},
		"a colour":    {Brand{Color: "#ffffff"}, Brand{Color: "#ffffff", Logo: theirs, LogoDark: theirs, LogoOf: "Them"}},
		"a logo":      {Brand{Logo: ours}, Brand{Color: "#000000", Logo: ours}},
		"both":        {Brand{Logo: ours, LogoDark: ours}, Brand{Color: "#000000", Logo: ours, LogoDark: ours}},
		"a dark logo": {Brand{LogoDark: ours}, Brand{Color: "#000000", Logo: theirs, LogoDark: ours, LogoOf: "Them"}},
	} {
		if got := base.With(tc.other); got != tc.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
}

// TestWhoseLogoItIs pins the name for those who do not see the logo.
func TestWhoseLogoItIs(t *testing.T) {
	ours, theirs := Logo{unique.Make("<svg>ours</svg>")}, Logo{unique.Make("<svg>theirs</svg>")}
	for _, tc := range []struct {
		name   string
		logo   Logo
		want   string
		shared bool
	}{
		{"Them", theirs, "Die", false},
		{"Us", theirs, "Them", true},
		{"Them", ours, "bücher.example", false},
		{"Us", ours, "Us", false},
		{"Us", Logo{}, "Us", false},
	} {
		base := &Provider{Name: "Them", Names: map[string]string{"de": "Die"}, Brand: Brand{Logo: theirs}}
		p := &Provider{Name: tc.name, Brand: Brand{Logo: tc.logo}}
		if p.Name == base.Name {
			p.Names = base.Names
		}
		p.NameLogo(base)
		if got := p.LogoName("de", "xn--bcher-kva.example"); got != tc.want || p.SharesLogo() != tc.shared {
			t.Errorf("%s with the logo %s: %s, shared %t", tc.name, tc.logo.Data(), got, p.SharesLogo())
		}
	}
}

// TestLogosAreShared compares logos that were read apart, and stored.
func TestLogosAreShared(t *testing.T) {
	parse := func(data string) Brand {
		l, err := ParseLogo(data)
		if err != nil {
			t.Fatal(err)
		}
		return Brand{Logo: l}
	}
	if parse("<svg/>") != parse("<svg"+"/>") || parse("<svg/>") == parse("<svg />") {
		t.Error("logos are compared by their place in memory")
	}
	for _, want := range []Brand{{}, {Color: "#000000"}, parse("<svg/>")} {
		var stored bytes.Buffer
		var got Brand
		if err := gob.NewEncoder(&stored).Encode(want); err != nil {
			t.Fatal(err)
		}
		if err := gob.NewDecoder(&stored).Decode(&got); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

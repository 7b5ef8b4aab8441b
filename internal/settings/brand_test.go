package settings

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"strings"
	"testing"
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

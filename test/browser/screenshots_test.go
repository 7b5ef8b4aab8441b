package browser

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var keep = flag.String("screenshots", "", "the folder that the screenshots are written to; none keeps none")

// mostPicture bounds the pictures in the documentation, in bytes.
const mostPicture = 200_000

// screenshots are taken from the pages as they are, so that none can grow old.
func (p *pages) screenshots(t *testing.T) {
	var pictures []map[string]any
	for name, picture := range map[string]map[string]any{
		"start":    {"userAgent": devices[0].userAgent, "width": 390, "height": 640, "scale": 2},
		"iphone":   {"userAgent": devices[0].userAgent, "width": 430, "height": 860, "scale": 2, "address": "anna@example.com"},
		"dark":     {"userAgent": devices[1].userAgent, "width": 390, "height": 844, "scale": 2, "address": "anna@example.com", "scheme": "dark", "app": "thunderbird-android", "from": "section:has(#steps)", "unfold": ".hand"},
		"mac":      {"userAgent": devices[2].userAgent, "address": "anna@example.com", "language": "fr"},
		"outlook":  {"userAgent": devices[3].userAgent, "address": "anna@example.com", "language": "de", "app": "outlook-classic", "from": "header", "unfold": ".hand"},
		"password": {"userAgent": devices[0].userAgent, "width": 390, "height": 640, "scale": 2, "address": "anna@example.com", "stays": true},
		"table":    {"userAgent": devices[3].userAgent, "address": "anna@example.com", "from": "section:has(#all)", "unfold": ".all"},
		"printed":  {"userAgent": devices[0].userAgent, "width": 794, "height": 1123, "path": p.invitation(t, "anna@example.com", 30*24*time.Hour), "print": true},
	} {
		picture["name"] = name
		pictures = append(pictures, picture)
	}
	p.run(t, "screenshots.mjs", map[string]any{"pictures": pictures}, func(t *testing.T, l looked) {
		clean(t, l)
		data, err := os.ReadFile(l.Files["picture"])
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > mostPicture {
			t.Errorf("%s has %d bytes, want at most %d", l.Name, len(data), mostPicture)
		}
		if *keep == "" {
			return
		}
		if err := os.WriteFile(filepath.Join(*keep, l.Name+".png"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

package lookup

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestLogosFillTheCache pins that logos of customers cannot take all the memory.
func TestLogosFillTheCache(t *testing.T) {
	for logo, want := range map[string]struct{ least, most int }{
		"":                                   {1000, 1000},
		"<svg>":                              {400, 500}, // one more for the started KiB
		"<svg>" + strings.Repeat(" ", 9<<10): {50, 91},   // ten more
	} {
		l := New(Options{Sources: []Named{{Name: "sql"}}, Cache: source.Cache{Entries: 1000}})
		r := &source.Record{}
		if logo != "" {
			var err error
			if r.Brand.Logo, err = settings.ParseLogo(logo); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 1000 {
			l.Remember(Known{Domain: address.Domain(fmt.Sprintf("d%d.example", i)), Source: "sql", Record: r, Asked: l.domains.start})
		}
		l.domains.known.CleanUp()
		n := 0
		for range l.Known() {
			n++
		}
		if n < want.least || n > want.most {
			t.Errorf("%d domains with a logo of %d octets are cached, want %d to %d", n, len(logo), want.least, want.most)
		}
		l.Close()
	}
}

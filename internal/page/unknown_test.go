package page

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

// TestUnknownDomains pins what the page suggests for a domain that is unknown: one that
// everybody may learn, and no other.
func TestUnknownDomains(t *testing.T) {
	p := New(Options{Resolver: house{}, Tokens: testKeys, Now: testNow, Suggest: []address.Domain{"university.example", "xn--bcher-kva.example", "abc"}})
	for typed, want := range map[string]string{
		"anna@exmaple.com":                 "anna@example.com", // the domain of the page
		"anna@Example.con":                 "anna@example.com",
		"anna@exmapel.com":                 "anna@example.com",
		"Anna@univercity.example":          "Anna@university.example",
		"anna@bucher.example":              "anna@bücher.example",
		"anna@unversty.exampl":             "", // three letters
		"anna@pop.exampel":                 "", // like pop.example, which nobody may learn
		"anna@abd":                         "", // like abc, but short words are all alike
		"anna@far.away.example":            "",
		"\"><b>anna</b>@exmaple.com":       "",
		"anna@" + strings.Repeat("a", 300): "",
	} {
		page := post(t, p, "/", "", "email", typed, "lang", "de")
		meant := `<button class="quiet" name="email" value="` + want + `">Meintest du ` + want + `?</button>`
		if want != "" {
			contains(t, page, meant, "frage dort nach")
		} else {
			lacks(t, page, "Meintest du", "<b>")
		}
	}
	contains(t, post(t, p, "/", "", "email", "anna@far.away.example"), "ask the people who gave you the mailbox", `<a href="https://help.example.com/" rel="noreferrer">Help from Example`)
	lacks(t, post(t, p, "/", "", "email", "anna"), "people who gave you")
}

//go:build linux

package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/clients"
	"github.com/waymark-mail/waymark/internal/clients/client"
)

// TestCardsOfClients requires a card in clients.md for each client of the list, in
// its order, with the questions that the client asks.
func TestCardsOfClients(t *testing.T) {
	page := read(t, "docs/clients.md")
	_, cards, _ := strings.Cut(page, "\n## Cards\n")
	cards, _, _ = strings.Cut(cards, "\n## ")
	var titles, names []string
	for _, m := range regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(cards, -1) {
		titles = append(titles, m[1])
	}
	for _, c := range clients.All() {
		names = append(names, c.Name)
		_, card, _ := strings.Cut(cards, "\n### "+c.Name+"\n")
		card, _, _ = strings.Cut(card, "\n### ")
		if want := "\n```http\n" + asked(c) + "```\n"; !strings.Contains(card, want) {
			t.Errorf("the card of %s must have the block\n%s", c.Name, want)
		}
		for _, part := range []string{"Waymark returns", "The person sees", "Proof", "Limits", "Tip"} {
			if strings.Count(card, "\n- **"+part+"**") != 1 {
				t.Errorf("the card of %s must have one point %q", c.Name, part)
			}
		}
	}
	if !slices.Equal(titles, names) {
		t.Errorf("there are the cards %q, want %q", titles, names)
	}
}

// asked prints what a client asks before it knows any DNS answer.
func asked(c client.Client) string {
	short := strings.NewReplacer("EVOLUTIONUSER%40example.com", "EVOLUTIONUSER%40<d>", "anna%40example.com", "<address>",
		"anna@example.com", "<address>", "6b56db1f84a3997b902509d3fbf0a306", "<md5 of the address>", "example.com", "<d>")
	var b strings.Builder
	for _, stage := range c.Ask("anna@example.com", client.DNS{}) {
		order := "one after the other"
		if stage.AtOnce {
			order = "all at once"
		}
		if len(stage.Questions) > 1 {
			fmt.Fprintf(&b, "# %s, %s\n", stage.Format, order)
		} else {
			fmt.Fprintf(&b, "# %s\n", stage.Format)
		}
		for _, q := range stage.Questions {
			b.WriteString(short.Replace(strings.TrimSpace(q.Record+" "+q.Name+q.Method+" "+q.URL)) + "\n")
		}
	}
	return b.String()
}

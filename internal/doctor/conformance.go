package doctor

import (
	"fmt"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/conformance"
)

// conformance judges the documents that clients read by the checks of
// waymark-conformance that look at one document.
func (x *examination) conformance(documents []document) {
	for _, d := range documents {
		kind, ok := map[client.Format]conformance.Kind{
			client.Autoconfig:   conformance.Autoconfig,
			client.Autodiscover: conformance.Autodiscover,
			client.JSON:         conformance.Autodiscover,
			client.Profile:      conformance.Profile,
			client.PACC:         conformance.PACC,
		}[d.format]
		if !ok {
			continue
		}
		for _, r := range conformance.Judge(conformance.Document{Kind: kind, Content: d.content, Address: x.address}) {
			if r.Verdict != conformance.Failed {
				continue
			}
			seen := r.Findings[0].Text
			if more := len(r.Findings) - 1; more > 0 {
				seen += fmt.Sprintf(" (and %d more)", more)
			}
			x.book.add(fault{conformanceID(r.Number), d.url, seen, fmt.Sprintf("Correct the document by check %d: %s.", r.Number, r.Sentence)}, "")
		}
	}
}

func conformanceID(number int) string { return fmt.Sprintf("conformance-%02d", number) }

// conformanceKinds are the kinds of findings of the checks.
func conformanceKinds() []Kind {
	var all []Kind
	for _, c := range conformance.All() {
		if c.JudgesDocuments() {
			all = append(all, Kind{conformanceID(c.Number), Info, "not met: " + c.Sentence})
		}
	}
	return all
}

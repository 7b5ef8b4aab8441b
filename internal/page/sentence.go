package page

import (
	"strings"

	"github.com/waymark-mail/waymark/internal/i18n"
)

// sentence is a text with a person's own values.
type sentence []piece

// piece is a part of a sentence: words, a value to type or copy, or a choice from a
// list in the app, such as IMAP.
type piece struct {
	Text          string
	Value, Choice bool
}

// newSentence replaces placeholders with values. It returns false when a value is
// missing or empty: the sentence is about a service that is not offered.
func newSentence(text string, values map[string]string) (sentence, bool) {
	pieces, ok := i18n.Pieces(text, values)
	all := make(sentence, 0, len(pieces))
	for _, p := range pieces {
		chosen := strings.HasSuffix(p.Name, "_protocol") || strings.HasSuffix(p.Name, "_security") || strings.HasSuffix(p.Name, "_ssl")
		words := p.Name == "" || p.Name == "provider" || strings.HasSuffix(p.Name, "_server") // a name, not to be copied
		all = append(all, piece{Text: p.Text, Value: !words && !chosen, Choice: chosen})
	}
	return all, ok
}

// sentences omits those about services that are not offered.
func sentences(list []string, values map[string]string) []sentence {
	var all []sentence
	for _, text := range list {
		if s, ok := newSentence(text, values); ok {
			all = append(all, s)
		}
	}
	return all
}

package page

import (
	"strings"

	"github.com/waymark-mail/waymark/internal/i18n"
)

// sentence is a text with somebody's own values in it.
type sentence []piece

// piece is a part of a sentence: words, a value that is typed or copied, or a
// choice from a list of the app, such as IMAP, which nobody copies.
type piece struct {
	Text          string
	Value, Choice bool
}

// newSentence puts values in the place of placeholders. It returns false when
// one is missing or empty: the sentence is about something that is not there.
func newSentence(text string, values map[string]string) (sentence, bool) {
	pieces, ok := i18n.Pieces(text, values)
	all := make(sentence, 0, len(pieces))
	for _, p := range pieces {
		chosen := strings.HasSuffix(p.Name, "_protocol") || strings.HasSuffix(p.Name, "_security") || strings.HasSuffix(p.Name, "_ssl")
		words := p.Name == "" || p.Name == "provider" || strings.HasSuffix(p.Name, "_server") // a name to read
		all = append(all, piece{Text: p.Text, Value: !words && !chosen, Choice: chosen})
	}
	return all, ok
}

// sentences leaves out those about something that the provider does not offer.
func sentences(list []string, values map[string]string) []sentence {
	var all []sentence
	for _, text := range list {
		if s, ok := newSentence(text, values); ok {
			all = append(all, s)
		}
	}
	return all
}

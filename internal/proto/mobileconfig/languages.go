package mobileconfig

import "golang.org/x/text/language"

// maxPreference bounds what is read of a list of languages, in bytes.
const maxPreference = 200

// languages chooses among Languages.
type languages struct{ matcher language.Matcher }

func newLanguages() languages {
	var tags []language.Tag
	for _, l := range Languages() {
		tags = append(tags, language.Make(l))
	}
	return languages{language.NewMatcher(tags)}
}

// choose returns the best language for what the person chose and, after that,
// for what the browser prefers (RFC 9110 section 12.5.4).
func (l languages) choose(chosen, accepted string) string {
	var wanted []string
	for _, w := range []string{chosen, accepted} {
		if w != "" && len(w) <= maxPreference {
			wanted = append(wanted, w)
		}
	}
	_, index := language.MatchStrings(l.matcher, wanted...)
	return Languages()[index]
}

package config

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/waymark-mail/waymark/internal/i18n"
)

// maxPageText bounds a text of the page, in characters: the longest built-in one has
// half of them.
const maxPageText = 1000

// texts reads texts of the page by language and key.
func (r *reader) texts(v value) map[string]map[string]string {
	texts := map[string]map[string]string{}
	r.each(v, "a block with one block of texts per language", func(key, v value) {
		c := i18n.All().In(key.written())
		if c.Language != key.written() {
			r.refuse(key, "%s", unknown("language", key.written(), i18n.All().Tags()))
			return
		}
		if texts[c.Language] != nil {
			r.refuse(key, "the language %s is listed twice", c.Language)
			return
		}
		texts[c.Language] = r.textsIn(c, v)
	})
	return texts
}

// textsIn reads texts of one language by key.
func (r *reader) textsIn(c *i18n.Catalogue, v value) map[string]string {
	texts, keys := map[string]string{}, c.Keys()
	r.each(v, "a block with one text per key", func(key, v value) {
		name := key.written()
		if _, known := slices.BinarySearch(keys, name); !known {
			near := ""
			if meant, ok := nearestText(name, keys); ok {
				near = "did you mean " + meant + "? "
			}
			r.refuse(key, "unknown key %s; %swaymark texts %s lists them all", printed(name), near, c.Language)
			return
		}
		if _, ok := texts[name]; ok {
			r.refuse(key, "the key %s is listed twice", name)
			return
		}
		texts[name], _ = r.filled(v)
		if n := utf8.RuneCountInString(texts[name]); n > maxPageText {
			r.refuse(v, "has %d characters, at most %d are allowed", n, maxPageText)
		}
		r.checkPlaceholders(v, texts[name], i18n.Placeholders(c.Text(name)))
	})
	return texts
}

// checkPlaceholders compares the placeholders of a text with those that are replaced
// in it.
func (r *reader) checkPlaceholders(v value, text string, known []string) {
	if text == "" { // already refused
		return
	}
	braced := func(name string) string { return "{" + name + "}" }
	var all []string
	for _, name := range known {
		all = append(all, braced(name))
	}
	have := i18n.Placeholders(text)
	for _, name := range have {
		switch {
		case slices.Contains(known, name):
		case name == "?":
			r.refuse(v, "has a { without a }")
		case len(all) == 0:
			r.refuse(v, "has the placeholder %s, but this text has none", printed(braced(name)))
		default:
			r.refuse(v, "%s", unknown("placeholder", braced(name), all))
		}
	}
	for _, name := range known {
		if !slices.Contains(have, name) && !r.wrong[v.path] { // one with a typing error is reported
			r.warn(v, "lacks the placeholder %s, so people do not see its value", braced(name))
		}
	}
}

// nearestText returns the key that was most likely meant, one part of it after the
// other.
func nearestText(word string, keys []string) (string, bool) {
	found := ""
	for part := range strings.SplitSeq(word, ".") {
		var known []string
		for _, key := range keys {
			if rest, ok := strings.CutPrefix(key, found); ok {
				name, _, _ := strings.Cut(rest, ".")
				known = append(known, name)
			}
		}
		if !slices.Contains(known, part) {
			near, ok := nearest(part, slices.Compact(known))
			if !ok {
				return "", false
			}
			part = near
		}
		found += part + "."
	}
	found = strings.TrimSuffix(found, ".")
	return found, slices.Contains(keys, found)
}

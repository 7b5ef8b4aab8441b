package i18n

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Voice is how texts address a person, such as Sie or du in German.
type Voice string

// The voices.
const (
	Formal   Voice = "formal"
	Informal Voice = "informal"
)

// Voices returns all voices.
func Voices() []Voice { return []Voice{Formal, Informal} }

// differs reports whether an object is a text that differs between the voices.
func differs(forms map[string]any) bool {
	return forms[string(Formal)] != nil || forms[string(Informal)] != nil
}

// addVoiced adds a text that differs between the voices: an object with both forms.
func (c content) addVoiced(key string, forms map[string]any) error {
	if c.custom == "" {
		return fmt.Errorf("%s: has two voices, but the file does not name the default one", key)
	}
	for _, voice := range Voices() {
		text, ok := forms[string(voice)].(string)
		if !ok || len(forms) != len(Voices()) {
			return fmt.Errorf("%s: must have two texts, formal and informal", key)
		}
		c.voiced[voice][key] = text
	}
	c.texts[key] = c.voiced[c.custom][key]
	return nil
}

// forms returns a text in every voice, or once where they do not differ.
func (c content) forms(key string) []string {
	if _, ok := c.voiced[Formal][key]; !ok {
		return []string{c.texts[key]}
	}
	return []string{c.voiced[Formal][key], c.voiced[Informal][key]}
}

// Keys returns the keys of the texts that Speaking may replace, sorted.
func (c *Catalogue) Keys() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.content().texts)), func(key string) bool {
		// The name of the language, and what programs read.
		return key == "language" || strings.HasPrefix(key, "autoconfig.")
	})
}

// Speaking returns the catalogues in a voice, "" for the usual one of each language,
// with some texts replaced, by language and key.
func (c *Catalogues) Speaking(voice Voice, texts map[string]map[string]string) *Catalogues {
	all := &Catalogues{matcher: c.matcher}
	for _, one := range c.all {
		all.all = append(all.all, &Catalogue{Language: one.Language, read: sync.OnceValues(func() (content, error) {
			spoken, err := one.read()
			if err != nil {
				return content{}, err
			}
			spoken.texts = maps.Clone(spoken.texts)
			maps.Copy(spoken.texts, spoken.voiced[voice])
			maps.Copy(spoken.texts, texts[one.Language])
			return spoken, nil
		})})
	}
	return all
}

package i18n

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"github.com/waymark-mail/waymark/templates"
)

// reference is the default language, which the others are compared with.
const reference = "en"

// Catalogues holds the catalogues of all languages.
type Catalogues struct {
	all     []*Catalogue // the default first, then by their tags
	matcher language.Matcher
}

// All returns the embedded catalogues. They are read once and are immutable. It
// panics when they are invalid, which the tests detect.
func All() *Catalogues { return embedded() }

var embedded = sync.OnceValue(func() *Catalogues {
	files, err := fs.Sub(templates.Files, "texts")
	if err == nil {
		var c *Catalogues
		if c, err = read(files); err == nil {
			return c
		}
	}
	panic(err)
})

// read reads the catalogues of a folder: one file <language>.json each, with
// nested objects that contain texts and lists. The error names every
// key and every placeholder in which a language differs from English.
func read(files fs.FS) (*Catalogues, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	c := &Catalogues{}
	for _, name := range names {
		one, err := readOne(files, name)
		if err != nil {
			return nil, err
		}
		c.all = append(c.all, one)
	}
	i := slices.IndexFunc(c.all, func(c *Catalogue) bool { return c.Language == reference })
	if i < 0 {
		return nil, fmt.Errorf("%s.json is missing", reference)
	}
	english := c.all[i]
	c.all = slices.Insert(slices.Delete(c.all, i, i+1), 0, english)
	var errs []error
	var tags []language.Tag
	for _, other := range c.all {
		errs = append(errs, compare(english, other))
		tags = append(tags, language.Make(other.Language))
	}
	c.matcher = language.NewMatcher(tags)
	return c, errors.Join(errs...)
}

func readOne(files fs.FS, name string) (*Catalogue, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c := &Catalogue{Language: strings.TrimSuffix(path.Base(name), ".json"), texts: map[string]string{}, lists: map[string]int{}}
	if _, err := language.Parse(c.Language); err != nil {
		return nil, fmt.Errorf("%s: the file name must be a language tag, such as de.json", name)
	}
	if err := c.add("", tree); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *Catalogue) add(key string, node any) error {
	switch node := node.(type) {
	case string:
		c.texts[key] = node
		return nil
	case []any:
		c.lists[key] = len(node)
		for i, n := range node {
			if _, ok := n.(map[string]any); ok {
				return fmt.Errorf("%s: must be a text or a list", item(key, i))
			}
			if err := c.add(item(key, i), n); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(node)) {
			child := name
			if key != "" {
				child = key + "." + name
			}
			if err := c.add(child, node[name]); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s: must be a text, a list or an object", key)
}

// compare returns the differences of a language from English in keys and
// placeholders.
func compare(english, other *Catalogue) error {
	var errs []error
	differ := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(other.Language+".json: "+format, args...))
	}
	for _, key := range slices.Sorted(maps.Keys(english.texts)) {
		text, ok := other.texts[key]
		want, have := placeholders(english.texts[key]), placeholders(text)
		switch {
		case !ok:
			differ("%s is missing", key)
		case (text == "") != (english.texts[key] == ""):
			differ("%s is empty in only one of the languages", key)
		case !slices.Equal(slices.Compact(want), slices.Compact(have)):
			differ("%s has the placeholders %v, want %v", key, have, want)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(other.texts)) {
		if _, ok := english.texts[key]; !ok {
			differ("%s is not in %s.json", key, english.Language)
		}
	}
	return errors.Join(errs...)
}

// Languages returns all catalogues, the default first.
func (c *Catalogues) Languages() []*Catalogue { return slices.Clone(c.all) }

// In returns the catalogue of a language, or the default.
func (c *Catalogues) In(tag string) *Catalogue {
	for _, one := range c.all {
		if one.Language == tag {
			return one
		}
	}
	return c.all[0]
}

// maxPreference is the longest list of languages that is parsed, in bytes.
const maxPreference = 200

// Choose returns the best catalogue for the language that a visitor chose and,
// after that, for the Accept-Language of the browser (RFC 9110 section 12.5.4).
func (c *Catalogues) Choose(chosen, accepted string) *Catalogue {
	var wanted []string
	for _, w := range []string{chosen, accepted} {
		if w != "" && len(w) <= maxPreference {
			wanted = append(wanted, w)
		}
	}
	_, index := language.MatchStrings(c.matcher, wanted...)
	return c.all[index]
}

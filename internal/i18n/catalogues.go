package i18n

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"github.com/waymark-mail/waymark/templates"
)

// reference is the default language.
const reference = "en"

// Catalogues holds the catalogues of all languages.
type Catalogues struct {
	all     []*Catalogue            // the default first, then by their tags
	matcher func() language.Matcher // made when it is needed

	// chosen keeps what Choose returned: parsing the Accept-Language of a browser takes
	// 80 times as long (BenchmarkChoose).
	chosen map[preferences]*Catalogue
	guard  sync.RWMutex
}

// preferences are the languages that a visitor chose, and those of the browser.
type preferences struct{ chosen, accepted string }

// mostPreferences bounds what is kept: anybody may send others.
const mostPreferences = 500

// All returns the embedded catalogues, which are immutable. A language is read when it
// is first used, so that a start costs little; it panics when it is invalid, which the
// tests detect.
func All() *Catalogues { return embedded() }

var embedded = sync.OnceValue(func() *Catalogues {
	files, err := fs.Sub(templates.Files, "texts")
	if err == nil {
		var c *Catalogues
		if c, err = find(files); err == nil {
			return c
		}
	}
	panic(err)
})

// find lists the catalogues of a folder: one file <language>.json each, with nested
// objects that contain texts and lists. A text that differs between the voices is an
// object with both forms, and voice is the usual one. All have the keys and the
// placeholders of English, which the tests compare.
func find(files fs.FS) (*Catalogues, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	c := &Catalogues{}
	for _, name := range names {
		one := &Catalogue{Language: strings.TrimSuffix(path.Base(name), ".json")}
		if _, err := language.Parse(one.Language); err != nil {
			return nil, fmt.Errorf("%s: the file name must be a language tag, such as de.json", name)
		}
		one.read = sync.OnceValues(func() (content, error) { return read(files, name) })
		c.all = append(c.all, one)
	}
	i := slices.IndexFunc(c.all, func(c *Catalogue) bool { return c.Language == reference })
	if i < 0 {
		return nil, fmt.Errorf("%s.json is missing", reference)
	}
	english := c.all[i]
	c.all = slices.Insert(slices.Delete(c.all, i, i+1), 0, english)
	c.matcher = sync.OnceValue(func() language.Matcher {
		var tags []language.Tag
		for _, one := range c.all {
			tags = append(tags, language.Make(one.Language))
		}
		return language.NewMatcher(tags)
	})
	return c, nil
}

func read(files fs.FS, name string) (content, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return content{}, err
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return content{}, fmt.Errorf("%s: %w", name, err)
	}
	c := content{
		texts:  map[string]string{},
		lists:  map[string]int{},
		voiced: map[Voice]map[string]string{Formal: {}, Informal: {}},
	}
	if voice, ok := tree["voice"]; ok {
		text, _ := voice.(string)
		if c.custom = Voice(text); !slices.Contains(Voices(), c.custom) {
			return content{}, fmt.Errorf("%s: voice must be formal or informal", name)
		}
		delete(tree, "voice")
	}
	if err := c.add("", tree); err != nil {
		return content{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c content) add(key string, node any) error {
	switch node := node.(type) {
	case string:
		c.texts[key] = node
		return nil
	case []any:
		c.lists[key] = len(node)
		for i, n := range node {
			if object, ok := n.(map[string]any); ok && !differs(object) {
				return fmt.Errorf("%s: must be a text or a list", item(key, i))
			}
			if err := c.add(item(key, i), n); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		if differs(node) {
			return c.addVoiced(key, node)
		}
		for name, n := range node {
			child := name
			if key != "" {
				child = key + "." + name
			}
			if err := c.add(child, n); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s: must be a text, a list or an object", key)
}

// Languages returns all catalogues, the default first.
func (c *Catalogues) Languages() []*Catalogue { return slices.Clone(c.all) }

// Tags returns the languages, the default first.
func (c *Catalogues) Tags() []string {
	var all []string
	for _, one := range c.all {
		all = append(all, one.Language)
	}
	return all
}

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
	if len(chosen) > maxPreference {
		chosen = ""
	}
	if len(accepted) > maxPreference {
		accepted = ""
	}
	c.guard.RLock()
	best, ok := c.chosen[preferences{chosen, accepted}]
	c.guard.RUnlock()
	if ok {
		return best
	}
	_, index := language.MatchStrings(c.matcher(), slices.DeleteFunc([]string{chosen, accepted}, func(list string) bool { return list == "" })...)
	best = c.all[index]
	c.guard.Lock()
	defer c.guard.Unlock()
	if c.chosen == nil || len(c.chosen) >= mostPreferences {
		c.chosen = map[preferences]*Catalogue{}
	}
	c.chosen[preferences{strings.Clone(chosen), strings.Clone(accepted)}] = best // not the whole query
	return best
}

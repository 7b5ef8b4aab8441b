package i18n

import (
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/waymark-mail/waymark/templates"
)

// TestEveryLanguageIsComplete compares every language with English, and looks for words that were left in English.
func TestEveryLanguageIsComplete(t *testing.T) {
	tags := All().Tags()
	for _, want := range []string{"en", "de", "es", "fr", "it"} {
		if !slices.Contains(tags, want) {
			t.Errorf("%s is missing in %v", want, tags)
		}
	}
	files, err := fs.Sub(templates.Files, "texts")
	if err == nil {
		err = check(files)
	}
	if err != nil {
		t.Error(err)
	}
	english := All().In("en")
	for _, c := range All().Languages()[1:] {
		same := 0
		for key, text := range english.content().texts {
			if strings.Count(text, " ") > 2 && c.content().texts[key] == text {
				same++
				t.Errorf("%s: %s is still in English: %s", c.Language, key, text)
			}
		}
		if c.Name() == english.Name() || same > 0 {
			t.Errorf("%s calls itself %s", c.Language, c.Name())
		}
	}
}

// eachForm calls do with every text in each of its voices.
func eachForm(c *Catalogue, do func(key, text string)) {
	for key := range c.content().texts {
		for _, text := range c.content().forms(key) {
			do(key, text)
		}
	}
}

func folder(files map[string]string) fs.FS {
	all := fstest.MapFS{}
	for name, data := range files {
		all[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return all
}

func TestDifferencesFromEnglish(t *testing.T) {
	const english = `{"a": "Hello {name}", "b": {"list": ["one", "two"]}}`
	for name, tc := range map[string]struct{ german, want string }{
		"complete":                         {`{"a": "Hallo {name}", "b": {"list": ["eins", "zwei"]}}`, ""},
		"a text is missing":                {`{"b": {"list": ["eins", "zwei"]}}`, "de.json: a is missing"},
		"an item is missing":               {`{"a": "Hallo {name}", "b": {"list": ["eins"]}}`, "de.json: b.list.1 is missing"},
		"an item of another form":          {`{"a": "Hallo {name}", "b": {"list": ["eins", ["zwei"]]}}`, "de.json: b.list.1 is missing"},
		"an extra text":                    {`{"a": "Hallo {name}", "b": {"list": ["eins", "zwei"]}, "c": "x"}`, "de.json: c is not in en.json"},
		"a placeholder is missing":         {`{"a": "Hallo", "b": {"list": ["eins", "zwei"]}}`, "de.json: a has the placeholders [], want [name]"},
		"another placeholder":              {`{"a": "Hallo {nam}", "b": {"list": ["eins", "zwei"]}}`, "de.json: a has the placeholders [nam], want [name]"},
		"a placeholder that is not closed": {`{"a": "Hallo {name", "b": {"list": ["eins", "zwei"]}}`, "de.json: a has the placeholders [?], want [name]"},
		"an empty text":                    {`{"a": "Hallo {name}", "b": {"list": ["eins", ""]}}`, "de.json: b.list.1 is empty"},
		"a number":                         {`{"a": 1, "b": {"list": ["eins", "zwei"]}}`, "de.json: a: must be a text, a list or an object"},
		"an object in a list":              {`{"a": "Hallo {name}", "b": {"list": [{}]}}`, "de.json: b.list.0: must be a text or a list"},
		"two voices":                       {`{"voice": "informal", "a": {"formal": "Guten Tag {name}", "informal": "Hallo {name}"}, "b": {"list": ["eins", {"formal": "Sie", "informal": "du"}]}}`, ""},
		"two voices, and no usual one":     {`{"a": {"formal": "Guten Tag {name}", "informal": "Hallo {name}"}, "b": {"list": ["eins", "zwei"]}}`, "de.json: a: has two voices, but the file does not name the default one"},
		"an unknown voice":                 {`{"voice": "loud", "a": "Hallo {name}", "b": {"list": ["eins", "zwei"]}}`, "de.json: voice must be formal or informal"},
		"one of two voices":                {`{"voice": "formal", "a": {"formal": "Guten Tag {name}"}, "b": {"list": ["eins", "zwei"]}}`, "de.json: a: must have two texts, formal and informal"},
		"a third voice":                    {`{"voice": "formal", "a": {"formal": "Guten Tag {name}", "informal": "Hallo {name}", "loud": "{name}"}, "b": {"list": ["eins", "zwei"]}}`, "de.json: a: must have two texts, formal and informal"},
		"a placeholder in one voice only":  {`{"voice": "formal", "a": {"formal": "Guten Tag {name}", "informal": "Hallo"}, "b": {"list": ["eins", "zwei"]}}`, "de.json: a has the placeholders [], want [name]"},
		"not JSON":                         {`{`, "de.json: unexpected end of JSON input"},
	} {
		t.Run(name, func(t *testing.T) {
			err := check(folder(map[string]string{"en.json": english, "de.json": tc.german}))
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.want)) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if err := check(folder(map[string]string{"de.json": `{}`})); err == nil || err.Error() != "en.json is missing" {
		t.Errorf("without English: %v", err)
	}
	if err := check(folder(map[string]string{"en.json": `{}`, "not a language.json": `{}`})); err == nil {
		t.Error("an invalid language tag is accepted")
	}
}

func TestText(t *testing.T) {
	c, err := find(folder(map[string]string{"en.json": `{"a": "Hello {name}, {name} at {place}", "l": ["one", ["two", "three"]]}`}))
	if err != nil {
		t.Fatal(err)
	}
	english := c.In("en")
	if got := english.Text("a", "name", "{place}", "place", "home"); got != "Hello {place}, {place} at home" {
		t.Errorf("a value was treated as a placeholder: %s", got)
	}
	if got, want := english.Items("l"), []Item{{Text: "one"}, {Items: []Item{{Text: "two"}, {Text: "three"}}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("the list is %v", got)
	}
	for name, call := range map[string]func(){"text": func() { english.Text("b") }, "list": func() { english.Items("a") }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for a %s with an unknown key", name)
				}
			}()
			call()
		}()
	}
}

func TestPieces(t *testing.T) {
	values := map[string]string{"host": "imap.example.com", "port": "993"}
	for text, want := range map[string][]Piece{
		"plain":              {{Text: "plain"}},
		"Server {host}.":     {{Text: "Server "}, {Text: "imap.example.com", Name: "host"}, {Text: "."}},
		"{host}:{port}":      {{Text: "imap.example.com", Name: "host"}, {Text: ":"}, {Text: "993", Name: "port"}},
		"":                   nil,
		"needs {empty}":      nil,
		"needs {calendars}.": nil,
	} {
		got, ok := Pieces(text, values)
		if !slices.Equal(got, want) || ok != (want != nil || text == "") {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
}

func TestChoose(t *testing.T) {
	for _, tc := range []struct{ chosen, accepted, want string }{
		{"", "", "en"},
		{"fr", "de", "fr"},
		{"", "de-CH,de;q=0.9,en;q=0.8", "de"},
		{"", "tlh,it;q=0.5", "it"},
		{"", "tlh", "en"},
		{"xx-nonsense-\x00", "es", "es"},
		{strings.Repeat("de,", 100), "it", "it"},
	} {
		for range 2 { // the second time from what is kept
			if got := All().Choose(tc.chosen, tc.accepted).Language; got != tc.want {
				t.Errorf("chosen %.20q, accepted %q: %s, want %s", tc.chosen, tc.accepted, got, tc.want)
			}
		}
	}
	for i := range 2 * mostPreferences {
		all := All()
		if all.Choose("", fmt.Sprintf("it;q=0.%d", i+1)); len(all.chosen) > mostPreferences {
			t.Fatalf("%d preferences are kept", len(all.chosen))
		}
	}
	if got := All().In("xx").Language; got != "en" {
		t.Errorf("an unknown language selects %s", got)
	}
}

// TestTypography checks the typographic rules of each language. A language
// without its own rules has only those of all.
func TestTypography(t *testing.T) {
	type rule struct{ what, pattern string }
	all := []rule{
		{"a straight quotation mark or apostrophe", `["']`},
		{"a name of an app that breaks in two", `K[-\x{2011}]9 |\b[A-Z]-[0-9]`},
		{"three dots instead of an ellipsis", `\.\.\.`},
		{"superfluous spaces", `  |^ | $`},
		{"a placeholder that is not closed, or a name in capitals", `\{[^}]*$|\{[^}]*[^a-z_}]`},
	}
	const narrow = "\u202f"
	unspaced := rule{"a space before a mark", `[ \x{a0}` + narrow + `][;:!?]`}
	rules := map[string][]rule{
		"en": {unspaced, {"another language's quotation marks", `[«»„]`}},
		"de": {unspaced, {"another language's quotation marks", `[«»”]`}},
		"it": {unspaced, {"another language's quotation marks", `[“”„]`}},
		"es": {unspaced, {"another language's quotation marks", `[“”„]`}, {"a question without ¿", `^[^¿]*\?`}, {"an exclamation without ¡", `^[^¡]*!`}},
		"fr": {
			{"no narrow space before a mark", `[^` + narrow + `][;:!?»]`},
			{"no narrow space after a quotation mark", `«[^` + narrow + `]`},
			{"another language's quotation marks", `[“”„]`},
		},
	}
	quotes := map[string][2]string{"en": {"“", "”"}, "de": {"„", "“"}, "fr": {"«", "»"}, "it": {"«", "»"}, "es": {"«", "»"}}
	for _, c := range All().Languages() {
		for _, r := range append(slices.Clone(all), rules[c.Language]...) {
			wrong := regexp.MustCompile(r.pattern)
			eachForm(c, func(key, text string) {
				if wrong.MatchString(text) {
					t.Errorf("%s: %s has %s: %s", c.Language, key, r.what, text)
				}
			})
		}
		eachForm(c, func(key, text string) {
			for _, pair := range [][2]string{{"(", ")"}, quotes[c.Language]} {
				if pair[0] != "" && strings.Count(text, pair[0]) != strings.Count(text, pair[1]) {
					t.Errorf("%s: %s has %s without %s: %s", c.Language, key, pair[0], pair[1], text)
				}
			}
		})
	}
}

// TestALanguageIsOneFile adds a file, and expects its language everywhere.
func TestALanguageIsOneFile(t *testing.T) {
	files := fstest.MapFS{}
	for _, c := range All().Languages() {
		data, err := fs.ReadFile(templates.Files, "texts/"+c.Language+".json")
		if err != nil {
			t.Fatal(err)
		}
		files[c.Language+".json"] = &fstest.MapFile{Data: data}
	}
	files["nl.json"] = &fstest.MapFile{Data: []byte(strings.Replace(string(files["de.json"].Data), `"language": "Deutsch"`, `"language": "Nederlands"`, 1))}
	c, err := find(files)
	if err != nil {
		t.Fatal(err)
	}
	dutch := c.In("nl")
	if dutch.Name() != "Nederlands" || c.Choose("nl", "") != dutch || c.Choose("", "nl-BE,fr;q=0.5") != dutch || !slices.Contains(c.Languages(), dutch) {
		t.Errorf("Dutch selects %s", dutch.Name())
	}
}

func TestDate(t *testing.T) {
	fifth, first := time.Date(2026, 11, 5, 23, 59, 0, 0, time.UTC), time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	for language, want := range map[string][2]string{
		"en": {"5 November 2026", "1 March 2027"},
		"de": {"5. November 2026", "1. März 2027"},
		"fr": {"5 novembre 2026", "1er mars 2027"},
		"it": {"5 novembre 2026", "1º marzo 2027"},
		"es": {"5 de noviembre de 2026", "1 de marzo de 2027"},
	} {
		c := All().In(language)
		if got := [2]string{c.Date(fifth), c.Date(first)}; got != want {
			t.Errorf("%s: %v, want %v", language, got, want)
		}
		if n := len(c.Items("date.months")); n != 12 {
			t.Errorf("%s has %d months", language, n)
		}
	}
}

func TestEnumerate(t *testing.T) {
	german := All().In("de")
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a und b": {"a", "b"}, "a, b und c": {"a", "b", "c"}} {
		if got := german.Enumerate(words); got != want {
			t.Errorf("%v: %s, want %s", words, got, want)
		}
	}
}

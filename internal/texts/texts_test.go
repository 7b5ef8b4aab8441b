package texts

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestEveryLanguageIsComplete reads what is embedded, which holds every language
// against English, and looks for words that were left in English.
func TestEveryLanguageIsComplete(t *testing.T) {
	var tags []string
	for _, c := range All().Languages() {
		tags = append(tags, c.Language)
	}
	if want := []string{"en", "de", "es", "fr", "it"}; !slices.Equal(tags, want) {
		t.Errorf("there are %v, want %v", tags, want)
	}
	english := All().In("en")
	for _, c := range All().Languages()[1:] {
		same := 0
		for key, text := range english.texts {
			if strings.Count(text, " ") > 2 && c.texts[key] == text {
				same++
				t.Errorf("%s: %s is still in English: %s", c.Language, key, text)
			}
		}
		if c.Name() == english.Name() || same > 0 {
			t.Errorf("%s calls itself %s", c.Language, c.Name())
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

func TestWhatALanguageMayNotLack(t *testing.T) {
	const english = `{"a": "Hello {name}", "b": {"list": ["one", "two"]}, "empty": ""}`
	for name, tc := range map[string]struct{ german, want string }{
		"complete":                 {`{"a": "Hallo {name}", "b": {"list": ["eins", "zwei"]}, "empty": ""}`, ""},
		"a text is missing":        {`{"b": {"list": ["eins", "zwei"]}, "empty": ""}`, "de.json: a is missing"},
		"an item is missing":       {`{"a": "Hallo {name}", "b": {"list": ["eins"]}, "empty": ""}`, "de.json: b.list.1 is missing"},
		"one too many":             {`{"a": "Hallo {name}", "b": {"list": ["eins", "zwei"]}, "c": "x", "empty": ""}`, "de.json: c is not in en.json"},
		"a placeholder is missing": {`{"a": "Hallo", "b": {"list": ["eins", "zwei"]}, "empty": ""}`, "de.json: a has the placeholders [], want [name]"},
		"another placeholder":      {`{"a": "Hallo {nam}", "b": {"list": ["eins", "zwei"]}, "empty": ""}`, "de.json: a has the placeholders [nam], want [name]"},
		"it is not closed":         {`{"a": "Hallo {name", "b": {"list": ["eins", "zwei"]}, "empty": ""}`, "de.json: a has the placeholders [?], want [name]"},
		"an empty text":            {`{"a": "Hallo {name}", "b": {"list": ["eins", ""]}, "empty": ""}`, "de.json: b.list.1 is empty in one language only"},
		"a number":                 {`{"a": 1, "b": {"list": ["eins", "zwei"]}, "empty": ""}`, "de.json: a: must be a text, a list of texts or an object"},
		"an object in a list":      {`{"a": "Hallo {name}", "b": {"list": [{}]}, "empty": ""}`, "de.json: b.list.0: must be a text"},
		"no JSON":                  {`{`, "de.json: unexpected end of JSON input"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(folder(map[string]string{"en.json": english, "de.json": tc.german}))
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.want)) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if _, err := read(folder(map[string]string{"de.json": `{}`})); err == nil || err.Error() != "there is no en.json" {
		t.Errorf("without English: %v", err)
	}
	if _, err := read(folder(map[string]string{"en.json": `{}`, "not a language.json": `{}`})); err == nil {
		t.Error("any name is a language")
	}
}

func TestText(t *testing.T) {
	c, err := read(folder(map[string]string{"en.json": `{"a": "Hello {name}, {name} at {place}", "l": ["one", "two"]}`}))
	if err != nil {
		t.Fatal(err)
	}
	english := c.In("en")
	if got := english.Text("a", "name", "{place}", "place", "home"); got != "Hello {place}, {place} at home" {
		t.Errorf("a value is read as a placeholder: %s", got)
	}
	if got := english.List("l"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the list is %v", got)
	}
	for name, call := range map[string]func(){"text": func() { english.Text("b") }, "list": func() { english.List("a") }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a %s that nobody has is not noticed", name)
				}
			}()
			call()
		}()
	}
}

func TestPieces(t *testing.T) {
	values := map[string]string{"host": "imap.example.com", "port": "993", "empty": ""}
	for text, want := range map[string][]Piece{
		"plain":              {{Text: "plain"}},
		"Server {host}.":     {{Text: "Server "}, {Text: "imap.example.com", Value: true}, {Text: "."}},
		"{host}:{port}":      {{Text: "imap.example.com", Value: true}, {Text: ":"}, {Text: "993", Value: true}},
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
		{"", "pt-BR,it;q=0.5", "it"},
		{"", "ja", "en"},
		{"xx-nonsense-\x00", "es", "es"},
		{strings.Repeat("de,", 100), "it", "it"},
	} {
		if got := All().Choose(tc.chosen, tc.accepted).Language; got != tc.want {
			t.Errorf("chosen %.20q, accepted %q: %s, want %s", tc.chosen, tc.accepted, got, tc.want)
		}
	}
	if got := All().In("xx").Language; got != "en" {
		t.Errorf("an unknown language is %s", got)
	}
}

package i18n

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Catalogue holds the texts of one language.
type Catalogue struct {
	// Language is its BCP 47 tag, such as de.
	Language string

	read func() (content, error) // once
}

// content is what a language says.
type content struct {
	texts map[string]string // by path, such as page.title
	lists map[string]int    // the number of items of a list

	custom Voice                       // the usual one; "" when no text differs
	voiced map[Voice]map[string]string // the texts that differ
}

func (c *Catalogue) content() content {
	all, err := c.read()
	if err != nil {
		panic(err)
	}
	return all
}

// Name returns the name of the language in that language.
func (c *Catalogue) Name() string { return c.content().texts["language"] }

// Text returns a text with its placeholders replaced. namesAndValues alternates
// names, without braces, and values. An unknown key is a bug, and panics.
func (c *Catalogue) Text(key string, namesAndValues ...string) string {
	text, ok := c.content().texts[key]
	if !ok {
		panic("i18n: no text has the key " + strconv.Quote(key))
	}
	if len(namesAndValues) == 0 {
		return text
	}
	return fill(text, namesAndValues)
}

// fill replaces placeholders. A strings.Replacer, which is made for many texts, would take
// 2 KB and most of the time of a page (BenchmarkText).
func fill(text string, namesAndValues []string) string {
	size := len(text)
	for i := 1; i < len(namesAndValues); i += 2 {
		size += len(namesAndValues[i])
	}
	var b strings.Builder
	b.Grow(size) // enough for each value once
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		i := 0
		for i < len(namesAndValues) && namesAndValues[i] != name {
			i += 2
		}
		if closed && i < len(namesAndValues) {
			b.WriteString(namesAndValues[i+1])
			text = after
			continue
		}
		b.WriteByte('{')
		text = rest
	}
}

// Has reports whether there is a text with a key. All languages have the same
// keys.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.content().texts[key]
	return ok
}

// Date returns a date in the long form of the language: 5 November 2026.
func (c *Catalogue) Date(day time.Time) string {
	number := strconv.Itoa(day.Day())
	if number == "1" {
		number = c.Text("date.first") // 1er in French
	}
	month := c.Text(item("date.months", int(day.Month())-1))
	return c.Text("date.long", "day", number, "month", month, "year", strconv.Itoa(day.Year()))
}

// Enumerate joins words to a list such as "a, b and c".
func (c *Catalogue) Enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return c.Text("and", "first", strings.Join(words[:last], ", "), "last", words[last])
}

// Item is an item of a list: a text with its placeholders, or a list of its own.
type Item struct {
	Text  string
	Items []Item
}

// Items returns the items of a list.
func (c *Catalogue) Items(key string) []Item {
	n, ok := c.content().lists[key]
	if !ok {
		panic("i18n: no list has the key " + strconv.Quote(key))
	}
	all := make([]Item, n)
	for i := range all {
		of := item(key, i)
		if text, ok := c.content().texts[of]; ok {
			all[i].Text = text
		} else {
			all[i].Items = c.Items(of)
		}
	}
	return all
}

func item(list string, i int) string { return list + "." + strconv.Itoa(i) }

// Piece is a part of a text: words, or the value of a placeholder.
type Piece struct {
	Text string
	Name string // of the placeholder; "" for words
}

// Pieces splits a text at its placeholders and replaces them with values. It
// returns false when a value is missing or empty: then the sentence does not
// apply.
func Pieces(text string, values map[string]string) ([]Piece, bool) {
	var all []Piece
	for {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			all = append(all, Piece{Text: before})
		}
		if !found {
			return all, true
		}
		name, after, _ := strings.Cut(rest, "}")
		value := values[name]
		if value == "" {
			return nil, false
		}
		all = append(all, Piece{Text: value, Name: name})
		text = after
	}
}

// Placeholders returns the names in a text, sorted, each once. A placeholder that is
// not closed is named "?".
func Placeholders(text string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(text, "{")
		if !found {
			slices.Sort(names)
			return slices.Compact(names)
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			name = "?" // differs from every name
		}
		names = append(names, name)
		text = after
	}
}

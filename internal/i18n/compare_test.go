package i18n

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// check reads a folder of languages. The error names every key and every placeholder
// in which a language differs from English.
func check(files fs.FS) error {
	all, err := find(files)
	if err != nil {
		return err
	}
	english, err := all.In(reference).read()
	errs := []error{err}
	for _, other := range all.all {
		texts, broken := other.read()
		if broken != nil {
			errs = append(errs, broken)
			continue
		}
		errs = append(errs, compare(english, texts, other.Language+".json: "))
	}
	return errors.Join(errs...)
}

// compare returns the differences of a language from English in keys and
// placeholders.
func compare(english, other content, where string) error {
	var errs []error
	differ := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(where+format, args...))
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
			differ("%s is not in %s.json", key, reference)
		}
	}
	return errors.Join(errs...)
}

// placeholders returns the names in a text, sorted, with repetitions.
func placeholders(text string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(text, "{")
		if !found {
			slices.Sort(names)
			return names
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			name = "?" // not closed; differs from every name
		}
		names = append(names, name)
		text = after
	}
}

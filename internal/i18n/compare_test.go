package i18n

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
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
		if _, ok := other.texts[key]; !ok {
			differ("%s is missing", key)
			continue
		}
		want := Placeholders(english.texts[key])
		for _, text := range other.forms(key) {
			if have := Placeholders(text); text == "" {
				differ("%s is empty", key)
			} else if !slices.Equal(want, have) {
				differ("%s has the placeholders %v, want %v", key, have, want)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(other.texts)) {
		if _, ok := english.texts[key]; !ok {
			differ("%s is not in %s.json", key, reference)
		}
	}
	return errors.Join(errs...)
}

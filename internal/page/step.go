package page

import "github.com/waymark-mail/waymark/internal/i18n"

// step is one step of the set-up, in parts: words, and the fields of the app's own form.
type step []part

type part struct {
	Words  sentence
	Fields []field
}

// field is one field of an app: a label with a value to copy or to choose, or only what
// to do there, such as "your password".
type field struct {
	Label string
	Value piece
}

// stepList is a list of steps with the texts around them, for the template.
type stepList struct {
	T     *i18n.Catalogue
	Steps []step
}

// steps returns the steps of a list in the catalogue, without those about services that
// are not offered.
func steps(list []i18n.Item, values map[string]string) []step {
	var all []step
	for _, item := range list {
		if st, ok := newStep(item, values); ok {
			all = append(all, st)
		}
	}
	return all
}

// newStep returns false when a value is missing.
func newStep(item i18n.Item, values map[string]string) (step, bool) {
	if item.Text != "" {
		item.Items = []i18n.Item{{Text: item.Text}}
	}
	var st step
	for _, i := range item.Items {
		words, ok := newSentence(i.Text, values)
		if !ok {
			return nil, false
		}
		p := part{Words: words}
		for _, line := range i.Items {
			f := field{Label: line.Text}
			if len(line.Items) > 0 {
				value, ok := newSentence(line.Items[1].Text, values)
				if !ok {
					return nil, false
				}
				f = field{line.Items[0].Text, value[0]}
			}
			p.Fields = append(p.Fields, f)
		}
		st = append(st, p)
	}
	return st, true
}

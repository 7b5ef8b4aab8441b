package page

import (
	"strings"

	"github.com/waymark-mail/waymark/internal/i18n"
)

// step is a sentence of the steps. Where it names several values, they are rows, like
// the fields of the app's own form: Lead, the rows, and Rest.
type step struct {
	Lead, Rest sentence
	Rows       []field
}

// field is one field of an app: a label with a value to copy or to choose, or only what
// to do there, such as "your password".
type field struct {
	Label string
	Colon bool // behind the label
	Value piece
}

// stepList is a list of steps with the texts around them, for the template.
type stepList struct {
	T     *i18n.Catalogue
	Steps []step
}

func steps(all []sentence) []step {
	laid := make([]step, len(all))
	for i, s := range all {
		laid[i] = layout(s)
	}
	return laid
}

// layout makes rows of "lead: label value, label value, label. rest". A sentence with
// fewer than two values, or of another form, stays as it is.
func layout(s sentence) step {
	whole := step{Lead: s}
	var st step
	label := ""
	for i, p := range s {
		if p.Value || p.Choice {
			st.Rows = append(st.Rows, field{Label: strings.TrimSpace(label), Value: p})
			label = ""
			continue
		}
		text := p.Text
		if len(st.Rows) == 0 {
			lead, rest := cutLead(text)
			st.Lead, text = append(st.Lead, piece{Text: lead}), rest
		}
		text, after, ends := strings.Cut(text, ". ")
		if !ends && i == len(s)-1 {
			text, ends = strings.CutSuffix(text, ".")
		}
		items := strings.Split(text, ", ")
		if len(st.Rows) > 0 {
			if items[0] != "" { // words behind a value belong to it
				return whole
			}
			items = items[1:]
		}
		if ends {
			st.add(items)
			if after != "" {
				st.Rest = append(st.Rest, piece{Text: after})
			}
			st.Rest = append(st.Rest, s[i+1:]...)
			break
		}
		if len(items) == 0 {
			return whole
		}
		st.add(items[:len(items)-1])
		label = items[len(items)-1]
	}
	if len(st.Rows) > 0 && st.Rows[0].Label == "" { // "server: value" has no label but the lead
		lead := st.Lead[len(st.Lead)-1].Text
		if name, found := cutColon(lead); found && len(st.Lead) == 1 {
			st.Lead, st.Rows[0].Label, st.Rows[0].Colon = nil, name, true
		}
	}
	if len(st.Lead) > 0 { // the rows begin on a line of their own
		last := &st.Lead[len(st.Lead)-1]
		last.Text = strings.TrimRight(last.Text, " ")
	}
	values := 0
	for _, r := range st.Rows {
		if r.Value.Text != "" {
			values++
		}
		if r.Label == "" {
			return whole
		}
	}
	if values < 2 {
		return whole
	}
	return st
}

// add adds a row without a value for clauses such as "your password, although it says
// optional".
func (st *step) add(clauses []string) {
	if text := strings.Join(clauses, ", "); text != "" {
		st.Rows = append(st.Rows, field{Label: text})
	}
}

// cutColon returns the only clause of a text that ends with a colon, without it.
func cutColon(text string) (string, bool) {
	name, found := strings.CutSuffix(strings.TrimSpace(text), ":")
	return strings.TrimRight(name, "\u202f"), found && !strings.Contains(name, ". ")
}

// cutLead cuts a text before the label of the first value: after a colon, or after the
// sentences before it.
func cutLead(text string) (lead, rest string) {
	at := 0
	for _, mark := range []string{": ", ". "} {
		if i := strings.LastIndex(text, mark); i >= 0 {
			at = max(at, i+len(mark))
		}
	}
	return text[:at], text[at:]
}

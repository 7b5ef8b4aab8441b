package doctor

import (
	"cmp"
	"slices"
)

// Report is the result of an examination.
type Report struct {
	Domain string `json:"domain"`
	// FixFirst is the id of the finding that breaks most clients; "" for none.
	FixFirst string    `json:"fix_first"`
	Verdicts []Verdict `json:"verdicts"`
	Findings []Finding `json:"findings"`
}

// Verdict is what one client does for a user who types an address.
type Verdict struct {
	Client   string   `json:"client"`
	Verdict  Outcome  `json:"verdict"`
	Findings []string `json:"findings"` // the ids of those that break it, each once
	Steps    []Step   `json:"steps"`    // in the order of the client
}

// Outcome is whether a client sets up an address.
type Outcome string

// The outcomes.
const (
	Works    Outcome = "works"
	Question Outcome = "question" // works after a question to the user
	Broken   Outcome = "broken"
)

// Step is one question of a client and what came of it.
type Step struct {
	Asked string `json:"asked"`
	Got   string `json:"got"`
}

// Finding is one fault.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Where    string   `json:"where"` // the URL, server or name
	Seen     string   `json:"seen"`
	Breaks   []string `json:"breaks"` // clients, in the order of the verdicts
	Fix      string   `json:"fix"`
}

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // some client does not work, or mail is at risk
	Warning Severity = "warning" // works today, or for most
	Info    Severity = "info"    // could be better
)

// Healthy reports whether there is neither an error nor a warning.
func (r Report) Healthy() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity != Info })
}

func rank(s Severity) int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// sortFindings puts what matters most first.
func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank(a.Severity), rank(b.Severity)),
			cmp.Compare(len(b.Breaks), len(a.Breaks)),
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.Where, b.Where))
	})
}

// fault is a finding before it is known which clients it breaks.
type fault struct{ id, where, seen, fix string }

// at returns the fault of another place.
func (f fault) at(where string) fault {
	f.where = where
	return f
}

// book collects faults. The same fault at the same place is one finding.
type book struct {
	order  []string // of the clients
	faults []fault
	breaks map[fault][]string
}

// add adds a fault that breaks a client; "" for none.
func (b *book) add(f fault, client string) {
	if b.breaks == nil {
		b.breaks = map[fault][]string{}
	}
	if !slices.Contains(b.faults, f) {
		b.faults = append(b.faults, f)
	}
	if client != "" && !slices.Contains(b.breaks[f], client) {
		b.breaks[f] = append(b.breaks[f], client)
	}
}

// findings returns the findings, sorted.
func (b *book) findings() []Finding {
	all := []Finding{}
	for _, f := range b.merged() {
		breaks := []string{}
		for _, name := range b.order {
			if slices.Contains(b.breaks[f], name) {
				breaks = append(breaks, name)
			}
		}
		all = append(all, Finding{ID: f.id, Severity: severities()[f.id], Where: f.where, Seen: f.seen, Breaks: breaks, Fix: f.fix})
	}
	sortFindings(all)
	return all
}

// merged returns the faults, with those of several URLs of one host merged into one.
func (b *book) merged() []fault {
	faults := slices.Clone(b.faults)
	slices.SortFunc(faults, func(a, b fault) int { return cmp.Or(cmp.Compare(b.where, a.where), cmp.Compare(a.seen, b.seen)) }) // https first
	var all []fault
	for _, f := range faults {
		at := slices.IndexFunc(all, func(o fault) bool {
			return o.id == f.id && o.seen == f.seen && o.fix == f.fix && hostOf(o.where) != "" && hostOf(o.where) == hostOf(f.where)
		})
		if at < 0 {
			all = append(all, f)
			continue
		}
		b.breaks[all[at]] = append(b.breaks[all[at]], b.breaks[f]...)
	}
	return all
}

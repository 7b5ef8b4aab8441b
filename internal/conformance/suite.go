package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
)

// Check is one property that clients rely on.
type Check struct {
	Number   int
	Sentence string
	run      func(*probe)
	// judges is the kind of document that judge looks at; "" when the check needs
	// more than one answer.
	judges Kind
	judge  judge
}

func check(number int, sentence string, run func(*probe)) Check {
	return Check{Number: number, Sentence: sentence, run: run}
}

// String returns the number, in two digits, and the sentence.
func (c Check) String() string { return fmt.Sprintf("%02d %s", c.Number, c.Sentence) }

// All returns the checks in the order of their numbers.
func All() []Check {
	all := slices.Concat(
		autoconfigChecks(), autoconfigDocumentChecks(), privacyChecks(), httpChecks(),
		autodiscoverChecks(), autodiscoverBlockChecks(), autodiscoverJSONChecks(), escapingChecks(),
		mobileconfigChecks(), paccChecks(), dnsChecks(),
	)
	slices.SortFunc(all, func(a, b Check) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// Verdict is the outcome of a check.
type Verdict string

// The verdicts. A check that could not run in full, and found nothing in what did
// run, is NotChecked.
const (
	Passed     Verdict = "passed"
	Failed     Verdict = "failed"
	NotChecked Verdict = "not checked"
)

// Finding is one problem.
type Finding struct {
	Request string `json:"request"` // such as "GET https://example.com/"; "" for the zone
	Text    string `json:"text"`    // what was found and what was expected
}

// Result is the outcome of one check.
type Result struct {
	Number   int       `json:"number"`
	Sentence string    `json:"sentence"`
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings,omitempty"` // when it failed
	Why      string    `json:"why,omitempty"`      // when it did not run, or not in full
}

// Report has one result for each requested check, in order.
type Report struct {
	Results []Result `json:"results"`
}

// Count returns how many results have a verdict.
func (r Report) Count(v Verdict) int {
	n := 0
	for _, result := range r.Results {
		if result.Verdict == v {
			n++
		}
	}
	return n
}

// Run runs the checks with the given numbers, or all checks when there is none,
// one after the other. It returns an error for an invalid target and for a server
// that cannot be reached; problems with the answers are in the report. When ctx
// ends, the remaining checks report missing answers.
func Run(ctx context.Context, t Target, numbers ...int) (Report, error) {
	t, err := t.complete()
	if err != nil {
		return Report{}, err
	}
	all := All()
	for _, n := range numbers {
		if n < 1 || n > len(all) {
			return Report{}, fmt.Errorf("there is no check %d; use 1 to %d", n, len(all))
		}
	}
	client := newClient(t)
	defer client.CloseIdleConnections()
	if err := reachable(ctx, t, client); err != nil {
		return Report{}, err
	}
	var report Report
	for _, c := range all {
		if len(numbers) == 0 || slices.Contains(numbers, c.Number) {
			report.Results = append(report.Results, c.on(ctx, t, client))
		}
	}
	return report, nil
}

// reachable returns an error when no server listens at a base URL, which would be a
// finding of every check.
func reachable(ctx context.Context, t Target, client *http.Client) error {
	p := &probe{ctx: ctx, target: t, client: client}
	for scheme, base := range map[string]string{"https": t.HTTPS, "http": t.HTTP} {
		if base == "" {
			continue
		}
		_, err := p.send(get(over(scheme, t.Domain, "/")))
		if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
			return fmt.Errorf("no server answers at %s: %w", base, failed.Err)
		}
	}
	return nil
}

func (c Check) on(ctx context.Context, t Target, client *http.Client) Result {
	p := &probe{ctx: ctx, target: t, client: client}
	c.run(p)
	return c.result(p)
}

// result returns what a run has noted.
func (c Check) result(p *probe) Result {
	result := Result{Number: c.Number, Sentence: c.Sentence, Verdict: Passed, Findings: p.findings, Why: p.why}
	switch {
	case len(p.findings) > 0:
		result.Verdict = Failed
	case p.why != "":
		result.Verdict = NotChecked
	}
	return result
}

// maxFindings limits the findings of one check against a server without any
// answer.
const maxFindings = 20

// probe is one run of a check against a target. It does not outlive the call that
// its context belongs to.
type probe struct {
	ctx      context.Context
	target   Target
	client   *http.Client
	findings []Finding
	why      string
}

// find adds a finding about the answer to a request.
func (p *probe) find(q request, format string, args ...any) {
	p.note(Finding{q.String(), fmt.Sprintf(format, args...)})
}

func (p *probe) note(f Finding) {
	if len(p.findings) < maxFindings && !slices.Contains(p.findings, f) {
		p.findings = append(p.findings, f)
	}
}

// skip notes why a part of the check did not run.
func (p *probe) skip(why string) { p.why = why }

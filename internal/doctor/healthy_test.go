package doctor

import (
	"testing"
)

// TestHealthyDomain: every client works, and there is nothing to report.
func TestHealthyDomain(t *testing.T) {
	report := newWorld(t).examine()
	for _, f := range report.Findings {
		t.Errorf("%+v", f)
	}
	for _, v := range report.Verdicts {
		if v.Verdict != Works || len(v.Findings) > 0 {
			t.Errorf("%+v", v)
		}
	}
	if len(report.Verdicts) != len(Clients()) || report.FixFirst != "" || !report.Healthy() {
		t.Errorf("%d verdicts, fix first %q", len(report.Verdicts), report.FixFirst)
	}
}

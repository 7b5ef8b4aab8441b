package prometheus

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// TestMain runs the tests in the folder whose files they check.
func TestMain(m *testing.M) { os.Exit(textfile.RunIn(m, "../../../deploy/prometheus")) }

// ruleFile is the form of rules.yaml and alerts.yaml.
type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	} `yaml:"groups"`
}

type rule struct {
	Record      string            `yaml:"record"`
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// rulesOf returns the rules of a file beside this one.
func rulesOf(t *testing.T, name string) []rule {
	t.Helper()
	var f ruleFile
	readYAML(t, name, &f, true)
	var all []rule
	for _, g := range f.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no rules", name)
	}
	return all
}

func readYAML(t *testing.T, name string, into any, strict bool) {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(readFile(t, name)))
	dec.KnownFields(strict)
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	program := programs.Need(t, "promtool", "prometheus")
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolChecksTheRules(t *testing.T) {
	promtool(t, "check", "rules", "rules.yaml", "alerts.yaml")
}

func TestPromtoolRunsTheCases(t *testing.T) {
	promtool(t, "test", "rules", "rules_test.yaml")
}

// TestPromtoolChecksTheDashboard gives the queries of the dashboard to promtool
// as if they were recording rules.
func TestPromtoolChecksTheDashboard(t *testing.T) {
	var out strings.Builder
	out.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, q := range queriesOfTheDashboard(t) {
		one, err := yaml.Marshal([]map[string]string{{"record": "query:of_panel:" + strings.Repeat("x", i+1), "expr": q}})
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(one)) {
			out.WriteString("      " + line)
		}
	}
	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// TestEveryAlertFiresAndRests requires two cases for each alert: one in which it
// fires, and one in which it does not.
func TestEveryAlertFiresAndRests(t *testing.T) {
	var cases struct {
		Tests []struct {
			Alerts []struct {
				Name     string           `yaml:"alertname"`
				Expected []map[string]any `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	readYAML(t, "rules_test.yaml", &cases, false)
	fires, rests := map[string]bool{}, map[string]bool{}
	for _, c := range cases.Tests {
		for _, a := range c.Alerts {
			if len(a.Expected) > 0 {
				fires[a.Name] = true
			} else {
				rests[a.Name] = true
			}
		}
	}
	alerts := rulesOf(t, "alerts.yaml")
	for _, a := range alerts {
		if !fires[a.Alert] {
			t.Errorf("no case in rules_test.yaml lets %s fire", a.Alert)
		}
		if !rests[a.Alert] {
			t.Errorf("no case in rules_test.yaml keeps %s from firing", a.Alert)
		}
	}
	// promtool does not report a name that no alert has.
	for name := range rests {
		if !slices.ContainsFunc(alerts, func(a rule) bool { return a.Alert == name }) {
			t.Errorf("rules_test.yaml has a case for %s, which is no alert", name)
		}
	}
}

// TestRunbook requires one entry for each alert, and a link to it in the alert.
func TestRunbook(t *testing.T) {
	var entries []string
	for line := range strings.Lines(string(readFile(t, "../../docs/runbook.md"))) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			entries = append(entries, strings.TrimSpace(name))
		}
	}
	var alerts []string
	for _, a := range rulesOf(t, "alerts.yaml") {
		alerts = append(alerts, a.Alert)
		want := "https://github.com/waymark-mail/waymark/blob/main/docs/runbook.md#" + strings.ToLower(a.Alert)
		if got := a.Annotations["runbook_url"]; got != want {
			t.Errorf("%s: runbook_url is %q, want %q", a.Alert, got, want)
		}
		for _, key := range []string{"summary", "description"} {
			if a.Annotations[key] == "" {
				t.Errorf("%s has no %s", a.Alert, key)
			}
		}
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s: severity is %q, want critical or warning", a.Alert, s)
		}
	}
	if !slices.Equal(entries, alerts) {
		t.Errorf("docs/runbook.md has entries for\n%v\nthe alerts are\n%v", entries, alerts)
	}
}

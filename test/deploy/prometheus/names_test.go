package prometheus

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/waymark-mail/waymark/internal/telemetry"
)

// metric is what docs/metrics.md, the rules and the dashboard must agree on.
type metric struct {
	kind   string   // as in # TYPE
	labels []string // in order
}

// exported returns the metrics of a real /metrics page by name, each with its labels.
// It calls every method of Metrics that counts something, so that a new metric is
// included without being named here.
func exported(t *testing.T) map[string]metric {
	t.Helper()
	m := telemetry.NewMetrics("v1.2.3", "abc")
	methods := reflect.ValueOf(m)
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		if method.Type().NumOut() > 0 {
			continue // Registry and Handler
		}
		var args []reflect.Value
		for j := range method.Type().NumIn() {
			in := method.Type().In(j)
			switch in {
			case reflect.TypeFor[string]():
				args = append(args, reflect.ValueOf("any"))
			case reflect.TypeFor[time.Time]():
				args = append(args, reflect.ValueOf(time.Unix(1_800_000_000, 0)))
			default:
				arg := reflect.Zero(in)
				if in.Kind() == reflect.Map { // numbers by what they are of
					arg = reflect.MakeMap(in)
					arg.SetMapIndex(reflect.Zero(in.Key()), reflect.ValueOf(1))
				}
				args = append(args, arg)
			}
		}
		method.Call(args)
	}
	if problems, err := testutil.GatherAndLint(m.Registry()); err != nil || len(problems) > 0 {
		t.Fatalf("the metrics: %v %v", err, problems)
	}
	page := httptest.NewRecorder()
	m.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))

	all := map[string]metric{}
	label := regexp.MustCompile(`([a-z_]+)="`)
	for line := range strings.Lines(page.Body.String()) {
		line = strings.TrimSpace(line)
		if typed, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(typed, " ")
			all[name] = metric{kind: kind}
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, labels, _ := strings.Cut(line[:strings.LastIndexByte(line, ' ')], "{")
		family := name
		if _, ok := all[family]; !ok {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				family = strings.TrimSuffix(family, suffix)
			}
		}
		of, ok := all[family]
		if !ok {
			t.Fatalf("/metrics has %s without its type", name)
		}
		for _, found := range label.FindAllStringSubmatch(labels, -1) {
			if !slices.Contains(of.labels, found[1]) && found[1] != "le" {
				of.labels = append(of.labels, found[1])
			}
		}
		slices.Sort(of.labels)
		all[family] = of
	}
	if len(all) < 12 {
		t.Fatalf("/metrics has %d metrics only", len(all))
	}
	return all
}

// queryable returns the names that a query may use with their labels: the
// series of each metric, what the recording rules make, and what Prometheus
// itself knows of a target.
func queryable(t *testing.T) map[string][]string {
	t.Helper()
	names := map[string][]string{"up": {"job", "instance", "namespace"}} // the last one in Kubernetes
	for name, m := range exported(t) {
		labels := append([]string{"job", "instance"}, m.labels...)
		if m.kind != "histogram" {
			names[name] = labels
			continue
		}
		names[name+"_bucket"] = append(slices.Clone(labels), "le")
		names[name+"_sum"], names[name+"_count"] = labels, labels
	}
	for _, r := range rulesOf(t, "rules.yaml") {
		level, _, _ := strings.Cut(r.Record, ":")
		names[r.Record] = strings.Split(level, "_")
	}
	return names
}

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	selector = regexp.MustCompile(`\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`^\s*([a-z_]+)\s*(=~|!~|!=|=)\s*(.*)$`)
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	window   = regexp.MustCompile(`\[[^\]]*\]|\boffset\s+\S+?\b`)
	word     = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{)?`)
)

// named is what a query names.
type named struct {
	metric string
	labels []string // in braces behind it
}

// namesOf takes a query of PromQL apart: the metrics with the labels in their
// braces, and the labels that it groups by.
func namesOf(query string) (metrics []named, grouped []string) {
	query = quoted.ReplaceAllString(query, `""`)
	for _, g := range grouping.FindAllStringSubmatch(query, -1) {
		for label := range strings.SplitSeq(g[1], ",") {
			if label = strings.TrimSpace(label); label != "" {
				grouped = append(grouped, label)
			}
		}
	}
	query = grouping.ReplaceAllString(query, " ")
	query = window.ReplaceAllString(query, " ")
	var braces [][]string
	query = selector.ReplaceAllStringFunc(query, func(s string) string {
		var labels []string
		for part := range strings.SplitSeq(strings.Trim(s, "{}"), ",") {
			if m := matcher.FindStringSubmatch(part); m != nil {
				labels = append(labels, m[1])
			}
		}
		braces = append(braces, labels)
		return "{"
	})
	for _, w := range word.FindAllStringSubmatch(query, -1) {
		switch {
		case w[2] == "(", slices.Contains([]string{"and", "or", "unless", "bool"}, w[1]):
			continue // a function or an operator
		case w[2] == "{":
			metrics, braces = append(metrics, named{w[1], braces[0]}), braces[1:]
		default:
			metrics = append(metrics, named{metric: w[1]})
		}
	}
	return metrics, grouped
}

func TestNamesOf(t *testing.T) {
	metrics, grouped := namesOf(`sum by (job, le) (rate(a_total{x=~"b|c", y!="{d}"}[5m] offset 1h)) / on (z) (job:e:f > 2 and absent(g)) or 0 * h`)
	want := "[{a_total [x y]} {job:e:f []} {g []} {h []}] [job le z]"
	if got := fmt.Sprint(metrics, " ", grouped); strings.ReplaceAll(got, "  ", " ") != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// checkQuery reports every name in a query that does not exist.
func checkQuery(t *testing.T, where, query string, known map[string][]string) {
	t.Helper()
	metrics, grouped := namesOf(query)
	if len(metrics) == 0 {
		t.Errorf("%s asks for no metric: %s", where, query)
	}
	var labels []string
	for _, m := range metrics {
		has, ok := known[m.metric]
		if !ok {
			t.Errorf("%s uses %s, which is neither exported nor recorded", where, m.metric)
			continue
		}
		for _, l := range m.labels {
			if !slices.Contains(has, l) {
				t.Errorf("%s uses the label %s, which %s does not have", where, l, m.metric)
			}
		}
		labels = append(labels, has...)
	}
	for _, l := range grouped {
		if !slices.Contains(labels, l) {
			t.Errorf("%s groups by %s, which no metric in it has", where, l)
		}
	}
}

func TestRulesUseWhatThereIs(t *testing.T) {
	known := queryable(t)
	inAnnotation := regexp.MustCompile(`\$labels\.([a-z_]+)`)
	for _, r := range slices.Concat(rulesOf(t, "rules.yaml"), rulesOf(t, "alerts.yaml")) {
		checkQuery(t, r.Record+r.Alert, r.Expr, known)
		metrics, grouped := namesOf(r.Expr)
		for _, text := range r.Annotations {
			for _, found := range inAnnotation.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(grouped, found[1]) && !slices.Contains(known[metrics[0].metric], found[1]) {
					t.Errorf("%s: the annotation shows the label %s, which the alert does not have", r.Alert, found[1])
				}
			}
		}
		if r.Record != "" {
			level, _, _ := strings.Cut(r.Record, ":")
			by := slices.DeleteFunc(grouped, func(l string) bool { return l == "le" })
			slices.Sort(by)
			if want := strings.Split(level, "_"); !slices.Equal(slices.Compact(by), want) {
				t.Errorf("%s is recorded by %v", r.Record, by)
			}
		}
	}
}

func TestDashboardUsesWhatThereIs(t *testing.T) {
	known := queryable(t)
	for i, q := range queriesOfTheDashboard(t) {
		checkQuery(t, fmt.Sprintf("query %d of the dashboard", i+1), q, known)
	}
}

// TestLabelValuesExist requires every label value in a query to be in
// docs/metrics.md: a filter for a value that does not exist is always silent.
func TestLabelValuesExist(t *testing.T) {
	values := documentedValues(t)
	literal := regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"`)
	queries := queriesOfTheDashboard(t)
	for _, r := range slices.Concat(rulesOf(t, "rules.yaml"), rulesOf(t, "alerts.yaml")) {
		queries = append(queries, r.Expr)
	}
	seen := 0
	for _, q := range queries {
		for _, found := range literal.FindAllStringSubmatch(q, -1) {
			if found[1] == "job" || found[1] == "instance" {
				continue
			}
			for v := range strings.SplitSeq(found[2], "|") {
				if seen++; !slices.Contains(values[found[1]], v) {
					t.Errorf("a query asks for %s=%q, which docs/metrics.md does not know: %s", found[1], v, q)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("the queries ask for %d values only", seen)
	}
}

// TestEveryMetricIsDocumented compares the table in docs/metrics.md with the
// metrics, in both directions.
func TestEveryMetricIsDocumented(t *testing.T) {
	documented := documentedMetrics(t)
	have := exported(t)
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !strings.HasPrefix(name, "waymark_") {
			continue // of the Go runtime and the process
		}
		of, ok := documented[name]
		if !ok {
			t.Errorf("docs/metrics.md does not explain %s", name)
			continue
		}
		if got, want := fmt.Sprint(of), fmt.Sprint(have[name]); got != want {
			t.Errorf("docs/metrics.md says of %s: %s; it is %s", name, got, want)
		}
	}
	for name := range documented {
		if _, ok := have[name]; !ok {
			t.Errorf("docs/metrics.md explains %s, which is not exported", name)
		}
	}
}

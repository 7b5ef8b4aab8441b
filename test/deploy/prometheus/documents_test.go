package prometheus

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	dashboardFile = "../grafana/waymark.json"
	metricsFile   = "../../docs/metrics.md"
)

// dashboard is the part of the Grafana dashboard that is checked.
type dashboard struct {
	Title         string  `json:"title"`
	UID           string  `json:"uid"`
	ID            *int    `json:"id"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Links         []struct {
		URL string `json:"url"`
	} `json:"links"`
	Templating struct {
		List []struct {
			Name  string `json:"name"`
			Type  string `json:"type"`
			Query any    `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int    `json:"id"`
	Title       string `json:"title"`
	Type        string `json:"type"`
	Description string `json:"description"`
	GridPos     struct{ X, Y, W, H int }
	Datasource  *datasource `json:"datasource"`
	Targets     []struct {
		RefID      string     `json:"refId"`
		Expr       string     `json:"expr"`
		Datasource datasource `json:"datasource"`
	} `json:"targets"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(readFile(t, dashboardFile), &d); err != nil {
		t.Fatalf("%s: %v", dashboardFile, err)
	}
	return d
}

// queriesOfTheDashboard returns the queries of all panels as Prometheus gets
// them, with values for Grafana's variables.
func queriesOfTheDashboard(t *testing.T) []string {
	t.Helper()
	values := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$job", ".*", "$instance", ".*")
	var all []string
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			q := values.Replace(target.Expr)
			if strings.Contains(q, "$") {
				t.Errorf("panel %q uses an unknown variable: %s", p.Title, q)
			}
			all = append(all, q)
		}
	}
	if len(all) < 10 {
		t.Fatalf("the dashboard has %d queries only", len(all))
	}
	return all
}

// TestDashboard checks what Grafana needs to import the file into any
// installation.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 30 {
		t.Errorf("uid %q, title %q and schemaVersion %d: one is missing", d.UID, d.Title, d.SchemaVersion)
	}
	if d.ID != nil {
		t.Error("id is set, which only the database of one Grafana may do")
	}
	var variables []string
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
	}
	if want := []string{"datasource", "job", "instance"}; !slices.Equal(variables, want) {
		t.Errorf("the variables are %v, want %v", variables, want)
	}
	known := queryable(t)
	inVariable := regexp.MustCompile(`^label_values\((.*), ([a-z]+)\)$`)
	for _, v := range d.Templating.List[1:] { // the first lists data sources
		query, _ := v.Query.(map[string]any)
		found := inVariable.FindStringSubmatch(strings.ReplaceAll(fmt.Sprint(query["query"]), "$job", ".*"))
		if found == nil || found[2] != v.Name {
			t.Errorf("the variable %s has the values of %v", v.Name, v.Query)
			continue
		}
		checkQuery(t, "the variable "+v.Name, found[1], known)
	}
	if len(d.Links) == 0 {
		t.Error("no link leads to the runbook")
	}
	for _, l := range d.Links {
		path, ok := strings.CutPrefix(l.URL, "https://github.com/waymark-mail/waymark/blob/main/")
		if !ok {
			t.Errorf("a link leads to %s", l.URL)
			continue
		}
		readFile(t, "../../"+path)
	}
	ids := map[int]string{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if other, ok := ids[p.ID]; ok {
			t.Errorf("%q and %q have the same id", other, p.Title)
		}
		ids[p.ID] = p.Title
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("%q covers %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.GridPos.W == 0 || p.GridPos.H == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%q has no place", p.Title)
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Title == "" || p.Description == "" {
			t.Errorf("panel %d (%q) lacks a title, a description or a query", p.ID, p.Title)
		}
		for _, target := range p.Targets {
			if target.Datasource.UID != "${datasource}" || p.Datasource == nil || p.Datasource.UID != "${datasource}" {
				t.Errorf("%q does not ask the data source that was chosen", p.Title)
			}
			if !strings.Contains(target.Expr, `job=~"$job"`) {
				t.Errorf("%q does not keep to the job that was chosen: %s", p.Title, target.Expr)
			}
		}
	}
}

// rowsOf returns the cells of every row of the table below a heading, without
// the row of titles.
func rowsOf(t *testing.T, heading string) [][]string {
	t.Helper()
	_, text, ok := strings.Cut(string(readFile(t, metricsFile)), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", metricsFile, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var rows [][]string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "| `") {
			var cells []string
			for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
				cells = append(cells, strings.TrimSpace(cell))
			}
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s: no table below %q", metricsFile, heading)
	}
	return rows
}

var code = regexp.MustCompile("`([^`]*)`")

// codes returns the words of a cell that are set as code.
func codes(cell string) []string {
	var all []string
	for _, found := range code.FindAllStringSubmatch(cell, -1) {
		all = append(all, found[1])
	}
	return all
}

func documentedMetrics(t *testing.T) map[string]metric {
	t.Helper()
	all := map[string]metric{}
	for _, row := range rowsOf(t, "Metrics") {
		if len(row) != 4 || row[3] == "" {
			t.Fatalf("%s: the row %q has not a name, a type, labels and a meaning", metricsFile, row)
		}
		labels := codes(row[2])
		slices.Sort(labels)
		all[codes(row[0])[0]] = metric{kind: row[1], labels: labels}
	}
	return all
}

func documentedValues(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, row := range rowsOf(t, "Values of the labels") {
		label := codes(row[0])[0]
		all[label] = append(all[label], codes(row[1])...)
	}
	return all
}

// TestDocumentedValuesComeFromTheCode looks for each value that docs/metrics.md
// lists as a text in the packages that set the label.
func TestDocumentedValuesComeFromTheCode(t *testing.T) {
	home := map[string][]string{
		"protocol": {"../../internal/dialect/*/*.go", "../../internal/page/*.go", "../../internal/server/*.go"},
		"outcome":  {"../../internal/dialect/*.go", "../../internal/server/*.go"},
		"client":   {"../../internal/telemetry/client.go"},
		"reason":   {"../../internal/server/*.go"},
		"verdict":  {"../../internal/doctor/*.go"},
		"id":       {"../../internal/doctor/*.go"},
		"result":   {"../../internal/directory/*.go", "../../internal/directory/lookup/*.go", "../../internal/passwordcheck/*.go", "../../internal/apppassword/*.go", "../../internal/service/*.go", "../../internal/acme/*.go"},
	}
	for label, values := range documentedValues(t) {
		literals := literalsIn(t, home[label])
		for _, v := range values {
			if !literals[v] {
				t.Errorf("docs/metrics.md says that %s may be %q; no code in %v says so", label, v, home[label])
			}
		}
	}
}

// TestEveryProtocolIsDocumented looks for dialects and outcomes that
// docs/metrics.md does not know.
func TestEveryProtocolIsDocumented(t *testing.T) {
	values := documentedValues(t)
	for label, in := range map[string]struct {
		files   []string
		pattern string
	}{
		"protocol": {[]string{"../../internal/dialect/*/*.go", "../../internal/page/*.go"}, `dialect\.Dialect\{\s*Name:\s*"([a-z_]+)"`},
		"outcome":  {[]string{"../../internal/dialect/*.go", "../../internal/server/*.go"}, `[oO]utcome(?::\s*| = )"([a-z_]+)"`},
	} {
		found := 0
		for _, file := range filesOf(t, in.files) {
			text := string(readFile(t, file))
			if label == "protocol" && !strings.Contains(text, "dialect.Endpoint{") {
				continue // it is only rendered
			}
			for _, m := range regexp.MustCompile(in.pattern).FindAllStringSubmatch(text, -1) {
				if found++; !slices.Contains(values[label], m[1]) {
					t.Errorf("%s: docs/metrics.md does not list the %s %s", file, label, m[1])
				}
			}
		}
		if found < 6 {
			t.Errorf("found %d of label %s only", found, label)
		}
	}
}

func filesOf(t *testing.T, patterns []string) []string {
	t.Helper()
	var all []string
	for _, p := range patterns {
		files, err := filepath.Glob(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	return slices.DeleteFunc(all, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
}

func literalsIn(t *testing.T, patterns []string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, name := range filesOf(t, patterns) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil {
					all[text] = true
				}
			}
			return true
		})
	}
	if len(all) == 0 {
		t.Fatalf("no texts in %v", patterns)
	}
	return all
}

//go:build linux

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/clients"
)

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEveryCommandIsInTheReadme compares the table of commands with those that
// Waymark has.
func TestEveryCommandIsInTheReadme(t *testing.T) {
	bin, err := waymark()
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.Command(filepath.Join(bin, "waymark"), "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(help), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var has []string
	for line := range strings.Lines(list) {
		if name := strings.Fields(line)[0]; name != "help" {
			has = append(has, name)
		}
	}
	var says []string
	for _, m := range regexp.MustCompile("(?m)^\\| `waymark (\\w+)").FindAllStringSubmatch(read(t, "../README.md"), -1) {
		says = append(says, m[1])
	}
	slices.Sort(has)
	slices.Sort(says)
	if !slices.Equal(has, says) {
		t.Errorf("the commands are %v, the table has %v", has, says)
	}
}

// TestProtocolsOfRender wants each protocol that the table names to be rendered.
func TestProtocolsOfRender(t *testing.T) {
	bin, err := waymark()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("what a client would get: `([a-z ]+)`").FindStringSubmatch(read(t, "../README.md"))
	if m == nil || len(strings.Fields(m[1])) < 5 {
		t.Fatalf("the table names %v", m)
	}
	for _, protocol := range strings.Fields(m[1]) {
		cmd := exec.Command(filepath.Join(bin, "waymark"), "render", protocol, "anna@example.com", "-c", "../examples/infomaniak.yaml")
		if out, err := cmd.CombinedOutput(); err != nil || len(out) < 100 {
			t.Errorf("%s: %v\n%s", protocol, err, out)
		}
	}
}

// TestNumbers counts what the documents count.
func TestNumbers(t *testing.T) {
	words := map[string]int{"five": 5, "six": 6, "seven": 7, "eight": 8, "fourteen": 14, "fifteen": 15, "forty": 40, "20": 20, "21": 21, "22": 22}
	apps := map[string]bool{}
	for _, list := range regexp.MustCompile(`(?m)^\t\t\{"\w+", \[\]string\{(.*)\}\},$`).FindAllStringSubmatch(source(t, "../internal/page"), -1) {
		for app := range strings.SplitSeq(list[1], ", ") {
			apps[app] = app != `"other"`
		}
	}
	delete(apps, `"other"`)
	for _, n := range []struct {
		page, says string
		are        int
	}{
		{"../README.md", `in (\w+) languages`, count(t, "../templates/texts/*.json")},
		{"comparison.md", `steps for \w+ apps and devices, (\w+) languages`, count(t, "../templates/texts/*.json")},
		{"comparison.md", `steps for (\w+) apps and devices`, len(apps)},
		{"../README.md", `models of (\w+) clients`, len(clients.All())},
		{"../README.md", `(\w+) numbered checks`, len(regexp.MustCompile(`(?m)^\t+\{\d+, "`).FindAllString(source(t, "../cmd/waymark-conformance/checks"), -1))},
	} {
		m := regexp.MustCompile(n.says).FindStringSubmatch(strings.Join(strings.Fields(read(t, n.page)), " "))
		if m == nil || words[m[1]] != n.are {
			t.Errorf("%s says %q; there are %d", n.page, m, n.are)
		}
	}
}

func count(t *testing.T, pattern string) int {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

//go:build linux

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/conformance"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestEveryCommandIsInTheReadme compares the table of commands with those that
// Waymark has.
func TestEveryCommandIsInTheReadme(t *testing.T) {
	help, err := exec.Command(waymark.Binary(t), "--help").Output()
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
	for _, m := range regexp.MustCompile("(?m)^\\| `waymark ([a-z-]+)").FindAllStringSubmatch(read(t, "README.md"), -1) {
		says = append(says, m[1])
	}
	slices.Sort(has)
	slices.Sort(says)
	if !slices.Equal(has, says) {
		t.Errorf("the commands are %v, the table has %v", has, says)
	}
}

// TestProtocolsOfRender renders each protocol that the table names.
func TestProtocolsOfRender(t *testing.T) {
	m := regexp.MustCompile("what a client would get: `([a-z ]+)`").FindStringSubmatch(read(t, "README.md"))
	if m == nil || len(strings.Fields(m[1])) < 5 {
		t.Fatalf("the table names %v", m)
	}
	for _, protocol := range strings.Fields(m[1]) {
		cmd := exec.Command(waymark.Binary(t), "render", protocol, "anna@example.com", "-c", root+"/examples/infomaniak.yaml")
		if out, err := cmd.CombinedOutput(); err != nil || len(out) < 100 {
			t.Errorf("%s: %v\n%s", protocol, err, out)
		}
	}
}

// TestNumbers counts what the pages count.
func TestNumbers(t *testing.T) {
	for _, file := range []string{"README.md", "docs/clients.md"} {
		m := regexp.MustCompile(`(?i)forty numbered checks`).FindStringSubmatch(strings.Join(strings.Fields(read(t, file)), " "))
		if len(conformance.All()) != 40 || m == nil {
			t.Errorf("%s names %q; there are %d", file, m, len(conformance.All()))
		}
	}
	apps := len(page.Apps()) - 1 // without "another app"
	m := regexp.MustCompile(`steps for more than (\d+) apps`).FindStringSubmatch(read(t, "docs/comparison.md"))
	if m == nil || m[1] != strconv.Itoa(apps/10*10) {
		t.Errorf("docs/comparison.md names %q; there are %d", m, apps)
	}
}

// source returns the code of a package, with its tests.
func source(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no package %s: %v", dir, err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

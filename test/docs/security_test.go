package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPromisesAreTested requires a row for each threat, and the tests that the
// rows name in the packages they name: `internal/server` `TestRouting`.
func TestPromisesAreTested(t *testing.T) {
	_, threats, found := strings.Cut(read(t, "SECURITY.md"), "## Threats\n")
	if !found {
		t.Fatal("SECURITY.md has no section Threats")
	}
	code := regexp.MustCompile("`([^`]+)`")
	var rows []string
	for row := range strings.Lines(threats) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "| "), " | ")
		if !strings.HasPrefix(row, "| ") || cells[0] == "threat" {
			continue
		}
		if len(cells) != 3 {
			t.Errorf("a row of %d cells: %s", len(cells), row)
			continue
		}
		threat := strings.TrimSpace(cells[0])
		rows = append(rows, threat)
		pkg, tests := "", 0
		for _, m := range code.FindAllStringSubmatch(cells[2], -1) {
			if !regexp.MustCompile(`^(Test|Fuzz)\w+$`).MatchString(m[1]) {
				pkg = m[1]
				continue
			}
			tests++
			if !declares(t, pkg, m[1]) {
				t.Errorf("%s: %s has no %s", threat, pkg, m[1])
			}
		}
		if tests == 0 {
			t.Errorf("%s: no test", threat)
		}
	}
	for _, threat := range []string{
		"enumeration", "injection", "SSRF", "forged forwarding headers", "leaks through logs", "supply chain", "denial of service",
		"spoofed profiles", "misuse of the password check", "forged or hostile DNS",
	} {
		if !slices.ContainsFunc(rows, func(row string) bool { return strings.HasPrefix(row, threat) }) {
			t.Errorf("SECURITY.md says nothing of %s", threat)
		}
	}
}

// declares reports whether a package has a test.
func declares(t *testing.T, dir, test string) bool {
	t.Helper()
	return strings.Contains(source(t, dir), "\nfunc "+test+"(")
}

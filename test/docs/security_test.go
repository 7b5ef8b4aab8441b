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
	rows := promises(t, "SECURITY.md", "threat")
	for _, threat := range []string{
		"enumeration", "injection", "SSRF", "forged forwarding headers", "leaks through logs", "supply chain", "denial of service",
		"spoofed profiles", "misuse of the password check", "forged or hostile DNS",
	} {
		if !slices.ContainsFunc(rows, func(row string) bool { return strings.HasPrefix(row, threat) }) {
			t.Errorf("SECURITY.md says nothing of %s", threat)
		}
	}
}

// TestReliabilityIsTested does the same for what happens under attack.
func TestReliabilityIsTested(t *testing.T) {
	if rows := promises(t, "docs/reliability.md", "what happens"); len(rows) < 10 {
		t.Errorf("docs/reliability.md has only %d rows", len(rows))
	}
}

// promises returns the first cells of the tables of a page that begin with heading.
// The last cell of each row must name tests that exist.
func promises(t *testing.T, page, heading string) []string {
	t.Helper()
	code := regexp.MustCompile("`([^`]+)`")
	var rows []string
	inside := false
	for line := range strings.Lines(read(t, page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == heading {
			inside = strings.HasPrefix(line, "| ") || inside && strings.HasPrefix(line, "|-")
			continue
		}
		if !inside {
			continue
		}
		if len(cells) != 3 {
			t.Errorf("a row of %d cells: %s", len(cells), line)
			continue
		}
		promise := strings.TrimSpace(cells[0])
		rows = append(rows, promise)
		pkg, tests := "", 0
		for _, m := range code.FindAllStringSubmatch(cells[2], -1) {
			if !regexp.MustCompile(`^(Test|Fuzz)\w+$`).MatchString(m[1]) {
				pkg = m[1]
				continue
			}
			tests++
			if !declares(t, pkg, m[1]) {
				t.Errorf("%s: %s has no %s", promise, pkg, m[1])
			}
		}
		if tests == 0 {
			t.Errorf("%s: no test", promise)
		}
	}
	return rows
}

// declares reports whether a package has a test.
func declares(t *testing.T, dir, test string) bool {
	t.Helper()
	return strings.Contains(source(t, dir), "\nfunc "+test+"(")
}

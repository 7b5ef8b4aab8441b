package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manyDomains makes a database of automx2 where all domains share three servers.
func manyDomains(t *testing.T, path string, n int) {
	t.Helper()
	automx2(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"PRAGMA synchronous=off",
		`INSERT INTO server VALUES (3, 10, 'pop.example.com', 995, 'pop', 'SSL', '%EMAILADDRESS%', 'plain')`,
		`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i < ?) INSERT INTO domain SELECT i, 'customer-'||i||'.example', 1, NULL FROM n`,
		`INSERT INTO server_domain SELECT s.id, d.id FROM domain d, server s WHERE d.id > 1`,
	} {
		args := []any{n}
		if !strings.Contains(text, "?") {
			args = nil
		}
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestManyDomainsOfTheMigrationGuide answers from the database of automx2 itself.
func TestManyDomainsOfTheMigrationGuide(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "migrating.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(guide), "### Many domains")
	_, part, _ = strings.Cut(part, "```yaml\n")
	text, _, _ := strings.Cut(part, "```")
	dir := t.TempDir()
	manyDomains(t, filepath.Join(dir, "db.sqlite"), 10)
	t.Chdir(dir)
	if err := os.WriteFile("waymark.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := waymark(t, "check"); status != statusFine {
		t.Fatalf("status %d, %s%s", status, out, errs)
	}
	status, out, errs := waymark(t, "render", "autoconfig", "anna@customer-7.example")
	for _, want := range []string{"<hostname>imap.example.com</hostname>", "<port>993</port>", "<hostname>smtp.example.com</hostname>", "<port>465</port>"} {
		if status != statusFine || !strings.Contains(out, want) {
			t.Errorf("status %d, no %s in %s%s", status, want, out, errs)
		}
	}
	if status, _, _ := waymark(t, "render", "autoconfig", "anna@unknown.example"); status != statusFindings {
		t.Errorf("status %d for an unknown domain", status)
	}
}

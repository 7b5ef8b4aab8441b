package main

import (
	"bytes"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
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

// asProcess runs a command line as a process of its own and returns its most memory
// in MiB.
func asProcess(t *testing.T, args ...string) (status int, stderr string, peak int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "WAYMARK_TEST_PROCESS=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	_ = cmd.Run() // the status tells
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no usage")
	}
	return cmd.ProcessState.ExitCode(), errs.String(), usage.Maxrss >> 10
}

// TestImportOfManyDomains: a database larger than a settings file is refused before it
// fills the memory, and one that fits is written and can be loaded.
func TestImportOfManyDomains(t *testing.T) {
	programs.OnlyInTestAll(t, "it writes databases of several hundred thousand domains")
	dir := t.TempDir()
	for _, tc := range []struct {
		domains, status int
		most            int64 // MiB
		want            string
	}{
		{200_000, statusFine, 250, "imported: 2 providers, 200000 domains; not imported: 0"},
		{450_000, statusUsage, 350, "too many domains for a settings file, which may have 16 MiB; use the database as a source instead"},
	} {
		data, settings := filepath.Join(dir, "db.sqlite"), filepath.Join(dir, "waymark.yaml")
		_ = os.Remove(data)
		manyDomains(t, data, tc.domains)
		status, stderr, peak := asProcess(t, "import", "automx2", data, "-O", settings)
		t.Logf("%d domains: %d MiB", tc.domains, peak)
		if status != tc.status || !strings.Contains(stderr, tc.want) || peak > tc.most {
			t.Errorf("%d domains: status %d, %d MiB, %s", tc.domains, status, peak, stderr)
		}
		if status == statusFine {
			if status, out, errs := waymark(t, "check", settings); status != statusFine {
				t.Errorf("status %d, %s%s", status, out, errs)
			}
		}
		_ = os.Remove(settings)
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

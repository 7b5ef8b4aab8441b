package scale

import (
	"bytes"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// manyDomains makes a database of automx2 in which all domains share three servers.
func manyDomains(t *testing.T, path string, n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []struct {
		text string
		args []any
	}{
		{text: "PRAGMA synchronous=off"},
		{text: textfile.Read(t, "../../internal/importer/testdata/automx2.sql")},
		{text: `INSERT INTO provider VALUES (1, 'Example', 'Example', 0, NULL, NULL)`},
		{text: `INSERT INTO server VALUES (1, 10, 'imap.example.com', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain'),
			(2, 10, 'smtp.example.com', 465, 'smtp', 'SSL', '%EMAILADDRESS%', 'plain'), (3, 10, 'pop.example.com', 995, 'pop', 'SSL', '%EMAILADDRESS%', 'plain')`},
		{`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < ?) INSERT INTO domain SELECT i, 'customer-'||i||'.example', 1, NULL FROM n`, []any{n}},
		{text: `INSERT INTO server_domain SELECT s.id, d.id FROM domain d, server s`},
	} {
		if _, err := db.ExecContext(t.Context(), statement.text, statement.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestImportOfManyDomains: a database larger than a settings file is refused before it
// fills the memory, and one that fits is written and can be loaded.
func TestImportOfManyDomains(t *testing.T) {
	binary, dir := waymark.Binary(t), t.TempDir()
	for _, tc := range []struct {
		domains, status int
		most            int64 // MiB
		want            string
	}{
		{200_000, 0, 250, "imported: 1 provider, 200000 domains; not imported: 0"},
		{450_000, 2, 350, "too many domains for a settings file, which may have 16 MiB; use the database as a source instead"},
	} {
		data, settings := filepath.Join(dir, "db.sqlite"), filepath.Join(dir, "waymark.yaml")
		_ = os.Remove(data)
		manyDomains(t, data, tc.domains)
		cmd := exec.CommandContext(t.Context(), binary, "import", "automx2", data, "-O", settings)
		var said bytes.Buffer
		cmd.Stderr = &said
		_ = cmd.Run() // the status tells
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("no usage")
		}
		status, peak := cmd.ProcessState.ExitCode(), usage.Maxrss>>10
		t.Logf("%d domains: %d MiB", tc.domains, peak)
		if status != tc.status || !strings.Contains(said.String(), tc.want) || peak > tc.most {
			t.Errorf("%d domains: status %d, %d MiB, %s", tc.domains, status, peak, said.String())
		}
		if status == 0 {
			if out, err := exec.CommandContext(t.Context(), binary, "check", settings).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
		_ = os.Remove(settings)
	}
}

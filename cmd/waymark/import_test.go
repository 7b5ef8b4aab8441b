package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/waymark-mail/waymark/internal/importer"
)

const document = `<clientConfig version="1.1"><emailProvider id="example.com">
<domain>example.com</domain><displayName>Example</displayName><displayShortName>Example</displayShortName>
<incomingServer type="imap"><hostname>imap.example.com</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.example.com</hostname><port>465</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>
</emailProvider></clientConfig>`

const containerEnv = `COMPANY_NAME=Company
SUPPORT_URL=https://autodiscover.example.com
DOMAIN=example.com
IMAP_HOST=imap.example.com
IMAP_PORT=993
IMAP_SOCKET=SSL
SMTP_HOST=smtp.example.com
SMTP_PORT=587
SMTP_SOCKET=STARTTLS
PROFILE_IDENTIFIER=com.example.autodiscover
`

// automx2 makes a small database.
func automx2(t *testing.T, path string) {
	t.Helper()
	schema, err := os.ReadFile(filepath.Join("..", "..", "internal", "importer", "testdata", "automx2.sql"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(schema), `
INSERT INTO provider VALUES (1, 'Example', 'Example', 0, NULL, NULL);
INSERT INTO domain VALUES (1, 'example.com', 1, NULL);
INSERT INTO server VALUES (1, 10, 'imap.example.com', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain'), (2, 10, 'smtp.example.com', 465, 'smtp', 'SSL', '%EMAILADDRESS%', 'plain');
INSERT INTO server_domain VALUES (1, 1), (2, 1);`} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCommandsOfTheMigrationGuide runs every command of docs/migrating.md, each
// part of it in a folder with the data of that system.
func TestCommandsOfTheMigrationGuide(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "migrating.md"))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	automx2(t, filepath.Join(data, "db.sqlite"))
	for name, text := range map[string]string{"autodiscover.env": containerEnv, "ispdb/example.com.xml": document} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(data, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ran := map[string]int{}
	for part := range strings.SplitSeq(string(guide), "\n## ") {
		t.Chdir(data)
		if err := os.RemoveAll("waymark.yaml"); err != nil {
			t.Fatal(err)
		}
		if _, text, ok := strings.Cut(part, "Write it as `waymark.yaml`."); ok {
			_, text, _ = strings.Cut(text, "```yaml\n")
			text, _, _ = strings.Cut(text, "```")
			if err := os.WriteFile("waymark.yaml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for line := range strings.Lines(part) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "waymark ")
			if !ok {
				continue
			}
			args := strings.Fields(command)
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), args, environment{
				getenv: func(name string) (string, bool) {
					value, ok := map[string]string{"DOMAIN": "example.com", "IMAP_HOST": "imap.example.com"}[name]
					return value, ok
				},
				stdout: &stdout, stderr: &stderr,
			})
			if status != statusFine && (args[0] != "import" || status != statusFindings) {
				t.Errorf("%s: status %d\n%s%s", command, status, &stdout, &stderr)
			}
			ran[args[0]]++
		}
	}
	if ran["import"] != 4 || ran["check"] != 4 || ran["render"] != 6 {
		t.Errorf("ran %v", ran)
	}
}

func TestImportStatus(t *testing.T) {
	lossy := strings.Replace(document, "</emailProvider>", "<webMail/></emailProvider>", 1)
	unsaid := strings.Replace(document, "<port>993</port>", "", 1)
	for _, tc := range []struct {
		name, text string
		flags      []string
		status     int
		stdout     string // what it holds; "" for nothing at all
		stderr     string
	}{
		{"everything is imported", document, nil, statusFine, "example.com: {provider: example-com}\n", "imported: 1 provider, 1 domain; not imported: 0, hints: 0\n"},
		{"a hint", unsaid, nil, statusFine, "port: 993", "not imported: 0, hints: 1\n"},
		{"something is not imported", lossy, nil, statusFindings, "example.com: {provider: example-com}\n", "a.xml:5: emailProvider/webMail: contains no page to log in\n"},
		{"as JSON", lossy, []string{"-o", "json"}, statusFindings, "example.com: {provider: example-com}\n", `"hint": false`},
		{"nothing to import", "<clientConfig/>", nil, statusUsage, "", "waymark: nothing to import"},
		{"broken", "<clientConfig>", nil, statusUsage, "", "a.xml:1: not valid XML: unexpected EOF\n"},
		{"an unknown form", document, []string{"-o", "xml"}, statusUsage, "", `unknown output format "xml"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, stdout, stderr := waymark(t, append([]string{"import", "ispdb", file(t, "a.xml", tc.text)}, tc.flags...)...)
			if status != tc.status || !strings.Contains(stdout, tc.stdout) || tc.stdout == "" && stdout != "" || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("status %d, want %d\n%s\n%s", status, tc.status, stdout, stderr)
			}
			if len(tc.flags) == 2 && tc.flags[1] == "json" {
				var r importReport
				if err := json.Unmarshal([]byte(stderr), &r); err != nil || r.Domains != 1 || r.Providers != 1 || len(r.Notes) != 1 ||
					r.Notes[0].Line != 5 || r.Notes[0].Key != "emailProvider/webMail" {
					t.Errorf("%v, %+v", err, r)
				}
			}
		})
	}
}

// A settings file may be the work of years.
func TestImportNeverOverwrites(t *testing.T) {
	from, to := file(t, "a.xml", document), file(t, "waymark.yaml", "precious")
	status, _, stderr := waymark(t, "import", "ispdb", from, "-O", to)
	if status != statusUsage || !strings.Contains(stderr, "exists; name another file") {
		t.Errorf("status %d, %s", status, stderr)
	}
	if text, err := os.ReadFile(to); err != nil || string(text) != "precious" {
		t.Errorf("%v, %q", err, text)
	}
	if err := (importOptions{file: to}).write(environment{}, []byte("new")); err == nil || !strings.Contains(err.Error(), "exists; name another file") {
		t.Errorf("while it is written: %v", err)
	}
}

// What cannot be read leaves no file behind.
func TestImportWritesWholeFilesOnly(t *testing.T) {
	to := filepath.Join(t.TempDir(), "waymark.yaml")
	for _, text := range []string{"<clientConfig", "<clientConfig/>"} {
		if status, _, _ := waymark(t, "import", "ispdb", file(t, "a.xml", text), "-O", to); status != statusUsage {
			t.Errorf("status %d", status)
		}
		if _, err := os.Stat(to); err == nil {
			t.Error("there is a file")
		}
	}
}

func TestImportUsage(t *testing.T) {
	for _, args := range [][]string{
		{"import", "nonsense"}, {"import", "ispdb"}, {"import", "automx2"}, {"import", "automx2", "a", "b"}, {"import", "ispdb", "/does/not/exist"},
		{"import", "automx2", "/does/not/exist"}, {"import", "autodiscover-email-settings", "/does/not/exist"}, {"import", "autodiscover-email-settings"},
	} {
		status, stdout, stderr := waymark(t, args...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, "waymark: ") {
			t.Errorf("%v: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
	if status, stdout, _ := waymark(t, "import"); status != statusFine || !strings.Contains(stdout, "autodiscover-email-settings") {
		t.Errorf("status %d, %s", status, stdout)
	}
	var empty importer.Result
	var errs bytes.Buffer
	if err := (importOptions{format: "json"}).printNotes(environment{stderr: &errs}, empty); err != nil || !strings.Contains(errs.String(), `"notes": []`) {
		t.Errorf("%v, %s", err, &errs)
	}
}

package importer

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// database makes a SQLite database of the statements.
func database(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db #1?.sqlite")
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("#", "%23", "?", "%3f").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

const automx2Rows = `
INSERT INTO provider VALUES (1, 'Big Corporation, Inc.', 'BigCorp', 1, 'CERT', 'KEY'), (2, 'Ham & Eggs', 'H+E', 0, NULL, NULL), (3, 'Nobody', 'No', 0, NULL, NULL);
INSERT INTO ldapserver VALUES (20, 'ldap.example.com', 636, 1, 'dc=example,dc=com', '(mail={0})', 'uid', 'cn', 'hunter2', 'cn=automx2'), (21, 'ldap.example.net', 636, 1, 'dc=example', '(mail={0})', 'uid', 'cn', 'hunter2', 'cn=automx2');
INSERT INTO domain VALUES (30, 'Example.COM', 1, 20), (31, 'example.net', 1, NULL), (32, 'bücher.example', 1, NULL), (33, 'ham-n-eggs.test', 2, NULL), (34, 'serverless.test', 2, NULL), (35, 'a b', 2, NULL), (36, 'orphan.test', 99, NULL);
INSERT INTO server VALUES
 (40, 10, 'imap.example.com', 143, 'imap', 'STARTTLS', '%EMAILADDRESS%', 'plain'),
 (41, 5, 'imap.example.com', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain'),
 (42, 10, 'pop.%EMAILDOMAIN%', 995, 'pop', 'SSL', '%EMAILLOCALPART%', 'password-encrypted'),
 (43, 10, 'smtp.example.com', 587, 'smtp', 'STARTTLS', '%EMAILADDRESS%', 'plain'),
 (44, 10, 'x.example.com', 123, 'INVALID', 'STARTTLS', '%EMAILADDRESS%', 'plain'),
 (45, 10, 'unused.example.com', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain'),
 (46, 10, 'auto.example.com', 465, 'smtp', 'Auto', '', 'NTLM');
INSERT INTO davserver VALUES
 (50, 'https://dav.example.com/cal/', 0, 'caldav', 1, 0, '%EMAILADDRESS%'),
 (51, 'https://dav.example.com', 8443, 'carddav', 0, 1, NULL),
 (52, 'https://dav.example.com/SOGo/dav/%EMAILADDRESS%/Calendar/', 443, 'caldav', 1, 0, '%EMAILADDRESS%'),
 (53, 'https://dav.example.com/', 443, 'webdav', 1, 0, '%EMAILADDRESS%');
INSERT INTO server_domain VALUES (40, 30), (41, 30), (43, 30), (40, 31), (41, 31), (43, 31), (42, 32), (46, 32), (41, 33), (43, 33), (44, 33), (41, 36);
INSERT INTO davserver_domain VALUES (50, 30), (51, 30), (52, 33), (53, 33);
`

func TestAutomx2(t *testing.T) {
	path := database(t, sample(t, "automx2.sql"), automx2Rows)
	r, err := Automx2(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`providers:
  # from %s
  bigcorp:
    name: Big Corporation, Inc.
    short_name: BigCorp
    services:
      - {protocol: imap, host: imap.example.com, port: 993, security: tls}
      - {protocol: imap, host: imap.example.com, port: 143, security: starttls}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
      - {protocol: caldav, url: "https://dav.example.com/cal/"}
      - {protocol: carddav, url: "https://dav.example.com:8443"}
    autodiscover: {dav: true}
  # from %[1]s
  bigcorp-2:
    name: Big Corporation, Inc.
    short_name: BigCorp
    services:
      - {protocol: imap, host: imap.example.com, port: 993, security: tls}
      - {protocol: imap, host: imap.example.com, port: 143, security: starttls}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
  # from %[1]s
  bigcorp-3:
    name: Big Corporation, Inc.
    short_name: BigCorp
    login: "{local}"
    auth: [password-challenge]
    services:
      - {protocol: pop3, host: "pop.{domain}", port: 995, security: tls}
      - {protocol: submission, host: auto.example.com, port: 465, security: tls, login: "{address}", auth: [ntlm]}
  # from %[1]s
  h-e:
    name: Ham & Eggs
    short_name: H+E
    services:
      - {protocol: imap, host: imap.example.com, port: 993, security: tls}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
domains:
  example.com: {provider: bigcorp}
  example.net: {provider: bigcorp-2}
  xn--bcher-kva.example: {provider: bigcorp-3} # bücher.example
  ham-n-eggs.test: {provider: h-e}
`, path)
	if got := body(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantNotes := strings.ReplaceAll(`FILE: server 44, type: unsupported service type "INVALID"; server not imported
FILE: server 46, socket_type: unknown connection security "Auto"; using tls
FILE: hint: server 46, user_name: no user name; using the whole address
FILE: hint: davserver 51, use_ssl: contradicts the URL; using the URL
FILE: hint: davserver 51, domain_required: Outlook gets the whole login name without a separate domain
FILE: davserver 52, url: contains the unsupported placeholder %EMAILADDRESS%; service not imported
FILE: davserver 53, type: unsupported service type "webdav"; server not imported
FILE: domain 34, name: serverless.test has no server that can be imported; domain not imported
FILE: domain 35, name: "a b": the domain is not a valid name; not imported
FILE: domain 36, provider_id: unknown provider; orphan.test is not imported
FILE: ldapserver 20: LDAP server not imported: user names in Example.COM came from it; using those of the servers
FILE: ldapserver 21: LDAP server not imported: no domain uses it
FILE: provider 1, sign: the key is not imported; write the certificate and the key to files and name them in signing of the provider
FILE: server 45: no domain uses it; not imported
FILE: provider 3: no domain uses it; not imported`, "FILE", path)
	if got := strings.Join(textsOf(r.Notes), "\n"); got != wantNotes {
		t.Errorf("got\n%s\nwant\n%s", got, wantNotes)
	}
	for _, secret := range []string{"hunter2", "KEY", "cn=automx2"} {
		if strings.Contains(string(r.Settings)+strings.Join(textsOf(r.Notes), "\n"), secret) {
			t.Errorf("%s got out", secret)
		}
	}
	accepted(t, r)
}

func TestTheFirstAutomx2(t *testing.T) {
	path := database(t, sample(t, "automx2-2019.sql"), `
INSERT INTO provider VALUES (100, 'Foobar Worldwide', 'Foobar');
INSERT INTO server VALUES (122, 'smtp.foobar.test', 465, 'smtp', 'SSL', '%EMAILADDRESS%', 'plain'), (121, 'imap.foobar.test', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain');
INSERT INTO domain VALUES (110, 'foobar.test', 100), (111, 'foobar.example', 100);
INSERT INTO server_domain VALUES (122, 110), (121, 110), (121, 111), (122, 111);`)
	r, err := Automx2(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if cfg := accepted(t, r); len(r.Notes) > 0 || len(cfg.Providers) != 1 || len(cfg.Domains) != 2 || len(cfg.Providers[0].Services) != 2 {
		t.Errorf("%v\n%s", r.Notes, r.Settings)
	}
}

// The database of a running automx2 must be left as it is.
func TestAutomx2IsOnlyRead(t *testing.T) {
	path := database(t, sample(t, "automx2.sql"), automx2Rows)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Automx2(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the database changed: %v", err)
	}
	db, err := openReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it was only read
	if _, err := db.ExecContext(t.Context(), "DELETE FROM server"); err == nil {
		t.Error("it can be written to")
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("there are other files now: %v, %v", files, err)
	}
}

func TestWhatIsNoAutomx2(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct{ name, path, want string }{
		{"nothing there", filepath.Join(dir, "none"), "cannot be read: no such file or directory"},
		{"a folder", dir, "cannot be read: is a directory, not a regular file"},
		{"an empty file", write("empty", ""), "not an SQLite database"},
		{"a text", write("text", "CREATE TABLE provider (id INTEGER);"), "not an SQLite database"},
		{"a broken database", write("broken", "SQLite format 3\x00"+strings.Repeat("x", 4096)), "cannot be read: "},
		{"another database", database(t, "CREATE TABLE t (id)"), "not an automx2 database: it has no table provider"},
		{"other columns", database(t, sample(t, "automx2.sql"), "ALTER TABLE server RENAME COLUMN name TO host", "INSERT INTO server VALUES (1, 1, '', 1, '', '', '', '')"), "not an automx2 database: the table server has no column name"},
		{"nothing in it", database(t, sample(t, "automx2.sql")), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Automx2(t.Context(), tc.path)
			switch {
			case tc.want == "" && errors.Is(err, ErrNothing) && r.Settings == nil:
			case tc.want == "" || err == nil || !strings.HasPrefix(err.Error(), plain(tc.path)+": "+tc.want):
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// One provider of many domains must not be noted once for each of them.
func TestNotesOfManyDomains(t *testing.T) {
	statements := []string{sample(t, "automx2.sql"), "INSERT INTO provider VALUES (1, '" + strings.Repeat("n", 70) + "', '" + strings.Repeat("s", 30) + "', 0, NULL, NULL)",
		"INSERT INTO server VALUES (1, 10, 'imap.example.com', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain')", "INSERT INTO ldapserver VALUES (1, 'l', 1, 1, '', '', '', '', '', '')"}
	for i := range 50 {
		statements = append(statements, fmt.Sprintf("INSERT INTO domain VALUES (%d, 'd%d.example', 1, 1)", i, i), fmt.Sprintf("INSERT INTO server_domain VALUES (1, %d)", i))
	}
	path := database(t, statements...)
	r, err := Automx2(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`FILE: provider 1: the name has 70 characters; cut to 60
FILE: provider 1: the short name has 30 characters; cut to 20
FILE: ldapserver 1: LDAP server not imported: user names in d0.example, d1.example, d2.example, d3.example, d4.example and 45 more domains came from it; using those of the servers`, "FILE", path)
	if got := strings.Join(textsOf(r.Notes), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if cfg := accepted(t, r); len(cfg.Domains) != 50 || len(cfg.Providers) != 1 {
		t.Errorf("%d domains, %d providers", len(cfg.Domains), len(cfg.Providers))
	}
}

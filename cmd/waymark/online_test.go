package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/textfile"
)

// customers makes a database of customers, and returns settings that use it; more are
// keys of the source.
func customers(t *testing.T, more string, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "customers.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append([]string{`CREATE TABLE customers (domain TEXT, mail_host TEXT, provider TEXT, active INTEGER NOT NULL DEFAULT 1)`}, statements...) {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return file(t, "waymark.yaml", fmt.Sprintf(`providers:
  one:
    mx: ["*.mail.example"]
    services: [{protocol: imap, host: imap.example.net}, {protocol: submission, host: smtp.example.net}]
cache: {snapshot: false}
directory:
  - source: sql
    name: customers
    driver: sqlite
    dsn: %q
    provider: one
    queries:
      domain: SELECT domain, mail_host AS imap_host, provider, active AS enabled FROM customers WHERE domain = {domain}
%s
`, path, more))
}

const listed = "      list: SELECT domain, active FROM customers"

func TestCheckOnline(t *testing.T) {
	settings := customers(t, listed+"\n  - {source: mx, resolvers: [127.0.0.1:9]}",
		`INSERT INTO customers (domain) VALUES ('good.example'), ('xn--bcher-kva.example'), ('bucher.example'), ('BUCHER.example')`,
		`INSERT INTO customers VALUES ('off.example', 'not a host', 'nobody', 0)`,
		`INSERT INTO customers VALUES ('host.example', 'not a host', NULL, 1), ('provider.example', NULL, 'nobody', 1)`,
		`INSERT INTO customers (domain) VALUES ('müller.example'), ('not a domain'), ('twice.example'), ('twice.example')`,
		`UPDATE customers SET mail_host = 'imap' || rowid || '.example.net' WHERE domain = 'twice.example'`)
	for _, extra := range [][]string{nil, {"-o", "json"}} {
		status, stdout, stderr := waymarkIn(t, environment{}, append([]string{"check", "--online", settings}, extra...)...)
		for _, want := range []string{
			"lists \"not a domain\", which no client can ask for: ",
			"domain host.example: customers: queries.domain: column imap_host: ",
			"domain off.example: customers: queries.domain: column imap_host: ",
			"domain provider.example: column provider: unknown provider \"nobody\"",
			"domain twice.example: customers: queries.domain: returned rows that differ in the column imap_host; ",
			"domain xn--mller-kva.example: is listed, and the lookup does not find it in that form; it may have müller.example, and ",
			"look alike for a database that ignores accents: bucher.example, bücher.example (xn--bcher-kva.example); ",
		} {
			if extra != nil {
				want = strings.ReplaceAll(want, `"`, `\"`)
			}
			if n := strings.Count(stdout, want); n != 1 {
				t.Errorf("%d times %q in\n%s", n, want, stdout)
			}
		}
		if strings.Contains(stdout, "good.example") {
			t.Errorf("a good domain is named: %s", stdout)
		}
		if status != statusFindings || strings.Contains(stderr, "\r") {
			t.Errorf("status %d, %q", status, stderr)
		}
		if extra == nil {
			continue
		}
		var r report
		if err := json.Unmarshal([]byte(stdout), &r); err != nil || len(r.Sources) != 2 {
			t.Fatalf("%v\n%s", err, stdout)
		}
		if got := fmt.Sprint(r.Sources); got != "[{customers 8 6 } {mx 0 0 the source does not work}]" {
			t.Error(got)
		}
	}
}

// TestCheckOnlineOfTheGuide compares the report in docs/directory-sql.md with a real one,
// but for the numbers.
func TestCheckOnlineOfTheGuide(t *testing.T) {
	_, want, _ := strings.Cut(textfile.Read(t, "../../docs/directory-sql.md"), "```text\nwaymark.yaml:")
	want, _, _ = strings.Cut("waymark.yaml:"+want, "```")
	settings := customers(t, listed, `INSERT INTO customers VALUES ('customer.example', 'not a host', NULL, 1), ('muller.example', NULL, NULL, 1), ('xn--mller-kva.example', NULL, NULL, 1)`)
	textfile.Write(t, settings, strings.Replace(textfile.Read(t, settings), "    name: customers\n", "", 1))
	_, got, _ := waymark(t, "check", "--online", settings)
	got = strings.ReplaceAll(got, settings, "waymark.yaml")
	numbers := regexp.MustCompile(`yaml:\d+|\d+ domains`)
	if got, want := numbers.ReplaceAllString(got, "N"), numbers.ReplaceAllString(want, "N"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestCheckOnlineCounts pins what is said about sources without a fault, and about
// those that cannot list their domains.
func TestCheckOnlineCounts(t *testing.T) {
	insert := `INSERT INTO customers (domain) VALUES ('a.example'), ('b.example')`
	for name, tc := range map[string]struct {
		more   string
		status int
		want   string
	}{
		"fine":       {listed, statusFine, "waymark.yaml is fine: 1 source, 1 provider\nsource customers: 2 domains looked up, 0 would fail\n"},
		"no list":    {"", statusFine, "source customers: domains not looked up: it needs queries.list to list its domains\n"},
		"no column":  {"      list: SELECT domain AS name FROM customers", statusFindings, "directory[0]: not every domain was looked up: customers: queries.list: returns no column domain\n"},
		"no table":   {"      list: SELECT domain FROM nowhere", statusFindings, "directory[0]: not every domain was looked up: customers: queries.list: no such table: nowhere\n"},
		"not a list": {"      list: SELECT domain FROM customers WHERE domain = {domain}", statusFindings, "queries.list: contains {domain}; a query for all domains has no placeholders\n"},
	} {
		status, stdout, _ := waymark(t, "check", "--online", customers(t, tc.more, insert))
		if status != tc.status || !strings.Contains(stdout, tc.want) {
			t.Errorf("%s: status %d, %s", name, status, stdout)
		}
	}
}

// TestCheckOnlineShowsProgress pins that progress is for terminals, and for people.
func TestCheckOnlineShowsProgress(t *testing.T) {
	settings := customers(t, listed, `INSERT INTO customers (domain) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) SELECT 'c' || i || '.example' FROM n`)
	_, stdout, stderr := waymarkIn(t, environment{terminal: true}, "check", "--online", settings)
	lines := strings.Split(stderr, "\r\x1b[K")
	for _, want := range []string{"customers: 500 of 1200 domains", "customers: 1200 of 1200 domains"} {
		if !slices.Contains(lines, want) {
			t.Errorf("no %q in %q", want, stderr)
		}
	}
	if !strings.HasSuffix(stderr, "\r\x1b[K") || strings.Contains(stdout, "\r") {
		t.Errorf("%q, %q", stderr, stdout)
	}
}

// TestCheckCounts pins what a file that is fine has.
func TestCheckCounts(t *testing.T) {
	pattern := strings.Replace(good, "domains:\n", "domains:\n  \"*.schools.example\": {provider: one}\n  \"*.clubs.example\": {provider: one}\n", 1)
	all := strings.Replace(good, "domains:\n", "domains:\n  \"*\": {provider: one}\n", 1)
	for settings, want := range map[string]string{good: "1 domain, 1 provider", pattern: "1 domain, 2 patterns, 1 provider", all: "1 domain, 1 pattern, 1 provider"} {
		if _, stdout, _ := waymark(t, "check", file(t, "waymark.yaml", settings)); !strings.Contains(stdout, "is fine: "+want+"\n") {
			t.Errorf("%s, want %s", stdout, want)
		}
	}
	_, stdout, _ := waymark(t, "check", "-o", "json", file(t, "waymark.yaml", pattern))
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || r.Domains != 1 || r.Patterns != 2 || r.Sources != nil {
		t.Errorf("%v: %s", err, stdout)
	}
}

package sqlsource

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

func TestCheck(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		if err := e.source(t, domainQuery, loginQuery).Check(t.Context()); err != nil {
			t.Errorf("queries that work: %v", err)
		}
		for _, tc := range []struct{ name, domain, want string }{
			{"a missing table", "SELECT a AS provider FROM nowhere WHERE b = {domain}", e.says["missing table"]},
			{"a missing column", "SELECT nowhere AS provider FROM domain WHERE name = {domain}", e.says["missing column"]},
			{"a missing function", "SELECT nowhere('a') AS provider FROM domain WHERE name = {domain}", e.says["missing function"]},
			{"bad syntax", "SELECT provider FORM domain name = {domain}", e.says["syntax"]},
			{"an unknown column", "SELECT host FROM domain WHERE name = {domain}", `unknown column "host"; known: activesync_url, `},
			{"a date", "SELECT since AS display_name FROM domain WHERE name = {domain}", "column display_name is a date or a time (TIMESTAMP); use text, a number or a boolean"},
			{"a number for a host", "SELECT port AS imap_host FROM domain WHERE name = {domain}", "column imap_host is a number ("},
			{"several at once", "SELECT port AS imap_host, since AS Provider, host FROM domain WHERE name = {domain}",
				"unknown column \"host\"; known: "},
		} {
			t.Run(tc.name, func(t *testing.T) {
				s := e.source(t, tc.domain, "")
				err := s.Check(t.Context())
				if err == nil || !strings.HasPrefix(err.Error(), "panel: queries.domain: "+tc.want) {
					t.Errorf("got  %v\nwant %s", err, tc.want)
				}
				if tc.name == "several at once" && err != nil &&
					(!strings.Contains(err.Error(), "\ncolumn imap_host is a number (") || !strings.Contains(err.Error(), "\ncolumn provider is a date or a time (TIMESTAMP")) {
					t.Error(err)
				}
			})
		}
		t.Run("both queries", func(t *testing.T) {
			err := e.source(t, "SELECT a AS provider FROM nowhere WHERE b = {domain}", "SELECT port AS imap_host FROM domain WHERE name = {address}").Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), "panel: queries.domain: "+e.says["missing table"]) || !strings.Contains(err.Error(), "\npanel: queries.mailbox: column imap_host is a number (") {
				t.Error(err)
			}
		})
	})
}

// TestLookAlikesAreWarnedAbout: only MySQL mixes up letters, and only where a row
// does not say whom it is about.
func TestLookAlikesAreWarnedAbout(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		for query, warned := range map[string]bool{
			"SELECT provider FROM domain WHERE name = {domain}":                 e.driver == "mysql",
			"SELECT name AS domain, provider FROM domain WHERE name = {domain}": false,
		} {
			s := e.source(t, query, "")
			if got := s.Warnings(); got != nil {
				t.Errorf("before the check: %q", got)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(s.Warnings(), ""); strings.HasPrefix(got, "panel: queries.domain: returns no column domain, ") != warned {
				t.Errorf("%s: %q", query, got)
			}
		}
	})
}

func TestColumnTypes(t *testing.T) {
	for _, tc := range []struct{ column, types, want string }{
		{"imap_port", "INT4 NUMERIC TEXT VARCHAR(5) BIGINT SMALLINT(6) UNSIGNED-BIGINT", ""},
		{"enabled", "BOOL boolean TINYINT CHAR ENUM INT2 16391", ""},
		{"login", "TEXT INT citext", ""},
		{"display_name", "VARCHAR TEXT NAME BPCHAR NULL", ""},
		{"imap_port", "BOOL", "column imap_port is a boolean (BOOL); it must be text"},
		{"display_name", "timestamptz", "column display_name is a date or a time (timestamptz); use text, a number or a boolean"},
		{"imap_host", "DECIMAL(10,2)", "column imap_host is a number (DECIMAL(10,2)); it must be text"},
		{"caldav_url", "BOOLEAN", "column caldav_url is a boolean (BOOLEAN); it must be text"},
	} {
		for typeName := range strings.FieldsSeq(tc.types) {
			got := ""
			if err := checkType(tc.column, strings.ReplaceAll(typeName, "-", " ")); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("%s %s: got %q, want %q", tc.column, typeName, got, tc.want)
			}
		}
	}
}

// TestErrorsHoldNobodysData asks with an address that must not come back, by
// queries that make a database quote it, or a row, in what it says.
func TestErrorsHoldNobodysData(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		queries := map[string][]string{
			"sqlite":   {"SELECT json_extract('{}', {local}) AS login", "SELECT json({local}) AS login", "SELECT login FROM mailbox, {address}"},
			"postgres": {"SELECT CAST({local} AS TEXT)::int::text AS login", "SELECT 1 AS login FROM mailbox WHERE login::int = 1 OR address = {address}", "SELECT login FROM mailbox WHERE 1 = {local}", "SELECT CAST({local} AS TEXT)::json->>'a' AS login"},
			"mysql":    {"SELECT login FROM mailbox WHERE MATCH (address) AGAINST ({local})", "SELECT login FROM mailbox, {address}", "SELECT UNCOMPRESS({local}) + EXTRACTVALUE('<a/>', {local}) AS login"},
		}
		for _, query := range queries[e.driver] {
			_, err := e.source(t, "", query).Mailbox(t.Context(), address.Address{Local: "geheim", Domain: "privat.example"})
			if err == nil || strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "privat") || strings.Contains(err.Error(), "web12") {
				t.Errorf("%s: %v", query, err)
			}
		}
	})
}

package sqlsource

import (
	"errors"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestWhatFailed tells failures of one name from those of the database.
func TestWhatFailed(t *testing.T) {
	const japanese, emoji address.Domain = "xn--r8jz45g.example", "xn--i28h.example"
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		tables := map[string][]string{
			"mysql": {
				"CREATE TABLE latin (name VARCHAR(255) CHARACTER SET latin1 COLLATE latin1_swedish_ci)",
				"CREATE TABLE threebyte (name VARCHAR(255) CHARACTER SET utf8mb3)",
			},
		}
		e.exec(t, tables[e.driver]...)
		refusing := map[string][]struct {
			name, query string
			domain      address.Domain
		}{
			"mysql": {
				{"not Latin-1 in one collation of two", "SELECT 1 AS enabled FROM latin WHERE name IN ({domain}, {domain_unicode})", japanese},
				{"not Latin-1", "SELECT 1 AS enabled FROM latin WHERE name = CONCAT({domain_unicode}, name)", japanese},
				{"four octets", "SELECT 1 AS enabled FROM threebyte WHERE name = CONCAT({domain_unicode}, name)", emoji},
				{"several rows in a subquery", "SELECT 1 AS enabled FROM domain WHERE name = (SELECT name FROM domain WHERE name > {domain})", "a.example"},
			},
			"postgres": {
				{"not Latin-1", "SELECT 1 AS enabled FROM domain WHERE convert_to(CAST({domain_unicode} AS text), 'LATIN1') IS NULL", japanese},
				{"not a number", "SELECT 1 AS enabled FROM domain WHERE port = CAST(CAST({domain} AS text) AS integer)", "a.example"},
				{"several rows in a subquery", "SELECT 1 AS enabled FROM domain WHERE name = (SELECT name FROM domain WHERE name > {domain})", "a.example"},
			},
			"sqlite": {
				{"not JSON", "SELECT 1 AS enabled FROM domain WHERE json_extract({domain}, '$') IS NULL", "a.example"},
			},
		}
		for _, tc := range refusing[e.driver] {
			t.Run(tc.name, func(t *testing.T) {
				s := e.source(t, tc.query, "")
				_, err := s.Domain(t.Context(), tc.domain)
				wantOfName(t, err, true, false)
			})
		}
		for _, tc := range []struct {
			name, query string
			ofName      bool
		}{
			{"a row with an invalid host", "SELECT 'a b' AS imap_host FROM domain WHERE name = {domain}", true},
			{"an unknown column in the result", "SELECT host FROM domain WHERE name = {domain}", false},
			{"a missing table", "SELECT 1 AS enabled FROM nowhere WHERE name = {domain}", false},
			{"a missing column", "SELECT 1 AS enabled FROM domain WHERE nowhere = {domain}", false},
		} {
			t.Run(tc.name, func(t *testing.T) {
				_, err := e.source(t, tc.query, "").Domain(t.Context(), "own.example")
				wantOfName(t, err, tc.ofName, tc.ofName)
			})
		}
		t.Run("nobody listens", func(t *testing.T) {
			dsn := map[string]string{"postgres": "postgres://waymark@127.0.0.1:1/mail", "mysql": "waymark@tcp(127.0.0.1:1)/mail", "sqlite": "/nowhere/at/all.db"}[e.driver]
			_, err := e.source(t, domainQuery, "", func(o *source.SQL) { o.DSN = dsn }).Domain(t.Context(), "own.example")
			wantOfName(t, err, false, false)
		})
	})
}

func wantOfName(t *testing.T, err error, ofName, row bool) {
	t.Helper()
	var got *source.NameError
	if err == nil || errors.As(err, &got) != ofName || ofName && got.Row != row {
		t.Errorf("%v: want a failure of the name: %v, of a row: %v", err, ofName, row)
	}
}

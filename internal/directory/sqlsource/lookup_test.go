package sqlsource

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

func TestDomain(t *testing.T) {
	own := []source.Override{{Protocol: settings.IMAP, Host: "imap.own.example", Port: 1993}}
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		for _, tc := range []struct {
			name, query string
			domain      address.Domain
			want        source.Record
		}{
			{"everything a domain has", domainQuery, "example.com", source.Record{Provider: "hoster", Name: "Example"}},
			{"NULL says nothing", domainQuery, "own.example", source.Record{Overrides: own}},
			{"switched off", domainQuery, "off.example", source.Record{Provider: "hoster", Disabled: true}},
			{"an A-label", domainQuery, "xn--bcher-kva.example", source.Record{Provider: "hoster", Name: "Bücher"}},
			{"a U-label", "SELECT provider FROM domain WHERE unicode = {domain_unicode}", "xn--bcher-kva.example", source.Record{Provider: "hoster"}},
			{"columns in upper case", "SELECT provider AS " + e.quotedName("PROVIDER") + " FROM domain WHERE name = {domain}", "example.com", source.Record{Provider: "hoster"}},
			{"a placeholder twice", "SELECT provider FROM domain WHERE name = {domain} OR unicode = {domain}", "example.com", source.Record{Provider: "hoster"}},
			{"a placeholder among the columns", "SELECT 'mail' AS provider, {domain} AS display_name FROM domain WHERE name = {domain}", "example.com", source.Record{Provider: "mail", Name: "example.com"}},
			{"a floating-point number", "SELECT CAST(port AS " + e.double + ") AS imap_port, host AS imap_host FROM domain WHERE name = {domain}", "own.example", source.Record{Overrides: own}},
			{"a decimal number", "SELECT CAST(port AS DECIMAL(6,0)) AS imap_port, host AS imap_host FROM domain WHERE name = {domain}", "own.example", source.Record{Overrides: own}},
			{"a number as text", "SELECT '1993' AS imap_port, host AS imap_host FROM domain WHERE name = {domain}", "own.example", source.Record{Overrides: own}},
			{"a yes or no", "SELECT active = 1 AS enabled FROM domain WHERE name = {domain}", "off.example", source.Record{Disabled: true}},
			{"only that it exists", "SELECT 1 AS enabled FROM domain WHERE name = {domain}", "example.com", source.Record{}},
			{"quotes and comments", "SELECT 'it''s :x' AS display_name -- it's\n, provider /* ' */ FROM domain WHERE name = {domain}", "example.com", source.Record{Provider: "hoster", Name: "it's :x"}},
		} {
			t.Run(tc.name, func(t *testing.T) {
				s := e.source(t, tc.query, "")
				for range 2 { // the second time with the cached header
					got, err := s.Domain(t.Context(), tc.domain)
					if err != nil || !reflect.DeepEqual(got, tc.want) {
						t.Errorf("got  %+v, %v\nwant %+v", got, err, tc.want)
					}
				}
				if got, err := s.Domain(t.Context(), "unknown.example"); !errors.Is(err, source.ErrNotFound) {
					t.Errorf("an unknown domain: %+v, %v", got, err)
				}
			})
		}
	})
}

func TestDialectsOfQuoting(t *testing.T) {
	for name, tc := range map[string]struct {
		query string
		make  func(testing.TB) engine
	}{
		"backslashes in SQLite":     {`SELECT '\' AS display_name, provider FROM domain WHERE name = {domain}`, newSQLite},
		"backslashes in PostgreSQL": {`SELECT E'\\' AS display_name, provider::varchar FROM domain WHERE name = {domain}::text`, func(t testing.TB) engine { return newPostgreSQL(t, servers.PostgreSQL(t)) }},
		"dollar quotes":             {`SELECT $x$\$x$ AS display_name, provider FROM domain WHERE name = {domain}`, func(t testing.TB) engine { return newPostgreSQL(t, servers.PostgreSQL(t)) }},
		"nested comments":           {`SELECT /* /* ' */ ' */ '\' AS display_name, provider FROM domain WHERE name = {domain}`, func(t testing.TB) engine { return newPostgreSQL(t, servers.PostgreSQL(t)) }},
		"backslashes in MariaDB":    {`SELECT '\\' AS display_name, provider FROM domain WHERE name = {domain} AND '\'' = "'"`, func(t testing.TB) engine { return newMariaDB(t, servers.MariaDB(t)) }},
		"comments in MariaDB":       {"SELECT '\\\\' AS display_name, -- it's\n provider # it's\n FROM domain WHERE name = {domain} AND 5--1 = 6", func(t testing.TB) engine { return newMariaDB(t, servers.MariaDB(t)) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := tc.make(t).panel(t).source(t, tc.query, "")
			got, err := s.Domain(t.Context(), "example.com")
			if want := (source.Record{Provider: "hoster", Name: `\`}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestMailbox(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		concat := "{local} || '@' || {domain}"
		if e.driver == "mysql" {
			concat = "CONCAT({local}, '@', {domain})"
		}
		for name, query := range map[string]string{
			"the address": loginQuery,
			"its parts":   "SELECT login FROM mailbox WHERE address = " + concat,
			"any case":    "SELECT login FROM mailbox WHERE address = LOWER({address})",
		} {
			t.Run(name, func(t *testing.T) {
				s := e.source(t, "", query)
				for local, want := range map[string]string{"anna": "web12p3", "o'neil": "web12p4", `back\slash`: "web12p5"} {
					got, err := s.Mailbox(t.Context(), address.Address{Local: local, Domain: "example.com"})
					if err != nil || !reflect.DeepEqual(got, source.Record{Login: want}) {
						t.Errorf("%s: %+v, %v", local, got, err)
					}
				}
				if got, err := s.Mailbox(t.Context(), address.Address{Local: "bert", Domain: "example.com"}); !errors.Is(err, source.ErrNotFound) {
					t.Errorf("an unknown mailbox: %+v, %v", got, err)
				}
			})
		}
	})
}

func TestWhatIsNotAskedIsNotFound(t *testing.T) {
	e := newSQLite(t).panel(t)
	if _, err := e.source(t, "", loginQuery).Domain(t.Context(), "example.com"); !errors.Is(err, source.ErrNotFound) {
		t.Error(err)
	}
	if _, err := e.source(t, domainQuery, "").Mailbox(t.Context(), address.Address{Local: "anna", Domain: "example.com"}); !errors.Is(err, source.ErrNotFound) {
		t.Error(err)
	}
}

// TestValuesCannotBreakOut asks with what would change the query if it were
// pasted in.
func TestValuesCannotBreakOut(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		s := e.panel(t).source(t, domainQuery, loginQuery)
		for _, evil := range []string{
			`' OR '1'='1`, `' OR 1=1 -- `, `' OR 1=1 #`, `\' OR 1=1 -- `, `" OR "1"="1`, `x'; DROP TABLE domain; --`,
			`$$ OR 1=1 --`, `'||'`, `%`, `_`, `$1`, `?`, `{domain}`, `example.com' -- `, "example.com\\", "1 OR 1=1",
		} {
			if got, err := s.Domain(t.Context(), address.Domain(evil)); !errors.Is(err, source.ErrNotFound) {
				t.Errorf("the domain %s: %+v, %v", evil, got, err)
			}
			for _, a := range []address.Address{{Local: evil, Domain: "example.com"}, {Local: "anna", Domain: address.Domain(evil)}} {
				if got, err := s.Mailbox(t.Context(), a); !errors.Is(err, source.ErrNotFound) {
					t.Errorf("the mailbox %s: %+v, %v", a, got, err)
				}
			}
		}
		hosted(t, s, "example.com") // it is still there
	})
}

// TestSessionsAreReadOnly asks as the administrator, who may do everything.
func TestSessionsAreReadOnly(t *testing.T) {
	const words = "is not a read-only query"
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		query := "DELETE FROM domain WHERE name = {domain} RETURNING provider"
		s := e.source(t, query, "")
		fails(t, lookUp(t, s, "example.com"), "panel: queries.domain: "+words)
		fails(t, s.Check(t.Context()), "panel: queries.domain: "+words)
		if e.driver == "postgres" {
			s := e.source(t, "WITH gone AS ("+query+") SELECT provider FROM gone", "")
			fails(t, lookUp(t, s, "example.com"), "panel: queries.domain: "+words)
		}
		var left int
		if err := e.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM domain").Scan(&left); err != nil || left != 4 {
			t.Errorf("%d domains are left of 4, %v", left, err)
		}
	})
}

func TestTimeLimit(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		const limit = 300 * time.Millisecond
		s := e.source(t, e.forever, "", func(o *source.SQL) { o.Timeout = limit; o.Connections = 1 })
		for range 2 { // the one connection is not lost to the first
			fails(t, lookUp(t, s, "example.com"), "panel: queries.domain: no answer within 300ms")
		}
		if e.server != nil && e.running(t) {
			t.Error("the server still works on a query that nobody waits for")
		}
	})
}

// running reports whether a query of the suite stays at work on the server.
func (e engine) running(t *testing.T) bool {
	t.Helper()
	query := "SELECT COUNT(*), SLEEP(0.1) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%3600%' AND id <> CONNECTION_ID()"
	if e.driver == "postgres" {
		query = "SELECT COUNT(*), pg_sleep(0.1)::text FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%3600%' AND pid <> pg_backend_pid()"
	}
	var n int
	for range 100 {
		var slept any
		if err := e.db.QueryRowContext(t.Context(), query).Scan(&n, &slept); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return false
		}
	}
	return true
}

func TestCallersMayGiveUp(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		s := e.panel(t).source(t, domainQuery, "")
		if _, err := s.Domain(cancelled(t), "example.com"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		hosted(t, s, "example.com")
	})
}

// TestPoolIsBounded keeps every connection busy until all of a hundred lookups
// wait for one.
func TestPoolIsBounded(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		const most = 4
		s := e.panel(t).source(t, "SELECT "+e.sleepy+" AS login, provider FROM domain WHERE name = {domain}", "", func(o *source.SQL) { o.Connections = most })
		var busy []*sql.Conn
		for range most {
			conn, err := s.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			busy = append(busy, conn)
		}
		const lookups = 5 * most
		var all sync.WaitGroup
		for range lookups {
			all.Go(func() {
				if _, err := s.Domain(t.Context(), "example.com"); err != nil {
					t.Error(err)
				}
			})
		}
		for s.db.Stats().WaitCount < lookups && !t.Failed() {
			time.Sleep(time.Millisecond) // the pool does not report that a query waits
		}
		for _, conn := range busy {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		}
		all.Wait()
		if stats := s.db.Stats(); stats.OpenConnections != most {
			t.Errorf("%d connections, want %d: %+v", stats.OpenConnections, most, stats)
		}
		if e.driver == "postgres" { // according to the server
			var sessions int
			err := e.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'waymark' AND datname = current_database()").Scan(&sessions)
			if err != nil || sessions < 1 || sessions > most {
				t.Errorf("%d sessions, %v", sessions, err)
			}
		}
	})
}

func TestRowsThatCannotBeRead(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.panel(t)
		for _, tc := range []struct{ name, query, want string }{
			{"two rows", "SELECT provider FROM domain WHERE name >= {domain}", "returned rows that differ in the column provider; make the condition stricter"},
			{"an unknown column", "SELECT host FROM domain WHERE name = {domain}", `unknown column "host"; known: ` + strings.Join(source.ColumnNames(), ", ")},
			{"a column twice", "SELECT provider, host AS provider FROM domain WHERE name = {domain}", `duplicate column "provider"`},
			{"a date", "SELECT since AS display_name FROM domain WHERE name = {domain}", "column display_name is a date or a time; use text, a number or a boolean"},
			{"a host that is none", "SELECT 'a b' AS imap_host FROM domain WHERE name = {domain}", "column imap_host: "},
			{"far too long", "SELECT " + long(e) + " AS display_name FROM domain WHERE name = {domain}", "column display_name: is longer than 4096 octets"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				err := lookUp(t, e.source(t, tc.query, ""), "own.example")
				if err == nil || !strings.HasPrefix(err.Error(), "panel: queries.domain: "+tc.want) || errors.Is(err, source.ErrNotFound) {
					t.Errorf("got  %v\nwant %s", err, tc.want)
				}
			})
		}
	})
}

func long(e engine) string {
	if e.driver == "sqlite" {
		return "HEX(ZEROBLOB(5000))"
	}
	return "REPEAT('a', 5000)"
}

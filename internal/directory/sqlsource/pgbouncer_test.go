package sqlsource

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/test/databases"
)

// behindPgBouncer returns PostgreSQL behind a PgBouncer in transaction mode with the
// settings of the guide.
func behindPgBouncer(t *testing.T, documented bool) engine {
	t.Helper()
	server := servers.PostgreSQL(t)
	e := newPostgreSQL(t, server).panel(t)
	var more []string
	if documented {
		line := regexp.MustCompile("`(ignore_startup_parameters = [^`]*)`").FindStringSubmatch(guide(t)["PostgreSQL"])
		if line == nil {
			t.Fatal("the guide has no setting for PgBouncer")
		}
		more = line[1:]
	}
	e.dsn = strings.Replace(e.dsn, server.Address(), databases.StartPgBouncer(t, server, more...), 1)
	return e
}

// TestPgBouncer has many more queries at a time than PgBouncer has connections, so
// that each connection of Waymark moves between sessions of the server all the time.
func TestPgBouncer(t *testing.T) {
	e := behindPgBouncer(t, true)
	s := e.source(t, domainQuery, loginQuery, func(o *source.SQL) { o.Connections = 32 })
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.backend.sessions.pooled.Load() {
		t.Error("PgBouncer is not recognised")
	}
	var all sync.WaitGroup
	for worker := range 64 {
		all.Go(func() {
			for range 10 {
				hosted(t, s, "example.com")
				if got, err := s.Mailbox(t.Context(), address.Address{Local: "anna", Domain: "example.com"}); err != nil || got.Login != "web12p3" {
					t.Errorf("%d: %+v, %v", worker, got, err)
				}
			}
		})
	}
	all.Wait()
}

// TestPgBouncerStaysReadOnly asks as the administrator, for what writes.
func TestPgBouncerStaysReadOnly(t *testing.T) {
	e := behindPgBouncer(t, true)
	e.exec(t,
		"CREATE TABLE seen (name TEXT)",
		"CREATE FUNCTION look(d TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (d); RETURN 'hoster'; END $$",
	)
	for _, query := range []string{
		"SELECT look(name) AS provider FROM domain WHERE name = {domain}",
		"DELETE FROM domain WHERE name = {domain} RETURNING provider",
		"SELECT set_config('transaction_read_only', 'off', true) AS display_name, look(name) AS provider FROM domain WHERE name = {domain}",
	} {
		s := e.source(t, query, "")
		for range 3 {
			if err := lookUp(t, s, "example.com"); err == nil {
				t.Errorf("%s: no error", query)
			}
		}
	}
	fails(t, lookUp(t, e.source(t, "SELECT look(name) AS provider FROM domain WHERE name = {domain}", ""), "example.com"), "panel: queries.domain: is not a read-only query")
	var seen, left int
	if err := e.db.QueryRowContext(t.Context(), "SELECT (SELECT COUNT(*) FROM seen), (SELECT COUNT(*) FROM domain)").Scan(&seen, &left); err != nil || seen != 0 || left != 4 {
		t.Errorf("%d rows were written, %d of 4 domains are left, %v", seen, left, err)
	}
}

// TestPgBouncerKeepsTheTimeOut checks that the server ends a query that nobody
// waits for.
func TestPgBouncerKeepsTheTimeOut(t *testing.T) {
	e := behindPgBouncer(t, true)
	var timeout string
	s := e.source(t, "SELECT current_setting('statement_timeout') AS display_name, provider FROM domain WHERE name = {domain}", "")
	got, err := s.Domain(t.Context(), "example.com")
	if timeout = got.Name; err != nil || timeout != "1min" {
		t.Errorf("the time-out is %s, %v", timeout, err)
	}
}

func TestPgBouncerWithoutItsSettings(t *testing.T) {
	e := behindPgBouncer(t, false)
	const want = "panel: PgBouncer refused the connection; add to its configuration: ignore_startup_parameters = default_transaction_read_only, statement_timeout"
	fails(t, e.source(t, domainQuery, "").Check(t.Context()), want)
}

func TestPgBouncerPassesOnNoNotifications(t *testing.T) {
	e := behindPgBouncer(t, true)
	_, failures := watch(t, e)
	fails(t, next(t, failures), "panel: notifications on waymark: "+errPooledNotify.Error())
	s := e.source(t, domainQuery, "", func(o *source.SQL) { o.Channel = "waymark" })
	fails(t, s.Check(t.Context()), fmt.Sprintf("panel: notify: %v", errPooledNotify))
}

package service

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/databases"
)

// onDatabase returns settings whose domains are in a database; more are keys of
// the source.
func onDatabase(driver, dsn, more string) string {
	return fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
cache: {fresh: 1h, unknown: 1h}
providers:
  hoster:
    login: "{local}"
    services:
      - {protocol: imap, host: imap.hoster.example}
      - {protocol: submission, host: smtp.hoster.example}
directory:
  - source: sql
    name: customers
    driver: %s
    dsn: %q
    provider: hoster
    queries:
      domain: SELECT mail_host AS imap_host, active AS enabled FROM customers WHERE domain = {domain}
      mailbox: SELECT login FROM mailboxes WHERE address = {address}
    %s
domains:
  hoster.example: {provider: hoster}
`, driver, dsn, more)
}

func customersSchema() []string {
	return []string{
		`CREATE TABLE customers (domain varchar(255) PRIMARY KEY, mail_host varchar(255), active smallint NOT NULL)`,
		`CREATE TABLE mailboxes (address varchar(255) PRIMARY KEY, login varchar(255) NOT NULL)`,
		`INSERT INTO customers VALUES ('customer.example', 'imap1.hoster.example', 1), ('plain.example', NULL, 1), ('off.example', NULL, 0)`,
		`INSERT INTO mailboxes VALUES ('anna@customer.example', 'web12p3')`,
	}
}

func sqliteCustomers(t *testing.T) (string, databases.Database) {
	t.Helper()
	dsn := filepath.Join(t.TempDir(), "customers.db")
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	database := databases.Database{DB: db, DSN: dsn}
	database.Exec(t, customersSchema()...)
	return dsn, database
}

// ruin makes a database of SQLite unusable in place: open connections go on reading a
// file that is only renamed or removed.
func ruin(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, []byte("not a database any more"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (h *house) ask(address string) (int, string) {
	h.t.Helper()
	return h.get("http://" + h.svc.Addr("http") + "/mail/config-v1.1.xml?emailaddress=" + url.QueryEscape(address))
}

// TestCustomersInADatabase walks through a whole request: what is listed, what
// the database knows, what is switched off, what is unknown.
func TestCustomersInADatabase(t *testing.T) {
	dsn, db := sqliteCustomers(t)
	h := start(t, onDatabase("sqlite", dsn, "mailboxes: true\n    public_logins: true"))
	for _, tc := range []struct {
		address string
		status  int
		want    []string
	}{
		{"anna@hoster.example", 200, []string{"<hostname>imap.hoster.example</hostname>", "<username>%EMAILLOCALPART%</username>"}},
		{"anna@customer.example", 200, []string{"<domain>customer.example</domain>", "<hostname>imap1.hoster.example</hostname>", "<hostname>smtp.hoster.example</hostname>", "<username>web12p3</username>"}},
		{"nobody@customer.example", 200, []string{"<hostname>imap1.hoster.example</hostname>", "<username>nobody</username>"}},
		{"anna@plain.example", 200, []string{"<hostname>imap.hoster.example</hostname>"}},
		{"anna@off.example", 404, nil},
		{"anna@unknown.example", 404, nil},
	} {
		status, body := h.ask(tc.address)
		if status != tc.status {
			t.Errorf("%s: %d, %s", tc.address, status, body)
		}
		for _, want := range tc.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s in\n%s", tc.address, want, body)
			}
		}
	}
	db.Exec(t, `UPDATE customers SET mail_host = 'imap2.hoster.example'`)
	if _, body := h.ask("anna@customer.example"); !strings.Contains(body, "imap1.hoster.example") {
		t.Errorf("nothing is cached: %s", body)
	}
	resp, err := h.client.Post("http://"+h.svc.Addr("ops")+"/-/reload", "", nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("reload: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if _, body := h.ask("anna@customer.example"); !strings.Contains(body, "imap2.hoster.example") {
		t.Errorf("the reload changed nothing: %s", body)
	}
	metrics := h.opsPage("/metrics")
	for _, want := range []string{
		`waymark_directory_lookups_total{result="found",source="customers"}`, `waymark_directory_lookups_total{result="unknown",source="customers"}`,
		`waymark_directory_lookups_total{result="found",source="file"}`, `waymark_directory_cache_total{result="hit"}`, `waymark_directory_lookup_duration_seconds_count{source="customers"}`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	for _, e := range h.logs.All() {
		if text := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(text, "anna") || strings.Contains(text, dsn) {
			t.Errorf("the log tells %s", text)
		}
	}
}

// TestTheLogNamesABrokenRow by its domain and column.
func TestTheLogNamesABrokenRow(t *testing.T) {
	dsn, db := sqliteCustomers(t)
	db.Exec(t, `UPDATE customers SET mail_host = 'not a host' WHERE domain = 'plain.example'`)
	h := start(t, onDatabase("sqlite", dsn, ""))
	h.wantStatus("anna@plain.example", 503)
	lines := h.logs.FilterMessage("domain cannot be looked up; others are not affected").All()
	if len(lines) != 1 || lines[0].ContextMap()["domain"] != "plain.example" || !strings.Contains(fmt.Sprint(lines[0].ContextMap()["error"]), "queries.domain: column imap_host: ") {
		t.Errorf("%v", lines)
	}
	h.wantStatus("anna@customer.example", 200)
}

// TestAReloadKeepsWhatIsKnownWhileTheDatabaseIsDown pins that changing anything
// else in the settings does not forget a million customers.
func TestAReloadKeepsWhatIsKnownWhileTheDatabaseIsDown(t *testing.T) {
	dsn, _ := sqliteCustomers(t)
	h := start(t, onDatabase("sqlite", dsn, ""))
	if status, body := h.ask("anna@customer.example"); status != http.StatusOK {
		t.Fatal(body)
	}
	ruin(t, dsn)
	h.write(h.file, strings.ReplaceAll(onDatabase("sqlite", dsn, ""), "smtp.hoster.example", "smtp2.hoster.example"))
	h.eventually("the new outgoing host for a customer that is known", func() bool {
		status, body := h.ask("anna@customer.example")
		return status == http.StatusOK && strings.Contains(body, "smtp2.hoster.example")
	})
}

// TestSourcesThatCannotBeUsed checks the errors at start and by the check.
func TestSourcesThatCannotBeUsed(t *testing.T) {
	dsn, _ := sqliteCustomers(t)
	for name, tc := range map[string]struct{ settings, starts, check string }{
		"a query that pastes": {
			strings.Replace(onDatabase("sqlite", dsn, ""), "domain = {domain}", "domain = '{domain}'", 1),
			"directory[0], line 11: customers: queries.domain: ", "waymark.yaml:11: directory[0]: customers: queries.domain: ",
		},
		"a table that is not there": {
			strings.Replace(onDatabase("sqlite", dsn, ""), "FROM customers", "FROM nothing", 1), "", "nothing",
		},
		"a database that is not there": {onDatabase("sqlite", dsn+"-no", ""), "", "customers"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, findings := config.Parse("waymark.yaml", []byte(tc.settings), config.Environment{})
			if findings.HasErrors() {
				t.Fatal(findings)
			}
			svc, err := New(t.Context(), cfg, nil, Options{StateDir: stateIn(t, t.TempDir()), Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Grace: time.Millisecond})
			if tc.starts == "" && err != nil || tc.starts != "" && (err == nil || !strings.Contains(err.Error(), tc.starts)) {
				t.Errorf("the start: %v, want %q", err, tc.starts)
			}
			if err == nil { // it starts, and answers for what is listed
				ctx, stop := context.WithCancel(t.Context())
				stop()
				if err := svc.Run(ctx); err != nil {
					t.Error(err)
				}
			}
			var said []string
			for _, f := range CheckFiles("waymark.yaml", cfg, t.TempDir(), time.Now()) {
				said = append(said, f.String())
			}
			if !strings.Contains(strings.Join(said, "\n"), tc.check) {
				t.Errorf("the check says %q", said)
			}
		})
	}
}

// retrying is a proxy in front of several replicas: a request that one does not
// take goes to the next.
func retrying(t *testing.T, replicas ...*house) *httptest.Server {
	t.Helper()
	var turn atomic.Uint32
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "replica"}) },
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			var failed error
			for range replicas {
				to := r.Clone(r.Context())
				replica := replicas[int(turn.Add(1))%len(replicas)]
				to.URL.Host = replica.svc.Addr("http")
				resp, err := replica.client.Transport.RoundTrip(to)
				if err == nil && resp.StatusCode < 500 {
					return resp, nil
				}
				failed = errors.Join(failed, err)
			}
			return nil, failed
		}),
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestReplicasOnOneDatabase runs two replicas that share nothing but PostgreSQL:
// a change is on both at once, one may die, and then the database.
func TestReplicasOnOneDatabase(t *testing.T) {
	server := databases.StartPostgreSQL(t)
	db := server.NewDatabase(t)
	db.Exec(t, customersSchema()...)
	db.Exec(t, `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''waymark'', NEW.domain); RETURN NEW; END'`,
		`CREATE TRIGGER tell AFTER INSERT OR UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION tell()`)
	settings := onDatabase("postgres", db.DSN, "notify: waymark")
	one, two := start(t, settings), start(t, settings)
	both := []*house{one, two}

	hosts := func(h *house, host string) bool {
		status, body := h.ask("anna@customer.example")
		return status == http.StatusOK && strings.Contains(body, "<hostname>"+host+"</hostname>")
	}
	for _, h := range both {
		h.eventually("the customer", func() bool { return hosts(h, "imap1.hoster.example") })
		// What was cached before the first notification arrives is looked up
		// again; from here on only a notification can bring the change.
		h.eventually("the connection for notifications", func() bool {
			var listening int
			err := db.DB.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'listen%' AND datname = current_database()`).Scan(&listening)
			return err == nil && listening == len(both)
		})
	}
	changed := time.Now()
	db.Exec(t, `UPDATE customers SET mail_host = 'imap2.hoster.example' WHERE domain = 'customer.example'`)
	for i, h := range both {
		h.eventually("the change", func() bool { return hosts(h, "imap2.hoster.example") })
		if took := time.Since(changed); took > 30*time.Second { // half a second on a machine at rest
			t.Errorf("replica %d saw the change after %s", i+1, took)
		}
	}

	proxy := retrying(t, one, two)
	ask := func(address string) (int, string) {
		return one.get(proxy.URL + "/mail/config-v1.1.xml?emailaddress=" + url.QueryEscape(address))
	}
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		answered := 0
		defer func() { done <- answered }()
		for {
			resp, err := http.Get(proxy.URL + "/mail/config-v1.1.xml?emailaddress=anna%40customer.example")
			if err != nil {
				t.Errorf("a request was lost: %v", err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("a request was answered with %d", resp.StatusCode)
				return
			}
			answered++
			select {
			case <-stop:
				if answered > 100 {
					return
				}
			default:
			}
		}
	}()
	one.stop()
	close(stop)
	if n := <-done; n < 100 {
		t.Errorf("%d requests were answered while a replica died", n)
	}

	server.Kill(t)
	if status, body := ask("bert@customer.example"); status != http.StatusOK || !strings.Contains(body, "imap2.hoster.example") {
		t.Errorf("a known customer without the database: %d, %s", status, body)
	}
	if status, _ := ask("anna@hoster.example"); status != http.StatusOK {
		t.Errorf("a listed domain without the database: %d", status)
	}
	if status, _ := two.ask("anna@plain.example"); status != http.StatusServiceUnavailable {
		t.Errorf("a customer who was never asked for, without the database: %d, want 503 and not a wrong answer", status)
	}
	server.Start(t)
	two.eventually("the database again", func() bool { status, _ := two.ask("anna@plain.example"); return status == http.StatusOK })
}

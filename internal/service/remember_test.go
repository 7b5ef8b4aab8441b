package service

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/test/programs"
)

func (h *house) wantStatus(address string, want int) {
	h.t.Helper()
	if status, body := h.ask(address); status != want {
		h.t.Errorf("%s: %d %s, want %d", address, status, body, want)
	}
}

func (h *house) ready() bool {
	status, _ := h.get("http://" + h.svc.Addr("ops") + "/readyz")
	return status == http.StatusOK
}

// TestARestartWhileTheDatabaseIsDown serves what the run before knew.
func TestARestartWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	dsn, db := sqliteCustomers(t)
	dir, text := t.TempDir(), onDatabase("sqlite", dsn, "mailboxes: true\n    public_logins: true")
	first := startIn(t, dir, text)
	first.eventually("ready", first.ready)
	first.wantStatus("anna@customer.example", 200)
	first.wantStatus("anna@unknown.example", 404)
	first.stop()
	content, err := os.ReadFile(filepath.Join(dir, "state", snapshotFile))
	if err != nil || bytes.Contains(content, []byte(dsn)) || bytes.Contains(content, []byte("unknown.example")) {
		t.Fatalf("the snapshot: %q, %v", content, err)
	}
	if err := os.Rename(dsn, dsn+".away"); err != nil {
		t.Fatal(err)
	}
	second := startIn(t, dir, text)
	second.wantStatus("anna@customer.example", 200)
	if _, body := second.ask("anna@customer.example"); !strings.Contains(body, "<username>web12p3</username>") {
		t.Errorf("no user name: %s", body)
	}
	second.wantStatus("anna@plain.example", 503) // never asked for
	second.eventually("ready, since it has answers", second.ready)

	if err := os.Rename(dsn+".away", dsn); err != nil {
		t.Fatal(err)
	}
	second.eventually("the database again", func() bool { status, _ := second.ask("anna@plain.example"); return status == 200 })
	db.Exec(t, `UPDATE customers SET mail_host = 'imap2.hoster.example' WHERE domain = 'customer.example'`)
	second.eventually("a new answer: what the run before knew is stale", func() bool {
		_, body := second.ask("anna@customer.example")
		return strings.Contains(body, "imap2.hoster.example")
	})
}

// TestNotReadyWithoutItsSources checks that an instance that can answer nobody gets
// no requests.
func TestNotReadyWithoutItsSources(t *testing.T) {
	t.Parallel()
	dsn, _ := sqliteCustomers(t)
	if err := os.Rename(dsn, dsn+".away"); err != nil {
		t.Fatal(err)
	}
	text := onDatabase("sqlite", dsn, "")
	h, careless := start(t, text), start(t, strings.Replace(text, "ops: {", "ops: {wait_for_sources: false, ", 1))
	careless.eventually("ready without its source", careless.ready)
	h.eventually("the check of the source", func() bool { return h.logs.FilterMessageSnippet("source unavailable").Len() > 0 })
	if h.ready() {
		t.Error("ready without its source")
	}
	if err := os.Rename(dsn+".away", dsn); err != nil {
		t.Fatal(err)
	}
	h.eventually("ready", h.ready)
	ruin(t, dsn)
	h.wantStatus("anna@plain.example", 503)
	if !h.ready() {
		t.Error("an outage made a warm instance unready")
	}
}

// TestAChangedSourceIsProvenFirst changes a source to one that does not work, and
// then to one that does.
func TestAChangedSourceIsProvenFirst(t *testing.T) {
	dsn, _ := sqliteCustomers(t)
	text := onDatabase("sqlite", dsn, "")
	h := start(t, text)
	h.wantStatus("anna@customer.example", 200)
	h.write(h.file, onDatabase("sqlite", dsn+"-wrong", ""))
	h.svc.Reload()
	if !strings.Contains(h.opsPage("/metrics"), "waymark_config_last_reload_successful 0") {
		t.Error("the reload succeeded")
	}
	if h.logs.FilterMessageSnippet("reload failed").Len() == 0 {
		t.Error("nothing is logged")
	}
	h.wantStatus("anna@customer.example", 200)
	h.wantStatus("anna@plain.example", 200) // from the old source, which still works

	moved := dsn + "-moved"
	content, err := os.ReadFile(dsn)
	if err != nil {
		t.Fatal(err)
	}
	h.write(moved, string(content))
	h.write(h.file, onDatabase("sqlite", moved, ""))
	h.svc.Reload()
	if !strings.Contains(h.opsPage("/metrics"), "waymark_config_last_reload_successful 1") {
		t.Error("the reload failed")
	}
	ruin(t, dsn)
	ruin(t, moved)
	h.wantStatus("anna@customer.example", 200) // known answers outlive the change
	h.wantStatus("anna@off.example", 503)      // never asked for
}

// TestARefusedReloadIsRepeated changes the settings before the database, as those
// do who rotate a password.
func TestARefusedReloadIsRepeated(t *testing.T) {
	programs.OnlyInTestAll(t, "it waits for the next try")
	dsn, _ := sqliteCustomers(t)
	h := start(t, onDatabase("sqlite", dsn, ""))
	h.write(h.file, onDatabase("sqlite", dsn+"-moved", ""))
	h.svc.Reload()
	h.eventually("the reload of the watcher", func() bool { return h.logs.FilterMessageSnippet("reload failed").Len() == 2 })
	if err := os.Rename(dsn, dsn+"-moved"); err != nil {
		t.Fatal(err)
	}
	h.eventually("a reload that succeeds", func() bool {
		return strings.Contains(h.opsPage("/metrics"), "waymark_config_last_reload_successful 1")
	})
}

func TestFingerprints(t *testing.T) {
	sql := func(o source.SQL) config.Source { return config.Source{Name: "a", SQL: &o} }
	base := source.SQL{Driver: "postgres", DSN: "postgres://u:p@h/d", DomainQuery: "SELECT 1"}
	credentials, query := base, base
	credentials.DSN, credentials.Connections = "postgres://u:q@h/d", 64
	query.DomainQuery = "SELECT 2"
	one := fingerprint(sql(base))
	if fingerprint(sql(credentials)) != one {
		t.Error("another password changes what is asked")
	}
	for name, other := range map[string]config.Source{
		"another query": sql(query),
		"mailboxes":     {Name: "a", SQL: &base, Mailboxes: true},
		"LDAP":          {Name: "a", LDAP: &source.LDAP{}},
		"MX":            {Name: "a", MX: &source.MX{Patterns: []source.Pattern{{Match: "mx.example", Provider: "p"}}}},
	} {
		if fingerprint(other) == one {
			t.Errorf("%s has the same fingerprint", name)
		}
	}
}

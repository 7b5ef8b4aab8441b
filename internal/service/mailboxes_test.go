package service

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/openapi"
)

// mailServer is a password check that knows one mailbox by its user name.
type mailServer struct{ tried []string }

func (m *mailServer) Verify(_ context.Context, s settings.Settings, password string) page.Verdict {
	login, _ := s.Login(s.Services()[0])
	m.tried = append(m.tried, login)
	if login == "web1p1" && password == "right-Pa55" {
		return page.Right
	}
	return page.Wrong
}

// unsigned leaves profiles readable.
type unsigned struct{}

func (unsigned) Sign(_ *settings.Provider, profile []byte) ([]byte, error) { return profile, nil }

// hosting is a hosting company whose user names are in a database: own1 is
// web1p1, bad1 has an unusable one, nil1 does not exist.
type hosting struct {
	http.Handler
	db     databases.Database
	server *mailServer
	keys   *invite.Keys
	logs   *observer.ObservedLogs
}

// A listed domain is in the settings file, and only its user names are not.
func newHosting(t *testing.T, listed bool, more string) hosting {
	t.Helper()
	dsn, db := sqliteCustomers(t)
	db.Exec(t, `DELETE FROM mailboxes`, `INSERT INTO customers VALUES ('example.com', NULL, 1)`, `INSERT INTO mailboxes VALUES ('own1@example.com', 'web1p1'), ('bad1@example.com', '{bad}')`)
	source := `directory:
  - source: sql
    driver: sqlite
    dsn: "` + dsn + `"
    provider: mine
    queries: {mailbox: "SELECT login FROM mailboxes WHERE address = {address}"}
    mailboxes: true
` + more
	const domains = "domains: {example.com: {provider: mine}}\n"
	if listed {
		source += "domains: {example.com: {provider: mine, logins: sql}}\n"
	} else {
		source = strings.Replace(source, "queries: {", `queries: {domain: "SELECT active AS enabled FROM customers WHERE domain = {domain}", `, 1)
	}
	text := strings.Replace(describedSettings, domains, source, 1)
	cfg, findings := config.Parse("waymark.yaml", []byte(text), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	core, logs := observer.New(zap.DebugLevel)
	h := hosting{db: db, server: &mailServer{}, keys: invite.RandomKeys(), logs: logs}
	sources, err := OpenSources(cfg, nil, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sources.Close() })
	h.Handler = Handler(cfg, Deps{
		Signer: unsigned{}, Directory: sources.Directory(cfg, nil), Verify: h.server, Tokens: h.keys, Now: aMoment,
		Metrics: telemetry.NewMetrics("", ""), Log: zap.New(core),
	})
	return h
}

// answer is what a client sees, without the parts that differ each time.
func (h hosting) answer(r *http.Request, local string) string {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	rec.Header().Del("X-Request-Id")
	var text strings.Builder
	text.WriteString(http.StatusText(rec.Code) + "\n")
	_ = rec.Header().Write(&text)
	text.WriteString(rec.Body.String())
	varying := regexp.MustCompile(`<path d="[^"]*"/>|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f-]{22}|(action|src|href|Location)[=:] ?"?/[a-z]/[^"\r]*`)
	return strings.ReplaceAll(varying.ReplaceAllString(text.String(), "…"), local, "NAME")
}

// requestsFor returns a request for each public endpoint and example, with the
// local part of a mailbox.
func (h hosting) requestsFor(t *testing.T, local string) map[string]*http.Request {
	t.Helper()
	all := map[string]*http.Request{}
	profile := h.keys.Seal(invite.Page, address.Address{Local: local, Domain: "example.com"}, aMoment().Add(time.Hour))
	for _, one := range calls(loadContract(t)) {
		// An invitation is for the owner. A QR code contains only the token, which is different each time.
		if one.side == openapi.Ops || strings.HasPrefix(one.path, "/i/{token}") || strings.HasSuffix(one.path, "/code.svg") {
			continue
		}
		r := replaceIn(t, one.request(t, map[string]string{"token": profile}), strings.NewReplacer("anna@", local+"@", "anna%40", local+"%40"))
		all[one.String()] = r
	}
	return all
}

// TestNobodyLearnsWhichMailboxesExist compares a mailbox that exists, one that
// does not, and one whose user name is unusable, at every endpoint.
func TestNobodyLearnsWhichMailboxesExist(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		more      string
		listed    bool
		mailboxes []string // that look the same
	}{
		"user names are hidden":            {"", false, []string{"nil1", "own1", "bad1"}},
		"user names are public":            {"    public_logins: true\n", false, []string{"nil1", "bad1"}},
		"those of a listed domain, hidden": {"", true, []string{"nil1", "own1", "bad1"}},
		"those of a listed domain, public": {"    public_logins: true\n", true, []string{"nil1", "bad1"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHosting(t, tc.listed, tc.more)
			if tc.more == "" {
				// A password that is wrong, before the table is gone.
				for _, local := range tc.mailboxes {
					got, want := h.verify(local, "wrong-Pa55"), h.verify("nil1", "wrong-Pa55")
					if got != want || !strings.Contains(got, "verdict wrong") {
						t.Errorf("a wrong password of %s: %s\n\nof nil1: %s", local, got, want)
					}
				}
				// Now a lookup of a mailbox would be answered 503.
				h.db.Exec(t, `DROP TABLE mailboxes`)
			}
			sent, good := 0, 0
			unknown := h.requestsFor(t, "nil1")
			want := map[string]string{}
			for call, r := range unknown {
				want[call] = h.answer(r, "nil1")
				if strings.HasPrefix(want[call], "OK\n") {
					good++
				}
			}
			for _, local := range tc.mailboxes {
				for call, r := range h.requestsFor(t, local) {
					if strings.HasSuffix(call, "/password") && tc.more == "" {
						continue
					}
					if got := h.answer(r, local); got != want[call] {
						t.Errorf("%s: %s gets\n%s\n\nnil1 gets\n%s", call, local, got, want[call])
					}
					sent++
				}
			}
			if sent < 40 || good < 20 {
				t.Errorf("%d requests, %d good answers", sent, good)
			}
		})
	}
}

// page is the path of the page of a mailbox, as after its address was typed.
func (h hosting) page(local string, p invite.Purpose) string {
	return "/s/" + h.keys.SealPage(p, address.Address{Local: local, Domain: "example.com"}, aMoment())
}

// check returns where a posted password leads to.
func (h hosting) check(local, password string) string {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, posted(h.page(local, invite.Page)+"/password", url.Values{"password": {password}, "device": {"iphone"}, "app": {"apple-mail-ios"}}))
	to, _, _ := strings.Cut(rec.Header().Get("Location"), "#")
	return to
}

// verify is the page that follows a posted password.
func (h hosting) verify(local, password string) string {
	return h.answer(httptest.NewRequest(http.MethodGet, "https://setup.example.com"+h.check(local, password), nil), local)
}

func posted(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://setup.example.com"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// TestWhoSeesAUserName lists who does: whoever has the password, an invitation or
// what followed from one.
func TestWhoSeesAUserName(t *testing.T) {
	t.Run("of a domain in a database", func(t *testing.T) { whoSeesAUserName(t, false) })
	t.Run("of a listed domain", func(t *testing.T) { whoSeesAUserName(t, true) })
}

func whoSeesAUserName(t *testing.T, listed bool) {
	h := newHosting(t, listed, "")
	owner := address.Address{Local: "own1", Domain: "example.com"}
	body := func(r *http.Request) string {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Body.String()
	}
	get := func(path string) *http.Request {
		return httptest.NewRequest(http.MethodGet, "https://setup.example.com"+path, nil)
	}
	right := h.check("own1", "right-Pa55")
	token := regexp.MustCompile(`^/s/([^?]*)`).FindStringSubmatch(right)
	if token == nil {
		t.Fatalf("the right password leads to %q", right)
	}
	owners := func(p invite.Purpose, lasts time.Duration) string { return h.keys.Seal(p, owner, aMoment().Add(lasts)) }
	for _, tc := range []struct {
		name string
		r    *http.Request
		sees bool
	}{
		{"after the right password", get(right), true},
		{"then with another app", get("/s/" + token[1] + "?app=thunderbird"), true},
		{"in the profile from that page", get("/p/" + token[1]), true},
		{"by an invitation", get("/i/" + owners(invite.Setup, time.Hour)), true},
		{"with the address alone", get(h.page("own1", invite.Page)), false},
		{"after a wrong password", get(h.check("own1", "wrong-Pa55")), false},
		{"an hour after the right password", get("/s/" + owners(invite.Proven, -time.Second)), false},
		{"in the profile from the page of an hour ago", get("/p/" + owners(invite.Proven, -time.Second)), false},
		{"with the link of a page for that of an invitation", get("/i/" + owners(invite.Page, time.Hour)), false},
		{"in a profile from the page of a stranger", get("/p/" + owners(invite.Page, time.Hour)), false},
		{"by autoconfig", get("/mail/config-v1.1.xml?emailaddress=own1@example.com"), false},
		{"by JSON without a token", get("/api/v1/settings?email=own1@example.com"), false},
	} {
		text := body(tc.r)
		if got := strings.Contains(text, "web1p1"); got != tc.sees || !tc.sees && len(text) < 20 {
			t.Errorf("%s: sees the user name %v, want %v\n%s", tc.name, got, tc.sees, text)
		}
	}
	if page := body(get(h.page("own1", invite.Page) + "?password=skipped")); !strings.Contains(page, "Your user name may differ") {
		t.Error("the page of a stranger does not tell that the user name may differ")
	}
	h.check("bad1", "wrong")
	if n := h.logs.FilterMessage("login of a mailbox unusable").Len(); n != 1 {
		t.Errorf("the operator is told %d times of a login that cannot be used", n)
	}
	withToken := newHosting(t, listed, "api: {token: "+aToken+"}\n")
	r := get("/api/v1/settings?email=own1@example.com")
	r.Header.Set("Authorization", "Bearer "+aToken)
	rec := httptest.NewRecorder()
	withToken.ServeHTTP(rec, r)
	if !strings.Contains(rec.Body.String(), "web1p1") {
		t.Errorf("JSON for a holder of the token: %s", rec.Body)
	}
}

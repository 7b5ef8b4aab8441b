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

func (unsigned) Sign(profile []byte) ([]byte, error) { return profile, nil }

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

// answer is all that a client sees, but for what is different each time.
func (h hosting) answer(r *http.Request, local string) string {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	rec.Header().Del("X-Request-Id")
	var text strings.Builder
	text.WriteString(http.StatusText(rec.Code) + "\n")
	_ = rec.Header().Write(&text)
	text.WriteString(rec.Body.String())
	varying := regexp.MustCompile(`<path d="[^"]*"/>|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f-]{22}|(name="proof" value|action)="[^"]*"`)
	return strings.ReplaceAll(varying.ReplaceAllString(text.String(), "…"), local, "NAME")
}

// requestsFor returns a request for each public endpoint and example, with the
// local part of a mailbox.
func (h hosting) requestsFor(t *testing.T, local string) map[string]*http.Request {
	t.Helper()
	all := map[string]*http.Request{}
	profile := h.keys.Seal(invite.Profile, address.Address{Local: local, Domain: "example.com"}, aMoment().Add(time.Hour))
	for _, one := range calls(loadContract(t)) {
		if one.side == openapi.Ops || one.path == "/i/{token}" {
			continue
		}
		r := replaceIn(t, one.request(t, map[string]string{"token": profile}), strings.NewReplacer("anna@", local+"@", "anna%40", local+"%40"))
		all[one.String()] = r
	}
	return all
}

// TestNobodyLearnsWhichMailboxesExist holds a mailbox that exists, one that does
// not, and one whose user name is unusable side by side, at every endpoint.
func TestNobodyLearnsWhichMailboxesExist(t *testing.T) {
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
					got, want := h.verify(local, "wrong-Pa55", ""), h.verify("nil1", "wrong-Pa55", "")
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
					if strings.HasPrefix(call, "POST /verify") && tc.more == "" {
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

// verify is the answer to a posted password check over https.
func (h hosting) verify(local, password, proof string) string {
	form := url.Values{"email": {local + "@example.com"}, "password": {password}, "proof": {proof}}
	return h.answer(posted("/verify", form), local)
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
	form := func(email, proof string) url.Values {
		return url.Values{"email": {email}, "proof": {proof}, "device": {"iphone"}, "app": {"apple-mail-ios"}}
	}
	checked := form("own1@example.com", "")
	checked.Set("password", "right-Pa55")
	right := body(posted("/verify", checked))
	proof := regexp.MustCompile(`name="proof" value="([^"]*)"`).FindStringSubmatch(right)
	if proof == nil {
		t.Fatalf("no proof on the page after the right password:\n%s", right)
	}
	stale := h.keys.Seal(invite.Proven, owner, aMoment().Add(-time.Second))
	for _, tc := range []struct {
		name string
		r    *http.Request
		sees bool
	}{
		{"after the right password", posted("/verify", checked), true},
		{"then with another app", posted("/", form("own1@example.com", proof[1])), true},
		{"in the profile from that page", get("/p/" + proof[1]), true},
		{"by an invitation", get("/i/" + h.keys.Seal(invite.Setup, owner, aMoment().Add(time.Hour))), true},
		{"with nothing", posted("/", form("own1@example.com", "")), false},
		{"with a proof of another mailbox", posted("/", form("bad1@example.com", proof[1])), false},
		{"with a proof that expired", posted("/", form("own1@example.com", stale)), false},
		{"with the link of a profile for a proof", posted("/", form("own1@example.com", h.keys.Seal(invite.Profile, owner, aMoment().Add(time.Hour)))), false},
		{"in a profile from the page of a stranger", get("/p/" + h.keys.Seal(invite.Profile, owner, aMoment().Add(time.Hour))), false},
		{"by autoconfig", get("/mail/config-v1.1.xml?emailaddress=own1@example.com"), false},
		{"by JSON without a token", get("/api/v1/settings?email=own1@example.com"), false},
	} {
		text := body(tc.r)
		if got := strings.Contains(text, "web1p1"); got != tc.sees || !tc.sees && len(text) < 20 {
			t.Errorf("%s: sees the user name %v, want %v\n%s", tc.name, got, tc.sees, text)
		}
	}
	if page := body(posted("/", form("own1@example.com", ""))); !strings.Contains(page, "Your user name may differ") {
		t.Error("the page of a stranger does not tell that the user name may differ")
	}
	h.verify("bad1", "wrong", "")
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

package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

const (
	secretLocal    = "walburga.eisenhut"
	secretPassword = "Pa55sesame"
)

// fault is a resolver, a signer and a password checker that fail in one way, with
// an error that quotes the address.
type fault struct {
	works dialect.Resolver
	fails func(a address.Address) error // nil: resolving works
	signs error
}

func (f fault) Resolve(ctx context.Context, q settings.Query) (settings.Settings, error) {
	if f.fails != nil {
		return settings.Settings{}, f.fails(q.Address)
	}
	return f.works.Resolve(ctx, q)
}

func (f fault) Sign(_ *settings.Provider, profile []byte) ([]byte, error) { return profile, f.signs }

func (f fault) Verify(context.Context, settings.Settings, string) page.Verdict {
	return page.Unreachable
}

// TestNoEndpointLogsASecret sends an address, a password and a working link to
// every endpoint, while everything behind it fails in every way, with hosts good
// and bad, and looks for them in the log.
func TestNoEndpointLogsASecret(t *testing.T) {
	t.Parallel()
	cfg, findings := config.Parse("waymark.yaml", []byte(describedSettings), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	works := (&Sources{}).Directory(cfg, nil)
	somebody := address.Address{Local: secretLocal, Domain: "example.com"}
	keys := invite.RandomKeys()
	tokens := map[string]string{}
	for name, purpose := range map[string]invite.Purpose{"/i/{token}": invite.Setup, "/i/{token}/code.svg": invite.Setup, "/p/{token}": invite.Page, "/s/{token}": invite.Page, "/s/{token}/code.svg": invite.Page, "/s/{token}/password": invite.Proven} {
		tokens[name] = keys.Seal(purpose, somebody, aMoment().Add(time.Hour))
	}
	tokens["expired"] = keys.Seal(invite.Setup, somebody, aMoment().Add(-time.Hour))

	var out bytes.Buffer
	log, flush, err := telemetry.NewLogger("debug", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	faults := map[string]fault{
		"none":       {works: works},
		"signature":  {works: works, signs: errors.New("cannot sign for " + somebody.String())},
		"raw":        {fails: func(a address.Address) error { return fmt.Errorf("cannot find %s", a) }},
		"panic":      {fails: func(a address.Address) error { panic("no " + a.String()) }},
		"panic, nil": {},
	}
	for kind := settings.Internal; kind <= settings.Unavailable; kind++ {
		faults[fmt.Sprint("kind ", kind)] = fault{fails: func(a address.Address) error {
			return &settings.Error{Kind: kind, Message: "public", Cause: fmt.Errorf("asked for %s", a)}
		}}
	}
	hosts := []string{"example.com", secretLocal + "@example.com", strings.Repeat(secretLocal+".", 140) + "example.com", strings.Repeat("x", 2400), "", "[::1", "example.com:x"}
	sent := 0
	every, metrics := calls(loadContract(t)), telemetry.NewMetrics("", "")
	for i, name := range slices.Sorted(maps.Keys(faults)) {
		f := faults[name]
		offered := dialects(f, Deps{Signer: f, Now: aMoment, Tokens: keys, Verify: f}, &config.Config{})
		examine := func(ctx context.Context, d address.Domain) ([]byte, error) {
			_, err := f.Resolve(ctx, settings.Query{Domain: d})
			return nil, err
		}
		for _, one := range every {
			// A new handler each, because floods are not logged line by line.
			h := server.New(server.Options{
				Dialects: offered, Metrics: metrics, Log: log,
			})
			if strings.HasPrefix(one.path, "/-/") || slices.Contains([]string{"/api/v1/invites", "/api/v1/doctor", "/doctor"}, one.path) {
				h = server.NewOps(server.Ops{Hosts: []address.Domain{"example.com"}, Metrics: metrics, Log: log, Ready: &server.Readiness{}, Reload: func(bool) []string { return nil }, Token: aToken,
					Examine: server.Examiner{JSON: examine, Page: examine},
					Invite: func(ctx context.Context, a address.Address, _ time.Duration) (server.Invitation, error) {
						_, err := f.Resolve(ctx, settings.Query{Domain: a.Domain, Address: a})
						return server.Invitation{}, fmt.Errorf("%s: %w", a, err)
					}, Certificate: func(ctx context.Context, name address.Domain) error {
						_, err := f.Resolve(ctx, settings.Query{Domain: name})
						return err
					}})
			}
			for _, host := range []string{hosts[0], hosts[1+i%(len(hosts)-1)]} {
				of := []string{tokens[one.path], tokens["expired"], secretPassword}
				if !strings.Contains(one.path, "{token}") {
					of = of[:1]
				}
				for _, token := range of {
					r := secretive(t, one.request(t, map[string]string{"token": token}))
					r.Host = host
					h.ServeHTTP(httptest.NewRecorder(), r)
					sent++
				}
			}
		}
	}
	flush()
	text := strings.ToLower(out.String())
	for _, secret := range append(slices.Collect(maps.Values(tokens)), secretLocal, secretPassword, aToken) {
		if i := strings.Index(text, strings.ToLower(secret)); i >= 0 {
			t.Errorf("the log contains %s: %s", secret, out.String()[max(0, i-400):min(len(text), i+100)])
		}
	}
	if lines := strings.Count(text, `"msg":"request"`); sent < 2000 || lines < sent*9/10 {
		t.Errorf("%d requests sent, %d logged", sent, lines)
	}
}

// secretive puts the secret address and the password where a request has an
// address.
func secretive(t *testing.T, r *http.Request) *http.Request {
	t.Helper()
	r = replaceIn(t, r, strings.NewReplacer("anna@", secretLocal+"@", "anna%40", secretLocal+"%40"))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		text += "&password=" + secretPassword
	}
	r.Body = io.NopCloser(strings.NewReader(text))
	if !strings.Contains(r.URL.RawQuery, secretLocal) {
		r.URL.RawQuery += "&email=" + url.QueryEscape(secretLocal+"@example.com") + "&password=" + secretPassword
	}
	r.Header.Set("Authorization", "Bearer "+aToken)
	return r
}

// replaceIn replaces texts in the path, the query and the body of a request.
func replaceIn(t *testing.T, r *http.Request, replacer *strings.Replacer) *http.Request {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	changed, u := httptest.NewRequest(r.Method, "/", strings.NewReader(replacer.Replace(string(body)))), *r.URL
	u.Path, u.RawPath, u.RawQuery = replacer.Replace(u.Path), replacer.Replace(u.RawPath), replacer.Replace(u.RawQuery)
	changed.URL, changed.Host, changed.Header, changed.TLS = &u, r.Host, r.Header, r.TLS
	return changed
}

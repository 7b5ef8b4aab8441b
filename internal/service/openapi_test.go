package service

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/api"
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/openapi"
)

// describedSettings are the settings that the examples of the description are
// answers to.
const describedSettings = `
limits: {requests_per_minute: 0, strict_requests_per_minute: 0}
providers:
  mine:
    name: Example Mail
    help_url: https://help.example.net/mail
    brand: {color: "#0b57d0"}
    mta_sts: {mode: enforce, mx: [mx1.example.net]}
    services:
      - {protocol: imap, host: imap.example.net}
      - {protocol: submission, host: smtp.example.net}
      - {protocol: jmap, url: "https://jmap.example.net/session"}
      - {protocol: caldav, url: "https://dav.example.net/calendars/"}
      - {protocol: carddav, url: "https://dav.example.net/contacts/"}
      - {protocol: activesync, url: "https://eas.example.net/Microsoft-Server-ActiveSync"}
domains: {example.com: {provider: mine}}
`

// describedHandler answers with describedSettings, less what change takes out.
func describedHandler(t *testing.T, tokens *invite.Keys, change ...string) http.Handler {
	t.Helper()
	text := strings.NewReplacer(change...).Replace(describedSettings)
	cfg, findings := config.Parse("waymark.yaml", []byte(text), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	return Handler(cfg, Deps{Signer: testIdentity(t), Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Now: aMoment, Tokens: tokens, Doctor: healthy{}})
}

// document reads the description once.
var document = sync.OnceValues(openapi.Load)

func loadContract(t testing.TB) *openapi.Contract {
	t.Helper()
	c, err := document()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// described answers as a handler of the public listeners does, and fails the test
// where the description does not have the request or the answer.
func described(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	return loadContract(t).Watch(t, openapi.Public, h)
}

// opsHandler is a listener for operators that makes a link for example.com.
func opsHandler(ready *server.Readiness, token string, pprof bool) http.Handler {
	return loggedOpsHandler(zap.NewNop(), ready, token, pprof)
}

func loggedOpsHandler(log *zap.Logger, ready *server.Readiness, token string, pprof bool) http.Handler {
	invite := func(_ context.Context, a address.Address, valid time.Duration) (server.Invitation, error) {
		if a.Domain != "example.com" {
			return server.Invitation{}, fmt.Errorf("%s: %w", a.Domain, settings.ErrUnknownDomain)
		}
		return server.Invitation{URL: "https://setup.example.com/i/gYCcQHMd-rBJV", Expires: aMoment().Add(valid).Truncate(time.Second)}, nil
	}
	permit := func(_ context.Context, name address.Domain) error {
		if name != "autoconfig.example.com" {
			return settings.ErrUnknownDomain
		}
		return nil
	}
	examine := func(_ context.Context, d address.Domain) ([]byte, error) {
		if d == "busy.example" {
			return nil, settings.Errorf(settings.Overloaded, "other domains are being examined; try again in a few seconds")
		}
		const report = `{"domain": "example.com", "fix_first": "spf-missing",
			"verdicts": [{"client": "Outlook", "verdict": "works", "findings": [], "steps": [{"asked": "SRV _autodiscover._tcp.example.com", "got": "none"}]}],
			"findings": [{"id": "spf-missing", "severity": "warning", "where": "example.com", "seen": "the domain has no SPF record", "breaks": [], "fix": "Publish one."}]}`
		return []byte(report), nil
	}
	show := func(ctx context.Context, d address.Domain) ([]byte, error) {
		_, err := examine(ctx, d)
		return []byte("<!DOCTYPE html>"), err
	}
	return server.NewOps(server.Ops{Hosts: []address.Domain{"example.com"}, Metrics: telemetry.NewMetrics("", ""), Log: log, Ready: ready, Reload: func(bool) []string { return nil }, Invite: invite, Examine: server.Examiner{JSON: examine, Page: show}, Token: token, Pprof: pprof, Certificate: permit})
}

// call is an operation of the description, as its examples show it.
type call struct {
	path, method, name string // the name of the example of the body, where there are several
	op                 *openapi3.Operation
	side               openapi.Side
}

func (c call) String() string { return strings.TrimSpace(c.method + " " + c.path + " " + c.name) }

// calls returns every operation, once for each example of its body.
func calls(c *openapi.Contract) []call {
	var all []call
	for path, item := range c.Doc.Paths.Map() {
		for method, op := range item.Operations() {
			one := call{path: path, method: method, op: op, side: c.SideOf(path)}
			names := []string{""}
			if body := mainContent(op); body != nil && len(body.Examples) > 0 {
				names = slices.Collect(maps.Keys(body.Examples))
			}
			for _, one.name = range names {
				all = append(all, one)
			}
		}
	}
	slices.SortFunc(all, func(a, b call) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// mainContent returns the body of an operation of the type that has examples.
func mainContent(op *openapi3.Operation) *openapi3.MediaType {
	if op.RequestBody == nil {
		return nil
	}
	for name, content := range op.RequestBody.Value.Content {
		if name != "*/*" {
			return content
		}
	}
	return nil
}

// request returns the request of the examples. instead has values for
// parameters that have no example, or need another.
func (c call) request(t *testing.T, instead map[string]string) *http.Request {
	t.Helper()
	path, query := c.path, url.Values{}
	for _, p := range c.op.Parameters {
		value, ok := instead[p.Value.Name]
		if !ok {
			value = words(p.Value.Example)
		}
		switch p.Value.In {
		case openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(value))
		case openapi3.ParameterInQuery:
			if value != "" {
				query.Set(p.Value.Name, value)
			}
		}
	}
	target := url.URL{Scheme: "https", Host: "example.com", RawQuery: query.Encode()}
	var err error
	if target.Path, err = url.PathUnescape(path); err != nil {
		t.Fatal(err)
	}
	target.RawPath = path
	r := httptest.NewRequest(c.method, "/", strings.NewReader(c.body(t)))
	r.URL, r.Host, r.RequestURI, r.TLS = &target, target.Host, target.RequestURI(), &tls.ConnectionState{}
	if content := mainContent(c.op); content != nil {
		for name := range c.op.RequestBody.Value.Content {
			if name != "*/*" {
				r.Header.Set("Content-Type", name)
			}
		}
	}
	return r
}

// words returns an example of a parameter as it is written; a list has one.
func words(example any) string {
	switch v := example.(type) {
	case nil:
		return ""
	case []any:
		return fmt.Sprint(v[0])
	}
	return fmt.Sprint(example)
}

func (c call) body(t *testing.T) string {
	t.Helper()
	content := mainContent(c.op)
	switch {
	case content == nil:
		return ""
	case c.name != "":
		return content.Examples[c.name].Value.Value.(string)
	case c.op.RequestBody.Value.Content["application/x-www-form-urlencoded"] != nil:
		form := url.Values{}
		for name, value := range content.Example.(map[string]any) {
			form.Set(name, words(value))
		}
		return form.Encode()
	}
	if text, ok := content.Example.(string); ok {
		return text
	}
	text, err := json.Marshal(content.Example)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDescription requires the description to be valid OpenAPI, and its examples
// to be what they are examples of.
func TestDescription(t *testing.T) {
	c := loadContract(t)
	if err := c.Doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	if c.Doc.OpenAPI != "3.1.0" {
		t.Errorf("it is OpenAPI %s", c.Doc.OpenAPI)
	}
	tags := map[string]bool{}
	for _, tag := range c.Doc.Tags {
		tags[tag.Name] = true
	}
	for _, one := range calls(c) {
		if one.op.OperationID == "" || one.op.Summary == "" || len(one.op.Tags) != 1 || !tags[one.op.Tags[0]] {
			t.Errorf("%s has no id, no summary or no tag that is explained", one)
		}
	}
}

// methodsOf asks a handler for the methods of a path. A path that takes a
// method that is unknown takes them all.
func methodsOf(t *testing.T, h http.Handler, path string) []string {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("BREW", strings.NewReplacer("{", "", "}", "").Replace(path), nil))
	if rec.Code != http.StatusMethodNotAllowed {
		return []string{"every method"}
	}
	methods := strings.Split(rec.Header().Get("Allow"), ", ")
	slices.Sort(methods)
	return methods
}

// routes returns the paths of both listeners, each with its methods, without
// those of experimental dialects.
func routes(t *testing.T) map[string]string {
	t.Helper()
	public := describedHandler(t, nil)
	got := map[string]string{}
	var experimental []string
	for _, d := range dialects(nil, Deps{}, &config.Config{}) {
		for _, e := range d.Endpoints {
			if d.Experimental {
				experimental = append(experimental, strings.ToLower(e.Path))
			}
		}
	}
	walk := func(h http.Handler, note func(path string)) {
		err := chi.Walk(h.(chi.Routes), func(_, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			if !slices.Contains(experimental, strings.ToLower(path)) {
				note(path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	walk(public, func(path string) { got[path] = strings.Join(methodsOf(t, public, path), " ") })
	ops := opsHandler(&server.Readiness{}, "", true)
	walk(ops, func(path string) {
		got[path] = strings.TrimSpace(got[path] + " ops " + strings.Join(methodsOf(t, ops, path), " ops "))
	})
	return got
}

// differences compares routes with the paths and methods of the description, both
// ways.
func differences(c *openapi.Contract, got map[string]string) []string {
	want := map[string]string{}
	for path, item := range c.Doc.Paths.Map() {
		methods := slices.Sorted(maps.Keys(item.Operations()))
		if slices.Contains(methods, http.MethodGet) {
			methods = append(methods, http.MethodHead)
			slices.Sort(methods)
		}
		switch {
		case c.SideOf(path) == openapi.Ops:
			want[path] = "ops " + strings.Join(methods, " ops ")
		case item.Extensions["x-every-method"] == true:
			want[path] = "every method"
		default:
			want[path] = strings.Join(methods, " ")
		}
	}
	var all []string
	for path, methods := range got {
		if want[path] != methods {
			all = append(all, fmt.Sprintf("%s answers %s, described is %q", path, methods, want[path]))
		}
	}
	for path, methods := range want {
		if got[path] == "" {
			all = append(all, fmt.Sprintf("%s is described with %s, but nothing answers", path, methods))
		}
	}
	slices.Sort(all)
	return all
}

// TestRoutesAreDescribed compares the routes of both listeners with the
// description, and with descriptions that are wrong.
func TestRoutesAreDescribed(t *testing.T) {
	got := routes(t)
	if len(got) < 30 {
		t.Errorf("there are only %d paths", len(got))
	}
	for _, tc := range []struct {
		name, old, new string
		want           []string
	}{
		{name: "as it is"},
		{"another path", "\n  /api/v1/settings:\n", "\n  /api/v2/settings:\n", []string{
			`/api/v1/settings answers GET HEAD, described is ""`, "/api/v2/settings is described with GET HEAD, but nothing answers"}},
		{"another method", "    post:\n      operationId: reload\n", "    get:\n      operationId: reload\n", []string{
			`/-/reload answers ops POST, described is "ops GET ops HEAD"`}},
		{"one method less", "    post:\n      operationId: pprofSymbols\n", "    x-post:\n      operationId: pprofSymbols\n", []string{
			`/debug/pprof/symbol answers ops GET ops HEAD ops POST, described is "ops GET ops HEAD"`}},
		{"on the other listener", "\n  /api/v1/settings:\n", "\n  /api/v1/settings:\n    servers: [{url: \"http://127.0.0.1:9090\"}]\n", []string{
			`/api/v1/settings answers GET HEAD, described is "ops GET ops HEAD"`}},
		{"fewer methods than every one", "    x-every-method: true\n    get:\n      operationId: wellKnownJMAP\n", "    get:\n      operationId: wellKnownJMAP\n", []string{
			`/.well-known/jmap answers every method, described is "GET HEAD"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := string(api.Description())
			if tc.old != "" && !strings.Contains(text, tc.old) {
				t.Fatal("the description does not have what is to be changed")
			}
			c, err := openapi.Parse([]byte(strings.Replace(text, tc.old, tc.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if have := differences(c, got); !slices.Equal(have, tc.want) {
				t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// TestExamplesAreTrue sends the request of every example, and requires the answer
// to be the example of it.
func TestExamplesAreTrue(t *testing.T) {
	c := loadContract(t)
	tokens := invite.RandomKeys()
	anna, err := address.Parse("anna@example.com")
	if err != nil {
		t.Fatal(err)
	}
	seal := func(p invite.Purpose) map[string]string {
		return map[string]string{"token": tokens.Seal(p, anna, aMoment().Add(time.Hour))}
	}
	instead := map[string]map[string]string{"/p/{token}": seal(invite.Page), "/s/{token}": seal(invite.Page), "/s/{token}/code.svg": seal(invite.Page),
		"/s/{token}/password": seal(invite.Page), "/i/{token}": seal(invite.Setup), "/i/{token}/code.svg": seal(invite.Setup)}
	var ready server.Readiness
	ready.Set(true)
	public, ops := describedHandler(t, tokens), opsHandler(&ready, "", true)
	compared := 0
	for _, one := range calls(c) {
		t.Run(one.String(), func(t *testing.T) {
			h := public
			if one.side == openapi.Ops {
				h = ops
			}
			rec := httptest.NewRecorder()
			c.Watch(t, one.side, h).ServeHTTP(rec, one.request(t, instead[one.path]))
			want := map[string]int{"/s/{token}/password": 303, "/s": 303, "/i": 303, "/p": 303, "/autodiscover/autodiscover.xml": 405, "/api/v1/invites": 201, // and what is found
				"/.well-known/caldav": 301, "/.well-known/carddav": 301, "/.well-known/jmap": 301}[one.path]
			switch {
			case want == 0 || one.path == "/autodiscover/autodiscover.xml" && one.method == http.MethodPost:
				want = http.StatusOK
			case one.String() == "POST /s/{token}/password": // they are not checked here
				want = http.StatusNotFound
			}
			if one.String() == "POST /" {
				want = http.StatusSeeOther
			}
			if rec.Code != want {
				t.Fatalf("got %d %s, want %d", rec.Code, rec.Body, want)
			}
			content := one.op.Responses.Status(rec.Code).Value.Content.Get(rec.Header().Get("Content-Type"))
			if content == nil || content.Example == nil && len(content.Examples) == 0 {
				return
			}
			compared++
			example := content.Example
			if len(content.Examples) > 0 {
				example = content.Examples[one.name].Value.Value
			}
			if body := rec.Body.Bytes(); !same(t, example, body) {
				t.Errorf("got\n%s\nthe example is\n%v", body, example)
			}
		})
	}
	if compared < 15 {
		t.Errorf("only %d answers have examples", compared)
	}
}

// same compares an answer with its example: as text, or as JSON.
func same(t *testing.T, example any, body []byte) bool {
	t.Helper()
	if text, ok := example.(string); ok {
		return text == string(body)
	}
	want, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	have, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(want, have)
}

// TestRefusalsAreDescribed sends invalid requests to every operation.
func TestRefusalsAreDescribed(t *testing.T) {
	t.Parallel()
	c := loadContract(t)
	h := described(t, describedHandler(t, nil))
	seen := map[int]int{}
	send := func(r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		seen[rec.Code]++
	}
	for _, one := range calls(c) {
		if one.side == openapi.Ops {
			continue
		}
		for _, value := range hostile() {
			for _, p := range one.op.Parameters {
				if p.Value.In != openapi3.ParameterInHeader && (value != "" || p.Value.In != openapi3.ParameterInPath) {
					send(one.request(t, map[string]string{p.Value.Name: value}))
				}
			}
			if one.method == http.MethodPost {
				r := one.request(t, nil)
				send(withBody(r, value))
				send(withBody(one.request(t, nil), strings.ReplaceAll(one.body(t), "anna@example.com", value)))
			}
		}
		send(one.request(t, map[string]string{"email": "anna@unknown.example", "emailaddress": "anna@unknown.example", "Email": "anna@unknown.example", "address": "anna@unknown.example", "domain": "unknown.example"}))
		if one.method == http.MethodPost {
			send(withBody(one.request(t, nil), strings.Repeat("x", 65<<10)))
			forged := one.request(t, nil)
			forged.Header.Set("Sec-Fetch-Site", "cross-site")
			send(forged)
		}
		for _, change := range []func(*http.Request){
			func(r *http.Request) { r.Header.Set("If-None-Match", "*") },
			func(r *http.Request) { r.Host = "192.0.2.1" },
			func(r *http.Request) { r.Host = "unknown.example" },
			func(r *http.Request) { r.TLS = nil },
			func(r *http.Request) { r.Method = "DELETE" },
			func(r *http.Request) { r.URL.RawQuery = "" },
			func(r *http.Request) { r.URL.Path, r.URL.RawPath = r.URL.Path+"/nothing", "" },
		} {
			r := one.request(t, nil)
			change(r)
			send(r)
		}
		if one.method == http.MethodGet {
			r := one.request(t, nil)
			r.Method = http.MethodHead
			send(r)
		}
	}
	for _, status := range []int{200, 301, 302, 304, 400, 403, 404, 405, 413} {
		if seen[status] == 0 {
			t.Errorf("nothing was answered with %d: %v", status, seen)
		}
	}
}

func withBody(r *http.Request, body string) *http.Request {
	with := httptest.NewRequest(r.Method, "/", strings.NewReader(body))
	with.URL, with.Host, with.Header = r.URL, r.Host, r.Header
	return with
}

// troubled is a directory that is not well.
type troubled struct{ trouble func() error }

func (d troubled) Resolve(context.Context, settings.Query) (settings.Settings, error) {
	return settings.Settings{}, d.trouble()
}

// TestTroubleIsDescribed has every operation meet a directory that does not
// answer, one that fails, one that breaks, and a limit.
func TestTroubleIsDescribed(t *testing.T) {
	t.Parallel()
	c := loadContract(t)
	with := func(trouble func() error, limit int) http.Handler {
		deps := Deps{Signer: testIdentity(t), Now: aMoment, Tokens: invite.RandomKeys(), Verify: noVerifier{}, Doctor: healthy{}}
		return server.New(server.Options{Dialects: dialects(troubled{trouble}, deps, &config.Config{}), RequestsPerMinute: limit, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop()})
	}
	for _, tc := range []struct {
		name    string
		trouble func() error
		limit   int
		status  int
		least   int // operations that meet it
	}{
		{"a source does not answer", func() error { return settings.Errorf(settings.Unavailable, "the source does not answer") }, 0, 503, 20},
		{"a failure", func() error { return errors.New("disk full") }, 0, 500, 20},
		{"a panic", func() error { panic("boom") }, 0, 500, 20},
		{"a limit", func() error { return settings.ErrUnknownDomain }, 1, 429, 30},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := described(t, with(tc.trouble, tc.limit))
			met := 0
			for _, one := range calls(c) {
				if one.side == openapi.Ops {
					continue
				}
				for range tc.limit + 1 {
					r := one.request(t, nil)
					r.RemoteAddr = "192.0.2.1:1"
					rec := httptest.NewRecorder()
					h.ServeHTTP(rec, r)
					if rec.Code == tc.status {
						met++
						break
					}
				}
			}
			if met < tc.least {
				t.Errorf("only %d operations met it", met)
			}
		})
	}
}

// TestOverloadIsDescribed sends every request while the maximum number of requests
// is in progress.
func TestOverloadIsDescribed(t *testing.T) {
	c := loadContract(t)
	inside, release, answered := make(chan struct{}), make(chan struct{}), make(chan int)
	slow := troubled{func() error {
		close(inside)
		<-release
		return settings.ErrUnknownDomain
	}}
	deps := Deps{Signer: testIdentity(t), Now: aMoment, Tokens: invite.RandomKeys(), Verify: noVerifier{}, Doctor: healthy{}}
	h := described(t, server.New(server.Options{Dialects: dialects(slow, deps, &config.Config{}), RequestsAtOnce: 1, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop()}))
	go func() {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/api/v1/settings?domain=example.com", nil))
		answered <- rec.Code
	}()
	<-inside
	for _, one := range calls(c) {
		if one.side == openapi.Ops {
			continue
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, one.request(t, map[string]string{"token": "x"}))
		if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d, Retry-After %q", one, rec.Code, rec.Header().Get("Retry-After"))
		}
	}
	close(release)
	if status := <-answered; status != http.StatusNotFound {
		t.Errorf("the one under way got %d", status)
	}
}

// aToken is one for programs.
const aToken = "2kZs0eR9nN4aX7fQv1uJb8tWmC5yHdLg"

type noVerifier struct{}

func (noVerifier) Verify(context.Context, settings.Settings, string) page.Verdict { return page.Right }

// TestOpsIsDescribed goes through the answers of the listener for operators.
func TestOpsIsDescribed(t *testing.T) {
	c := loadContract(t)
	for _, tc := range []struct {
		name, method, path, body, accept string
		token, authorization             string
		ready                            bool
		status                           int
	}{
		{name: "figures", method: "GET", path: "/metrics", status: 200},
		{name: "figures in OpenMetrics", method: "GET", path: "/metrics", accept: "application/openmetrics-text;version=1.0.0", status: 200},
		{name: "figures in Protobuf", method: "GET", path: "/metrics", accept: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", status: 200},
		{name: "alive", method: "GET", path: "/healthz", status: 200},
		{name: "not ready", method: "GET", path: "/readyz", status: 503},
		{name: "ready", method: "GET", path: "/readyz", ready: true, status: 200},
		{name: "a certificate", method: "GET", path: "/-/certificate?domain=autoconfig.example.com", status: 200},
		{name: "a certificate for somebody else", method: "GET", path: "/-/certificate?domain=www.example.com", status: 404},
		{name: "a certificate for no name", method: "GET", path: "/-/certificate", status: 400},
		{name: "an examination", method: "GET", path: "/api/v1/doctor?domain=example.com", status: 200},
		{name: "an examination of no domain", method: "GET", path: "/api/v1/doctor", status: 400},
		{name: "an examination too many", method: "GET", path: "/api/v1/doctor?domain=busy.example", status: 503},
		{name: "an examination needs no token", method: "GET", path: "/api/v1/doctor?domain=example.com", token: aToken, status: 200},
		{name: "the page of examinations", method: "GET", path: "/doctor", status: 200},
		{name: "an examination as a page", method: "GET", path: "/doctor?domain=example.com", status: 200},
		{name: "a page of no domain", method: "GET", path: "/doctor?domain=a%20b", status: 400},
		{name: "a page too many", method: "GET", path: "/doctor?domain=busy.example", status: 503},
		{name: "reload", method: "POST", path: "/-/reload", status: 200},
		{name: "a link", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@example.com"}`, status: 201},
		{name: "a link for a while", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@example.com", "expires": "1h30m"}`, status: 201},
		{name: "a link for a while that is none", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@example.com", "expires": "soon"}`, status: 400},
		{name: "a link for no address", method: "POST", path: "/api/v1/invites", body: `{"email": "anna"}`, status: 400},
		{name: "a link from something else", method: "POST", path: "/api/v1/invites", body: `email=anna`, status: 400},
		{name: "a link with more", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@example.com", "colour": "red"}`, status: 400},
		{name: "a link without the token", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@example.com"}`, token: aToken, status: 403},
		{name: "a link with another token", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@example.com"}`, token: aToken, authorization: "Bearer " + aToken[1:], status: 403},
		{name: "a link with the token", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@example.com"}`, token: aToken, authorization: "Bearer " + aToken, status: 201},
		{name: "reload without the token", method: "POST", path: "/-/reload", token: aToken, status: 403},
		{name: "reload with the token", method: "POST", path: "/-/reload", token: aToken, authorization: "bearer " + aToken, status: 200},
		{name: "figures need no token", method: "GET", path: "/metrics", token: aToken, status: 200},
		{name: "no path", method: "GET", path: "/mail/config-v1.1.xml", status: 404},
		{name: "a method", method: "GET", path: "/-/reload", status: 405},
		{name: "a method of the API", method: "GET", path: "/api/v1/invites", status: 405},
		{name: "HEAD", method: "HEAD", path: "/healthz", status: 200},
		{name: "a profile of the runtime", method: "GET", path: "/debug/pprof/heap", status: 200},
		{name: "a profile of the runtime as text", method: "GET", path: "/debug/pprof/goroutine?debug=1", status: 200},
		{name: "a profile of the runtime that there is not", method: "GET", path: "/debug/pprof/nothing", status: 404},
		{name: "a link for a stranger", method: "POST", path: "/api/v1/invites", body: `{"email": "anna@unknown.example"}`, status: 422},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var ready server.Readiness
			ready.Set(tc.ready)
			r := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
			r.Header.Set("Accept", tc.accept)
			rec := httptest.NewRecorder()
			r.Header.Set("Authorization", tc.authorization)
			c.Watch(t, openapi.Ops, opsHandler(&ready, tc.token, true)).ServeHTTP(rec, r)
			if rec.Code != tc.status {
				t.Errorf("got %d %s, want %d", rec.Code, rec.Body, tc.status)
			}
		})
	}
}

package service

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/openapi"
)

// badness makes a good request bad in one way.
type badness struct {
	name string
	make func(*http.Request) *http.Request
}

// badLocal is the local part in every bad request that has one.
const badLocal = "walburga.eisenhut"

// badnesses are the ways in which a request can be bad, for every endpoint.
func badnesses() []badness {
	var all []badness
	add := func(name string, change func(r *http.Request)) {
		all = append(all, badness{name, func(r *http.Request) *http.Request { change(r); return r }})
	}
	body := func(name, contentType, text string) {
		all = append(all, badness{name, func(r *http.Request) *http.Request {
			changed := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
			changed.URL, changed.Host, changed.TLS = r.URL, r.Host, r.TLS
			changed.Header.Set("Content-Type", contentType)
			return changed
		}})
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "GET", "POST", "HEAD"} {
		add("the method "+method, func(r *http.Request) { r.Method = method })
	}
	for _, host := range []string{"", "192.0.2.1", "[::1]", "localhost", "a..b", badLocal + "@example.com", strings.Repeat("a", 300), strings.Repeat(badLocal+".", 200), "example.com:99999", "-", "xn--a", "bücher.example"} {
		add(fmt.Sprintf("the host %.20q", host), func(r *http.Request) { r.Host = host })
	}
	const form = "application/x-www-form-urlencoded"
	for name, value := range map[string]string{
		"half": badLocal, "nothing": "", "two": badLocal + "@example.com@example.com", "a long local part": strings.Repeat("a", 5000) + "@example.com",
		"a long domain": badLocal + "@" + strings.Repeat("a.", 3000) + "com", "no such domain": badLocal + "@unknown.example", "a control character": badLocal + "\x01@example.com",
		"not UTF-8": badLocal + "\xff@example.com", "markup": "<b>" + badLocal + "</b>@example.com", "an IP address": badLocal + "@[192.0.2.1]", "placeholders": "%EMAILADDRESS%",
	} {
		add("an address: "+name, func(r *http.Request) {
			r.URL.RawQuery = url.Values{"email": {value}, "emailaddress": {value}, "Email": {value}, "Protocol": {"AutodiscoverV1"}}.Encode()
		})
		body("a form: "+name, form, url.Values{"email": {value}, "password": {"x"}}.Encode())
		body("XML: "+name, "text/xml", "<Autodiscover><Request><EMailAddress>"+value+"</EMailAddress></Request></Autodiscover>")
	}
	for name, query := range map[string]string{
		"encoding": "email=%zq" + badLocal + "@example.com", "semicolons": "a;b;email=" + badLocal, "a thousand parameters": strings.Repeat("email="+badLocal+"%40example.com&", 500),
		"NUL": "email=%00" + badLocal + "%40example.com", "a long value": "email=" + strings.Repeat("x", 12000),
	} {
		add("a query: "+name, func(r *http.Request) { r.URL.RawQuery = query })
		body("the same as a form: "+name, form, query)
	}
	for name, text := range map[string]string{
		"empty": "", "not XML": badLocal, "open elements": strings.Repeat("<a>", 20_000), "an entity": `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, "a long name": "<" + strings.Repeat("a", 60_000),
		"JSON": `{"email":"` + badLocal + `@example.com"}`, "too large": strings.Repeat("x", 70_000), "binary": "\x00\xff\xfe" + badLocal, "many attributes": "<a " + strings.Repeat(`b="c" `, 9000) + "/>",
	} {
		for _, contentType := range []string{"", form, "text/xml", "application/json", "multipart/form-data", "text/plain; charset=\"" + badLocal} {
			body(fmt.Sprintf("a body: %s as %.20s", name, contentType), contentType, text)
		}
	}
	for name, values := range map[string]http.Header{
		"many languages": {"Accept-Language": {strings.Repeat("de-CH-x-"+badLocal+",", 400)}}, "a token": {"Authorization": {"Bearer " + badLocal}},
		"another site": {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}, "a strange client": {"User-Agent": {strings.Repeat("Thunderbird/", 900) + badLocal}},
		"a condition": {"If-None-Match": {strings.Repeat(`"x",`, 3000)}}, "a method override": {"X-HTTP-Method-Override": {"DELETE"}},
	} {
		add("a header: "+name, func(r *http.Request) {
			for key, value := range values {
				r.Header[key] = value
			}
		})
	}
	for name, suffix := range map[string]string{"a slash": "/", "dots": "/../../etc/passwd", "encoded": "/%2e%2e%2f" + badLocal, "a long one": "/" + strings.Repeat("a/", 3000), "an address": "/" + badLocal + "@example.com"} {
		add("a path: "+name, func(r *http.Request) { r.URL.Path, r.URL.RawPath = r.URL.Path+suffix, "" })
	}
	slices.SortFunc(all, func(a, b badness) int { return strings.Compare(a.name, b.name) })
	return all
}

// TestBadInput sends every bad request to every endpoint, and compares the answers
// with the table in testdata. None is a fault of this server, none is logged with a
// local part, and none takes more than ten times as long as a good one, although some
// are a thousand times as large.
func TestBadInput(t *testing.T) {
	t.Parallel()
	cfg, findings := config.Parse("waymark.yaml", []byte(describedSettings), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	var out bytes.Buffer
	log, flush, err := telemetry.NewLogger("debug", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	deps := Deps{Signer: testIdentity(t), Metrics: telemetry.NewMetrics("", ""), Log: log, Now: aMoment, Tokens: invite.RandomKeys(), Verify: &mailServer{}, Doctor: healthy{}}
	var ready server.Readiness
	ready.Set(true)
	listeners := func() map[openapi.Side]http.Handler {
		return map[openapi.Side]http.Handler{openapi.Public: Handler(cfg, deps), openapi.Ops: loggedOpsHandler(log, &ready, "", false)}
	}
	h := listeners()
	serve := func(side openapi.Side, r *http.Request) (int, time.Duration) {
		rec := httptest.NewRecorder()
		began := time.Now()
		h[side].ServeHTTP(rec, r)
		return rec.Code, time.Since(began)
	}
	fastest := func(times int, side openapi.Side, make func() *http.Request) time.Duration {
		least := time.Hour
		for range times {
			_, took := serve(side, make())
			least = min(least, took)
		}
		return least
	}
	var endpoints []call
	for _, one := range calls(loadContract(t)) {
		if !strings.HasPrefix(one.path, "/debug/pprof") { // which is off
			endpoints = append(endpoints, one)
		}
	}
	startPage := endpoints[slices.IndexFunc(endpoints, func(c call) bool { return c.String() == "GET /" })]
	good := func(times int, one call) time.Duration {
		least := fastest(times, one.side, func() *http.Request { return one.request(t, map[string]string{"token": "x"}) })
		if slices.Contains(one.op.Tags, "page") && one.path != startPage.path { // an error is a page, also where success is a redirect
			least = max(least, fastest(times, startPage.side, func() *http.Request { return startPage.request(t, nil) }))
		}
		return least
	}
	costs := make([]time.Duration, len(endpoints))
	for i, one := range endpoints {
		costs[i] = good(5, one)
	}
	usual := slices.Sorted(slices.Values(costs))[len(costs)/2]
	sent, unlogged, table := 0, 0, "# The answer of each endpoint to each bad request.\n"
	for i, one := range endpoints {
		usually := max(costs[i], usual)
		answers := map[int][]string{}
		for n, bad := range badnesses() {
			if n%sparingEvery == 0 { // floods are not logged line by line
				h = listeners()
			}
			request := func() *http.Request { return bad.make(one.request(t, map[string]string{"token": "x"})) }
			status, took := serve(one.side, request())
			if status >= 500 || status < 200 {
				t.Errorf("%s, %s: %d", one, bad.name, status)
			}
			for range 200 { // another program may have had the processor
				if took <= 10*usually {
					break
				}
				took = min(took, fastest(1, one.side, request))
			}
			if took > 10*usually {
				t.Errorf("%s, %s: takes %v, a good one %v", one, bad.name, took, usually)
			}
			answers[status] = append(answers[status], bad.name)
			if sent++; one.path == "/metrics" || one.path == "/healthz" || one.path == "/readyz" || one.path == "/-/certificate" {
				unlogged++
			}
		}
		table += "\n" + one.String() + "\n"
		for _, status := range slices.Sorted(maps.Keys(answers)) {
			table += fmt.Sprintf("  %d: %s\n", status, strings.Join(answers[status], "; "))
		}
	}
	flush()
	if i := strings.Index(strings.ToLower(out.String()), badLocal); i >= 0 {
		t.Errorf("the log contains a local part: %s", out.String()[max(0, i-300):i+60])
	}
	if lines := strings.Count(out.String(), `"msg":"request"`); sent < 1000 || lines < sent-unlogged {
		t.Errorf("%d requests sent, %d logged", sent, lines)
	}
	const golden = "testdata/bad-input.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(table), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != table {
		t.Errorf("the answers differ from %s; run make golden and read the difference", golden)
	}
}

// sparingEvery is less than what is logged of one outcome before lines are omitted.
const sparingEvery = 90

package openapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/api"
)

func load(t *testing.T) *Contract {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTheContractIsStrict shows it answers that are wrong in one way each.
func TestTheContractIsStrict(t *testing.T) {
	c := load(t)
	const ok = `{"domain":"example.com","canonical_domain":"example.com","provider":{"id":"a","name":"A","short_name":"A"},"services":[{"protocol":"imap","host":"h","port":993,"security":"tls","login":"{address}","auth":["password"]}]}`
	headers := func(more ...string) http.Header {
		h := http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "Access-Control-Allow-Origin": {"*"}}
		for i := 0; i < len(more); i += 2 {
			if h.Del(more[i]); more[i+1] != "" {
				h.Set(more[i], more[i+1])
			}
		}
		return h
	}
	refusal := http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Request-Id": {"ABCDEFGHIJ-1"}}
	line := http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Cache-Control": {"no-store"}}
	cached := http.Header{"Etag": {`"0123456789abcdef0123456789abcdef"`}, "Cache-Control": {"public, max-age=300"}}
	for _, tc := range []struct {
		name, method, target string
		status               int
		header               http.Header
		body                 string
		want                 string // part of the error; "" for none
	}{
		{"all right", "GET", "/api/v1/settings", 200, headers(), ok, ""},
		{"all right for HEAD", "HEAD", "/api/v1/settings", 200, headers(), "", ""},
		{"a status", "GET", "/api/v1/settings", 418, headers(), ok, "the status 418 is not described"},
		{"a field", "GET", "/api/v1/settings", 200, headers("X-Powered-By", "elves"), ok, "the field X-Powered-By is not described"},
		{"a field that is missing", "GET", "/api/v1/settings", 200, headers("Cache-Control", ""), ok, `response header "Cache-Control" missing`},
		{"a field with another value", "GET", "/api/v1/settings", 200, headers("Access-Control-Allow-Origin", "https://a.example"), ok, `response header "Access-Control-Allow-Origin" doesn't match schema`},
		{"a type", "GET", "/api/v1/settings", 200, headers("Content-Type", "text/html"), ok, `unexpected value: "text/html"`},
		{"a type for HEAD", "HEAD", "/api/v1/settings", 200, headers("Content-Type", "text/html"), "", `the type "text/html" is not described`},
		{"a field that is missing for HEAD", "HEAD", "/api/v1/settings", 200, headers("Cache-Control", ""), "", `response header "Cache-Control" missing`},
		{"no JSON", "GET", "/api/v1/settings", 200, headers(), "{", "failed to decode response body"},
		{"a member", "GET", "/api/v1/settings", 200, headers(), strings.Replace(ok, `"id"`, `"password":"x","id"`, 1), "password"},
		{"a member that is missing", "GET", "/api/v1/settings", 200, headers(), strings.Replace(ok, `"login":"{address}",`, "", 1), "login"},
		{"a port that is none", "GET", "/api/v1/settings", 200, headers(), strings.Replace(ok, "993", "0", 1), "minimum"},
		{"neither a host nor a URL", "GET", "/api/v1/settings", 200, headers(), strings.Replace(ok, `"host":"h",`, "", 1), `property "url" is missing`},
		{"a word", "GET", "/api/v1/settings", 200, headers(), strings.Replace(ok, "imap", "gopher", 1), "not one of the allowed values"},
		{"a path that is not there", "GET", "/nothing", 200, headers(), ok, "what is answered with 200 is not described"},
		{"a refusal of a path that is not there", "GET", "/nothing", 404, refusal, "nothing\n", ""},
		{"a path of the other side", "GET", "/healthz", 200, refusal, "ok\n", "what is answered with 200 is not described"},
		{"a method", "DELETE", "/api/v1/settings", 200, headers(), ok, "what is answered with 200 is not described"},
		{"a refusal of a method without the others", "DELETE", "/mail/config-v1.1.xml", 405, refusal, "no\n", `"Allow" missing`},
		{"a refusal of a method in plain text, of the API", "DELETE", "/api/v1/settings", 405, headers("Allow", "GET", "Content-Type", "text/plain", "Cache-Control", "", "X-Request-Id", "ABCDEFGHIJ-1"), "no\n", "unexpected value"},
		{"a refusal of too many requests without a time", "GET", "/api/v1/settings", 429, headers("Content-Type", "application/problem+json", "Cache-Control", "", "X-Request-Id", "ABCDEFGHIJ-1"), `{"title":"a","status":429,"detail":"b"}`, `"Retry-After" missing`},
		{"a request for a password", "GET", "/api/v1/settings", 401, headers("WWW-Authenticate", "Bearer"), ok, "the status 401 is not described"},
		{"ops: alive", "GET", "/healthz", 200, line, "ok\n", ""},
		{"ops: two lines", "GET", "/healthz", 200, line, "ok\nok\n", "pattern"},
		{"ops: a path of the other side", "GET", "/mail/config-v1.1.xml", 200, line, "ok\n", "what is answered with 200 is not described"},
		{"ops: a method", "PUT", "/healthz", 200, line, "", "what is answered with 200 is not described"},
		{"a refusal of two lines", "GET", "/mail/config-v1.1.xml", 404, refusal, "a\nb\n", "pattern"},
		{"a refusal of the API as a line", "GET", "/api/v1/settings", 404, headers("Content-Type", "text/plain", "Cache-Control", "", "X-Request-Id", "ABCDEFGHIJ-1"), "no\n", "unexpected value"},
		{"a redirect to nowhere", "GET", "/.well-known/jmap", 301, headers("Content-Type", "text/plain", "Cache-Control", "public, max-age=3600"), "there\n", `"Location" missing`},
		{"a copy that is still good", "GET", "/.well-known/user-agent-configuration.json", 304, cached, "", ""},
		{"a copy that is still good, sent again", "GET", "/.well-known/user-agent-configuration.json", 304, cached, "{}", "no body is described"},
		{"XML that is not complete", "GET", "/mail/config-v1.1.xml", 200, headers("Content-Type", "text/xml; charset=utf-8", "Cache-Control", "no-store"), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n<a></clientConfig>\n", "failed to decode response body"},
		{"XML of another kind", "GET", "/mail/config-v1.1.xml", 200, headers("Content-Type", "text/xml; charset=utf-8", "Cache-Control", "no-store"), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Autodiscover/>\n", "pattern"},
		{"a request that lacks what it must have", "GET", "/autodiscover/autodiscover.json?Email=a@example.com", 200, http.Header{"Content-Type": {"application/json"}}, `{"Protocol":"ActiveSync","Url":"https://a.example"}`, `parameter "Protocol"`},
		{"a request with parameters in another case", "GET", "/Autodiscover/AUTODISCOVER.json?protocol=activesync", 200, http.Header{"Content-Type": {"application/json"}}, `{"Protocol":"ActiveSync","Url":"https://a.example"}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			side := Public
			if strings.HasPrefix(tc.name, "ops: ") {
				side = Ops
			}
			err := c.Check(side, httptest.NewRequest(tc.method, tc.target, nil), Answer{tc.status, tc.header, []byte(tc.body)})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestMatch finds the path of the document that a URL stands for.
func TestMatch(t *testing.T) {
	c := load(t)
	for _, tc := range []struct {
		side       Side
		target     string
		want       string
		wantParams map[string]string
	}{
		{Public, "/", "/", map[string]string{}},
		{Public, "/mail/config-v1.1.xml?x=y", "/mail/config-v1.1.xml", map[string]string{}},
		{Public, "/Mail/config-v1.1.xml", "", nil},
		{Public, "/AutoDiscover/AutoDiscover.XML", "/autodiscover/autodiscover.xml", map[string]string{}},
		{Public, "/v1.1/example.com", "/v1.1/{domain}", map[string]string{"domain": "example.com"}},
		{Public, "/v1.1/a%2Fb", "/v1.1/{domain}", map[string]string{"domain": "a%2Fb"}},
		{Public, "/v1.1/", "", nil},
		{Public, "/v1.1/a/b", "", nil},
		{Public, "/mobileconfig", "/mobileconfig", map[string]string{}},
		{Public, "/mobileconfig/", "/mobileconfig/", map[string]string{}},
		{Public, "/metrics", "", nil},
		{Ops, "/metrics", "/metrics", map[string]string{}},
		{Ops, "/", "", nil},
		{Ops, "/debug/pprof/cmdline", "/debug/pprof/cmdline", map[string]string{}},
		{Ops, "/debug/pprof/heap", "/debug/pprof/{profile}", map[string]string{"profile": "heap"}},
	} {
		u, err := url.Parse(tc.target)
		if err != nil {
			t.Fatal(err)
		}
		if got, params := c.match(tc.side, u); got != tc.want || !reflect.DeepEqual(params, tc.wantParams) {
			t.Errorf("%s: %q %v, want %q %v", tc.target, got, params, tc.want, tc.wantParams)
		}
	}
}

// recorder is a test that fails on the quiet.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Error(...any)          { r.failed = true }

// TestWatching passes good and bad answers through both ends of the network:
// they arrive unchanged, and the bad ones fail the test.
func TestWatching(t *testing.T) {
	c := load(t)
	for _, tc := range []struct {
		name, status string
		good         bool
	}{
		{"good", "ok\n", true},
		{"bad", "ok", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				w.Header().Set("Cache-Control", "no-store")
				_, _ = io.WriteString(w, tc.status)
			})
			var watched recorder
			rec := httptest.NewRecorder()
			c.Watch(&watched, Ops, h).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			if watched.failed == tc.good || rec.Body.String() != tc.status || rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the handler: failed is %v, %q", watched.failed, rec.Body)
			}
			server := httptest.NewServer(h)
			defer server.Close()
			var called recorder
			sides := map[string]Side{strings.TrimPrefix(server.URL, "http://"): Ops}
			resp, err := c.Client(&called, sides, http.DefaultTransport).Get(server.URL + "/healthz")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if called.failed == tc.good || err != nil || string(body) != tc.status {
				t.Errorf("the client: failed is %v, %q, %v", called.failed, body, err)
			}
		})
	}
}

// TestPlantedFaults takes something out of the document, or changes it, and
// wants an answer that was right to be wrong then.
func TestPlantedFaults(t *testing.T) {
	alive := Answer{200, http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Cache-Control": {"no-store"}}, []byte("ok\n")}
	pointer := Answer{200, http.Header{"Content-Type": {"application/json"}}, []byte(`{"Protocol":"AutodiscoverV1","Url":"https://a.example/"}`)}
	problem := Answer{404, http.Header{"Content-Type": {"application/problem+json"}, "Access-Control-Allow-Origin": {"*"}, "X-Request-Id": {"ABCDEFGHIJ-1"}}, []byte(`{"title":"Not Found","status":404,"detail":"x"}`)}
	for _, tc := range []struct {
		name, old, new string
		side           Side
		target         string
		answer         Answer
		want           string
	}{
		{"a path", "\n  /healthz:\n", "\n  /health:\n", Ops, "/healthz", alive, "what is answered with 200 is not described"},
		{"a path on the other side", "\n  /healthz:\n    servers: [{url: \"http://127.0.0.1:9090\", description: \"ops.listen\"}]\n", "\n  /healthz:\n", Ops, "/healthz", alive, "what is answered with 200 is not described"},
		{"a method", "    get:\n      operationId: healthz\n", "    post:\n      operationId: healthz\n", Ops, "/healthz", alive, "what is answered with 200 is not described"},
		{"a status", "Liveness\"\n      responses:\n        \"200\":", "Liveness\"\n      responses:\n        \"201\":", Ops, "/healthz", alive, "the status 200 is not described"},
		{"a field", "    OpsLine:\n      description: A line of text that matches the status\n      headers:\n        Cache-Control: {$ref: \"#/components/headers/No-Store\"}\n", "    OpsLine:\n      description: A line\n", Ops, "/healthz", alive, "the field Cache-Control is not described"},
		{"the value of a field", "schema: {type: string, const: no-store}", "schema: {type: string, const: no-cache}", Ops, "/healthz", alive, `"Cache-Control" doesn't match schema`},
		{"the type of the body", "application/json:", "application/yaml:", Public, "/autodiscover/autodiscover.json?Protocol=ActiveSync", pointer, "unexpected value"},
		{"the type of a member", "        Url: {type: string, format: uri}", "        Url: {type: integer}", Public, "/autodiscover/autodiscover.json?Protocol=ActiveSync", pointer, "at '/Url'"},
		{"a member", "        Url: {type: string, format: uri}\n", "", Public, "/autodiscover/autodiscover.json?Protocol=ActiveSync", pointer, "Url"},
		{"a parameter", "\n      name: Protocol\n", "\n      name: Kind\n", Public, "/autodiscover/autodiscover.json?Protocol=ActiveSync", pointer, `parameter "Kind" in query`},
		{"a refusal", "application/problem+json:", "application/json:", Public, "/api/v1/settings", problem, "unexpected value"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := string(api.Description())
			if !strings.Contains(text, tc.old) {
				t.Fatal("the document does not have what is to be changed")
			}
			check := func(text string) error {
				c, err := Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				return c.Check(tc.side, httptest.NewRequest(http.MethodGet, tc.target, nil), tc.answer)
			}
			if err := check(text); err != nil {
				t.Errorf("before: %v", err)
			}
			if err := check(strings.ReplaceAll(text, tc.old, tc.new)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("after: %v, want %q", err, tc.want)
			}
		})
	}
}

package apppassword

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

const (
	testSecret = "0123456789abcdef0123456789abcdef"
	made       = "kixo-vamu-tire-zolu"
	inTime     = time.Minute // for endpoints that answer, on the slowest machine
)

var anna = Request{Address: "anna@example.com", Login: "anna.login", Device: "iphone"}

func testNow() time.Time { return time.Unix(1767225600, 0) }

// newTestClient trusts the endpoint.
func newTestClient(endpoint *httptest.Server, limit time.Duration) *Client {
	roots := x509.NewCertPool()
	roots.AddCert(endpoint.Certificate())
	c := New(roots, testNow)
	c.http.Timeout = limit
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	endpoint := httptest.NewTLSServer(h)
	t.Cleanup(endpoint.Close)
	return endpoint
}

// TestTheRequestIsAsDocumented checks it as an endpoint does.
func TestTheRequestIsAsDocumented(t *testing.T) {
	ids := map[string]bool{}
	endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		timestamp := r.Header.Get("Waymark-Timestamp")
		if got, want := r.Header.Get("Waymark-Signature"), "v1="+sign(testSecret, "1767225600", body); timestamp != "1767225600" || got != want {
			t.Errorf("the signature is %q at %s, want %q", got, timestamp, want)
		}
		var fields map[string]string
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Error(err)
		}
		ids[fields["id"]] = true
		if delete(fields, "id"); len(fields) != 3 || fields["address"] != "anna@example.com" || fields["login"] != "anna.login" || fields["device"] != "iphone" {
			t.Errorf("the request is %s", body)
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.URL.Path != "/new" || r.ContentLength != int64(len(body)) {
			t.Errorf("%s %s, %v", r.Method, r.URL, r.Header)
		}
		_, _ = io.WriteString(w, `{"password": "`+made+`"}`)
	})
	c := newTestClient(endpoint, inTime)
	for range 2 {
		password, err := c.Create(t.Context(), Hook{endpoint.URL + "/new", testSecret}, anna)
		if err != nil || password != made {
			t.Errorf("got %q, %v", password, err)
		}
	}
	if len(ids) != 2 || ids[""] {
		t.Errorf("the ids are %v", ids)
	}
}

// TestSign compares with "printf 1767225600.{} | openssl dgst -sha256 -hmac key".
func TestSign(t *testing.T) {
	if got, want := sign("key", "1767225600", []byte("{}")), "df344de429b8ee672e1863e0008fdbd0080000536fbccdf0e4f89846acbbe872"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAnswers pins which answers of an endpoint are accepted. No error repeats what it sent.
func TestAnswers(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Password", made)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	quoted := func(password string) http.HandlerFunc {
		body, err := json.Marshal(map[string]string{"password": password})
		if err != nil {
			t.Fatal(err)
		}
		return answer(http.StatusOK, string(body))
	}
	raw := func(response string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, response)
			_ = conn.Close()
		}
	}
	const notJSON, untypable, broken = `not JSON such as`, "characters that cannot be typed", "the connection broke, or the answer is not HTTP over TLS"
	for name, tc := range map[string]struct {
		serve  http.HandlerFunc
		result Result
		text   string
	}{
		"a password":             {quoted(made), Created, ""},
		"other fields":           {answer(http.StatusOK, `{"note": 1, "password": "`+made+`"}`), Created, ""},
		"letters of Greek":       {quoted("λόγος"), Created, ""},
		"spaces inside":          {quoted("kixo vamu tire"), Created, ""},
		"as long as may":         {quoted(strings.Repeat("x", maxPassword)), Created, ""},
		"another field":          {answer(http.StatusOK, `{"secret": "`+made+`"}`), Invalid, untypable},
		"empty":                  {answer(http.StatusOK, ``), Invalid, notJSON},
		"plain text":             {answer(http.StatusOK, made), Invalid, notJSON},
		"a number":               {answer(http.StatusOK, `{"password": 12345}`), Invalid, notJSON},
		"two values":             {answer(http.StatusOK, `{"password": "`+made+`"}{}`), Invalid, notJSON},
		"too long":               {quoted(strings.Repeat("x", maxPassword+1)), Invalid, untypable},
		"a line break":           {quoted(made + "\nx"), Invalid, untypable},
		"a space at the end":     {quoted(made + " "), Invalid, untypable},
		"an invisible character": {quoted(made + "\u200b"), Invalid, untypable},
		"huge":                   {answer(http.StatusOK, `{"password": "`+made+`"}`+strings.Repeat(" ", maxAnswer)), Invalid, "larger than 4096 octets"},
		"500":                    {answer(http.StatusInternalServerError, `{"password": "`+made+`"}`), Refused, "status 500"},
		"403":                    {answer(http.StatusForbidden, made), Refused, "status 403"},
		"201":                    {answer(http.StatusCreated, `{"password": "`+made+`"}`), Refused, "status 201"},
		"a wrong status line":    {raw("HTTP/1.1 " + made + "\r\n\r\n"), Unreachable, broken},
		"no HTTP":                {raw(made + "\r\n\r\n"), Unreachable, broken},
		"cut off":                {raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"password\": \"" + made), Unreachable, broken},
		"huge headers":           {raw("HTTP/1.1 200 OK\r\nX-Huge: " + strings.Repeat("x", 64<<10) + "\r\n\r\n{}"), Unreachable, ""},
		"no answer":              {raw(""), Unreachable, broken},
	} {
		endpoint := serve(t, tc.serve)
		password, err := newTestClient(endpoint, inTime).Create(t.Context(), Hook{endpoint.URL, testSecret}, anna)
		if tc.result == Created {
			if err != nil || password == "" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wantFailure(t, name, password, err, tc.result, tc.text)
	}
}

// wantFailure checks an error, and that it does not mention the mailbox or the answer.
func wantFailure(t *testing.T, name, password string, err error, result Result, text string) {
	t.Helper()
	failure, ok := errors.AsType[*Error](err)
	if !ok || failure.Result != result || !strings.Contains(failure.Error(), text) || password != "" {
		t.Errorf("%s: got %q, %v; want %s, %s", name, password, err, result, text)
		return
	}
	for _, secret := range []string{made, "anna", testSecret, "hidden"} {
		if strings.Contains(failure.Error(), secret) {
			t.Errorf("%s: the error contains %s: %v", name, secret, err)
		}
	}
}

// TestRedirectsAreNotFollowed redirects to an endpoint that would answer.
func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := false
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked = true
		_, _ = io.WriteString(w, `{"password": "`+made+`"}`)
	})
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		password, err := newTestClient(endpoint, inTime).Create(t.Context(), Hook{endpoint.URL, testSecret}, anna)
		wantFailure(t, http.StatusText(status), password, err, Refused, "the endpoint answered with status 30")
	}
	if asked {
		t.Error("a redirect was followed")
	}
}

// TestOnlyTrustedEndpointsAreAsked has endpoints whose identity is not proved, and one
// that speaks no TLS.
func TestOnlyTrustedEndpointsAreAsked(t *testing.T) {
	unasked := func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }
	endpoint, other := serve(t, unasked), httptest.NewServer(http.HandlerFunc(unasked))
	defer other.Close()
	old := httptest.NewUnstartedServer(http.HandlerFunc(unasked))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	defer old.Close()
	authority := certtest.Authority("Test", nil)
	named := httptest.NewUnstartedServer(http.HandlerFunc(unasked))
	named.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Server("other.example").TLS()}}
	named.StartTLS()
	defer named.Close()
	strangers := New(x509.NewCertPool(), testNow)
	strangers.http.Timeout = inTime
	for name, tc := range map[string]struct {
		c         *Client
		url, text string
	}{
		"an unknown authority": {strangers, endpoint.URL, "certificate signed by unknown authority"},
		"another name":         {New(authority.Pool(), testNow), named.URL + "/?key=hidden", "cannot validate certificate for"},
		"no TLS":               {newTestClient(endpoint, inTime), strings.Replace(other.URL, "http:", "https:", 1), ""},
		"an old version":       {newTestClient(old, inTime), old.URL, "protocol version"},
		"nobody":               {newTestClient(endpoint, inTime), "https://127.0.0.1:1/hidden", "connection refused"},
		"no such URL":          {newTestClient(endpoint, inTime), "https://[hidden", "the URL is not valid"},
	} {
		password, err := tc.c.Create(t.Context(), Hook{tc.url, testSecret}, anna)
		wantFailure(t, name, password, err, Unreachable, tc.text)
	}
}

// TestSlowEndpoints are given up, before the answer and in the middle of it.
func TestSlowEndpoints(t *testing.T) {
	for name, begins := range map[string]string{"before": "", "in the middle": `{"password": "` + made} {
		done := make(chan struct{})
		endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if begins != "" {
				_, _ = io.WriteString(w, begins)
				_ = http.NewResponseController(w).Flush()
			}
			<-done
		})
		t.Cleanup(func() { close(done) }) // before the endpoint is closed, which waits for it
		password, err := newTestClient(endpoint, 200*time.Millisecond).Create(t.Context(), Hook{endpoint.URL, testSecret}, anna)
		wantFailure(t, name, password, err, Unreachable, "no answer within 5s")
		left, cancel := context.WithCancel(t.Context())
		cancel()
		password, err = newTestClient(endpoint, inTime).Create(left, Hook{endpoint.URL, testSecret}, anna)
		wantFailure(t, name+", canceled", password, err, Unreachable, "the visitor left")
	}
}

// TestBounds pins the limits that the guide states.
func TestBounds(t *testing.T) {
	c := New(nil, testNow)
	transport, ok := c.http.Transport.(*http.Transport)
	if !ok || c.http.Timeout != 5*time.Second || transport.Proxy != nil || maxAnswer != 4096 || maxPassword != 256 {
		t.Errorf("%+v", c.http)
	}
}

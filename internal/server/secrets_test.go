package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/certtest"
)

// secrets are what a request may contain and the log must not.
const (
	secretLocal    = "walburga.eisenhut"
	secretAddress  = secretLocal + "@a.example"
	secretToken    = "q7Zk3Vw9-Xt2_LmN8rB5"
	secretPassword = "Pa55 & sesame%"
)

// findSecrets reports every secret that a text contains, encoded or not.
func findSecrets(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{secretLocal, secretToken, "Pa55", "sesame"} {
		if i := strings.Index(strings.ToLower(text), strings.ToLower(secret)); i >= 0 {
			t.Errorf("%s contains %s: %s", what, secret, text[max(0, i-150):min(len(text), i+150)])
		}
	}
}

// indiscreet fails in every way there is, with errors that quote all of the
// request.
func indiscreet() dialect.Dialect {
	quote := func(r *http.Request) error {
		err := r.ParseForm()
		return fmt.Errorf("%s %s %q %v %v %v %w", r.Host, r.URL, r.PathValue("secret"), r.Header, r.URL.Query(), r.PostForm, err)
	}
	d := dialect.Dialect{Name: "indiscreet"}
	fails := func(path string, serve func(*http.Request) (dialect.Response, error)) {
		d.Endpoints = append(d.Endpoints, dialect.Endpoint{Path: path + "/{secret}", Serve: serve})
	}
	for kind := settings.Internal; kind <= settings.Unavailable; kind++ {
		fails(fmt.Sprint("/kind/", kind), func(r *http.Request) (dialect.Response, error) {
			return dialect.Response{}, &settings.Error{Kind: kind, Message: "public", Cause: quote(r)}
		})
		fails(fmt.Sprint("/own-answer/", kind), func(r *http.Request) (dialect.Response, error) {
			return dialect.PlainText(200, "mine"), fmt.Errorf("%w: %w", &settings.Error{Kind: kind, Message: "public"}, quote(r))
		})
	}
	fails("/raw", func(r *http.Request) (dialect.Response, error) { return dialect.Response{}, quote(r) })
	fails("/sealed", func(*http.Request) (dialect.Response, error) { // an address that is in no part of the request
		return dialect.Response{}, errors.New("cannot write <" + secretAddress + ">, " + url.QueryEscape(secretAddress))
	})
	fails("/panics/text", func(r *http.Request) (dialect.Response, error) { panic(quote(r).Error()) })
	fails("/panics/error", func(r *http.Request) (dialect.Response, error) { panic(quote(r)) })
	fails("/panics/runtime", func(r *http.Request) (dialect.Response, error) {
		return dialect.PlainText(200, r.PathValue("secret")[1:][:1000]), nil
	})
	d.Endpoints = append(d.Endpoints, dialect.Endpoint{Path: "/get-only", Methods: []string{"GET"}})
	return d
}

// TestNoErrorPathLogsASecret sends secrets in the path, the query, the header, the
// Host and the body to everything that can fail.
func TestNoErrorPathLogsASecret(t *testing.T) {
	var out bytes.Buffer
	log, flush, err := telemetry.NewLogger("debug", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	failing := dialect.Dialect{Name: "failing", Endpoints: []dialect.Endpoint{
		{Path: "/fail-panics/{secret}", Serve: func(*http.Request) (dialect.Response, error) { return dialect.Response{}, errors.New("x") }},
	}, Fail: func(*http.Request, error) dialect.Response { panic(secretAddress) }}
	paths := []string{"/no-such-path", "/get-only"}
	for _, d := range []dialect.Dialect{indiscreet(), failing} {
		for _, e := range d.Endpoints {
			paths = append(paths, strings.TrimSuffix(e.Path, "/{secret}"))
		}
	}
	form := url.Values{"email": {secretAddress}, "password": {secretPassword}}.Encode()
	sent := 0
	for _, path := range paths {
		// A new handler each, because floods are not logged line by line.
		h := New(Options{Dialects: []dialect.Dialect{indiscreet(), failing}, Metrics: telemetry.NewMetrics("", ""), Log: log})
		for _, place := range []struct {
			path, query, body string
			change            func(*http.Request)
		}{
			{path: "/" + secretAddress},
			{path: "/" + url.QueryEscape(secretAddress)},
			{path: "/" + secretToken},
			{path: "/x", query: "?email=" + secretAddress + "&t=" + secretToken},
			{path: "/x", query: "?" + form},
			{path: "/x", query: "?a;%zq" + secretAddress + ";" + secretToken},
			{path: "/x", change: func(r *http.Request) {
				r.Header.Set("Authorization", "Bearer "+secretToken)
				r.Header.Set("Cookie", "a="+secretToken)
				r.Header.Set("User-Agent", secretAddress)
			}},
			{path: "/x", change: func(r *http.Request) { r.Host = secretAddress }},
			{path: "/" + secretToken, change: func(r *http.Request) {
				r.Host = strings.Repeat(secretLocal+".", 120) + "a.example"
			}},
			{path: "/x", body: form},
			{path: "/x", change: func(r *http.Request) { r.Method = secretToken }},
		} {
			for _, method := range []string{"GET", "POST"} {
				r := httptest.NewRequest(method, "http://a.example/", strings.NewReader(place.body))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path+place.path+place.query, "?")
				if unescaped, err := url.PathUnescape(r.URL.Path); err == nil && unescaped != r.URL.Path {
					r.URL.Path, r.URL.RawPath = unescaped, r.URL.Path
				}
				if place.change != nil {
					place.change(r)
				}
				h.ServeHTTP(httptest.NewRecorder(), r)
				sent++
			}
		}
	}
	flush()
	findSecrets(t, "the log", out.String())
	if n := strings.Count(out.String(), "\n"); n != sent || sent < 600 {
		t.Errorf("%d requests sent, %d lines logged", sent, n)
	}
	if !strings.Contains(out.String(), "public: ") || !strings.Contains(out.String(), "slice bounds out of range") {
		t.Error("the log no longer tells what went wrong")
	}
}

// TestLongMessagesLogNoSecret has messages of net/http with an address, or a quoted
// token, at each place around the length at which they are cut.
func TestLongMessagesLogNoSecret(t *testing.T) {
	var out bytes.Buffer
	log, flush, err := telemetry.NewLogger("debug", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	for before := maxMessage - 60; before <= maxMessage; before += 3 {
		for _, secret := range []string{secretAddress, `"` + secretToken + `"`, `"` + secretToken + `\`} {
			ErrorLog(log, RemoteFull).Print(strings.Repeat("x", before) + " " + secret)
		}
	}
	flush()
	findSecrets(t, "the log", out.String())
	if n := strings.Count(out.String(), "xxx"); n < 60 {
		t.Errorf("only %d lines were logged", n)
	}
}

// TestNoProtocolErrorLogsASecret violates HTTP and TLS in ways that net/http logs.
func TestNoProtocolErrorLogsASecret(t *testing.T) {
	var out bytes.Buffer
	log, flush, err := telemetry.NewLogger("debug", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := New(Options{Dialects: []dialect.Dialect{indiscreet()}, Metrics: telemetry.NewMetrics("", ""), Log: log})
	ca := certtest.Authority("Test Root", nil)
	cert := ca.Server("a.example").TLS()
	g, err := Listen(t.Context(), []Listener{
		{Name: "http", Address: "127.0.0.1:0", Handler: h},
		{Name: "https", Address: "127.0.0.1:0", Handler: h, TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}},
	}, ErrorLog(log, RemoteFull))
	if err != nil {
		t.Fatal(err)
	}
	stop := serveUntilStopped(t, g)
	for _, listener := range []string{"http", "https"} {
		for _, text := range []string{
			"GET /" + secretToken + " HTTP/9.9\r\n\r\n",
			secretToken + "\r\n\r\n",
			"GET /" + secretAddress + " HTTP/1.1\r\nHost: " + secretAddress + " x\r\n\r\n",
			"GET /i/" + secretToken + " HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a.example\r\nAuthorization Bearer " + secretToken + "\r\n\r\n",
			"POST /" + secretToken + " HTTP/1.1\r\nHost: a.example\r\nContent-Length: " + secretToken + "\r\n\r\n",
			"GET /panics/text/" + secretToken + "?email=" + secretAddress + " HTTP/1.1\r\nHost: a.example\r\n\r\n",
			"GET /?a;b=" + secretAddress + " HTTP/1.1\r\nHost: a.example\r\n\r\n",
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + secretToken + secretToken,
		} {
			conn, err := net.Dial("tcp", g.Addr(listener))
			if err != nil {
				t.Fatal(err)
			}
			if listener == "https" {
				conn = tls.Client(conn, &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example", NextProtos: []string{"h2"}})
			}
			_, _ = io.WriteString(conn, text)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			} else {
				_ = conn.(*tls.Conn).CloseWrite()
			}
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}
	for _, hello := range []*tls.Config{
		{ServerName: "a.example"}, // does not trust the certificate and sends an alert
		{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
		{InsecureSkipVerify: true, NextProtos: []string{secretAddress}},
		{InsecureSkipVerify: true, ServerName: secretLocal + ".example", CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}, MaxVersion: tls.VersionTLS12},
	} {
		if conn, err := tls.Dial("tcp", g.Addr("https"), hello); err == nil {
			_ = conn.Close()
		}
	}
	stop()
	flush()
	findSecrets(t, "the log", out.String())
	if n := strings.Count(out.String(), `"msg":"connection error"`); n < 5 {
		t.Errorf("only %d errors of connections were logged:\n%s", n, &out)
	}
}

// TestRedact has an error quote one part of a request alone.
func TestRedact(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*http.Request)
		quotes string
	}{
		"the query":                       {func(r *http.Request) { r.URL.RawQuery = "walburga;eisenhut" }, "walburga;eisenhut"},
		"a decoded value":                 {func(r *http.Request) { r.URL.RawQuery = "a=1&t=wal%20burga" }, "wal burga"},
		"a local part":                    {func(r *http.Request) { r.URL.RawQuery = "email=walburga@a.example" }, "walburga"},
		"the longer one of two values":    {func(r *http.Request) { r.URL.RawQuery = "a=walb&b=walburga" }, "walburga"},
		"a token":                         {func(r *http.Request) { r.Header.Set("Authorization", "Bearer walburga") }, "walburga"},
		"a cookie":                        {func(r *http.Request) { r.Header.Set("Cookie", "a=b; session=walburga") }, "walburga"},
		"credentials with their ends":     {func(r *http.Request) { r.Header.Set("Proxy-Authorization", "Basic d2FsYnVyZ2E==") }, "Basic d2FsYnVyZ2E=="},
		"a host name that none could be":  {func(r *http.Request) { r.Host = "walburga..eisenhut" }, "walburga..eisenhut"},
		"a value of a form that was read": {func(r *http.Request) { r.PostForm = url.Values{"password": {"walburga"}} }, "walburga"},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://a.example/", nil)
		tc.change(r)
		if got := redact(r, "cannot read <"+tc.quotes+"> of a.example"); got != "cannot read <[redacted]> of a.example" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

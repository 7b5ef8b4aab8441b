package apppassword

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
)

// TestTheEndpointOfTheGuide runs it behind a web server, as the guide has it.
func TestTheEndpointOfTheGuide(t *testing.T) {
	python := programs.Need(t, "python3", "python3")
	guide, err := os.ReadFile("../../docs/app-passwords.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(guide), "```python\n")
	script, _, ok := strings.Cut(script, "```")
	if !ok {
		t.Fatal("the guide has no endpoint")
	}
	// The script listens itself, so its port is one that was free a moment ago.
	port := programs.FreePort(t)
	at := "127.0.0.1:" + port
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), python, "-c", script)
	cmd.Env, cmd.Stderr = append(os.Environ(), "SECRET="+testSecret, "PORT="+port), &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", at)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Since(began) > inTime {
			t.Fatalf("the endpoint does not listen: %s", &said)
		}
	}
	var recorded *http.Request
	var body []byte
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at})
	endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		recorded = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	})
	c := newTestClient(endpoint, inTime)
	c.now = time.Now
	first, err := c.Create(t.Context(), Hook{endpoint.URL, testSecret}, anna)
	if err != nil || len(first) != 20 {
		t.Fatalf("%q, %v\n%s", first, err, &said)
	}
	again := func() int {
		resp := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header = recorded.Header
		proxy.ServeHTTP(resp, r)
		return resp.Code
	}
	if status := again(); status != http.StatusConflict {
		t.Errorf("a recorded request: %d", status)
	}
	body = bytes.ReplaceAll(body, []byte("anna"), []byte("bert"))
	if status := again(); status != http.StatusForbidden {
		t.Errorf("a changed request: %d", status)
	}
	c.now = func() time.Time { return time.Now().Add(-2 * time.Minute) }
	for name, h := range map[string]Hook{"an old request": {endpoint.URL, testSecret}, "another secret": {endpoint.URL, testSecret + "x"}} {
		if _, err := c.Create(t.Context(), h, anna); fmt.Sprint(err) != "the endpoint answered with status 403" {
			t.Errorf("%s: %v", name, err)
		}
		c.now = time.Now
	}
}

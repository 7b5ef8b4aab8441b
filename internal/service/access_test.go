package service

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTheTokenFollowsTheSettings changes the token of a running service, on both
// listeners, and looks for it in the log.
func TestTheTokenFollowsTheSettings(t *testing.T) {
	t.Parallel()
	const first, second = aToken, "kQ3vT8yL1pR6wZ9sB4nH7cJ2xF5mD0gA"
	settings := func(token string) string {
		return settingsFor("mail.example.net", `pages: {url: "https://setup.example.com", keys: [0123456789abcdef0123456789abcdef]}`, token)
	}
	h := start(t, settings(""))
	ask := func(listener, method, path, body, token string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+h.svc.Addr(listener)+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := h.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s %s asks for a password", method, path)
		}
		return resp.StatusCode
	}
	const domain = "/api/v1/settings?domain=example.com"
	invite := func(token string) int {
		return ask("ops", "POST", "/api/v1/invites", `{"email": "anna@example.com"}`, token)
	}
	if got := ask("http", "GET", domain, "", ""); got != 200 {
		t.Errorf("settings, with none to send: %d", got)
	}
	if got := invite(""); got != 201 {
		t.Errorf("an invitation, with none to send: %d", got)
	}
	for _, token := range []string{first, second} {
		h.write(h.file, settings("api: {token: "+token+"}"))
		h.eventually("the token is in force", func() bool {
			return ask("http", "GET", domain, "", token) == 200 && ask("http", "GET", domain, "", "") == 403
		})
		for _, wrong := range []string{"", strings.ToLower(token), token + "x"} {
			if got := invite(wrong); got != 403 {
				t.Errorf("an invitation with %q: %d", wrong, got)
			}
			if got := ask("ops", "POST", "/-/reload", "", wrong); got != 403 {
				t.Errorf("a reload with %q: %d", wrong, got)
			}
		}
		if got := invite(token); got != 201 {
			t.Errorf("an invitation: %d", got)
		}
		if got := ask("ops", "POST", "/-/reload", "", token); got != 200 {
			t.Errorf("a reload: %d", got)
		}
	}
	if got := invite(first); got != 403 {
		t.Errorf("an invitation with the token of before: %d", got)
	}
	for _, path := range []string{"/mail/config-v1.1.xml?emailaddress=anna@example.com", "/"} {
		if got := ask("http", "GET", path, "", ""); got != 200 {
			t.Errorf("%s: %d", path, got)
		}
	}
	h.write(h.file, settings("api: {token: "+second[:10]+"}"))
	h.eventually("the short one is refused", func() bool { return strings.Contains(fmt.Sprint(h.logs.All()), "the settings have errors") })
	for _, e := range h.logs.All() {
		if text := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(text, first) || strings.Contains(text, second[:10]) {
			t.Errorf("the log tells %s", text)
		}
	}
}

// TestLimitsOfTheSettings pins the effect of each key of limits.
func TestLimitsOfTheSettings(t *testing.T) {
	page := func(h *house) string { return "http://" + h.svc.Addr("http") + "/" }
	t.Run("requests_per_minute", func(t *testing.T) {
		h := start(t, settingsFor("mail.example.net", `limits: {requests_per_minute: 2}`))
		for i, want := range []int{200, 200, 429} {
			if got, _ := h.get(page(h)); got != want {
				t.Errorf("request %d: %d", i+1, got)
			}
		}
	})
	t.Run("strict_requests_per_minute", func(t *testing.T) {
		h := start(t, settingsFor("mail.example.net", `limits: {strict_requests_per_minute: 1}`))
		for i, want := range []int{200, 429} {
			if got, _ := h.get(page(h) + "profile.mobileconfig?email=anna@example.com"); got != want {
				t.Errorf("profile %d: %d", i+1, got)
			}
		}
		if got, _ := h.get(page(h)); got != 200 {
			t.Errorf("the page: %d", got)
		}
	})
	t.Run("requests_at_once", func(t *testing.T) {
		h := start(t, settingsFor("mail.example.net", `limits: {requests_at_once: 1, strict_requests_per_minute: 0}`))
		profile := func() int { // which takes a while to sign
			resp, err := h.client.Get(page(h) + "profile.mobileconfig?email=anna@example.com")
			if err != nil {
				t.Error(err)
				return 0
			}
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		h.eventually("one of several at once is refused", func() bool {
			var refused atomic.Bool
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					if profile() == 503 {
						refused.Store(true)
					}
				})
			}
			all.Wait()
			return refused.Load()
		})
		if got := profile(); got != 200 {
			t.Errorf("afterwards: %d", got)
		}
	})
	t.Run("connections", func(t *testing.T) {
		h := start(t, settingsFor("mail.example.net", `limits: {connections: 2}`))
		h.dial() // the share of one client
		if _, err := h.dial().Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a second connection of one client is open: %v", err)
		}
		if got := h.opsPage("/readyz"); got != "ready\n" && got != "not ready\n" {
			t.Errorf("the listener for operators: %s", got)
		}
	})
	t.Run("connections of a trusted proxy", func(t *testing.T) {
		h := start(t, settingsFor("mail.example.net", `limits: {connections: 4}`, `trusted_proxies: [127.0.0.1]`))
		for range 3 {
			h.dial()
		}
		if got, _ := h.get(page(h)); got != 200 {
			t.Errorf("the fourth got %d", got)
		}
	})
}

// dial opens a connection to the public listener.
func (h *house) dial() net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.svc.Addr("http"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		h.t.Fatal(err)
	}
	return conn
}

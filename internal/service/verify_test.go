package service

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestOneClientChecksFewPasswords pins that password checks have the strictest
// rate limit of a client, whatever the mailbox.
func TestOneClientChecksFewPasswords(t *testing.T) {
	h := start(t, settingsFor("mail.example.net", "pages: {verify_password: true}", "limits: {strict_requests_per_minute: 3}"))
	for i, mailbox := range []string{"anna", "bert", "carl", "dora"} {
		status, body := h.post(t, "/verify", url.Values{"email": {mailbox + "@example.com"}, "password": {"s3cr3t"}})
		want := http.StatusOK
		if i == 3 {
			want = http.StatusTooManyRequests
		}
		if status != want || strings.Contains(body, "s3cr3t") {
			t.Errorf("try %d: %d, want %d\n%s", i+1, status, want, body)
		}
	}
	if status, _ := h.post(t, "/", url.Values{"email": {"anna@example.com"}}); status != http.StatusOK {
		t.Errorf("the page itself: %d", status)
	}
}

// TestNoPasswordGetsIntoAProfile sends one along, as a form that a visitor changed
// could.
func TestNoPasswordGetsIntoAProfile(t *testing.T) {
	h := start(t, settingsFor("mail.example.net", "pages: {verify_password: true}"))
	status, body := h.post(t, "/profile.mobileconfig", url.Values{"email": {"anna@example.com"}, "password": {"s3cr3t"}})
	if status != http.StatusOK || !strings.Contains(body, "anna@example.com") || strings.Contains(body, "s3cr3t") || strings.Contains(body, "<key>IncomingPassword</key>") {
		t.Errorf("%d\n%q", status, body)
	}
}

// post sends a form as a browser does that is on the page of the service.
func (h *house) post(t *testing.T, path string, form url.Values) (status int, body string) {
	t.Helper()
	resp, err := http.PostForm("http://"+h.svc.Addr("http")+path, form)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	return resp.StatusCode, string(data)
}

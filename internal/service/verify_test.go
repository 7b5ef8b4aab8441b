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
		page := h.page(t, mailbox+"@example.com")
		status, body := h.post(t, page+"/password", url.Values{"password": {"s3cr3t"}})
		want := http.StatusOK // of the page that it leads to
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

// page returns the path of the page that a typed address leads to.
func (h *house) page(t *testing.T, email string) string {
	t.Helper()
	resp, err := h.client.PostForm("http://"+h.svc.Addr("http")+"/", url.Values{"email": {email}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.Request.URL.Path
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

package service

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/apppassword"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// TestAppPasswords asks an endpoint, and pins what operators learn when it fails: the
// host and the reason, and nothing of the mailbox.
func TestAppPasswords(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	var status int
	var told string
	endpoint := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		told = string(body)
		w.Header().Set("X-Password", secretPassword)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"password": %q}`, secretPassword)
	}))
	defer endpoint.Close()
	roots := x509.NewCertPool()
	roots.AddCert(endpoint.Certificate())

	var out bytes.Buffer
	log, flush, err := telemetry.NewLogger("debug", "json", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]int{}
	a := appPasswords{
		client: apppassword.New(roots, aMoment),
		hooks: map[string]config.AppPasswords{
			"mine": {Hook: endpoint.URL + "/path?key=hidden", Secret: secret},
			"gone": {Hook: "https://127.0.0.1:1/path?key=hidden", Secret: secret},
		},
		count: func(result string) { counted[result]++ },
		log:   log,
	}
	found := func(provider string) settings.Settings {
		somebody := address.Address{Local: secretLocal, Domain: "example.com"}
		return settings.Settings{Address: somebody, Domain: "example.com", Canonical: "example.com", Provider: &settings.Provider{ID: provider, Services: []settings.Service{
			{Protocol: settings.IMAP, Host: "mail.example.com", Port: 993, Security: settings.TLS, Login: "{local}", Auth: []settings.Auth{settings.Password}},
		}}}
	}
	if a.Offered(found("other").Provider) || !a.Offered(found("mine").Provider) {
		t.Error("an endpoint of another provider is asked")
	}
	status = http.StatusOK
	if password, ok := a.Create(t.Context(), found("mine"), "iphone"); !ok || password != secretPassword {
		t.Errorf("got %q, %t", password, ok)
	}
	if want := `"address":"` + secretLocal + `@example.com","login":"` + secretLocal + `","device":"iphone"}`; !strings.HasSuffix(told, want) {
		t.Errorf("the endpoint is told %s, want %s", told, want)
	}
	status = http.StatusInternalServerError
	left, leave := context.WithCancel(t.Context())
	leave()
	for _, ask := range []struct {
		ctx      context.Context
		provider string
	}{{t.Context(), "mine"}, {t.Context(), "gone"}, {left, "mine"}} {
		if password, ok := a.Create(ask.ctx, found(ask.provider), ""); ok || password != "" {
			t.Errorf("%s: got %q", ask.provider, password)
		}
	}
	flush()
	text := out.String()
	for _, want := range []string{`"cannot create app password","host":"` + strings.TrimPrefix(endpoint.URL, "https://") + `","error":"the endpoint answered with status 500"`, `"host":"127.0.0.1:1"`, "connection refused"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %s: %s", want, text)
		}
	}
	for _, unwanted := range []string{secretLocal, secretPassword, secret, "hidden"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("the log contains %s: %s", unwanted, text)
		}
	}
	if lines := strings.Count(text, "\n"); lines != 2 || fmt.Sprint(counted) != "map[created:1 refused:1 unreachable:1]" {
		t.Errorf("%d lines, counted %v", lines, counted)
	}
}

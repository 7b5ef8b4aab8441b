package service

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/examples"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// hostile is what an attacker may send in place of an address.
func hostile() []string {
	return []string{
		"", "@", "anna", "a@b@c", "anna@", "@example.com", "anna@example..com", "anna@[192.0.2.1]", "anna@192.0.2.1",
		"anna\x00@example.com", "anna\r\nX-Evil: 1@example.com", "anna\t@example.com", "anna\u2028@example.com", "anna\u202e@example.com",
		`anna"@example.com`, "<script>alert(1)</script>@example.com", "</string><key>x</key>@example.com", "]]>@example.com",
		"anna\xff\xfe@example.com", "anna@ex\xffample.com", "anna@" + strings.Repeat("a.", 5000) + "com",
		strings.Repeat("a", 10_000) + "@example.com", "%00@example.com", "%EMAILADDRESS%@example.com", "${jndi:ldap://x}@example.com",
		"{{.}}@example.com", "../../etc/passwd@example.com", "anna@example.com/../x", "anna@localhost:8080",
	}
}

// TestHostileInput sends hostile addresses and bodies to every endpoint. The
// answer is the client's fault or good, never ours, and nothing that was sent
// comes back unescaped.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	cfg, findings := config.Parse("example", append(examples.Infomaniak(), "  \"*\": {provider: infomaniak}\n"...), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	h := described(t, Handler(cfg, Deps{Signer: testIdentity(t), Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Now: time.Now}))
	sent := 0
	send := func(method, target, contentType, body string, header http.Header) {
		t.Helper()
		sent++
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		u, err := url.Parse("http://autoconfig.example.com" + target)
		if err != nil {
			return // net/http would not have let it in
		}
		r.URL, r.Host = u, u.Host
		r.Header = header
		r.Header.Set("Content-Type", contentType)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 500 {
			t.Errorf("%s %.80q: %d %s", method, target, rec.Code, rec.Body)
		}
		if rec.Header().Get("Content-Type") == "application/x-apple-aspen-config" {
			return // signed; its own tests look inside
		}
		answer := rec.Body.String()
		for _, raw := range []string{"<script>", "</string><key>", "\x00", "\xff", "]]>@"} {
			if strings.Contains(answer, raw) {
				t.Errorf("%s %.80q: %q came back: %s", method, target, raw, answer)
			}
		}
		if head := fmt.Sprint(rec.Header()); strings.ContainsAny(head, "\r\n") || strings.Contains(head, "Evil") {
			t.Errorf("%s %.80q: the header is %s", method, target, head)
		}
	}
	const form = "application/x-www-form-urlencoded"
	for _, addr := range hostile() {
		for _, value := range []string{url.QueryEscape(addr), strings.NewReplacer("%", "", " ", "", "#", "").Replace(addr)} {
			for _, target := range []string{
				"/mail/config-v1.1.xml?emailaddress=", "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=", "/.well-known/mail-v1.xml?emailaddress=",
				"/v1.1/", "/autodiscover/autodiscover.json?Protocol=AutodiscoverV1&Email=", "/autodiscover/autodiscover.json/v1.0/",
				"/profile.mobileconfig?email=", "/profile.mobileconfig?email=anna@example.com&services=", "/profile.mobileconfig?email=anna@example.com&lang=",
				"/api/v1/settings?email=", "/api/v1/settings?domain=", "/.well-known/caldav?", "/.well-known/user-agent-configuration.json?", "/",
			} {
				send("GET", target+value, "", "", http.Header{"Accept-Language": {addr}})
			}
			send("POST", "/", form, "email="+value, http.Header{})
			send("POST", "/profile.mobileconfig", form, "email="+value, http.Header{})
		}
		for _, body := range []string{
			"<Autodiscover><Request><EMailAddress>" + addr + "</EMailAddress></Request></Autodiscover>",
			"<Autodiscover><Request><EMailAddress>anna@example.com</EMailAddress><AcceptableResponseSchema>" + addr + "</AcceptableResponseSchema></Request></Autodiscover>",
			addr,
		} {
			send("POST", "/autodiscover/autodiscover.xml", "text/xml", body, http.Header{})
		}
	}
	for _, body := range []string{
		`<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;">]><Autodiscover>&y;</Autodiscover>`,
		`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Autodiscover><Request><EMailAddress>&x;</EMailAddress></Request></Autodiscover>`,
		strings.Repeat("<a>", 20_000), "<" + strings.Repeat("a", 60_000), strings.Repeat("x", 1<<20), "\xef\xbb\xbf", "\xff\xfe<\x00",
		`<?xml version="1.0" encoding="utf-7"?><Autodiscover/>`,
	} {
		send("POST", "/Autodiscover/Autodiscover.xml", "", body, http.Header{})
		send("POST", "/", form, body, http.Header{})
		send("POST", "/profile.mobileconfig", form, body, http.Header{})
	}
	if sent < 900 {
		t.Errorf("only %d requests were sent", sent)
	}
}

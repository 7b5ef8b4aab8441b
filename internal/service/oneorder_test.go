package service

import (
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestOneOrderEverywhere lists port 587 first: the page, the profile, autoconfig and
// Autodiscover recommend it before 465.
func TestOneOrderEverywhere(t *testing.T) {
	h := start(t, `listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
providers:
  one:
    services:
      - {protocol: imap, host: mail.example.net}
      - {protocol: submission, host: mail.example.net, port: 587, security: starttls}
      - {protocol: submission, host: mail.example.net}
domains:
  example.com: {provider: one}
`)
	base := "http://" + h.svc.Addr("http")
	_, autoconfig := h.get(base + "/mail/config-v1.1.xml?emailaddress=anna@example.com")
	_, profile := h.get(base + "/profile.mobileconfig?email=anna@example.com")
	resp, err := h.client.Post(base+"/autodiscover/autodiscover.xml", "text/xml", strings.NewReader(`<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
<Request><EMailAddress>anna@example.com</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`))
	if err != nil {
		t.Fatal(err)
	}
	autodiscover, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, page := h.post(t, "/", url.Values{"email": {"anna@example.com"}, "app": {"thunderbird"}})
	port := regexp.MustCompile(`[^0-9](465|587)[^0-9]`)
	for name, document := range map[string]string{"autoconfig": autoconfig, "the profile": profile, "Autodiscover": string(autodiscover), "the page": page} {
		if m := port.FindStringSubmatch(document); m == nil || m[1] != "587" {
			t.Errorf("%s begins with port %v", name, m)
		}
	}
}

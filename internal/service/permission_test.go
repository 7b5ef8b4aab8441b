package service

import (
	"net/url"
	"strings"
	"testing"
)

// TestCertificatesAreForNamesThatAreServed asks which names may have a certificate,
// as a reverse proxy does before it orders one.
func TestCertificatesAreForNamesThatAreServed(t *testing.T) {
	dsn, db := sqliteCustomers(t)
	text := onDatabase("sqlite", dsn, "") + `  gone.example: {moved_to: customer.example}
  "*": {provider: hoster}
pages: {url: "https://setup.hoster.example/start"}
`
	h := start(t, text)
	ask := func(name string) (int, string) {
		return h.get("http://" + h.svc.Addr("ops") + "/-/certificate?domain=" + url.QueryEscape(name))
	}
	names := map[string]int{
		"autoconfig.hoster.example": 200, "autodiscover.hoster.example": 200, "ua-auto-config.hoster.example": 200,
		"AutoConfig.Hoster.Example.": 200, "autoconfig.customer.example": 200, "autoconfig.gone.example": 200,
		"mta-sts.hoster.example": 200, "mta-sts.customer.example": 200, "mta-sts.unknown.example": 404, "mta-sts.": 404,
		"setup.hoster.example": 200,

		"hoster.example": 404, "www.hoster.example": 404, "autoconfig.": 404, "autoconfig.www.hoster.example": 404,
		"autoconfig.autoconfig.hoster.example": 404, "autoconfig.off.example": 404,
		"autoconfig.unknown.example": 404, // the catch-all answers, but anybody can point a name here
		"192.0.2.1":                  400, "": 400, "a b": 400, "autoconfig." + strings.Repeat("a.", 200) + "example": 400,
	}
	for name, want := range names {
		if got, text := ask(name); got != want {
			t.Errorf("%q: %d %s, want %d", name, got, text, want)
		}
	}
	db.Exec(t, `DROP TABLE customers`)
	h.svc.Reload()
	for name, want := range map[string]int{"autoconfig.customer.example": 200, "autoconfig.hoster.example": 200, "autoconfig.new.example": 503} {
		if got, text := ask(name); got != want {
			t.Errorf("while the database is down, %q: %d %s, want %d", name, got, text, want)
		}
	}
	if logged := h.logs.FilterMessage("request"); logged.Len() > 0 {
		t.Errorf("these requests are logged as those of clients: %v", logged.All()[0].ContextMap())
	}
}

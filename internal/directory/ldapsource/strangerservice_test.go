//go:build unix

package ldapsource

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/waymark"
)

// TestAStrangerAtTheService sends a Waymark with an LDAP server a hundred bad names a
// second, while a customer asks for domains that are cached and that are not. The
// customer never gets 503.
func TestAStrangerAtTheService(t *testing.T) {
	waymark.Binary(t)
	server := newSlapd(t, "")
	settings := fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
trusted_proxies: ["127.0.0.1/32"]
limits: {unknown_per_minute: 0}
cache: {fresh: 1h, unknown: 1h}
providers:
  hoster:
    services: [{protocol: imap, host: imap.hoster.example}, {protocol: submission, host: smtp.hoster.example}]
directory:
  - source: ldap
    url: ldap://%s
    provider: hoster
    mailboxes: true
    public_logins: true
    domain: {base_dn: "ou=crowd,dc=example,dc=com", filter: "(domainName={domain})", attributes: {imap_host: cn}}
    mailbox: {base_dn: "ou=people,dc=example,dc=com", filter: "(mail={address})", attributes: {login: uid}}
`, server.plain)
	for kind, bad := range map[string]string{
		"unknown domains":             "anna@unknown%d.example",
		"entries that cannot be read": "anna@row%d.example",
		"names beyond Latin-1":        "anna@имя%d.example",
		"names beyond 3 octets":       "anna@𠀋%d.example",
		"local parts":                 "имя@customer%d.example",
		"local parts of 4 octets":     "😀%d@customer0.example",
		"a filter":                    "*)(uid=%d@customer0.example",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := waymark.Start(t, settings)
			ask := func(client, address string) int {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.HTTP+"/mail/config-v1.1.xml?emailaddress="+url.QueryEscape(address), nil)
				if err != nil {
					t.Error(err)
					return 0
				}
				r.Header.Set("X-Forwarded-For", client)
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return 0
				}
				_ = resp.Body.Close()
				return resp.StatusCode
			}
			var all sync.WaitGroup
			for i := range 200 {
				all.Go(func() { ask("203.0.113.9", strings.ReplaceAll(bad, "%d", fmt.Sprint(i))) })
				domains := []string{"customer0.example"}
				if i%20 == 19 { // rarely, since each one that is found ends a row of failures
					domains = append(domains, fmt.Sprintf("customer%d.example", i))
				}
				for _, domain := range domains {
					if status := ask("198.51.100.7", "anna@"+domain); status != http.StatusOK {
						t.Errorf("%s: %d", domain, status)
					}
				}
				time.Sleep(10 * time.Millisecond)
			}
			all.Wait()
		})
	}
}

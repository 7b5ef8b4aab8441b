//go:build unix

package ldapsource

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestAStranger asks for a hundred bad names a second, while others ask for a domain
// that is known, cached and not.
func TestAStranger(t *testing.T) {
	server := newSlapd(t, "")
	for kind, bad := range map[string]string{
		"unknown domains":         "anna@unknown%d.example",
		"names beyond Latin-1":    "anna@имя%d.example",
		"names beyond 3 octets":   "anna@𠀋%d.example",
		"local parts":             "имя%d@customer.example",
		"local parts of 4 octets": "😀%d@customer.example",
		"a filter":                "*)(uid=%d@customer.example",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := lookup.New(lookup.Options{Sources: []lookup.Named{{Name: "ldap", Source: open(t, iredmail("ldap://"+server.plain)), Mailboxes: true, Concurrent: DefaultConnections}}})
			defer l.Close()
			var all sync.WaitGroup
			for i := range 200 {
				local, domain, _ := strings.Cut(strings.ReplaceAll(bad, "%d", fmt.Sprint(i)), "@")
				d, err := address.ParseDomain(domain)
				if err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					_, _ = l.Domain(t.Context(), d)
					_, err := l.Mailbox(t.Context(), "ldap", address.Address{Local: local, Domain: d})
					if settings.KindOf(err) == settings.Unavailable {
						t.Errorf("the mailbox %d: %v", i, err)
					}
				})
				if i%20 == 19 { // rarely, since an answer ends a row of failures
					_, err := l.Domain(t.Context(), "customer.example")
					if err != nil {
						t.Error(err)
					}
					l.Invalidate("customer.example")
				}
				time.Sleep(10 * time.Millisecond)
			}
			all.Wait()
		})
	}
}

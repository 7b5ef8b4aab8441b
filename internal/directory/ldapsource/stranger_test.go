//go:build unix

package ldapsource

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestWhatFailed tells names that fail alone from a server that does.
func TestWhatFailed(t *testing.T) {
	server := newSlapd(t, "")
	o := own("ldap://" + server.plain)
	o.Mailbox = &source.Search{BaseDN: "mail={address},domainName={domain},o=domains,dc=example,dc=com", Filter: "(objectClass=*)", Scope: source.BaseOnly, Attributes: map[string]string{"login": "uid"}}
	s := open(t, o)
	mailbox := func(local string) error {
		_, err := s.Mailbox(t.Context(), address.Address{Local: local, Domain: "customer.example"})
		return err
	}
	domain := func(d address.Domain) error {
		_, err := s.Domain(t.Context(), d)
		return err
	}
	for name, tc := range map[string]struct {
		err         error
		ofName, row bool
		text        string
	}{
		"a mailbox":                               {err: mailbox("anna")},
		"a local part that the attribute lacks":   {mailbox("имя"), true, false, "ldap: mailbox: the LDAP server refuses the name that is looked up, or an attribute in base_dn: result 34, Invalid DN Syntax"},
		"an entry that is longer than any answer": {domain("long.example"), true, true, "ldap: domain.attributes: the answer is longer than 1 MiB"},
		"a value that cannot be used":             {domain("wrong.example"), true, true, "ldap: domain.attributes: column imap_port: "},
		"an unknown domain":                       {domain("unknown.example"), false, false, "not found"},
	} {
		var failed *source.NameError
		if ofName := errors.As(tc.err, &failed); ofName != tc.ofName || ofName && failed.Row != tc.row {
			t.Errorf("%s: %#v", name, tc.err)
		}
		if (tc.err == nil) != (tc.text == "") || tc.err != nil && !strings.Contains(tc.err.Error(), tc.text) {
			t.Errorf("%s: %v", name, tc.err)
		}
	}
	server.stop()
	if err := domain("same.example"); err == nil || errors.As(err, new(*source.NameError)) {
		t.Errorf("without the server: %#v", err)
	}
}

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

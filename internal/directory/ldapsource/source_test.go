//go:build unix

package ldapsource

import (
	"context"
	"errors"
	"net"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/programs"
)

const iredmailBase = "o=domains,dc=example,dc=com"

func iredmail(url string) source.LDAP {
	domain, mailbox := preset.LDAP(iredmailBase)
	return source.LDAP{URL: url, BindDN: reader, BindPassword: readerPassword, Domain: domain, Mailbox: &mailbox, Timeout: time.Minute}
}

// own are searches for entries that are named by U-labels.
func own(url string) source.LDAP {
	return source.LDAP{URL: url, Timeout: time.Minute, Domain: source.Search{
		BaseDN: "ou={domain_unicode},ou=customers,dc=example,dc=com", Filter: "(objectClass=organizationalUnit)", Scope: source.BaseOnly,
		Attributes: map[string]string{
			"provider": "businessCategory", "display_name": "L", "imap_host": "description", "imap_port": "employeeNumber", "imap_security": "=tls",
		},
	}}
}

func open(t testing.TB, o source.LDAP) *Source {
	t.Helper()
	s, err := New("ldap", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err != nil && strings.Contains(err.Error(), readerPassword) {
		t.Errorf("the error %q holds the password", err)
	}
}

func TestIRedMail(t *testing.T) {
	server := newSlapd(t, "")
	s := open(t, iredmail("ldap://"+server.plain))
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		domain address.Domain
		want   source.Record
		err    string
	}{
		{name: "a domain", domain: "customer.example"},
		{name: "an alias domain", domain: "alias.example", want: source.Record{Canonical: "customer.example"}},
		{name: "an international alias domain", domain: "xn--bcher-kva.example", want: source.Record{Canonical: "customer.example"}},
		{name: "aliases are off", domain: "aliasservice-off.example", err: "not found"},
		{name: "a disabled domain is known", domain: "off.example", want: source.Record{Disabled: true}},
		{name: "mail goes elsewhere", domain: "backup.example", err: "not found"},
		{name: "no mail", domain: "nomail.example", err: "not found"},
		{name: "unknown", domain: "unknown.example", err: "not found"},
		{name: "any", domain: "*", err: "not found"},
		{name: "out of the filter", domain: "*)(objectClass=*", err: "not found"},
		{name: "an alias of two", domain: "shared.example", err: "ldap: domain.filter: matches entries that differ in the attribute domainName"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.Domain(t.Context(), tc.domain)
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			checkError(t, err, tc.err)
		})
	}
	for _, tc := range []struct{ name, local, domain, login, err string }{
		{name: "a mailbox", local: "anna", domain: "customer.example", login: "anna@customer.example"},
		{name: "in another case", local: "ANNA", domain: "customer.example", login: "anna@customer.example"},
		{name: "in an alias domain", local: "anna", domain: "alias.example", login: "anna@customer.example"},
		{name: "disabled", local: "ben", domain: "customer.example", err: "not found"},
		{name: "disabled, in an alias domain", local: "ben", domain: "alias.example", err: "not found"},
		{name: "aliases are off", local: "cleo", domain: "alias.example", err: "not found"},
		{name: "unknown", local: "dora", domain: "customer.example", err: "not found"},
		{name: "in an unknown domain", local: "anna", domain: "unknown.example", err: "not found"},
		{name: "without a local part", domain: "customer.example", err: "not found"},
		{name: "without a domain", local: "anna", err: "not found"},
		{name: "any", local: "*", domain: "customer.example", err: "not found"},
		{name: "out of the filter", local: "*)(uid=*", domain: "customer.example", err: "not found"},
		{name: "with a backslash", local: `\61nna`, domain: "customer.example", err: "not found"},
		{name: "with a placeholder", local: "{local}", domain: "customer.example", err: "not found"},
		{name: "with a NUL", local: "anna\x00", domain: "customer.example", err: "not found"},
		{name: "beyond ASCII", local: "änna", domain: "customer.example", err: "not found"},
	} {
		t.Run("mailbox "+tc.name, func(t *testing.T) {
			got, err := s.Mailbox(t.Context(), address.Address{Local: tc.local, Domain: address.Domain(tc.domain)})
			if want := (source.Record{Login: tc.login}); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			checkError(t, err, tc.err)
		})
	}
}

// checkError requires exactly this error; "" for none.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want || errors.Is(err, source.ErrNotFound) != (want == source.ErrNotFound.Error()) {
		t.Errorf("got the error %q, want %q", got, want)
	}
}

func TestAttributesOfOnesOwn(t *testing.T) {
	server := newSlapd(t, "")
	s := open(t, own("ldap://"+server.plain))
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for domain, tc := range map[address.Domain]struct {
		want source.Record
		err  string
	}{
		"xn--bcher-kva.example": {want: source.Record{Provider: "hoster", Name: "Books", Overrides: []source.Override{
			{Protocol: settings.IMAP, Host: "imap.xn--bcher-kva.example", Port: 1993, Security: settings.TLS},
		}}},
		"same.example":              {want: source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Host: "mail.same.example", Security: settings.TLS}}}},
		"several.example":           {err: "ldap: domain.attributes: the attribute businessCategory has several values; it must have one"},
		"wrong.example":             {err: "ldap: domain.attributes: column imap_port: must be a number from 1 to 65535, is 99999"},
		"long.example":              {err: "ldap: domain.attributes: the answer is longer than 1 MiB"},
		"unknown.example":           {err: "not found"},
		"":                          {err: "not found"},
		"same.example,ou=customers": {err: "not found"},
		"same.example+ou=same":      {err: "not found"},
	} {
		t.Run(string(domain), func(t *testing.T) {
			got, err := s.Domain(t.Context(), domain)
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
			checkError(t, err, tc.err)
		})
	}
	if _, err := s.Mailbox(t.Context(), address.Address{Local: "anna", Domain: "same.example"}); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("a mailbox that is not asked about: %v", err)
	}
}

func TestWaysToTheServer(t *testing.T) {
	server := newSlapd(t, "")
	other := newSlapd(t, "") // another authority
	host := strings.Replace(server.secured, "127.0.0.1", "localhost", 1)
	for _, tc := range []struct {
		name   string
		change func(*source.LDAP)
		want   string // "" when it works
	}{
		{"without encryption", func(o *source.LDAP) { o.URL = "ldap://" + server.plain }, ""},
		{"nobody", func(o *source.LDAP) { o.BindDN, o.BindPassword = "", "" }, ""},
		{"by TLS", func(o *source.LDAP) { o.URL, o.CAFile = "ldaps://"+server.secured, server.path("ca.pem") }, ""},
		{"by StartTLS", func(o *source.LDAP) { o.StartTLS, o.CAFile = true, server.path("ca.pem") }, ""},
		{"by a socket", func(o *source.LDAP) { o.URL = server.socket() }, ""},
		{"by a socket as older programs write it", func(o *source.LDAP) { o.URL = "ldapi://" + server.path("ldapi") }, ""},
		{"an authority that the system does not know", func(o *source.LDAP) { o.URL = "ldaps://" + server.secured },
			"the certificate of the LDAP server is not trusted: x509: certificate signed by unknown authority"},
		{"another authority, by StartTLS", func(o *source.LDAP) { o.StartTLS, o.CAFile = true, other.path("ca.pem") },
			"the certificate of the LDAP server is not trusted: x509: certificate signed by unknown authority"},
		{"another name", func(o *source.LDAP) { o.URL, o.CAFile = "ldaps://"+host, server.path("ca.pem") },
			"the certificate of the LDAP server is not trusted: x509: certificate is not valid for any names, but wanted to match localhost; ca_file must contain its authority, and url must name a host that it is valid for"},
		{"TLS at the port without", func(o *source.LDAP) { o.URL = "ldaps://" + server.plain }, "TLS with the LDAP server failed: "},
		{"no TLS at the port with", func(o *source.LDAP) { o.URL = "ldap://" + server.secured }, "the connection to the LDAP server was lost"},
		{"a wrong password", func(o *source.LDAP) { o.BindPassword = "wrong" }, "the LDAP server rejected bind_dn or bind_password"},
		{"an unknown user", func(o *source.LDAP) { o.BindDN = "cn=nobody,dc=example,dc=com" }, "the LDAP server rejected bind_dn or bind_password"},
		{"a user that is no DN", func(o *source.LDAP) { o.BindDN = "waymark" }, "the LDAP server rejected bind_dn: result 34, Invalid DN Syntax"},
		{"no such base", func(o *source.LDAP) { o.Domain.BaseDN = "o=domainz,dc=example,dc=com" }, "domain.base_dn: no such entry, or bind_dn may not read it"},
		{"no such suffix", func(o *source.LDAP) { o.Domain.BaseDN = "o=domains,dc=example,dc=org" }, "domain.base_dn: no such entry, or bind_dn may not read it"},
		{"a base that may not be read", func(o *source.LDAP) { o.Domain.BaseDN = "ou=hidden,dc=example,dc=com" }, "domain.base_dn: no such entry, or bind_dn may not read it"},
		{"no such base below the placeholder", func(o *source.LDAP) { o.Mailbox.BaseDN = "domainName={domain},o=domainz,dc=example,dc=com" },
			"mailbox.base_dn: no such entry, or bind_dn may not read it"},
		{"a base below the placeholder", func(o *source.LDAP) { o.Mailbox.BaseDN = "domainName={domain},o=domains,dc=example,dc=com" }, ""},
		{"an unknown attribute in the base", func(o *source.LDAP) { o.Domain.BaseDN = "nonsense=a,dc=example,dc=com" }, "domain.base_dn: contains an attribute that the LDAP server does not know"},
		{"a filter that finds everything", func(o *source.LDAP) { o.Domain.Filter = "(|(objectClass=*)(domainName={domain}))" }, "domain.filter: matches a domain that cannot exist"},
		{"a filter that finds one entry", func(o *source.LDAP) { o.Mailbox.Filter = "(|(uid=anna)(mail={address}))" }, "mailbox.filter: matches a mailbox that cannot exist"},
		{"no index", func(o *source.LDAP) { o.BindDN, o.Domain.Filter = limited, "(enabledService={domain})" },
			"domain.filter: the LDAP server gave up; the attributes may need an index"},
		{"nobody listens", func(o *source.LDAP) { o.URL = "ldap://127.0.0.1:" + programs.FreePort(t) }, "the LDAP server cannot be reached: dial tcp 127.0.0.1:"},
		{"no socket", func(o *source.LDAP) { o.URL = "ldapi://%2Fnowhere" }, "the LDAP server cannot be reached: dial unix /nowhere: connect: no such file or directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := iredmail("ldap://" + server.plain)
			tc.change(&o)
			s := open(t, o)
			err := s.Check(t.Context())
			if tc.want != "" {
				wantError(t, err, tc.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Domain(t.Context(), "alias.example"); err != nil || got.Canonical != "customer.example" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestServersThatWantMore(t *testing.T) {
	for name, tc := range map[string]struct {
		extra  string
		change func(*source.LDAP)
		want   string
	}{
		"a user": {"require authc", func(o *source.LDAP) { o.BindDN, o.BindPassword = "", "" },
			"the LDAP server refuses searches without a bind_dn: result 53, Unwilling To Perform"},
		"encryption": {"security tls=1", func(*source.LDAP) {}, "the LDAP server requires TLS for a password; use ldaps:// or start_tls"},
		"another server": {"referral ldap://other.example/", func(o *source.LDAP) { o.Domain.BaseDN = "dc=elsewhere" },
			"domain.base_dn: the LDAP server refers to another server; put that one in url"},
	} {
		t.Run(name, func(t *testing.T) {
			o := iredmail("ldap://" + newSlapd(t, tc.extra).plain)
			tc.change(&o)
			wantError(t, open(t, o).Check(t.Context()), tc.want)
		})
	}
}

func TestTheServerGoesAndComesBack(t *testing.T) {
	server := newSlapd(t, "")
	server.stop()
	s := open(t, iredmail("ldap://"+server.plain))
	ask := func() error {
		_, err := s.Domain(t.Context(), "customer.example")
		return err
	}
	wantError(t, ask(), "the LDAP server cannot be reached: ")
	wantError(t, s.Check(t.Context()), "the LDAP server cannot be reached: ")

	server.start()
	if err := ask(); err != nil {
		t.Fatalf("down at the start, now up: %v", err)
	}
	server.stop()
	server.start()
	if err := ask(); err != nil {
		t.Fatalf("restarted between two lookups: %v", err)
	}
	server.stop()
	if err := ask(); err == nil || errors.Is(err, source.ErrNotFound) {
		t.Fatalf("down again: %v", err)
	}
	server.start()
	if err := ask(); err != nil {
		t.Fatalf("up again: %v", err)
	}
}

// TestADeadConnectionIsReplacedOnce breaks the connection under the source, so
// that it learns of it by asking.
func TestADeadConnectionIsReplacedOnce(t *testing.T) {
	server := newSlapd(t, "")
	s := open(t, iredmail("ldap://"+server.plain))
	for _, hurt := range []func(*conn){
		func(c *conn) { _ = c.ldap.Close() },
		func(c *conn) { c.idleSince = c.idleSince.Add(-2 * maxIdle) },
		func(c *conn) { _ = c.wire.Conn.(*net.TCPConn).CloseWrite() },
	} {
		if _, err := s.Domain(t.Context(), "customer.example"); err != nil {
			t.Fatal(err)
		}
		hurt(s.pool.idle[0])
		if _, err := s.Domain(t.Context(), "customer.example"); err != nil {
			t.Errorf("a connection that died is not replaced: %v", err)
		}
	}
	server.stop()
	if n := server.count(" method=128"); n != 4 {
		t.Errorf("there were %d connections, want 4: the first, and one for each that died", n)
	}
}

func TestASlowServer(t *testing.T) {
	server := newSlapd(t, "")
	o := iredmail("ldap://" + server.plain)
	o.Connections = 1
	patient := open(t, o)
	hasty := &Source{name: "ldap", timeout: 200 * time.Millisecond, domain: patient.domain, pool: patient.pool}
	ask := func(ctx context.Context, s *Source) error {
		_, err := s.Domain(ctx, "customer.example")
		return err
	}
	checkError(t, ask(t.Context(), patient), "")

	server.pause()
	checkError(t, ask(t.Context(), hasty), "ldap: the LDAP server did not answer in time") // on a connection that was there
	checkError(t, ask(t.Context(), hasty), "ldap: the LDAP server did not answer in time") // on a new one

	ctx, giveUp := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() { waiting <- ask(ctx, patient) }()
	for len(patient.pool.slots) == 0 {
		runtime.Gosched()
	}
	checkError(t, ask(t.Context(), hasty), "ldap: too many lookups at a time: none of the 1 connections to the LDAP server became free in time")
	giveUp()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who gave up got %v", err)
	}

	server.resume()
	checkError(t, ask(t.Context(), patient), "")
}

func TestConnectionsAreBoundedAndShared(t *testing.T) {
	server := newSlapd(t, "")
	s := open(t, iredmail("ldap://"+server.plain))
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if _, err := s.Domain(t.Context(), "customer.example"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(s.pool.idle); n == 0 || n > DefaultConnections {
		t.Errorf("%d connections are kept", n)
	}
	_ = s.Close()
	_, err := s.Domain(t.Context(), "customer.example")
	checkError(t, err, "ldap: the source is closed")
	server.stop()
	if n := server.count(" method=128"); n == 0 || n > DefaultConnections {
		t.Errorf("200 lookups at once made %d connections", n)
	}
	if n := server.count(" SRCH base="); n != 200 {
		t.Errorf("200 lookups made %d searches", n)
	}
}

// BenchmarkDomain is one lookup on an open connection.
func BenchmarkDomain(b *testing.B) {
	s := open(b, iredmail("ldap://"+newSlapd(b, "").plain))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Domain(b.Context(), "customer.example"); err != nil {
			b.Fatal(err)
		}
	}
}

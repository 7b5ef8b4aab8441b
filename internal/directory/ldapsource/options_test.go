//go:build unix

package ldapsource

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

func TestWhatIsWrongWithOptions(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*Options)
		want   string // "" for nothing
	}{
		{"nothing", func(*Options) {}, ""},
		{"nothing by ldaps", func(o *Options) { o.URL = "ldaps://ldap.example:1636/" }, ""},
		{"nothing by StartTLS", func(o *Options) { o.URL, o.StartTLS = "ldap://ldap.example", true }, ""},
		{"nothing without a user", func(o *Options) { o.URL, o.BindDN, o.BindPassword = "ldap://ldap.example", "", "" }, ""},
		{"nothing by the usual socket", func(o *Options) { o.URL = "ldapi:///" }, ""},
		{"nothing on this machine", func(o *Options) { o.URL = "ldap://[::1]:1389" }, ""},

		{"no URL", func(o *Options) { o.URL = "" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"no scheme", func(o *Options) { o.URL = "ldap.example:389" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"another scheme", func(o *Options) { o.URL = "cldap://ldap.example" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"no host", func(o *Options) { o.URL = "ldap:///" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"a user in the URL", func(o *Options) { o.URL = "ldap://me:secret@ldap.example" }, "url: must hold no user; that is bind_dn and bind_password"},
		{"a base in the URL", func(o *Options) { o.URL = "ldap://ldap.example/dc=example,dc=com" }, "url: must end behind the host and the port; the base is base_dn"},
		{"no port", func(o *Options) { o.URL = "ldap://127.0.0.1:0" }, "url: has a port that is not a number from 1 to 65535"},
		{"too high a port", func(o *Options) { o.URL = "ldap://127.0.0.1:65536" }, "url: has a port that is not a number from 1 to 65535"},
		{"a socket somewhere", func(o *Options) { o.URL = "ldapi://socket" }, "url: must name the socket such as ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi"},
		{"a socket that is not encoded", func(o *Options) { o.URL = "ldapi://%zz" }, "url: must name the socket such as ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi"},

		{"StartTLS on TLS", func(o *Options) { o.URL, o.StartTLS = "ldaps://ldap.example", true }, "start_tls: goes with ldap:// only, not with ldaps://"},
		{"StartTLS on a socket", func(o *Options) { o.URL, o.StartTLS = "ldapi:///", true }, "start_tls: goes with ldap:// only, not with ldapi://"},
		{"authorities without TLS", func(o *Options) { o.CAFile = empty }, "ca_file: the connection has no TLS; use ldaps:// or start_tls"},
		{"a file without authorities", func(o *Options) { o.StartTLS, o.CAFile = true, empty }, "ca_file: has no certificate in PEM form"},
		{"no file", func(o *Options) { o.StartTLS, o.CAFile = true, "/nowhere" }, "ca_file: open /nowhere: no such file or directory"},

		{"a password without a user", func(o *Options) { o.BindDN = "" }, "bind_password: there is no bind_dn that it belongs to"},
		{"a user without a password", func(o *Options) { o.BindPassword = "" }, "bind_dn: has no bind_password"},
		{"a password for all to see", func(o *Options) { o.URL = "ldap://127.0.0.1.example" },
			"bind_password: would travel unencrypted; use ldaps:// or start_tls"},

		{"no time", func(o *Options) { o.Timeout = -1 }, "timeout: must be more than 0"},
		{"no connections", func(o *Options) { o.MaxConnections = -1 }, "connections: must be more than 0"},

		{"no base", func(o *Options) { o.Domain.BaseDN = "" }, "domain.base_dn: is missing"},
		{"a base that is no DN", func(o *Options) { o.Domain.BaseDN = "example.com" }, "domain.base_dn: is not a valid DN: "},
		{"a placeholder as a type of the base", func(o *Options) { o.Domain.BaseDN = "{domain}=a,dc=example,dc=com" },
			"domain.base_dn: has a placeholder in the name of an attribute; it can only stand in a value"},
		{"a backslash before a placeholder in the base", func(o *Options) { o.Domain.BaseDN = `ou=\{domain},dc=example,dc=com` }, "domain.base_dn: is not a valid DN: "},
		{"no filter", func(o *Options) { o.Mailbox.Filter = "" }, "mailbox.filter: is missing"},
		{"too long a filter", func(o *Options) { o.Domain.Filter = "(ou={domain}" + strings.Repeat(" ", 4096) + ")" }, "domain.filter: is longer than 4096 octets"},
		{"a filter without brackets", func(o *Options) { o.Domain.Filter = "ou={domain}" }, "domain.filter: is not a valid LDAP filter: filter does not start with an '('"},
		{"a filter that does not end", func(o *Options) { o.Domain.Filter = "(&(ou={domain})" }, "domain.filter: is not a valid LDAP filter: unexpected end of filter"},
		{"two filters", func(o *Options) { o.Domain.Filter = "(ou={domain})(a=b)" }, "domain.filter: is not a valid LDAP filter: finished compiling filter with extra at end: (a=b)"},
		{"a filter without a placeholder", func(o *Options) { o.Domain.Filter = "(ou=*)" },
			"domain.filter: has no placeholder and so finds the same for everybody; put {domain} or {domain_unicode} in it"},
		{"a filter for mailboxes that names the domain only", func(o *Options) { o.Mailbox.Filter = "(mail=*@{domain})" },
			"mailbox.filter: has no placeholder and so finds the same for everybody; put {address} or {local} in it"},
		{"an address of a domain", func(o *Options) { o.Domain.Filter = "(mail={address})" },
			"domain.filter: has the unknown placeholder {address}; known are {domain} {domain_unicode}"},
		{"an unknown placeholder", func(o *Options) { o.Mailbox.Filter = "(mail={user}@{domain})" },
			"mailbox.filter: has the unknown placeholder {user}; known are {address} {local} {domain} {domain_unicode}"},
		{"a placeholder of Postfix", func(o *Options) { o.Domain.Filter = "(domainName=%s)" },
			"domain.filter: has no placeholder and so finds the same for everybody; put {domain} or {domain_unicode} in it"},
		{"a single brace", func(o *Options) { o.Domain.Filter = "(ou={domain)" },
			`domain.filter: has a brace that belongs to no placeholder; write \7b for { and \7d for }`},
		{"a placeholder as an attribute", func(o *Options) { o.Mailbox.Filter = "({local}=a)" },
			"mailbox.filter: has a placeholder in the name of an attribute; it can only stand in a value"},
		{"a placeholder as a presence", func(o *Options) { o.Mailbox.Filter = "({local}=*)" },
			"mailbox.filter: has a placeholder in the name of an attribute; it can only stand in a value"},
		{"a placeholder as a rule", func(o *Options) { o.Mailbox.Filter = "(mail:{local}:=a)" },
			"mailbox.filter: has a placeholder in the name of an attribute; it can only stand in a value"},
		{"a placeholder as a clause", func(o *Options) { o.Mailbox.Filter = "(&{local})" }, "mailbox.filter: is not a valid LDAP filter: expected ')' at position 2"},
		{"a backslash before a placeholder", func(o *Options) { o.Mailbox.Filter = `(mail=\{local})` }, "mailbox.filter: is not a valid LDAP filter: "},
		{"half an escape before a placeholder", func(o *Options) { o.Mailbox.Filter = `(mail=\4{local})` }, "mailbox.filter: is not a valid LDAP filter: "},
		{"an attribute with a space", func(o *Options) { o.Domain.Filter = "(& (ou={domain}))" }, "domain.filter: is not a valid LDAP filter: "},
		{"an attribute with a space in front", func(o *Options) { o.Domain.Filter = "( ou={domain})" }, `domain.filter: has " ou" where the name of an attribute must be`},
		{"an unknown scope", func(o *Options) { o.Domain.Scope = "subtree" }, "domain.scope: must be sub, one or base"},
		{"an unknown column", func(o *Options) { o.Domain.Attributes = map[string]string{"imaphost": "l"} }, `domain.attributes: unknown column "imaphost"; known are `},
		{"a column twice", func(o *Options) { o.Domain.Attributes = map[string]string{"login": "uid", "Login": "mail"} }, `domain.attributes: the column "login" is there twice`},
		{"no attribute", func(o *Options) { o.Mailbox.Attributes = map[string]string{"login": ""} }, `mailbox.attributes: column login: "" is not the name of an attribute`},
		{"several attributes", func(o *Options) { o.Mailbox.Attributes = map[string]string{"login": "uid, mail"} }, `mailbox.attributes: column login: "uid, mail" is not the name of an attribute`},
		{"a wrong constant", func(o *Options) { o.Domain.Attributes = map[string]string{"imap_port": "=imap"} }, "domain.attributes: column imap_port: must be a number from 1 to 65535"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			domain, mailbox := IRedMail("o=domains,dc=example,dc=com")
			o := Options{URL: "ldap://127.0.0.1", BindDN: reader, BindPassword: readerPassword, Domain: domain, Mailbox: &mailbox}
			tc.change(&o)
			s, err := New(o)
			if tc.want != "" {
				wantError(t, err, "ldap: "+tc.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestEverythingWrongIsReportedAtOnce(t *testing.T) {
	_, err := New(Options{Name: "mine", URL: "ldap://ldap.example", BindPassword: "secret", StartTLS: true, Domain: Search{Scope: "all"}, Mailbox: &Search{Filter: "(mail={address})"}})
	checkError(t, err, strings.Join([]string{
		"mine: bind_password: there is no bind_dn that it belongs to",
		"mine: domain.base_dn: is missing",
		"mine: domain.filter: is missing",
		"mine: domain.scope: must be sub, one or base",
		"mine: mailbox.base_dn: is missing",
	}, "\n"))
}

func TestAddressesOfServers(t *testing.T) {
	for url, want := range map[string]string{
		"ldap://ldap.example":              "tcp ldap.example:389",
		"ldap://ldap.example/":             "tcp ldap.example:389",
		"ldaps://ldap.example":             "tcp ldap.example:636",
		"ldap://[2001:db8::1]:1389":        "tcp [2001:db8::1]:1389",
		"ldapi://":                         "unix /var/run/slapd/ldapi",
		"ldapi:///":                        "unix /var/run/slapd/ldapi",
		"ldapi:///run/ldapi":               "unix /run/ldapi",
		"ldapi://%2Frun%2Fldapi%20of%20me": "unix /run/ldapi of me",
		"ldapi://%2Frun%2Fldapi/":          "unix /run/ldapi",
	} {
		var s server
		if _, _, err := s.parseURL(url); err != nil || s.network+" "+s.address != want {
			t.Errorf("%s: got %s %s, %v; want %s", url, s.network, s.address, err, want)
		}
	}
}

func TestASearchWithoutColumnsAsksForNoAttributes(t *testing.T) {
	o := own("ldap://127.0.0.1")
	o.Domain.Attributes = map[string]string{"provider": "=hoster"}
	s := open(t, o)
	if got := s.domain.request(address.Address{Domain: "a.example"}).Attributes; !slices.Equal(got, []string{"1.1"}) {
		t.Errorf("it asks for %q", got)
	}
}

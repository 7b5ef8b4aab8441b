//go:build unix

package ldapsource

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

func TestWhatIsWrongWithOptions(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*source.LDAP)
		want   string // "" for nothing
	}{
		{"nothing", func(*source.LDAP) {}, ""},
		{"nothing by ldaps", func(o *source.LDAP) { o.URL = "ldaps://ldap.example:1636/" }, ""},
		{"nothing by StartTLS", func(o *source.LDAP) { o.URL, o.StartTLS = "ldap://ldap.example", true }, ""},
		{"nothing without a user", func(o *source.LDAP) { o.URL, o.BindDN, o.BindPassword = "ldap://ldap.example", "", "" }, ""},
		{"nothing by the usual socket", func(o *source.LDAP) { o.URL = "ldapi:///" }, ""},
		{"nothing on this machine", func(o *source.LDAP) { o.URL = "ldap://[::1]:1389" }, ""},

		{"no URL", func(o *source.LDAP) { o.URL = "" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"no scheme", func(o *source.LDAP) { o.URL = "ldap.example:389" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"another scheme", func(o *source.LDAP) { o.URL = "cldap://ldap.example" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"no host", func(o *source.LDAP) { o.URL = "ldap:///" }, "url: must be ldap://host, ldaps://host or ldapi://socket"},
		{"a user in the URL", func(o *source.LDAP) { o.URL = "ldap://me:secret@ldap.example" }, "url: must not contain a user; use bind_dn and bind_password"},
		{"a base in the URL", func(o *source.LDAP) { o.URL = "ldap://ldap.example/dc=example,dc=com" }, "url: must end after the host and port; the base belongs in base_dn"},
		{"no port", func(o *source.LDAP) { o.URL = "ldap://127.0.0.1:0" }, "url: has a port that is not a number from 1 to 65535"},
		{"too high a port", func(o *source.LDAP) { o.URL = "ldap://127.0.0.1:65536" }, "url: has a port that is not a number from 1 to 65535"},
		{"a socket somewhere", func(o *source.LDAP) { o.URL = "ldapi://socket" }, "url: must name the socket, such as ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi"},
		{"a socket that is not encoded", func(o *source.LDAP) { o.URL = "ldapi://%zz" }, "url: must name the socket, such as ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi"},

		{"StartTLS on TLS", func(o *source.LDAP) { o.URL, o.StartTLS = "ldaps://ldap.example", true }, "start_tls: requires ldap://, not ldaps://"},
		{"StartTLS on a socket", func(o *source.LDAP) { o.URL, o.StartTLS = "ldapi:///", true }, "start_tls: requires ldap://, not ldapi://"},
		{"authorities without TLS", func(o *source.LDAP) { o.CAFile = empty }, "ca_file: the connection has no TLS; use ldaps:// or start_tls"},
		{"a file without authorities", func(o *source.LDAP) { o.StartTLS, o.CAFile = true, empty }, "ca_file: contains no PEM certificate"},
		{"no file", func(o *source.LDAP) { o.StartTLS, o.CAFile = true, "/nowhere" }, "ca_file: open /nowhere: no such file or directory"},

		{"a password without a user", func(o *source.LDAP) { o.BindDN = "" }, "bind_password: requires bind_dn"},
		{"a user without a password", func(o *source.LDAP) { o.BindPassword = "" }, "bind_dn: requires bind_password"},
		{"a password for all to see", func(o *source.LDAP) { o.URL = "ldap://127.0.0.1.example" },
			"bind_password: would be sent unencrypted; use ldaps:// or start_tls"},

		{"no time", func(o *source.LDAP) { o.Timeout = -1 }, "timeout: must be more than 0"},
		{"no connections", func(o *source.LDAP) { o.Connections = -1 }, "connections: must be more than 0"},

		{"no base", func(o *source.LDAP) { o.Domain.BaseDN = "" }, "domain.base_dn: is missing"},
		{"a base that is no DN", func(o *source.LDAP) { o.Domain.BaseDN = "example.com" }, "domain.base_dn: is not a valid DN: "},
		{"a placeholder as a type of the base", func(o *source.LDAP) { o.Domain.BaseDN = "{domain}=a,dc=example,dc=com" },
			"domain.base_dn: contains a placeholder in an attribute name; placeholders are allowed in values only"},
		{"a backslash before a placeholder in the base", func(o *source.LDAP) { o.Domain.BaseDN = `ou=\{domain},dc=example,dc=com` }, "domain.base_dn: is not a valid DN: "},
		{"no filter", func(o *source.LDAP) { o.Mailbox.Filter = "" }, "mailbox.filter: is missing"},
		{"too long a filter", func(o *source.LDAP) { o.Domain.Filter = "(ou={domain}" + strings.Repeat(" ", 4096) + ")" }, "domain.filter: is longer than 4096 octets"},
		{"a filter without brackets", func(o *source.LDAP) { o.Domain.Filter = "ou={domain}" }, "domain.filter: is not a valid LDAP filter: filter does not start with an '('"},
		{"a filter that does not end", func(o *source.LDAP) { o.Domain.Filter = "(&(ou={domain})" }, "domain.filter: is not a valid LDAP filter: unexpected end of filter"},
		{"two filters", func(o *source.LDAP) { o.Domain.Filter = "(ou={domain})(a=b)" }, "domain.filter: is not a valid LDAP filter: finished compiling filter with extra at end: (a=b)"},
		{"a filter without a placeholder", func(o *source.LDAP) { o.Domain.Filter = "(ou=*)" },
			"domain.filter: must contain {domain} or {domain_unicode}, or it would match the same entry for everybody"},
		{"a filter for mailboxes that names the domain only", func(o *source.LDAP) { o.Mailbox.Filter = "(mail=*@{domain})" },
			"mailbox.filter: must contain {address} or {local}, or it would match the same entry for everybody"},
		{"an address of a domain", func(o *source.LDAP) { o.Domain.Filter = "(mail={address})" },
			"domain.filter: unknown placeholder {address}; available here: {domain}, {domain_unicode}"},
		{"an unknown placeholder", func(o *source.LDAP) { o.Mailbox.Filter = "(mail={user}@{domain})" },
			"mailbox.filter: unknown placeholder {user}; available here: {address}, {local}, {domain}, {domain_unicode}"},
		{"a placeholder of Postfix", func(o *source.LDAP) { o.Domain.Filter = "(domainName=%s)" },
			"domain.filter: must contain {domain} or {domain_unicode}, or it would match the same entry for everybody"},
		{"a single brace", func(o *source.LDAP) { o.Domain.Filter = "(ou={domain)" },
			`domain.filter: contains a brace outside a placeholder; write \7b for { and \7d for }`},
		{"a placeholder as an attribute", func(o *source.LDAP) { o.Mailbox.Filter = "({local}=a)" },
			"mailbox.filter: contains a placeholder in an attribute name; placeholders are allowed in values only"},
		{"a placeholder as a presence", func(o *source.LDAP) { o.Mailbox.Filter = "({local}=*)" },
			"mailbox.filter: contains a placeholder in an attribute name; placeholders are allowed in values only"},
		{"a placeholder as a rule", func(o *source.LDAP) { o.Mailbox.Filter = "(mail:{local}:=a)" },
			"mailbox.filter: contains a placeholder in an attribute name; placeholders are allowed in values only"},
		{"a placeholder as a clause", func(o *source.LDAP) { o.Mailbox.Filter = "(&{local})" }, "mailbox.filter: is not a valid LDAP filter: expected ')' at position 2"},
		{"a backslash before a placeholder", func(o *source.LDAP) { o.Mailbox.Filter = `(mail=\{local})` }, "mailbox.filter: is not a valid LDAP filter: "},
		{"half an escape before a placeholder", func(o *source.LDAP) { o.Mailbox.Filter = `(mail=\4{local})` }, "mailbox.filter: is not a valid LDAP filter: "},
		{"an attribute with a space", func(o *source.LDAP) { o.Domain.Filter = "(& (ou={domain}))" }, "domain.filter: is not a valid LDAP filter: "},
		{"an attribute with a space in front", func(o *source.LDAP) { o.Domain.Filter = "( ou={domain})" }, `domain.filter: contains " ou" in place of an attribute name`},
		{"an unknown scope", func(o *source.LDAP) { o.Domain.Scope = "subtree" }, "domain.scope: must be sub, one or base"},
		{"an unknown column", func(o *source.LDAP) { o.Domain.Attributes = map[string]string{"imaphost": "l"} }, `domain.attributes: unknown column "imaphost"; known: `},
		{"a column twice", func(o *source.LDAP) { o.Domain.Attributes = map[string]string{"login": "uid", "Login": "mail"} }, `domain.attributes: duplicate column "login"`},
		{"no attribute", func(o *source.LDAP) { o.Mailbox.Attributes = map[string]string{"login": ""} }, `mailbox.attributes: column login: "" is not an attribute name`},
		{"several attributes", func(o *source.LDAP) { o.Mailbox.Attributes = map[string]string{"login": "uid, mail"} }, `mailbox.attributes: column login: "uid, mail" is not an attribute name`},
		{"a wrong constant", func(o *source.LDAP) { o.Domain.Attributes = map[string]string{"imap_port": "=imap"} }, "domain.attributes: column imap_port: must be a number from 1 to 65535"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			domain, mailbox := preset.LDAP("o=domains,dc=example,dc=com")
			o := source.LDAP{URL: "ldap://127.0.0.1", BindDN: reader, BindPassword: readerPassword, Domain: domain, Mailbox: &mailbox}
			tc.change(&o)
			s, err := New("ldap", o)
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
	_, err := New("mine", source.LDAP{URL: "ldap://ldap.example", BindPassword: "secret", StartTLS: true, Domain: source.Search{Scope: "all"}, Mailbox: &source.Search{Filter: "(mail={address})"}})
	checkError(t, err, strings.Join([]string{
		"mine: bind_password: requires bind_dn",
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

package dnsrecords

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/test/dnstest"
)

// wanted has a record of every kind.
func wanted() Set {
	srv := func(label string, priority, port uint16, target string) Record {
		return Record{Name: label + ".example.com.", Type: SRV, Priority: priority, Weight: 1, Port: port, Value: target}
	}
	return Set{Domain: "example.com", Records: []Record{
		{Name: "autoconfig.example.com.", Type: CNAME, Value: "waymark.example.net."},
		{Name: "_ua-auto-config.example.com.", Type: TXT, Value: "v=UAAC1; a=sha256; d=AAAA"},
		srv("_imaps._tcp", 0, 993, "mail.example.com."),
		srv("_submissions._tcp", 0, 465, "mail.example.com."),
		srv("_caldavs._tcp", 0, 443, "dav.example.com."),
		{Name: "_caldavs._tcp.example.com.", Type: TXT, Value: "path=/dav/"},
	}}
}

const publishedWell = `
autoconfig.example.com.        IN CNAME waymark.example.net.
waymark.example.net.           IN A     192.0.2.1
waymark.example.net.           IN AAAA  2001:db8::1
_ua-auto-config.example.com.   IN TXT   "v=UAAC1; a=sha256; d=AAAA"
_imaps._tcp.example.com.       IN SRV   0 1 993 mail.example.com.
_submissions._tcp.example.com. IN SRV   0 1 465 mail.example.com.
_caldavs._tcp.example.com.     IN SRV   0 1 443 dav.example.com.
_caldavs._tcp.example.com.     IN TXT   "path=/dav/"
`

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		name   string
		remove []string // a name, then types
		add    string
		want   string
	}{
		{name: "all is published"},
		{name: "a record is missing", remove: []string{"_submissions._tcp.example.com"},
			want: "missing    _submissions._tcp.example.com. SRV 0 1 465 mail.example.com.\n"},
		{name: "an alias is missing", remove: []string{"autoconfig.example.com"},
			want: "missing    autoconfig.example.com. CNAME waymark.example.net.\n"},
		{name: "an alias leads elsewhere", remove: []string{"autoconfig.example.com"}, add: "autoconfig.example.com. IN CNAME old.example.net.",
			want: "wrong      autoconfig.example.com. CNAME old.example.net.\n  instead  autoconfig.example.com. CNAME waymark.example.net.\n"},
		{name: "neither alias has an address", remove: []string{"waymark.example.net"}, add: "x.example.net. IN A 192.0.2.7\nautoconfig.example.com. IN CNAME old.example.net.",
			want: "left over  autoconfig.example.com. CNAME old.example.net.\n"},
		{name: "other addresses in place of an alias", remove: []string{"autoconfig.example.com"}, add: "autoconfig.example.com. IN A 192.0.2.9",
			want: "wrong      autoconfig.example.com. A 192.0.2.9\n  instead  autoconfig.example.com. CNAME waymark.example.net.\n"},
		{name: "the addresses of the target in place of an alias", remove: []string{"autoconfig.example.com"},
			add: "autoconfig.example.com. IN AAAA 2001:db8::1\nautoconfig.example.com. IN A 192.0.2.1"},
		{name: "only one of the addresses of the target", remove: []string{"autoconfig.example.com"}, add: "autoconfig.example.com. IN A 192.0.2.1",
			want: "wrong      autoconfig.example.com. A 192.0.2.1\n  instead  autoconfig.example.com. CNAME waymark.example.net.\n"},
		{name: "another port", remove: []string{"_imaps._tcp.example.com"}, add: "_imaps._tcp.example.com. IN SRV 0 1 143 mail.example.com.",
			want: "wrong      _imaps._tcp.example.com. SRV 0 1 143 mail.example.com.\n  instead  _imaps._tcp.example.com. SRV 0 1 993 mail.example.com.\n"},
		{name: "another weight, target in capitals", remove: []string{"_imaps._tcp.example.com"}, add: "_imaps._tcp.example.com. 60 IN SRV 0 5 993 MAIL.example.com."},
		{name: "another server beside the wanted one", add: "_imaps._tcp.example.com. IN SRV 10 1 993 old.example.com.",
			want: "left over  _imaps._tcp.example.com. SRV 10 1 993 old.example.com.\n"},
		{name: "a mail service that the settings do not have", add: "_pop3s._tcp.example.com. IN SRV 0 1 995 old.example.com.",
			want: "left over  _pop3s._tcp.example.com. SRV 0 1 995 old.example.com.\n"},
		{name: "a denied mail service", add: "_pop3s._tcp.example.com. IN SRV 0 0 0 ."},
		{name: "contacts that the settings do not have", add: "_carddavs._tcp.example.com. IN SRV 0 1 443 cloud.example.com."},
		{name: "the digest of another document", remove: []string{"_ua-auto-config.example.com"}, add: `_ua-auto-config.example.com. IN TXT "v=UAAC1; a=sha256; d=BBBB"`,
			want: "wrong      _ua-auto-config.example.com. TXT \"v=UAAC1; a=sha256; d=BBBB\"\n  instead  _ua-auto-config.example.com. TXT \"v=UAAC1; a=sha256; d=AAAA\"\n"},
		{name: "the digest of an old document beside the new one", add: `_ua-auto-config.example.com. IN TXT "v=UAAC1; a=sha256; d=BBBB"`,
			want: "left over  _ua-auto-config.example.com. TXT \"v=UAAC1; a=sha256; d=BBBB\"\n"},
		{name: "the same digest in other words", remove: []string{"_ua-auto-config.example.com"}, add: `_ua-auto-config.example.com. IN TXT "v=UAAC1;d=AAAA ;a=sha256;"`},
		{name: "another context path", remove: []string{"_caldavs._tcp.example.com", "TXT"}, add: `_caldavs._tcp.example.com. IN TXT "path=/old/"`,
			want: "wrong      _caldavs._tcp.example.com. TXT \"path=/old/\"\n  instead  _caldavs._tcp.example.com. TXT \"path=/dav/\"\n"},
		{name: "a text for something else", add: `_caldavs._tcp.example.com. IN TXT "unrelated"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := dnstest.Start(t, publishedWell)
			if len(tc.remove) > 0 {
				server.Remove(tc.remove[0], tc.remove[1:]...)
			}
			server.Add(t, tc.add)
			resolver, err := dnslookup.New(server.Addr)
			if err != nil {
				t.Fatal(err)
			}
			d, err := wanted().Compare(t.Context(), resolver)
			if err != nil || d.Text() != tc.want || d.Any() != (tc.want != "") {
				t.Errorf("%v\n%s", err, d.Text())
			}
		})
	}
}

// TestCompareAtAuthoritativeServer: it does not know the target of an alias.
func TestCompareAtAuthoritativeServer(t *testing.T) {
	server := dnstest.Start(t, strings.Replace(publishedWell, "waymark.example.net.           IN", "other.example.net. IN", 2))
	server.Authoritative()
	server.Fail("waymark.example.net", "REFUSED")
	resolver, err := dnslookup.New(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	d, err := wanted().Compare(t.Context(), resolver)
	if err != nil || d.Any() {
		t.Errorf("%v\n%s", err, d.Text())
	}
}

// TestCompareNeedsAnswers: a name that cannot be looked up is not missing.
func TestCompareNeedsAnswers(t *testing.T) {
	server := dnstest.Start(t, publishedWell)
	server.Fail("_imaps._tcp.example.com", "SERVFAIL")
	resolver, err := dnslookup.New(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wanted().Compare(t.Context(), resolver); err == nil || !strings.HasSuffix(err.Error(), "returned SERVFAIL") {
		t.Errorf("%v", err)
	}
}

package dialect

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

func asked(host, rawQuery string) *http.Request {
	return &http.Request{Host: host, URL: &url.URL{Path: "/", RawQuery: rawQuery}}
}

func TestHostDomain(t *testing.T) {
	for _, tc := range []struct {
		name, host   string
		wantName     address.Domain
		wantDomainOf address.Domain
	}{
		{"the domain itself", "example.com", "example.com", "example.com"},
		{"autoconfig", "autoconfig.example.com", "autoconfig.example.com", "example.com"},
		{"autodiscover", "autodiscover.example.com", "autodiscover.example.com", "example.com"},
		{"ua-auto-config", "ua-auto-config.example.com", "ua-auto-config.example.com", "example.com"},
		{"mta-sts", "mta-sts.example.com", "mta-sts.example.com", "example.com"},
		{"another label stays", "mail.example.com", "mail.example.com", "mail.example.com"},
		{"one label is taken off, not two", "autoconfig.autodiscover.example.com", "autoconfig.autodiscover.example.com", "autodiscover.example.com"},
		{"a label that only begins like it", "autoconfiguration.example.com", "autoconfiguration.example.com", "autoconfiguration.example.com"},
		{"the prefix alone", "autoconfig", "autoconfig", "autoconfig"},
		{"upper case", "AutoConfig.EXAMPLE.com", "autoconfig.example.com", "example.com"},
		{"trailing dot", "autoconfig.example.com.", "autoconfig.example.com", "example.com"},
		{"port", "autoconfig.example.com:8080", "autoconfig.example.com", "example.com"},
		{"trailing dot and port", "example.com.:8080", "example.com", "example.com"},
		{"colon without a port", "example.com:", "example.com", "example.com"},
		{"A-label", "autoconfig.xn--bcher-kva.example", "autoconfig.xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"U-label", "autoconfig.bücher.example", "autoconfig.xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"IPv4", "192.0.2.1", "", ""},
		{"IPv4 with a port", "192.0.2.1:8080", "", ""},
		{"IPv6", "[2001:db8::1]", "", ""},
		{"IPv6 with a port", "[2001:db8::1]:8080", "", ""},
		{"IPv6 without brackets", "2001:db8::1", "", ""},
		{"below an address", "autoconfig.192.0.2.1", "", ""},
		{"empty", "", "", ""},
		{"two ports", "example.com:80:80", "", ""},
		{"a name in the brackets of an address", "[example.com]:8080", "", ""},
		{"no name before the port", ":8080", "", ""},
		{"only a dot", ".", "", ""},
		{"the prefix and a dot", "autoconfig.", "autoconfig", "autoconfig"},
		{"empty label", "autoconfig..example.com", "", ""},
		{"control characters", "example.com\r\nX: y", "", ""},
		{"not UTF-8", "\xff.example", "", ""},
		{"10 kB", strings.Repeat("a.", 5000) + "example", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := asked(tc.host, "")
			if got := HostName(r); got != tc.wantName {
				t.Errorf("HostName = %q, want %q", got, tc.wantName)
			}
			if got := HostDomain(r); got != tc.wantDomainOf {
				t.Errorf("HostDomain = %q, want %q", got, tc.wantDomainOf)
			}
		})
	}
}

func TestAsk(t *testing.T) {
	anna := address.Address{Local: "Anna", Domain: "example.com"}
	for _, tc := range []struct {
		name, host, addr string
		want             settings.Query
		wantErr          string
	}{
		{"by address", "autoconfig.hosting.example", "Anna@Example.com", settings.Query{Domain: "example.com", Address: anna}, ""},
		{"without the local part (Evolution)", "autoconfig.example.com", "EVOLUTIONUSER@example.com", settings.Query{Domain: "example.com"}, ""},
		{"by host name", "autoconfig.example.com", "", settings.Query{Host: "example.com"}, ""},
		{"by an address at an IP address", "192.0.2.1", "Anna@example.com", settings.Query{Domain: "example.com", Address: anna}, ""},
		{"by nothing", "192.0.2.1", "", settings.Query{}, "the request has no address, and its host name is not a domain"},
		{"bad address", "example.com", "example.com", settings.Query{}, "the address has no @"},
		{"hostile address", "example.com", "a\r\nb@example.com", settings.Query{}, "the part before the @ contains a character that is not allowed there"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Ask(asked(tc.host, ""), tc.addr)
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if tc.wantErr == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || PublicMessage(err) != tc.wantErr || settings.KindOf(err) != settings.BadRequest {
				t.Errorf("error %v, want a bad request: %s", err, tc.wantErr)
			}
		})
	}
}

func TestQueryAddress(t *testing.T) {
	for _, tc := range []struct{ name, query, want string }{
		{"encoded (Thunderbird)", "emailaddress=anna%40example.com", "anna@example.com"},
		{"raw (FairEmail, Nextcloud)", "emailaddress=anna@example.com", "anna@example.com"},
		{"raw plus sign is no space", "emailaddress=a+b@example.com", "a+b@example.com"},
		{"raw plus sign in front is no white space", "emailaddress=+b@example.com", "+b@example.com"},
		{"encoded plus sign", "emailaddress=a%2Bb%40example.com", "a+b@example.com"},
		{"a space was a plus sign", "emailaddress=a%20b@example.com", "a+b@example.com"},
		{"parameter in another case", "EmailAddress=anna@example.com", "anna@example.com"},
		{"second name", "email=anna@example.com", "anna@example.com"},
		{"behind others (Evolution)", "emailmd5=0123&emailaddress=EVOLUTIONUSER%40example.com", "EVOLUTIONUSER@example.com"},
		{"before others", "emailaddress=anna@example.com&emailmd5=0123", "anna@example.com"},
		{"twice: the first counts", "emailaddress=anna@example.com&emailaddress=b@example.org", "anna@example.com"},
		{"twice: the first counts, even when it is empty", "emailaddress=&emailaddress=b@example.org", ""},
		{"twice: the order of the query counts, not that of the names", "email=anna@example.com&emailaddress=b@example.org", "anna@example.com"},
		{"a broken escape in another parameter", "x=%&emailaddress=anna@example.com", "anna@example.com"},
		{"empty parameters around it", "&&emailaddress=anna@example.com&", "anna@example.com"},
		{"an equals sign in the address", "emailaddress=a=b@example.com", "a=b@example.com"},
		{"decoded once", "emailaddress=a%2540b@example.com", "a%40b@example.com"},
		{"white space around it", "emailaddress=%20anna@example.com%0A", "anna@example.com"},
		{"no query", "", ""},
		{"empty", "emailaddress=", ""},
		{"without an equals sign", "emailaddress", ""},
		{"only white space", "emailaddress=%20%09", ""},
		{"other parameters only", "emailmd5=0123&x=anna@example.com", ""},
		{"a name that only begins like it", "emailaddresses=anna@example.com", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := QueryAddress(asked("example.com", tc.query), "emailaddress", "email")
			if err != nil || got != tc.want {
				t.Errorf("%q: %q, %v; want %q", tc.query, got, err, tc.want)
			}
		})
	}
	for _, query := range []string{"emailaddress=%", "emailaddress=a%4", "emailaddress=a%zzb@example.com"} {
		got, err := QueryAddress(asked("example.com", query), "emailaddress")
		const want = "the address in the query is not encoded correctly: % must be followed by two hexadecimal digits"
		if err == nil || PublicMessage(err) != want || settings.KindOf(err) != settings.BadRequest || got != "" {
			t.Errorf("%q: %q, %v; want a bad request: %s", query, got, err, want)
		}
	}
}

// FuzzQueryAddress pins that no query makes reading it panic, that an error is
// the client's and repeats nothing of it, and that an address which was
// encoded as a browser does it comes out as it went in.
func FuzzQueryAddress(f *testing.F) {
	for _, s := range []string{"anna@example.com", "a+b@example.com", "a%2540b", "a&emailaddress=b", " x ", "\xff\r\n", "%zz", "a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		raw, err := QueryAddress(asked("example.com", s), "emailaddress")
		if err != nil && (settings.KindOf(err) != settings.BadRequest || raw != "" || len(err.Error()) > 200) {
			t.Fatalf("query %q: %q, %v", s, raw, err)
		}
		if raw != strings.TrimSpace(raw) || strings.Contains(raw, " ") {
			t.Fatalf("query %q: %q holds a space", s, raw)
		}
		encoded := strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
		got, err := QueryAddress(asked("example.com", "x=1&emailaddress="+encoded+"&y=2"), "emailaddress")
		if want := strings.ReplaceAll(strings.TrimSpace(s), " ", "+"); err != nil || got != want {
			t.Fatalf("%q came out as %q, %v", s, got, err)
		}
		if a, err := address.Parse(s); err == nil {
			if q, err := Ask(asked("", ""), got); err != nil || q.Address != a || q.Domain != a.Domain {
				t.Fatalf("%q was asked as %+v, %v", s, q, err)
			}
		}
	})
}

func BenchmarkQueryAddress(b *testing.B) {
	r := asked("autoconfig.example.com", "emailaddress=anna%40example.com")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := QueryAddress(r, "emailaddress"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHostDomain(b *testing.B) {
	r := asked("autoconfig.example.com:8080", "")
	b.ReportAllocs()
	for b.Loop() {
		if HostDomain(r) != "example.com" {
			b.Fatal("another domain")
		}
	}
}

func BenchmarkAsk(b *testing.B) {
	r := asked("autoconfig.example.com", "emailaddress=anna%40example.com")
	b.ReportAllocs()
	for b.Loop() {
		addr, err := QueryAddress(r, "emailaddress")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Ask(r, addr); err != nil {
			b.Fatal(err)
		}
	}
}

package settings

import (
	"strings"
	"testing"
)

func TestParseHost(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "mail.example.com", "mail.example.com"},
		{"upper case", "Mail.Example.COM", "mail.example.com"},
		{"trailing dot", "mail.example.com.", "mail.example.com"},
		{"U-label", "imap.bücher.example", "imap.xn--bcher-kva.example"},
		{"one label", "localhost", "localhost"},
		{"the customer's domain", "{domain}", "{domain}"},
		{"below the customer's domain", "IMAP.{domain}", "imap.{domain}"},
		{"above the customer's domain", "{domain}.hosting.example", "{domain}.hosting.example"},
		{"in the middle", "a.{domain}.example", "a.{domain}.example"},
		{"twice", "{domain}.{domain}", "{domain}.{domain}"},
		{"beside a U-label", "bücher.{domain}", "xn--bcher-kva.{domain}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseHost(tc.in)
			if err != nil || got != tc.want {
				t.Errorf("ParseHost(%q) = %q, %v; want %q", tc.in, got, err, tc.want)
			}
		})
	}
}

func TestParseHostRefuses(t *testing.T) {
	const (
		address  = "the host is an IP address; mail clients need the name that the server's certificate has"
		bare     = "the host must be a bare name such as mail.example.com, without scheme, port or path"
		invalid  = "the host is not a valid host name such as mail.example.com"
		setOff   = "{domain} must be separated by dots in the host, as in imap.{domain}"
		tooMuch  = 300
		longName = "a."
	)
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", "the host is empty"},
		{"IPv4", "192.0.2.1", address},
		{"IPv6", "2001:db8::1", address},
		{"IPv6 in brackets", "[2001:db8::1]", address},
		{"URL", "https://mail.example.com", bare},
		{"port", "mail.example.com:993", bare},
		{"path", "mail.example.com/", bare},
		{"space", "mail example.com", invalid},
		{"only a dot", ".", invalid},
		{"underscore", "_imap.example.com", invalid},
		{"line break", "mail.example.com\r\nX: y", bare},
		{"null", "mail\x00.example.com", invalid},
		{"not UTF-8", "mail.\xff.example", invalid},
		{"too long", strings.Repeat(longName, tooMuch) + "example", invalid},
		{"unknown placeholder", "imap.{host}", invalid},
		{"placeholder in another case", "imap.{Domain}", invalid},
		{"half a placeholder", "imap.{domain", invalid},
		{"placeholder behind letters", "imap{domain}", setOff},
		{"placeholder before letters", "{domain}x.example", setOff},
		{"placeholder beside an international letter", "bü{domain}", setOff},
		{"two placeholders joined", "{domain}{domain}", setOff},
		{"what stands for the placeholder inside", "Domain.placeholder.example", invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseHost(tc.in)
			if err == nil || err.Error() != tc.want || got != "" {
				t.Errorf("ParseHost(%q) = %q, %v; want error %q", tc.in, got, err, tc.want)
			}
		})
	}
}

func TestParseURL(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"origin", "https://dav.example.com", "https://dav.example.com"},
		{"with a slash", "https://dav.example.com/", "https://dav.example.com/"},
		{"scheme and host in upper case", "HTTPS://DAV.Example.com/Path/", "https://dav.example.com/Path/"},
		{"usual port", "https://dav.example.com:443/x", "https://dav.example.com/x"},
		{"usual port with zeros in front", "https://dav.example.com:0443/x", "https://dav.example.com/x"},
		{"usual port of http", "http://dav.example.com:80/", "http://dav.example.com/"},
		{"colon without a port", "https://dav.example.com:/x", "https://dav.example.com/x"},
		{"other port", "https://dav.example.com:8443/x", "https://dav.example.com:8443/x"},
		{"port of the other scheme", "https://dav.example.com:80/", "https://dav.example.com:80/"},
		{"U-label", "https://dav.bücher.example/", "https://dav.xn--bcher-kva.example/"},
		{"trailing dot", "https://dav.example.com./", "https://dav.example.com/"},
		{"template in the host", "https://dav.{domain}/x", "https://dav.{domain}/x"},
		{"template in the path", "https://dav.example.com/d-{domain}-x/", "https://dav.example.com/d-{domain}-x/"},
		{"template with a port", "https://{domain}:8443/", "https://{domain}:8443/"},
		{"percent-encoded path", "https://dav.example.com/a%20b%2Fc/", "https://dav.example.com/a%20b%2Fc/"},
		{"empty fragment", "https://dav.example.com/#", "https://dav.example.com/"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseURL(tc.in)
			if err != nil || got != tc.want {
				t.Errorf("ParseURL(%q) = %q, %v; want %q", tc.in, got, err, tc.want)
			}
		})
	}
}

func TestParseURLRefuses(t *testing.T) {
	const (
		absolute    = "the url must be absolute, such as https://dav.example.com/"
		user        = "the url must not contain a user name or a password"
		query       = "the url must not contain a query or a fragment"
		path        = "the path of the url is not valid"
		host        = "the host of the url is not a valid host name"
		port        = "the port of the url must be a number from 1 to 65535"
		placeholder = "the url has an unknown placeholder; only {domain} is allowed"
	)
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", absolute},
		{"no scheme", "dav.example.com/x", absolute},
		{"no host", "https:///x", absolute},
		{"other scheme", "ftp://dav.example.com/", absolute},
		{"script", "javascript:alert(1)", absolute},
		{"opaque", "https:dav.example.com", absolute},
		{"line break", "https://dav.example.com/\r\nX: y", absolute},
		{"user name", "https://anna@dav.example.com/", user},
		{"password", "https://anna:secret@dav.example.com/", user},
		{"query", "https://dav.example.com/?a=b", query},
		{"empty query", "https://dav.example.com/?", query},
		{"fragment", "https://dav.example.com/#a", query},
		{"two slashes in the path", "https://dav.example.com//evil.example/", path},
		{"two encoded slashes", "https://dav.example.com/%2F%2Fevil.example/", path},
		{"encoded line break", "https://dav.example.com/%0d%0aX: y", path},
		{"encoded null", "https://dav.example.com/%00", path},
		{"IPv4", "https://192.0.2.1/", host},
		{"IPv6", "https://[2001:db8::1]/", host},
		{"underscore", "https://a_b.example/", host},
		{"placeholder joined to a label", "https://dav-{domain}/", host},
		{"what stands for the placeholder inside", "https://domain.placeholder.example/", host},
		{"port 0", "https://dav.example.com:0/", port},
		{"port too high", "https://dav.example.com:65536/", port},
		{"placeholder of a login", "https://dav.example.com/{address}/", placeholder},
		{"half a placeholder", "https://dav.example.com/{domain", placeholder},
		{"placeholder in a placeholder", "https://dav.example.com/{do{domain}main}", placeholder},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseURL(tc.in)
			if err == nil || err.Error() != tc.want || got != "" {
				t.Errorf("ParseURL(%q) = %q, %v; want error %q", tc.in, got, err, tc.want)
			}
		})
	}
}

// FuzzParseHost pins that what is accepted is canonical and holds nothing that
// could break out of a document, and that a customer's domain can be filled in.
func FuzzParseHost(f *testing.F) {
	for _, s := range []string{"mail.example.com", "IMAP.{domain}.", "bü{domain}", "{domain}{domain}", "192.0.2.1", "[::1]", "xn--{domain}", "。{domain}", "{domain}。x", "domain.placeholder.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, err := ParseHost(s)
		if err != nil {
			if host != "" {
				t.Fatalf("ParseHost(%q) = %q with an error", s, host)
			}
			return
		}
		if again, err := ParseHost(host); err != nil || again != host {
			t.Fatalf("ParseHost(%q) = %q, read again: %q, %v", s, host, again, err)
		}
		if strings.ContainsAny(host, " \r\n\x00<>&\"'/:@") || host != strings.ToLower(host) {
			t.Fatalf("ParseHost(%q) = %q", s, host)
		}
		if strings.Contains(s, domainPlaceholder) != strings.Contains(host, domainPlaceholder) {
			t.Fatalf("ParseHost(%q) = %q: the placeholder is gone or came from nowhere", s, host)
		}
		filled := Provider{Services: []Service{{Host: host}}}
		if got := filled.ServicesFor("example.com")[0].Host; len(got) < 240 {
			if _, err := ParseHost(got); err != nil {
				t.Fatalf("ParseHost(%q) = %q, filled in: %q: %v", s, host, got, err)
			}
		}
	})
}

// FuzzParseURL pins the same for URLs.
func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"https://dav.example.com/", "HTTP://A:80/x", "https://{domain}:0443/{domain}/", "https://a/%2f%2F", "https://a:1/\\..//", "https://%65xample.com/", "https://a/ü?", "https://a/{domain}%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err != nil {
			if u != "" {
				t.Fatalf("ParseURL(%q) = %q with an error", s, u)
			}
			return
		}
		if again, err := ParseURL(u); err != nil || again != u {
			t.Fatalf("ParseURL(%q) = %q, read again: %q, %v", s, u, again, err)
		}
		if strings.ContainsAny(u, " \t\r\n\x00<>\"?#\\") {
			t.Fatalf("ParseURL(%q) = %q", s, u)
		}
		if !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "http://") {
			t.Fatalf("ParseURL(%q) = %q", s, u)
		}
	})
}

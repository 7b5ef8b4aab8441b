package settings

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// describe writes a problem as "key: text" or "key? text" for a warning.
func describe(ps []Problem) []string {
	var lines []string
	for _, p := range ps {
		mark := ":"
		if p.Warning {
			mark = "?"
		}
		lines = append(lines, fmt.Sprintf("%s%s %s", p.Key, mark, p.Text))
	}
	return lines
}

func imapService() Service {
	return Service{Protocol: IMAP, Host: "imap.example.com", Port: 993, Security: TLS, Login: LoginAddress, Auth: []Auth{Password}}
}

func davService() Service {
	return Service{Protocol: CalDAV, URL: "https://dav.example.com/", Login: LoginAddress, Auth: []Auth{Password}}
}

func TestProblemsOfAService(t *testing.T) {
	for _, tc := range []struct {
		name   string
		from   func() Service
		change func(*Service)
		want   []string
	}{
		{"none by host", imapService, func(*Service) {}, nil},
		{"none by URL", davService, func(*Service) {}, nil},
		{"unknown protocol", imapService, func(s *Service) { s.Protocol = "gopher" },
			[]string{`protocol: unknown protocol "gopher"; known: imap, pop3, submission, jmap, caldav, carddav, webdav, managesieve, activesync, ews`}},
		{"no protocol", imapService, func(s *Service) { s.Protocol = "" },
			[]string{`protocol: unknown protocol ""; known: imap, pop3, submission, jmap, caldav, carddav, webdav, managesieve, activesync, ews`}},
		{"no host", imapService, func(s *Service) { s.Host = "" },
			[]string{"host: imap needs a host such as mail.example.com"}},
		{"host is an address", imapService, func(s *Service) { s.Host = "192.0.2.1" },
			[]string{"host: the host is an IP address; mail clients need the name that the server's certificate has"}},
		{"URL beside a host", imapService, func(s *Service) { s.URL = "https://imap.example.com/" },
			[]string{"url: imap is given by host, port and security, not by a url"}},
		{"no port", func() Service {
			s := imapService()
			s.Protocol = ManageSieve
			return s
		}, func(s *Service) { s.Port = 0 },
			[]string{"port: managesieve with security tls has no default port; set one"}},
		{"unknown security", imapService, func(s *Service) { s.Security = "ssl" },
			[]string{`security: unknown security "ssl"; known: tls, starttls, plaintext`}},
		{"no security is not plaintext", imapService, func(s *Service) { s.Security = "" },
			[]string{`security: unknown security ""; known: tls, starttls, plaintext`}},
		{"plaintext", imapService, func(s *Service) { s.Port, s.Security = 143, Plaintext },
			[]string{"security? passwords and mail are sent in clear text; use tls or starttls"}},
		{"port contradicts security", imapService, func(s *Service) { s.Security = STARTTLS },
			[]string{"security? port 993 is not used with starttls; some clients derive the security from the port and will fail; write security: tls, or port: 143"}},
		{"submission on port 25", imapService, func(s *Service) { s.Protocol, s.Port, s.Security = Submission, 25, STARTTLS },
			[]string{"port? port 25 is for mail between servers and blocked by most networks; use 465 with tls or 587 with starttls"}},
		{"no URL", davService, func(s *Service) { s.URL = "" },
			[]string{"url: caldav needs a url such as https://dav.example.com/"}},
		{"URL not valid", davService, func(s *Service) { s.URL = "https://dav.example.com/?a=b" },
			[]string{"url: the url must not contain a query or a fragment"}},
		{"Exchange at a port", davService, func(s *Service) { s.Protocol, s.URL = EWS, "https://ex.example.com:8443/EWS/Exchange.asmx" },
			[]string{"url? Thunderbird ignores an ews url with a port; use port 443"}},
		{"Exchange at the default port", davService, func(s *Service) { s.Protocol, s.URL = EWS, "https://ex.{domain}:443/EWS/Exchange.asmx" }, nil},
		{"URL without TLS", davService, func(s *Service) { s.URL = "http://dav.example.com/" },
			[]string{"url? passwords are sent in clear text over http; use https"}},
		{"host beside a URL", davService, func(s *Service) { s.Host = "dav.example.com" },
			[]string{"url: caldav is given by its url alone; put host and port into the url"}},
		{"port beside a URL", davService, func(s *Service) { s.Port = 443 },
			[]string{"url: caldav is given by its url alone; put host and port into the url"}},
		{"security beside a URL", davService, func(s *Service) { s.Security = TLS },
			[]string{"url: caldav is given by its url alone; put host and port into the url"}},
		{"login", imapService, func(s *Service) { s.Login = "{mail}" },
			[]string{`login: the login "{mail}" has an unknown placeholder; known: {address}, {local}, {domain}`}},
		{"no authentication", imapService, func(s *Service) { s.Auth = nil },
			[]string{"auth: the list is empty; [password] is the default"}},
		{"unknown authentication", imapService, func(s *Service) { s.Auth = []Auth{"plain"} },
			[]string{`auth: unknown authentication "plain"; known: oauth2, password, password-challenge, client-cert, gssapi, ntlm, none`}},
		{"authentication twice", imapService, func(s *Service) { s.Auth = []Auth{Password, OAuth2, Password} },
			[]string{`auth: "password" is listed twice`}},
		{"all at once", imapService, func(s *Service) { s.Host, s.Port, s.Security, s.Login, s.Auth = "", 0, "x", "", nil }, []string{
			"host: imap needs a host such as mail.example.com",
			"port: imap with security x has no default port; set one",
			`security: unknown security "x"; known: tls, starttls, plaintext`,
			`login: the login is empty; "{address}" is the default`,
			"auth: the list is empty; [password] is the default",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := tc.from()
			tc.change(&s)
			if got := describe(s.Problems()); !slices.Equal(got, tc.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tc.want, "\n  "))
			}
		})
	}
}

func TestProblemsOfAProvider(t *testing.T) {
	of := func(p Protocol, s Security) Service { return Service{Protocol: p, Security: s} }
	for _, tc := range []struct {
		name     string
		provider Provider
		want     []string
	}{
		{"none", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(IMAP, TLS), of(Submission, TLS), of(Submission, STARTTLS)}}, nil},
		{"calendars alone", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(CalDAV, "")}}, nil},
		{"no names", Provider{Services: []Service{of(CalDAV, "")}}, []string{
			"name: the name must have 1 to 60 characters; it has 0",
			"short_name: the short name must have 1 to 20 characters; it has 0",
		}},
		{"names too long", Provider{Name: strings.Repeat("ü", 61), ShortName: strings.Repeat("ü", 21), Services: []Service{of(CalDAV, "")}}, []string{
			"name: the name must have 1 to 60 characters; it has 61",
			"short_name: the short name must have 1 to 20 characters; it has 21",
		}},
		{"names as long as may be", Provider{Name: strings.Repeat("ü", 60), ShortName: strings.Repeat("ü", 20), Services: []Service{of(CalDAV, "")}}, nil},
		{"nothing offered", Provider{Name: "Example", ShortName: "Ex"}, []string{
			"services: the provider offers nothing; list at least one service",
		}},
		{"POP3 without IMAP", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(POP3, TLS), of(Submission, TLS)}}, []string{
			"services? POP3 without IMAP: mail ends up on one device only",
		}},
		{"Exchange alone", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(EWS, "")}}, []string{
			"services? classic Outlook cannot use ews: set autodiscover.redirect to the Autodiscover service of the Exchange server, or autodiscover.ews to true if it has none",
		}},
		{"Exchange alone, with a redirect", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(EWS, "")}, Outlook: OutlookOptions{Redirect: &Redirect{URL: "https://ex.example.com/"}}}, nil},
		{"Exchange alone, as wanted", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(EWS, "")}, Outlook: OutlookOptions{EWS: true}}, nil},
		{"Exchange beside IMAP", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(EWS, ""), of(IMAP, TLS), of(Submission, TLS)}}, nil},
		{"no submission", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(IMAP, TLS)}}, []string{
			"services? no submission: people can receive but not send",
		}},
		{"starttls before tls", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(IMAP, STARTTLS), of(IMAP, TLS), of(Submission, STARTTLS), of(Submission, TLS)}}, []string{
			"services? imap prefers starttls to tls: clients follow this order, except those that read PACC, which has tls only; RFC 8314 recommends tls first",
			"services? submission prefers starttls to tls: clients follow this order, except those that read PACC, which has tls only; RFC 8314 recommends tls first",
		}},
		{"starttls alone", Provider{Name: "Example", ShortName: "Ex", Services: []Service{of(IMAP, STARTTLS), of(Submission, TLS)}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := describe(tc.provider.Problems()); !slices.Equal(got, tc.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tc.want, "\n  "))
			}
		})
	}
}

package autoconfig

import (
	"bytes"
	"context"
	"encoding/xml"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

func service(p settings.Protocol, port uint16, s settings.Security, auth ...settings.Auth) settings.Service {
	if auth == nil {
		auth = []settings.Auth{settings.Password}
	}
	return settings.Service{Protocol: p, Host: "mail.example.net", Port: port, Security: s, Login: settings.LoginAddress, Auth: auth}
}

func offering(services ...settings.Service) settings.Settings {
	return settings.Settings{
		Provider: &settings.Provider{ID: "p", Name: "Example", ShortName: "Example", Services: services},
		Domain:   "example.com", Canonical: "example.com",
	}
}

// servers returns what stands between the provider's names and the end of the
// provider, less the white space.
func servers(t *testing.T, s settings.Settings) string {
	t.Helper()
	doc, err := Render(s)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "</displayShortName>")
	rest, _, _ = strings.Cut(rest, "</emailProvider>")
	return strings.Join(strings.Fields(rest), "")
}

func section(element, kind string, port, socketType string, authentication ...string) string {
	words := ""
	for _, a := range authentication {
		words += "<authentication>" + a + "</authentication>"
	}
	return "<" + element + `type="` + kind + `"><hostname>mail.example.net</hostname><port>` + port + "</port><socketType>" +
		socketType + "</socketType>" + words + "<username>%EMAILADDRESS%</username></" + element + ">"
}

func TestWhichServiceIsNamed(t *testing.T) {
	imap993, smtp465 := service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS)
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     string
	}{
		{"one section for each type, in the order clients look", []settings.Service{
			smtp465, service(settings.POP3, 995, settings.TLS), imap993, service(settings.IMAP, 143, settings.STARTTLS),
		}, section("incomingServer", "imap", "993", "SSL", "password-cleartext") +
			section("incomingServer", "pop3", "995", "SSL", "password-cleartext") +
			section("outgoingServer", "smtp", "465", "SSL", "password-cleartext")},
		{"the provider's order counts", []settings.Service{
			service(settings.IMAP, 143, settings.STARTTLS), imap993, smtp465,
		}, section("incomingServer", "imap", "143", "STARTTLS", "password-cleartext") +
			section("outgoingServer", "smtp", "465", "SSL", "password-cleartext")},
		{"plaintext comes last: Thunderbird for Android refuses the file", []settings.Service{
			service(settings.IMAP, 143, settings.Plaintext), imap993, smtp465,
		}, section("incomingServer", "imap", "993", "SSL", "password-cleartext") +
			section("outgoingServer", "smtp", "465", "SSL", "password-cleartext")},
		{"plaintext when there is nothing else", []settings.Service{
			service(settings.POP3, 110, settings.Plaintext), smtp465,
		}, section("incomingServer", "pop3", "110", "plain", "password-cleartext") +
			section("outgoingServer", "smtp", "465", "SSL", "password-cleartext")},
		{"a way to log in that few know comes last", []settings.Service{
			service(settings.IMAP, 993, settings.TLS, settings.GSSAPI), service(settings.IMAP, 1993, settings.TLS), smtp465,
		}, section("incomingServer", "imap", "1993", "SSL", "password-cleartext") +
			section("outgoingServer", "smtp", "465", "SSL", "password-cleartext")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := servers(t, offering(tc.services...)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	for _, tc := range []struct {
		name  string
		auth  []settings.Auth
		want  string
		plain string // over a connection in clear, where it differs
		http  string
	}{
		{"password", []settings.Auth{settings.Password}, "password-cleartext", "", "http:Basic"},
		{"OAuth2 before the password", []settings.Auth{settings.OAuth2, settings.Password}, "OAuth2 password-cleartext", "", ":OAuth2 http:Basic"},
		{"OAuth2 behind the password: nobody would come to it", []settings.Auth{settings.Password, settings.OAuth2}, "password-cleartext", "", "http:Basic"},
		{"OAuth2 alone: most clients know no host of it", []settings.Auth{settings.OAuth2}, "OAuth2 password-cleartext", "OAuth2", ":OAuth2"},
		{"challenge first", []settings.Auth{settings.PasswordChallenge, settings.Password}, "password-encrypted password-cleartext", "", "http:Digest http:Basic"},
		{"OAuth2 behind the challenge", []settings.Auth{settings.PasswordChallenge, settings.OAuth2}, "password-encrypted", "", "http:Digest"},
		{"challenge alone is not weakened", []settings.Auth{settings.PasswordChallenge}, "password-encrypted", "", "http:Digest"},
		{"what Thunderbird for Android does not know", []settings.Auth{settings.GSSAPI, settings.NTLM, settings.ClientCert}, "GSSAPI NTLM TLS-client-cert password-cleartext", "GSSAPI NTLM TLS-client-cert", ""},
		{"none", []settings.Auth{settings.NoAuth}, "none password-cleartext", "none", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.plain == "" {
				tc.plain = tc.want
			}
			for security, want := range map[settings.Security]string{settings.TLS: tc.want, settings.STARTTLS: tc.want, settings.Plaintext: tc.plain} {
				if got := strings.Join(schemes(settings.Service{Security: security, Auth: tc.auth}), " "); got != want {
					t.Errorf("over %s: %s, want %s", security, got, want)
				}
			}
			var web []string
			for _, a := range httpSchemes(tc.auth) {
				web = append(web, a.System+":"+a.Scheme)
			}
			if got := strings.Join(web, " "); got != tc.http {
				t.Errorf("by URL: %s, want %s", got, tc.http)
			}
		})
	}
}

func TestUsername(t *testing.T) {
	for form, want := range map[settings.Login]string{
		"{address}":        "%EMAILADDRESS%",
		"{local}":          "%EMAILLOCALPART%",
		"{local}.{domain}": "%EMAILLOCALPART%.%EMAILDOMAIN%",
		"everybody":        "everybody",
	} {
		if got := username(offering(), settings.Service{Login: form}); got != want {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
	}
}

// Thunderbird reads the block pop3; the others ignore it.
func TestPOPOptions(t *testing.T) {
	yes, no := true, false
	for _, tc := range []struct {
		options settings.POPOptions
		want    string
	}{
		{settings.POPOptions{}, ""},
		{settings.POPOptions{LeaveMessagesOnServer: &no}, "<pop3><leaveMessagesOnServer>false</leaveMessagesOnServer></pop3>"},
		{settings.POPOptions{LeaveMessagesOnServer: &yes, DaysToLeaveMessagesOnServer: 14, DownloadOnBiff: &yes},
			"<pop3><leaveMessagesOnServer>true</leaveMessagesOnServer><downloadOnBiff>true</downloadOnBiff><daysToLeaveMessagesOnServer>14</daysToLeaveMessagesOnServer></pop3>"},
	} {
		pop := service(settings.POP3, 995, settings.TLS)
		pop.POP = tc.options
		want := strings.Replace(section("incomingServer", "pop3", "995", "SSL", "password-cleartext"), "</incomingServer>", tc.want+"</incomingServer>", 1)
		if got := servers(t, offering(pop)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// Whoever typed anna@old.example is asked for the password of anna@new.example.
func TestMovedDomain(t *testing.T) {
	for form, want := range map[settings.Login]string{
		settings.LoginAddress: "%EMAILLOCALPART%@new.example",
		"{local}":             "%EMAILLOCALPART%",
		"{domain}/{local}":    "new.example/%EMAILLOCALPART%",
		"everybody":           "everybody",
	} {
		s := offering(settings.Service{Login: form})
		s.Domain, s.MovedTo = "old.example", "new.example"
		if got := username(s, s.Services()[0]); got != want {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
		s.Address = address.Address{Local: "anna", Domain: "new.example"}
		want = strings.ReplaceAll(want, "%EMAILLOCALPART%", "anna")
		if got := username(s, s.Services()[0]); got != want {
			t.Errorf("%s of an address: %s, want %s", form, got, want)
		}
	}
}

// A user name that no form describes is written to the document as it is, and must
// then be kept from everybody else.
func TestLoginThatTheDirectoryKnows(t *testing.T) {
	resolver := &house{login: "web12p3"}
	p := New(resolver)
	own, err := ask(p, "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=anna%40example.com")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(own.Body), "<username>web12p3</username>") != 2 || own.Header.Get("Cache-Control") != "no-store" || own.ETag != "" {
		t.Errorf("%+v\n%s", own, own.Body)
	}
	resolver.login = ""
	other, err := ask(p, "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=bert%40example.com")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(other.Body), "web12p3") || other.Header.Get("Cache-Control") == "no-store" {
		t.Errorf("the next one sees %s", other.Body)
	}
	if got, want := strings.ReplaceAll(string(own.Body), "web12p3", "%EMAILADDRESS%"), string(other.Body); got != want {
		t.Errorf("the two differ in more than the user name:\n%s\n%s", got, want)
	}
}

// FairEmail would log in to the mailbox by the last user name it reads.
func TestNothingBehindTheMailHasAnotherUserName(t *testing.T) {
	calendar := func(url string, l settings.Login) settings.Service {
		return settings.Service{Protocol: settings.CalDAV, URL: url, Login: l, Auth: []settings.Auth{settings.Password}}
	}
	sieve := service(settings.ManageSieve, 4190, settings.STARTTLS)
	sieve.Login = "{local}"
	doc, err := Render(offering(
		service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS),
		calendar("https://local.example.net/", "{local}"), calendar("https://same.example.net/", settings.LoginAddress), sieve,
	))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"https://local.example.net/": false, "https://same.example.net/": true, "setupServer": false, "%EMAILLOCALPART%": false} {
		if got := strings.Contains(string(doc), text); got != want {
			t.Errorf("holds %s: %v, want %v", text, got, want)
		}
	}
}

func TestEverythingTheFormatCanSay(t *testing.T) {
	s := offering(
		service(settings.IMAP, 993, settings.TLS, settings.OAuth2, settings.Password),
		service(settings.Submission, 465, settings.TLS),
		service(settings.ManageSieve, 4190, settings.STARTTLS),
		settings.Service{Protocol: settings.JMAP, URL: "https://jmap.example.net/", Login: settings.LoginAddress, Auth: []settings.Auth{settings.OAuth2}},
		settings.Service{Protocol: settings.CalDAV, URL: "https://dav.example.net/cal/", Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}},
		settings.Service{Protocol: settings.CardDAV, URL: "https://dav.example.net/card/", Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}},
		settings.Service{Protocol: settings.WebDAV, URL: "https://dav.example.net/files/", Login: settings.LoginAddress, Auth: []settings.Auth{settings.PasswordChallenge}},
	)
	s.Domain, s.Provider.Name, s.Provider.HelpURL = "alias.example", "Example & Sons <\"'>", "https://help.example.net/?a=1&b=2"
	s.Provider.OAuth2 = &settings.OAuth2Endpoints{Issuer: "https://id.example.net", AuthURL: "https://id.example.net/auth", TokenURL: "https://id.example.net/token", Scope: "mail offline_access", ClientID: "waymark"}
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.com">
    <domain>alias.example</domain>
    <domain>example.com</domain>
    <displayName>Example &amp; Sons &lt;&#34;'&gt;</displayName>
    <displayShortName>Example</displayShortName>
    <incomingServer type="imap">
      <hostname>mail.example.net</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <authentication>OAuth2</authentication>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <incomingServer type="jmap">
      <url>https://jmap.example.net/</url>
      <authentication>OAuth2</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>mail.example.net</hostname>
      <port>465</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </outgoingServer>
    <documentation url="https://help.example.net/?a=1&amp;b=2">
      <descr lang="en">Help from Example &amp; Sons &lt;&#34;'&gt;</descr>
    </documentation>
  </emailProvider>
  <calendar type="caldav">
    <url>https://dav.example.net/cal/</url>
    <authentication system="http">Basic</authentication>
    <username>%EMAILADDRESS%</username>
  </calendar>
  <addressbook type="carddav">
    <url>https://dav.example.net/card/</url>
    <authentication system="http">Basic</authentication>
    <username>%EMAILADDRESS%</username>
  </addressbook>
  <fileShare type="webdav">
    <url>https://dav.example.net/files/</url>
    <authentication system="http">Digest</authentication>
    <username>%EMAILADDRESS%</username>
  </fileShare>
  <setupServer type="managesieve">
    <hostname>mail.example.net</hostname>
    <port>4190</port>
    <socketType>STARTTLS</socketType>
    <authentication>password-cleartext</authentication>
    <username>%EMAILADDRESS%</username>
  </setupServer>
  <oAuth2>
    <authURL>https://id.example.net/auth</authURL>
    <tokenURL>https://id.example.net/token</tokenURL>
    <issuer>https://id.example.net</issuer>
    <scope>mail offline_access</scope>
    <clientID>waymark</clientID>
  </oAuth2>
</clientConfig>
`
	got, err := Render(s)
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

// FairEmail joins the descriptions of all languages into one text.
func TestHelpIsDescribedOnceInTheLanguageOfTheProvider(t *testing.T) {
	for language, want := range map[string]string{
		"":      `<descr lang="en">Help from Example</descr>`,
		"de":    `<descr lang="de">Hilfe von Example</descr>`,
		"de-CH": `<descr lang="de">Hilfe von Example</descr>`,
		"tlh":   `<descr lang="en">Help from Example</descr>`,
	} {
		s := offering(service(settings.IMAP, 993, settings.TLS))
		s.Provider.HelpURL, s.Provider.Language = "https://help.example.net/", language
		doc, err := Render(s)
		if err != nil || strings.Count(string(doc), "<descr") != 1 || !strings.Contains(string(doc), want) {
			t.Errorf("%q: %v, want one %s in\n%s", language, err, want, doc)
		}
	}
}

func TestNothingForMail(t *testing.T) {
	_, err := Render(offering(settings.Service{Protocol: settings.CalDAV, URL: "https://dav.example.net/", Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}))
	if settings.KindOf(err) != settings.NotOffered {
		t.Errorf("got %v", err)
	}
}

// read is what an independent reader makes of a document.
type read struct {
	Version  string `xml:"version,attr"`
	Provider struct {
		ID       string   `xml:"id,attr"`
		Domains  []string `xml:"domain"`
		Incoming []server `xml:"incomingServer"`
		Outgoing []server `xml:"outgoingServer"`
	} `xml:"emailProvider"`
	Calendars []server `xml:"calendar"`
	Books     []server `xml:"addressbook"`
}

type server struct {
	Attributes []xml.Attr `xml:",any,attr"`
	Type       string     `xml:"type,attr"`
	Hostname   string     `xml:"hostname"`
	Port       uint16     `xml:"port"`
	Socket     string     `xml:"socketType"`
	URL        string     `xml:"url"`
	Username   string     `xml:"username"`
	Auth       []string   `xml:"authentication"`
}

// TestRandomSettings reads back what is rendered from any valid settings: the
// values are canonical ones, and no section breaks a rule of a client.
func TestRandomSettings(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rendered := 0
	for range 2000 {
		s := settingstest.Random(r)
		doc, err := Render(s)
		if settings.KindOf(err) == settings.NotOffered {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rendered++
		var got read
		if err := xml.Unmarshal(doc, &got); err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		other := s
		other.Address = address.Address{Local: "somebody-else", Domain: s.Domain}
		if again, err := Render(other); !other.Personal() && (err != nil || !bytes.Equal(doc, again)) {
			t.Fatalf("the answer depends on the address (%v):\n%s", err, doc)
		}
		if got.Provider.ID != string(s.Canonical) || got.Provider.Domains[0] != string(s.Domain) {
			t.Fatalf("provider is %+v, want %s and %s", got.Provider, s.Canonical, s.Domain)
		}
		seen := map[string]bool{}
		for _, sv := range append(got.Provider.Incoming, got.Provider.Outgoing...) {
			if seen[sv.Type] || len(sv.Attributes) > 1 {
				t.Fatalf("%s is listed twice, or with attributes:\n%s", sv.Type, doc)
			}
			seen[sv.Type] = true
			if !canonical(s, sv) {
				t.Fatalf("%+v is not among %+v", sv, s.Services())
			}
			if broken := brokenRule(s, sv); broken != "" {
				t.Fatalf("%s:\n%s", broken, doc)
			}
		}
	}
	if rendered < 1000 {
		t.Errorf("only %d of the settings had mail", rendered)
	}
}

// brokenRule returns which rule of a client a mail section breaks; "" for none.
func brokenRule(s settings.Settings, got server) string {
	if got.Hostname == "" {
		return "" // named by a URL; mail clients skip it
	}
	words := map[string]bool{}
	for i, word := range got.Auth {
		if word == "OAuth2" && i == len(got.Auth)-1 && got.Socket != "plain" {
			return "OAuth2 alone or last: Thunderbird has nothing to fall back on"
		}
		words[word] = true
	}
	if got.Socket != "plain" {
		if !words["password-cleartext"] && !words["password-encrypted"] {
			return "Thunderbird for Android knows no way to log in"
		}
		return ""
	}
	for _, svc := range s.Services() {
		if svc.Protocol == protocolOf(got.Type) && svc.Security != settings.Plaintext {
			return "plain although there is TLS: Thunderbird for Android refuses the file"
		}
	}
	return ""
}

func protocolOf(kind string) settings.Protocol {
	if kind == "smtp" {
		return settings.Submission
	}
	return settings.Protocol(kind)
}

// canonical reports whether a section equals one of the services.
func canonical(s settings.Settings, got server) bool {
	sockets := map[string]settings.Security{"SSL": settings.TLS, "STARTTLS": settings.STARTTLS, "plain": settings.Plaintext, "": ""}
	for _, svc := range s.Services() {
		name := svc.Login.Replace("%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILDOMAIN%")
		if s.Personal() {
			name, _ = s.Login(svc)
		}
		if svc.Protocol == protocolOf(got.Type) && svc.Host == got.Hostname && svc.Port == got.Port &&
			svc.Security == sockets[got.Socket] && svc.URL == got.URL && name == got.Username {
			return true
		}
	}
	return false
}

// house answers for example.com and, by host name, for hoster.example.
type house struct {
	asked []settings.Query
	login string // of every mailbox; "" for the provider's form
}

func (h *house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	h.asked = append(h.asked, q)
	if q.Domain != "example.com" && q.Host != "example.com" {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	s := offering(service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS))
	s.LoginName = h.login
	return s, nil
}

func ask(p dialect.Dialect, url string) (dialect.Response, error) {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for _, e := range p.Endpoints {
		prefix, param, isParam := strings.Cut(e.Path, "{")
		if isParam && strings.HasPrefix(r.URL.Path, prefix) && !strings.Contains(r.URL.Path[len(prefix):], "/") {
			r.SetPathValue(strings.TrimSuffix(param, "}"), r.URL.Path[len(prefix):])
			return e.Serve(r)
		}
		if e.Path == r.URL.Path {
			return e.Serve(r)
		}
	}
	return dialect.Response{}, settings.Errorf(settings.Internal, "no endpoint")
}

func TestWhoIsAskedAbout(t *testing.T) {
	const main = "/mail/config-v1.1.xml"
	anna := settings.Query{Domain: "example.com", Address: address.Address{Local: "anna", Domain: "example.com"}}
	tagged := settings.Query{Domain: "example.com", Address: address.Address{Local: "anna+news", Domain: "example.com"}}
	for _, tc := range []struct {
		name, url string
		want      settings.Query
	}{
		{"an address", "https://example.com/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna%40example.com", anna},
		{"any case of the parameter", "https://setup.example.net" + main + "?EmailAddress=anna%40Example.COM", anna},
		{"raw, as FairEmail and Nextcloud send it", "https://setup.example.net" + main + "?emailaddress=anna+news@example.com", tagged},
		{"encoded", "https://setup.example.net" + main + "?emailaddress=anna%2Bnews%40example.com", tagged},
		{"cut at an unescaped ampersand, as FairEmail and Nextcloud send it", "https://autoconfig.example.com" + main + "?emailaddress=o'brien&x=1@example.com", settings.Query{Host: "example.com"}},
		{"the same at the domain itself", "https://example.com/.well-known/autoconfig" + main + "?emailaddress=o'brien&x=1@example.com", settings.Query{Host: "example.com"}},
		{"an unescaped ampersand at the start", "https://autoconfig.example.com" + main + "?emailaddress=&x@example.com", settings.Query{Host: "example.com"}},
		{"a plus that a proxy made a space", "https://setup.example.net" + main + "?emailaddress=anna%20news%40example.com", tagged},
		{"no address", "https://autoconfig.example.com" + main, settings.Query{Host: "example.com"}},
		{"an empty address", "https://autoconfig.example.com" + main + "?emailaddress=", settings.Query{Host: "example.com"}},
		{"Evolution's digest beside it", "https://autoconfig.example.com" + main + "?emailaddress=&emailmd5=0", settings.Query{Host: "example.com"}},
		{"GNOME's path", "https://autoconfig.example.com/.well-known/mail-v1.xml", settings.Query{Host: "example.com"}},
		{"Nine's path", "https://autoconfig.example.com/v1.1/mail/config-v1.1.xml?emailaddress=anna%40example.com", anna},
		{"by MX, but on a path that nobody asks there", "https://autoconfig.hoster.example/.well-known/mail-v1.xml?emailaddress=anna%40example.com", anna},
		{"another host name does not answer for foreign domains", "https://mail.hoster.example" + main + "?emailaddress=anna%40example.com", anna},
		{"the private ISPDB", "https://setup.example.net/v1.1/Example.COM", settings.Query{Domain: "example.com"}},
		{"by MX: the domain of the host name may answer", "https://autoconfig.hoster.example" + main + "?emailaddress=anna%40example.com",
			settings.Query{Domain: anna.Domain, Address: anna.Address, Host: "hoster.example"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := &house{}
			_, err := ask(New(h), tc.url)
			if err != nil || len(h.asked) != 1 || h.asked[0] != tc.want {
				t.Errorf("%v, asked %+v, want %+v", err, h.asked, tc.want)
			}
		})
	}
}

func TestHostileRequests(t *testing.T) {
	for _, value := range []string{
		"a@b@c", "a@b@c&x=1@example.com", "%00", "a%0d%0ab", "%22%3E%3Cx", strings.Repeat("a", 10_000), "%00@example.com", "anna%0d%0aX:%201@example.com", "%ff@example.com", "%zz@example.com",
		strings.Repeat("a", 10_000) + "@example.com", "%22%3E%3Cx@example.com", "@example.com", "anna@", "anna@-.example",
	} {
		h := &house{}
		_, err := ask(New(h), "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress="+value)
		if settings.KindOf(err) != settings.BadRequest || len(h.asked) > 0 {
			t.Errorf("%.40s: %v, asked %v", value, err, h.asked)
		}
		if strings.ContainsAny(dialect.PublicMessage(err), "\r\n<>\"") {
			t.Errorf("%.40s: the message is %q", value, dialect.PublicMessage(err))
		}
	}
}

// An address without an @ does not name its domain: the host name must.
func TestCutAddressAtAnotherHost(t *testing.T) {
	for _, host := range []string{"autoconfig.other.example", "192.0.2.1", "[2001:db8::1]:8080"} {
		_, err := ask(New(&house{}), "https://"+host+"/mail/config-v1.1.xml?emailaddress=o'brien&x=1@example.com")
		if settings.KindOf(err) != settings.BadRequest {
			t.Errorf("%s: %v, want a bad request", host, err)
		}
	}
}

func TestDomainInThePath(t *testing.T) {
	for _, tc := range []struct {
		name, value string
		want        address.Domain // "" for a bad request
	}{
		{"plain", "Example.COM.", "example.com"},
		{"A-label", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"U-label", "bücher.example", "xn--bcher-kva.example"},
		{"a percent sign", "b%c3%bccher.example", ""},
		{"an address", "anna@example.com", ""},
		{"control character", "example%0d%0a.com", ""},
		{"IP address", "192.0.2.1", ""},
		{"nothing", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := &house{}
			a := &autoconfig{resolver: h, memo: dialect.NewMemo()}
			r := httptest.NewRequest(http.MethodGet, "https://setup.example.net/v1.1/x", nil)
			r.SetPathValue("domain", tc.value)
			_, err := a.forDomain(r)
			if tc.want == "" {
				if settings.KindOf(err) != settings.BadRequest || len(h.asked) > 0 {
					t.Errorf("%v, asked %+v", err, h.asked)
				}
				return
			}
			if len(h.asked) != 1 || h.asked[0] != (settings.Query{Domain: tc.want}) {
				t.Errorf("%v, asked %+v, want %s", err, h.asked, tc.want)
			}
		})
	}
}

func TestAnswersAreTheSameForEverybody(t *testing.T) {
	p := New(&house{})
	first, err := ask(p, "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=anna%40example.com")
	if err != nil {
		t.Fatal(err)
	}
	second, err := ask(p, "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=nobody%40example.com")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Body, second.Body) || first.ETag != second.ETag || first.ETag == "" {
		t.Error("two people get different answers")
	}
}

// FuzzRequest pins that no query makes anything but an answer for the domain or
// an error that is the client's.
func FuzzRequest(f *testing.F) {
	for _, q := range []string{"", "emailaddress=anna@example.com", "emailaddress=%", "EMAILADDRESS=a%40b%40c", "x&&=&emailaddress=%C3%BC@example.com"} {
		f.Add("autoconfig.example.com", q)
	}
	p := New(&house{})
	f.Fuzz(func(t *testing.T, host, query string) {
		r := httptest.NewRequest(http.MethodGet, "https://example.net/mail/config-v1.1.xml", nil)
		r.Host, r.URL.RawQuery = host, query
		resp, err := p.Endpoints[0].Serve(r)
		switch kind := settings.KindOf(err); {
		case err == nil:
			if resp.Status != http.StatusOK || !bytes.HasPrefix(resp.Body, []byte("<?xml")) {
				t.Errorf("status %d, body %.40q", resp.Status, resp.Body)
			}
		case kind != settings.BadRequest && kind != settings.UnknownDomain:
			t.Errorf("%v", err)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	s := offering(service(settings.IMAP, 993, settings.TLS), service(settings.POP3, 995, settings.TLS), service(settings.Submission, 465, settings.TLS))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	s := offering(service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS))
	p := New(steady{s})
	r := httptest.NewRequest(http.MethodGet, "https://autoconfig.example.com/mail/config-v1.1.xml?emailaddress=anna%40example.com", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Endpoints[0].Serve(r); err != nil {
			b.Fatal(err)
		}
	}
}

// steady always finds the same settings.
type steady struct{ settings settings.Settings }

func (s steady) Resolve(context.Context, settings.Query) (settings.Settings, error) {
	return s.settings, nil
}

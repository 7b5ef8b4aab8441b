package settings

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

func TestServicesOfATemplate(t *testing.T) {
	p := &Provider{Services: []Service{
		{Protocol: IMAP, Host: "imap.{domain}", Port: 993, Security: TLS},
		{Protocol: Submission, Host: "smtp.hosting.example", Port: 465, Security: TLS},
		{Protocol: CalDAV, URL: "https://dav.{domain}/{domain}/"},
	}}
	alias := Settings{Provider: p, Domain: "alias.example", Canonical: "example.com"}
	got := alias.Services()
	for i, want := range []Service{
		{Protocol: IMAP, Host: "imap.example.com", HostFromOutside: true, Port: 993, Security: TLS},
		{Protocol: Submission, Host: "smtp.hosting.example", Port: 465, Security: TLS},
		{Protocol: CalDAV, URL: "https://dav.example.com/example.com/"},
	} {
		if got[i].Host != want.Host || got[i].URL != want.URL || got[i].Port != want.Port || got[i].HostFromOutside != want.HostFromOutside {
			t.Errorf("service %d: %+v, want %+v", i, got[i], want)
		}
	}
	if p.Services[0].Host != "imap.{domain}" {
		t.Error("the provider was changed")
	}
}

func TestServicesWithoutATemplateAreShared(t *testing.T) {
	p := &Provider{Services: []Service{{Protocol: IMAP, Host: "imap.example.com"}}}
	s := Settings{Provider: p, Domain: "a.example", Canonical: "a.example"}
	if &s.Services()[0] != &p.Services[0] {
		t.Error("the services were copied although nothing had to be filled in")
	}
	if n := testing.AllocsPerRun(100, func() { _ = s.Services() }); n != 0 {
		t.Errorf("%v allocations although nothing had to be filled in", n)
	}
}

func TestFirst(t *testing.T) {
	services := []Service{{Protocol: POP3, Port: 1}, {Protocol: IMAP, Port: 2}, {Protocol: IMAP, Port: 3}}
	if s, ok := First(services, IMAP); !ok || s.Port != 2 {
		t.Errorf("First(imap) = %+v, %v", s, ok)
	}
	if s, ok := First(services, JMAP); ok {
		t.Errorf("First(jmap) = %+v", s)
	}
}

func TestBest(t *testing.T) {
	services := []Service{{Protocol: POP3, Port: 1}, {Protocol: IMAP, Port: 2}, {Protocol: IMAP, Port: 3}, {Protocol: IMAP, Port: 4}}
	for _, tc := range []struct {
		name string
		rank map[uint16]int
		want uint16
	}{
		{"among equals, the provider's order", nil, 2},
		{"the lowest rank", map[uint16]int{2: 2, 3: 1, 4: 1}, 3},
		{"a negative rank", map[uint16]int{2: -1, 3: -1}, 4},
		{"none left", map[uint16]int{2: -1, 3: -1, 4: -1}, 0},
	} {
		got, ok := Best(services, IMAP, func(s Service) int { return tc.rank[s.Port] })
		if got.Port != tc.want || ok != (tc.want != 0) {
			t.Errorf("%s: %+v, %v", tc.name, got, ok)
		}
	}
}

func TestTakesPassword(t *testing.T) {
	for a, want := range map[Auth]bool{Password: true, PasswordChallenge: true, OAuth2: false, NoAuth: false} {
		if got := (Service{Auth: []Auth{GSSAPI, a}}).TakesPassword(); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
}

func TestAccepts(t *testing.T) {
	s := Service{Auth: []Auth{OAuth2, Password}}
	if !s.Accepts(OAuth2) || !s.Accepts(Password) || s.Accepts(GSSAPI) {
		t.Errorf("%v: Accepts is wrong", s.Auth)
	}
}

func TestLoginOfASubaddress(t *testing.T) {
	for _, tc := range []struct{ name, separator, local, want string }{
		{"cut off", "+", "anna+news", "anna@example.com"},
		{"not switched on", "", "anna+news", "anna+news@example.com"},
		{"another separator", "-", "anna+news", "anna+news@example.com"},
		{"no sub-address", "+", "anna", "anna@example.com"},
		{"a tag without a mailbox", "+", "+news", "+news@example.com"},
	} {
		s := Settings{
			Provider: &Provider{Subaddress: tc.separator},
			Address:  address.Address{Local: tc.local, Domain: "example.com"},
		}
		if got, ok := s.Login(Service{Login: LoginAddress}); got != tc.want || !ok {
			t.Errorf("%s: %q, %v; want %q", tc.name, got, ok, tc.want)
		}
	}
	s := Settings{Provider: &Provider{Subaddress: "+"}}
	if got, ok := s.Login(Service{Login: LoginAddress}); ok {
		t.Errorf("without an address: %q", got)
	}
	if got, ok := s.Login(Service{Login: "shared"}); got != "shared" || !ok {
		t.Errorf("a literal login without an address: %q, %v", got, ok)
	}
}

func TestPersonal(t *testing.T) {
	anna := address.Address{Local: "anna", Domain: "a.example"}
	for _, tc := range []struct {
		name string
		s    Settings
		want bool
	}{
		{"a domain", Settings{}, false},
		{"an address", Settings{Address: anna}, false},
		{"a user name", Settings{LoginName: "web12p3"}, true},
		{"a mailbox that was looked up", Settings{Address: anna, MailboxLookup: true}, true},
		{"a domain that moved", Settings{MovedTo: "b.example"}, false},
		{"an address that moved", Settings{Address: anna, MovedTo: "a.example"}, true},
		{"an alias domain", Settings{LoginDomain: "b.example"}, false},
		{"an address of an alias domain", Settings{Address: anna, LoginDomain: "b.example"}, true},
	} {
		if got := tc.s.Personal(); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestFirstWeb(t *testing.T) {
	dav := func(url string, auth Auth) Service { return Service{Protocol: CalDAV, URL: url, Auth: []Auth{auth}} }
	clear, gssapi, good := dav("http://a.example/", Password), dav("https://b.example/", GSSAPI), dav("https://c.example/", PasswordChallenge)
	for _, tc := range []struct {
		name string
		in   []Service
		want string
	}{
		{"a password over https", []Service{clear, gssapi, good}, good.URL},
		{"https before a password in clear", []Service{clear, gssapi}, gssapi.URL},
		{"what there is", []Service{clear}, clear.URL},
		{"the provider's order counts among equals", []Service{good, dav("https://d.example/", Password)}, good.URL},
		{"another protocol", []Service{{Protocol: CardDAV, URL: "https://e.example/"}}, ""},
	} {
		if got, ok := FirstWeb(tc.in, CalDAV); got.URL != tc.want || ok != (tc.want != "") {
			t.Errorf("%s: %s, %v", tc.name, got.URL, ok)
		}
	}
}

// TestLoginsOfAnotherDomain pins the user names of alias domains and of domains
// that moved, to an alias domain too.
func TestLoginsOfAnotherDomain(t *testing.T) {
	for _, tc := range []struct {
		login              Login
		alias, moved, want string // domains, and the user name
	}{
		{"{address}", "", "", "anna@example.net"},
		{"{address}", "example.com", "", "anna@example.com"},
		{"{local}", "example.com", "", "anna"},
		{"{local}.{domain}", "example.com", "", "anna.example.com"},
		{"shared", "example.com", "", "shared"},
		{"{address}", "", "example.org", "anna@example.org"},
		{"{address}", "example.com", "example.org", "anna@example.com"},
	} {
		s := Settings{
			Provider: &Provider{Services: []Service{{Protocol: IMAP, Host: "a.example", Login: tc.login}}}, Domain: "example.net",
			Address: address.Address{Local: "anna", Domain: "example.net"}, LoginDomain: address.Domain(tc.alias), MovedTo: address.Domain(tc.moved),
		}
		if got, ok := s.Login(s.Services()[0]); got != tc.want || !ok {
			t.Errorf("%s with %q, %q: %s, want %s", tc.login, tc.alias, tc.moved, got, tc.want)
		}
	}
}

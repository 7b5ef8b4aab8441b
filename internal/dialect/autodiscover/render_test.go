package autodiscover

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

func settingsOf(t *testing.T, addr string, services ...settings.Service) settings.Settings {
	t.Helper()
	a, err := address.Parse(addr)
	if err != nil {
		t.Fatal(err)
	}
	return settings.Settings{Provider: &settings.Provider{Services: services}, Domain: a.Domain, Canonical: a.Domain, Address: a}
}

// readDocument is what a client reads of an answer.
type readDocument struct {
	Protocols []readProtocol `xml:"Response>Account>Protocol"`
}

type readProtocol struct {
	Type, Server, LoginName, DomainRequired, SPA, SSL, Encryption, AuthRequired string
	Port                                                                        uint16
}

// security is how Thunderbird reads a block.
func (p readProtocol) security() settings.Security {
	switch {
	case p.SSL == "off" || p.Encryption == "None":
		return settings.Plaintext
	case slices.Contains([]uint16{143, 110, 25, 587}, p.Port):
		return settings.STARTTLS
	}
	return settings.TLS
}

func read(t *testing.T, body []byte) readDocument {
	t.Helper()
	var doc readDocument
	if err := xml.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return doc
}

// TestBlock has one service each, and what the block says.
func TestBlock(t *testing.T) {
	literal := mail(settings.IMAP, 993, settings.TLS)
	literal.Login = "shared&co"
	local := mail(settings.IMAP, 993, settings.TLS)
	local.Login = "{local}.{domain}"
	for _, tc := range []struct {
		name string
		svc  settings.Service
		want string
	}{
		{"TLS", mail(settings.IMAP, 993, settings.TLS), "{IMAP mail.example.net anna@example.com off off on SSL on 993}"},
		{"STARTTLS", mail(settings.Submission, 587, settings.STARTTLS), "{SMTP mail.example.net anna@example.com off off on TLS on 587}"},
		{"plaintext", mail(settings.POP3, 110, settings.Plaintext), "{POP3 mail.example.net anna@example.com off off off None on 110}"},
		{"port of one's own", mail(settings.IMAP, 1993, settings.TLS), "{IMAP mail.example.net anna@example.com off off on SSL on 1993}"},
		{"literal login", literal, "{IMAP mail.example.net shared&co off off on SSL on 993}"},
		{"login in parts", local, "{IMAP mail.example.net anna.example.com off off on SSL on 993}"},
		{"no authentication", mail(settings.Submission, 465, settings.TLS, settings.NoAuth), "{SMTP mail.example.net anna@example.com off off on SSL off 465}"},
		{"OAuth2 or nothing", mail(settings.Submission, 465, settings.TLS, settings.OAuth2, settings.NoAuth), "{SMTP mail.example.net anna@example.com off off on SSL off 465}"},
		{"OAuth2 or a password", mail(settings.IMAP, 993, settings.TLS, settings.OAuth2, settings.Password), "{IMAP mail.example.net anna@example.com off off on SSL on 993}"},
		{"challenge", mail(settings.IMAP, 993, settings.TLS, settings.PasswordChallenge), "{IMAP mail.example.net anna@example.com off off on SSL on 993}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, err := Render(settingsOf(t, "anna@example.com", tc.svc))
			if err != nil {
				t.Fatal(err)
			}
			doc := read(t, body)
			if len(doc.Protocols) != 1 || fmt.Sprint(doc.Protocols[0]) != tc.want {
				t.Errorf("have %v, want %s", doc.Protocols, tc.want)
			}
		})
	}
}

// TestChoice has the services of one protocol, and the port of the one that is
// offered with its security as Thunderbird reads it; "" for none.
func TestChoice(t *testing.T) {
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     string
	}{
		{"the first", []settings.Service{mail(settings.IMAP, 993, settings.TLS), mail(settings.IMAP, 143, settings.STARTTLS)}, "993 tls"},
		{"STARTTLS first, as the provider prefers it", []settings.Service{mail(settings.IMAP, 143, settings.STARTTLS), mail(settings.IMAP, 993, settings.TLS)}, "143 starttls"},
		{"STARTTLS on a port that is read as TLS", []settings.Service{mail(settings.IMAP, 1143, settings.STARTTLS), mail(settings.IMAP, 143, settings.STARTTLS)}, "143 starttls"},
		{"TLS on a port that is read as STARTTLS", []settings.Service{mail(settings.IMAP, 143, settings.TLS), mail(settings.IMAP, 993, settings.TLS)}, "993 tls"},
		{"plaintext before something better", []settings.Service{mail(settings.IMAP, 143, settings.Plaintext), mail(settings.IMAP, 143, settings.STARTTLS)}, "143 starttls"},
		{"plaintext before what is read wrong but encrypted", []settings.Service{mail(settings.IMAP, 143, settings.Plaintext), mail(settings.IMAP, 1143, settings.STARTTLS)}, "1143 tls"},
		{"nothing that is read right", []settings.Service{mail(settings.IMAP, 1143, settings.STARTTLS), mail(settings.IMAP, 2143, settings.STARTTLS)}, "1143 tls"},
		{"OAuth2 alone before a password", []settings.Service{mail(settings.IMAP, 993, settings.TLS, settings.OAuth2), mail(settings.IMAP, 143, settings.STARTTLS)}, "143 starttls"},
		{"ways that cannot be said", []settings.Service{mail(settings.IMAP, 993, settings.TLS, settings.OAuth2, settings.ClientCert, settings.GSSAPI, settings.NTLM)}, ""},
		{"another protocol", []settings.Service{mail(settings.ManageSieve, 4190, settings.STARTTLS)}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, err := Render(settingsOf(t, "anna@example.com", tc.services...))
			if tc.want == "" {
				if settings.KindOf(err) != settings.NotOffered || err == nil {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			doc := read(t, body)
			if len(doc.Protocols) != 1 || fmt.Sprintf("%d %s", doc.Protocols[0].Port, doc.Protocols[0].security()) != tc.want {
				t.Errorf("have %v, want %s", doc.Protocols, tc.want)
			}
		})
	}
}

func TestRenderWithoutAddress(t *testing.T) {
	s := settings.Settings{Provider: providers()["sync.example.com"], Domain: "sync.example.com", Canonical: "sync.example.com"}
	for name, render := range map[string]func(settings.Settings) ([]byte, error){"Render": Render, "RenderMobileSync": RenderMobileSync} {
		if _, err := render(s); settings.KindOf(err) != settings.BadRequest || err == nil {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestRenderEveryProvider renders random valid settings and reads them back:
// every block is a service of the provider that can be used, read by
// Thunderbird's rule as what it is wherever one such is there; and the
// remembered document is the rendered one, byte for byte.
func TestRenderEveryProvider(t *testing.T) {
	m := cached{dialect.NewMemo()}
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		s := randomSettings(t, rnd)
		body, err := Render(s)
		for range 2 { // the first time it is remembered, the second time it is known
			quick, quickErr := m.render(s)
			if string(quick) != string(body) || fmt.Sprint(quickErr) != fmt.Sprint(err) {
				t.Fatalf("seed %d: remembered\n%s%v\nrendered\n%s%v", seed, quick, quickErr, body, err)
			}
			if err != nil {
				continue
			}
			for _, other := range []address.Address{
				{Local: "o'ther&+x", Domain: s.Domain},
				{Local: s.Address.Local, Domain: "answered-by-another.example"},
			} {
				s := s
				s.Address = other
				want, _ := Render(s)
				if have, _ := m.render(s); string(have) != string(want) {
					t.Fatalf("seed %d: remembered for another\n%s\nrendered\n%s", seed, have, want)
				}
			}
		}
		if err != nil {
			if settings.KindOf(err) != settings.NotOffered {
				t.Fatalf("seed %d: %v", seed, err)
			}
			body = nil
		}
		checkBlocks(t, seed, s, body)
	}
}

var typeNames = []struct {
	name     string
	protocol settings.Protocol
}{{"IMAP", settings.IMAP}, {"POP3", settings.POP3}, {"SMTP", settings.Submission}, {"CalDAV", settings.CalDAV}, {"CardDAV", settings.CardDAV}}

func checkBlocks(t *testing.T, seed uint64, s settings.Settings, body []byte) {
	t.Helper()
	var doc readDocument
	if body != nil {
		doc = read(t, body)
	}
	rest := doc.Protocols
	for len(rest) > 0 && (rest[0].Type == "EXCH" || rest[0].Type == "EXPR") { // TestExchangeBlocks has them
		rest = rest[1:]
	}
	for _, known := range typeNames {
		var candidates []settings.Service
		for _, svc := range s.Services() {
			if svc.Protocol == known.protocol && (svc.Accepts(settings.Password) || svc.Accepts(settings.PasswordChallenge) || svc.Accepts(settings.NoAuth)) {
				candidates = append(candidates, svc)
			}
		}
		offered := len(candidates) > 0 && body != nil && (!known.protocol.ByURL() || s.Provider.Outlook.DAV)
		if !offered {
			if body == nil && len(candidates) > 0 && !known.protocol.ByURL() {
				t.Fatalf("seed %d: %s is there but nothing is offered", seed, known.name)
			}
			continue
		}
		if len(rest) == 0 || rest[0].Type != known.name {
			t.Fatalf("seed %d: no %s where it belongs in %+v", seed, known.name, doc.Protocols)
		}
		b := rest[0]
		rest = rest[1:]
		if !slices.ContainsFunc(candidates, func(svc settings.Service) bool { return says(s, b, svc) }) {
			t.Fatalf("seed %d: %+v is none of %+v", seed, b, candidates)
		}
		if known.protocol.ByURL() {
			continue
		}
		readRight := func(svc settings.Service) bool {
			return svc.Security != settings.Plaintext && readProtocol{Port: svc.Port}.security() == svc.Security
		}
		if i := slices.IndexFunc(candidates, readRight); i >= 0 && !says(s, b, candidates[i]) {
			t.Fatalf("seed %d: %+v instead of %+v", seed, b, candidates[i])
		}
	}
	if len(rest) > 0 {
		t.Fatalf("seed %d: unexpected %+v", seed, rest)
	}
}

// says reports whether a block describes a service.
func says(s settings.Settings, b readProtocol, svc settings.Service) bool {
	login, ok := s.Login(svc)
	password := svc.Accepts(settings.Password) || svc.Accepts(settings.PasswordChallenge)
	if !ok || b.LoginName != login || b.SPA != "off" || b.DomainRequired != "off" || (b.AuthRequired == "on") != password {
		return false
	}
	if svc.Protocol.ByURL() {
		return b.Server == svc.URL && b.Port == 0 && b.SSL == "" && b.Encryption == ""
	}
	words := map[settings.Security][2]string{settings.TLS: {"on", "SSL"}, settings.STARTTLS: {"on", "TLS"}, settings.Plaintext: {"off", "None"}}
	return b.Server == svc.Host && b.Port == svc.Port && [2]string{b.SSL, b.Encryption} == words[svc.Security]
}

func pick[T any](rnd *rand.Rand, values ...T) T { return values[rnd.IntN(len(values))] }

func randomSettings(t *testing.T, rnd *rand.Rand) settings.Settings {
	t.Helper()
	p := &settings.Provider{
		ID: "random", Name: "Random", ShortName: "Random",
		Subaddress: pick(rnd, "", "", "+", "-"),
		Outlook:    settings.OutlookOptions{DAV: rnd.IntN(2) == 0},
	}
	for range 1 + rnd.IntN(8) {
		svc := settings.Service{
			Protocol: pick(rnd, settings.Protocols()...),
			Login:    pick[settings.Login](rnd, "{address}", "{local}", "{local}.{domain}", "x<{local}>&", "shared"),
		}
		auths := settings.Auths()
		rnd.Shuffle(len(auths), func(i, j int) { auths[i], auths[j] = auths[j], auths[i] })
		svc.Auth = auths[:1+rnd.IntN(3)]
		if svc.Protocol.ByURL() {
			svc.URL = pick(rnd, "https://dav.example.net/a&b/", "https://{domain}/dav/")
		} else {
			svc.Host = pick(rnd, "mail.example.net", "mail.{domain}")
			svc.Security = pick(rnd, settings.Securities()...)
			svc.Port = pick[uint16](rnd, 993, 143, 995, 110, 465, 587, 25, 1, 2525, 65535)
		}
		for _, problem := range svc.Problems() {
			if !problem.Warning {
				t.Fatalf("%+v: %+v", svc, problem)
			}
		}
		p.Services = append(p.Services, svc)
	}
	a, err := address.Parse(pick(rnd, "anna", "a&b'c", "anna+news", "+anna", "müller-x", "用户", "!#$%&'*+-/=?^_`{|}~", "{local}") + "@" + pick(rnd, "example.com", "bücher.example"))
	if err != nil {
		t.Fatal(err)
	}
	return settings.Settings{Provider: p, Domain: a.Domain, Canonical: pick(rnd, a.Domain, "canonical.example"), Address: a}
}

package directory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

// written is a line for each service: protocol, where, login.
func written(services []settings.Service) string {
	var lines []string
	for _, s := range services {
		where := s.URL
		if where == "" {
			where = fmt.Sprintf("%s:%d %s", s.Host, s.Port, s.Security)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", s.Protocol, where, s.Login))
	}
	return strings.Join(lines, "\n")
}

func TestOverrides(t *testing.T) {
	const (
		imap = "imap imap.hoster.example:993 tls {address}\nimap imap.hoster.example:143 starttls {address}\n"
		smtp = "submission smtp.hoster.example:465 tls {address}\nsubmission smtp.hoster.example:587 starttls {address}\n"
		dav  = "caldav https://dav.hoster.example/ {address}"
	)
	for _, tc := range []struct {
		name   string
		record source.Record
		want   string // services, or an error that begins with this
	}{
		{"a host goes for every service of its protocol", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Host: "imap7.example.net"}}},
			"imap imap7.example.net:993 tls {address}\nimap imap7.example.net:143 starttls {address}\n" + smtp + dav},
		{"a host may hold the domain", source.Record{Overrides: []source.Override{{Protocol: settings.Submission, Host: "smtp.{domain}"}}},
			imap + "submission smtp.{domain}:465 tls {address}\nsubmission smtp.{domain}:587 starttls {address}\n" + dav},
		{"a mail host goes for the mail services that there are", source.Record{MailHost: "mail7.example.net"},
			strings.ReplaceAll(strings.ReplaceAll(imap+smtp, "imap.hoster.example", "mail7.example.net"), "smtp.hoster.example", "mail7.example.net") + dav},
		{"a host of a protocol goes before the mail host", source.Record{MailHost: "mail7.example.net", Overrides: []source.Override{{Protocol: settings.IMAP, Host: "imap7.example.net"}}},
			strings.ReplaceAll(strings.ReplaceAll(imap+smtp, "imap.hoster.example", "imap7.example.net"), "smtp.hoster.example", "mail7.example.net") + dav},
		{"a port names the only way in", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Port: 1993}}},
			"imap imap.hoster.example:1993 tls {address}\n" + smtp + dav},
		{"a port brings the security it is registered for", source.Record{Overrides: []source.Override{{Protocol: settings.Submission, Port: 587}}},
			imap + "submission smtp.hoster.example:587 starttls {address}\n" + dav},
		{"a security brings the port that is registered for it", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Security: settings.STARTTLS}}},
			"imap imap.hoster.example:143 starttls {address}\n" + smtp + dav},
		{"the security it has already keeps its port", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Security: settings.TLS}}},
			"imap imap.hoster.example:993 tls {address}\n" + smtp + dav},
		{"a port and a security that contradict each other are taken by their word", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Port: 143, Security: settings.TLS}}},
			"imap imap.hoster.example:143 tls {address}\n" + smtp + dav},
		{"host, port and security", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, Host: "own.example.net", Port: 1143, Security: settings.STARTTLS}}},
			"imap own.example.net:1143 starttls {address}\n" + smtp + dav},
		{"a url", source.Record{Overrides: []source.Override{{Protocol: settings.CalDAV, URL: "https://own.example.net/dav/"}}},
			imap + smtp + "caldav https://own.example.net/dav/ {address}"},
		{"nothing of a protocol", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP}}},
			imap + smtp + dav},
		{"a protocol that the provider does not have", source.Record{Overrides: []source.Override{{Protocol: settings.POP3, Host: "pop.example.net"}}},
			imap + smtp + dav + "\npop3 pop.example.net:995 tls {address}"},
		{"the same by its port", source.Record{Overrides: []source.Override{{Protocol: settings.POP3, Host: "pop.example.net", Port: 110}}},
			imap + smtp + dav + "\npop3 pop.example.net:110 starttls {address}"},
		{"the same by its url", source.Record{Overrides: []source.Override{{Protocol: settings.CardDAV, URL: "https://dav.example.net/"}}},
			imap + smtp + dav + "\ncarddav https://dav.example.net/ {address}"},
		{"a form of the login goes for every service, those that are added too", source.Record{Login: "{local}", Overrides: []source.Override{{Protocol: settings.JMAP, URL: "https://jmap.example.net/"}}},
			strings.ReplaceAll(imap+smtp+dav+"\njmap https://jmap.example.net/ {address}", "{address}", "{local}")},
		{"several protocols", source.Record{Overrides: []source.Override{{Protocol: settings.CalDAV, URL: "https://own.example.net/"}, {Protocol: settings.IMAP, Port: 1993}, {Protocol: settings.Submission, Host: "out.example.net"}}},
			"imap imap.hoster.example:1993 tls {address}\nsubmission out.example.net:465 tls {address}\nsubmission out.example.net:587 starttls {address}\ncaldav https://own.example.net/ {address}"},

		{"a protocol without a host", source.Record{Overrides: []source.Override{{Protocol: settings.POP3, Port: 995}}},
			"column pop3_host: pop3 needs a host such as mail.example.com"},
		{"a port that has no default", source.Record{Overrides: []source.Override{{Protocol: settings.ManageSieve, Host: "sieve.example.net", Security: settings.TLS}}},
			"column managesieve_port: managesieve with security tls has no default port; set one"},
		{"a form that nobody knows", source.Record{Login: "{user}"},
			`column login: the login "{user}" has an unknown placeholder; known: {address}, {local}, {domain}`},
		{"a url where a host belongs", source.Record{Overrides: []source.Override{{Protocol: settings.IMAP, URL: "https://imap.example.net/"}}},
			"column imap_url: imap is given by host, port and security, not by a url"},
		{"a protocol twice", source.Record{Overrides: make([]source.Override, maxOverrides+1)},
			"the record has more than one override for a protocol"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base := &settings.Provider{ID: "hoster", Name: "Hoster", ShortName: "Hoster", Services: services()}
			before := written(base.Services)
			m := newDerivations()
			p, err := m.provider(base, &tc.record)
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = written(p.Services)
			}
			if got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
			if written(base.Services) != before {
				t.Error("the provider of the file was changed")
			}
			again, err2 := m.provider(base, &tc.record)
			if again != p || err2 == nil != (err == nil) {
				t.Error("the second time it is another provider")
			}
		})
	}
}

// TestHostsFromOutside lists every way to a host that the settings file does not
// write out. Passwords are never sent to a private address of such a host.
func TestHostsFromOutside(t *testing.T) {
	host := func(o source.Override) source.Record { return source.Record{Overrides: []source.Override{o}} }
	for name, tc := range map[string]struct {
		host   string // of the provider's first service
		record source.Record
		want   string
	}{
		"written out":                  {"imap.hoster.example", source.Record{Provider: "hoster"}, ""},
		"made from the domain":         {"imap.{domain}", source.Record{}, "imap.customer.example"},
		"named by a record":            {"imap.hoster.example", host(source.Override{Protocol: settings.IMAP, Host: "own.example.net"}), "own.example.net own.example.net"},
		"named for all mail":           {"imap.hoster.example", source.Record{MailHost: "mail.example.net"}, "mail.example.net mail.example.net mail.example.net mail.example.net"},
		"named with a port":            {"imap.hoster.example", host(source.Override{Protocol: settings.IMAP, Host: "own.example.net", Port: 993}), "own.example.net"},
		"of a protocol that is added":  {"imap.hoster.example", host(source.Override{Protocol: settings.POP3, Host: "pop.example.net"}), "pop.example.net"},
		"another port alone":           {"imap.hoster.example", host(source.Override{Protocol: settings.IMAP, Port: 993}), ""},
		"a record's, with the domain":  {"imap.hoster.example", host(source.Override{Protocol: settings.Submission, Host: "smtp.{domain}", Port: 465}), "smtp.customer.example"},
		"the domain of another record": {"imap.{domain}", source.Record{Canonical: "other.example"}, "imap.other.example"},
	} {
		w := newTown(t, nil, nil, &fake{domains: map[address.Domain]source.Record{"customer.example": tc.record}}, &fake{})
		w.hoster.Services[0].Host = tc.host
		found, err := w.Resolve(t.Context(), settings.Query{Domain: "customer.example"})
		if err != nil {
			t.Fatal(name, err)
		}
		var outside []string
		for _, svc := range found.Services() {
			if svc.HostFromOutside && svc.Host != "" {
				outside = append(outside, svc.Host)
			}
		}
		if got := strings.Join(outside, " "); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestAddedServicesLogInLikeTheFirst(t *testing.T) {
	base := &settings.Provider{Name: "Hoster", ShortName: "Hoster", Services: services()}
	p, err := derive(base, &source.Record{Overrides: []source.Override{{Protocol: settings.POP3, Host: "pop.example.net"}}})
	if err != nil || !reflect.DeepEqual(p.Services[5].Auth, base.Services[0].Auth) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestThereIsAnOverrideForEachProtocol(t *testing.T) {
	if n := len(settings.Protocols()); n != maxOverrides {
		t.Errorf("there are %d protocols", n)
	}
}

func TestNames(t *testing.T) {
	long := "Gesellschaft zur Pflege der handgeschriebenen Briefe und Karten in Europa e.V."
	for _, tc := range []struct{ name, long, short string }{
		{"", "Hoster", "H"},
		{"Books & More", "Books & More", "Books & More"},
		{long, "Gesellschaft zur Pflege der handgeschriebenen Briefe und", "Gesellschaft zur"},
		{strings.Repeat("ü", 70), strings.Repeat("ü", 60), strings.Repeat("ü", 20)},
	} {
		base := &settings.Provider{ID: "hoster", Name: "Hoster", ShortName: "H", Names: map[string]string{"de": "Wirt"}, HelpURL: "https://help.example", Services: services()}
		p, err := newDerivations().provider(base, &source.Record{Name: tc.name})
		if err != nil || p.Name != tc.long || p.ShortName != tc.short || p.ID != "hoster" || p.HelpURL != base.HelpURL {
			t.Errorf("%q: %+v, %v", tc.name, p, err)
		}
		if (tc.name == "") != (p.Names != nil) {
			t.Errorf("%q: the provider's names in other languages are %v", tc.name, p.Names)
		}
	}
}

func TestAMillionCustomersOnTenServersShareTenProviders(t *testing.T) {
	base := &settings.Provider{ID: "hoster", Name: "Hoster", ShortName: "Hoster", Services: services()}
	m := newDerivations()
	seen := make(map[*settings.Provider]bool)
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 25_000 {
				p, err := m.provider(base, &source.Record{
					Canonical: address.Domain(fmt.Sprintf("c%d.example", i)),
					Overrides: []source.Override{{Protocol: settings.IMAP, Host: fmt.Sprintf("imap%d.example.net", i%10)}},
				})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen[p] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(seen) != 10 {
		t.Errorf("%d providers", len(seen))
	}
	for i := range 3 * maxDerived {
		if _, err := m.provider(base, &source.Record{Name: fmt.Sprint("Customer ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	m.made.CleanUp()
	if n := m.made.EstimatedSize(); n > maxDerived {
		t.Errorf("%d providers are cached", n)
	}
}

func TestWhoComesAtTheSameTimeGetsTheSameProvider(t *testing.T) {
	base := &settings.Provider{ID: "hoster", Name: "Hoster", ShortName: "Hoster"}
	for range 100 { // long enough for two to be at it at the same time
		base.Services = append(base.Services, services()...)
	}
	for i := range 50 {
		m := newDerivations()
		var got [8]*settings.Provider
		var all sync.WaitGroup
		begin := make(chan struct{})
		for n := range got {
			all.Go(func() {
				<-begin
				got[n], _ = m.provider(base, &source.Record{Login: "{local}"})
			})
		}
		close(begin)
		all.Wait()
		for _, p := range got {
			if p == nil || p != got[0] {
				t.Fatalf("round %d: several providers", i)
			}
		}
	}
}

func TestProvidersAreNotMixedUp(t *testing.T) {
	m := newDerivations()
	for _, id := range []string{"hoster", "other"} {
		base := &settings.Provider{ID: id, Name: "Name", ShortName: "Name", Services: services()}
		for _, record := range []source.Record{
			{Login: "{local}"},
			{Name: "{local}"},
			{MailHost: "mail.example.net"},
			{Overrides: []source.Override{{Protocol: settings.IMAP, Port: 1}}},
			{Overrides: []source.Override{{Protocol: settings.Submission, Port: 1}}},
		} {
			p, err := m.provider(base, &record)
			if err != nil || p.ID != id {
				t.Fatalf("%s: %+v, %v", id, p, err)
			}
			if fresh, _ := derive(base, &record); !reflect.DeepEqual(p, fresh) {
				t.Errorf("%s: %+v for %+v", id, p, record)
			}
		}
	}
}

// TestDerivedProvidersAreValid makes providers out of random ones by random
// records: each is as good as one of the file, has what the record says, and
// has nothing else changed; or the error says what is wrong.
func TestDerivedProvidersAreValid(t *testing.T) {
	good, bad := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		base := settingstest.Random(r).Provider
		record := randomRecord(r)
		p, err := newDerivations().provider(base, &record)
		if err != nil {
			bad++
			if !strings.HasPrefix(err.Error(), "column ") {
				t.Fatalf("seed %d: %v", seed, err)
			}
			continue
		}
		good++
		for _, s := range p.Services {
			for _, problem := range s.Problems() {
				if !problem.Warning {
					t.Fatalf("seed %d: %+v: %+v", seed, s, problem)
				}
			}
		}
		said := make(map[settings.Protocol]source.Override)
		for _, o := range record.Overrides {
			said[o.Protocol] = o
			s, ok := settings.First(p.Services, o.Protocol)
			if !ok || o.Host != "" && s.Host != o.Host || o.Port != 0 && s.Port != o.Port || o.Security != "" && s.Security != o.Security || o.URL != "" && s.URL != o.URL {
				t.Fatalf("seed %d: %+v made %+v", seed, o, s)
			}
		}
		untouched := func(services []settings.Service) (left []settings.Service) {
			for _, s := range services {
				if _, ok := said[s.Protocol]; !ok {
					if record.Login != "" {
						s.Login = ""
					}
					left = append(left, s)
				}
			}
			return left
		}
		if !reflect.DeepEqual(untouched(p.Services), untouched(base.Services)) {
			t.Fatalf("seed %d: other services changed", seed)
		}
	}
	if good < 1000 || bad < 100 {
		t.Errorf("%d good and %d bad ones are too few to tell", good, bad)
	}
}

func randomRecord(r *rand.Rand) source.Record {
	var record source.Record
	if r.IntN(3) == 0 {
		record.Login = []string{"{local}", "{address}", "shared"}[r.IntN(3)]
	}
	protocols := settings.Protocols()
	r.Shuffle(len(protocols), func(i, j int) { protocols[i], protocols[j] = protocols[j], protocols[i] })
	for _, p := range protocols[:r.IntN(4)] {
		o := source.Override{Protocol: p}
		if p.ByURL() {
			o.URL = "https://own.example.net/"
		} else {
			o.Host = []string{"", "own.example.net", "imap.{domain}"}[r.IntN(3)]
			o.Port = []uint16{0, 0, 143, 465, 1993}[r.IntN(5)]
			o.Security = []settings.Security{"", "", settings.TLS, settings.STARTTLS, settings.Plaintext}[r.IntN(5)]
		}
		record.Overrides = append(record.Overrides, o)
	}
	return record
}

func TestAnAnswerFromMemoryAllocatesNothing(t *testing.T) {
	overrides := []source.Override{{Protocol: settings.IMAP, Host: "imap7.example.net"}}
	w := newTown(t, nil, nil, &fake{domains: map[address.Domain]source.Record{"a.example": {}, "b.example": {Overrides: overrides}}}, &fake{})
	w.outside.Count = func(string, string) {}
	for _, d := range []address.Domain{"a.example", "b.example", "unknown.example"} {
		q := settings.Query{Domain: d, Address: address.Address{Local: "anna", Domain: d}}
		resolve := func() {
			if _, err := w.Resolve(t.Context(), q); err != nil && !errors.Is(err, settings.ErrUnknownDomain) {
				t.Error(err)
			}
		}
		resolve()
		if n := testing.AllocsPerRun(1000, resolve); n >= 1 {
			t.Errorf("%s: %v allocations", d, n)
		}
	}
}

func BenchmarkResolveOutside(b *testing.B) {
	overrides := []source.Override{{Protocol: settings.IMAP, Host: "imap7.example.net"}, {Protocol: settings.Submission, Host: "smtp7.example.net"}}
	customers := &fake{
		domains:   map[address.Domain]source.Record{"plain.example": {}, "overrides.example": {Overrides: overrides, Name: "Books"}},
		mailboxes: map[string]source.Record{"anna@plain.example": {Login: "web1p1"}},
	}
	for _, bc := range []struct {
		name string
		q    settings.Query
	}{
		{"plain", settings.Query{Domain: "plain.example"}},
		{"overrides", settings.Query{Domain: "overrides.example"}},
		{"mailbox", settings.Query{Domain: "plain.example", Address: address.Address{Local: "anna", Domain: "plain.example"}}},
		{"host", settings.Query{Host: "b.plain.example"}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			w := newTown(b, nil, nil, customers, &fake{})
			w.outside.Count = func(string, string) {}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Resolve(ctx, bc.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package clients_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/dialect/autodiscover"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
	"github.com/waymark-mail/waymark/test/programs"
)

// render returns the document of a format.
func render(format client.Format, s settings.Settings) ([]byte, error) {
	switch format {
	case client.Autoconfig:
		return autoconfig.Render(s)
	case client.Autodiscover:
		return autodiscover.Render(s)
	case client.Profile:
		return mobileconfig.Render(s, mobileconfig.Options{})
	case client.PACC:
		return pacc.Render(s)
	case client.JSON, client.WellKnown, client.Records:
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// reader is a client that reads one format.
type reader struct {
	Name          string // "Thunderbird", or "Thunderbird's Autodiscover" for its second format
	Format        client.Format
	AsksForDomain bool // its questions do not tell the address
	Read          client.Reader
	Ask           func(string, client.DNS) client.Plan
}

// readers returns every client with each format that it reads.
var readers = sync.OnceValue(func() []reader {
	var all []reader
	for _, c := range clients.All() {
		for format, read := range c.Read {
			r := reader{c.Name, format, format != client.Autodiscover, read, c.Ask}
			if format == client.Autodiscover && len(c.Read) > 1 {
				r.Name += "'s Autodiscover"
			}
			for _, q := range questions(r, "marker@example.com") {
				r.AsksForDomain = r.AsksForDomain && !strings.Contains(q.URL, "marker")
			}
			all = append(all, r)
		}
	}
	return all
})

// questions returns the HTTP requests of a reader about the domain of an address.
func questions(r reader, address string) []client.Question {
	var all []client.Question
	for _, stage := range r.Ask(address, client.DNS{}) {
		for _, q := range stage.Questions {
			if stage.Format == r.Format && q.Method != "" && q.Owner == client.Domain {
				all = append(all, q)
			}
		}
	}
	return all
}

// TestClientsAgree compares every client with thousands of random settings, and
// requires each exception to be met.
func TestClientsAgree(t *testing.T) {
	t.Parallel()
	met, served := map[string]bool{}, map[string]int{}
	meet := func(r reader, x exception) { met[r.Name+": "+x.reason] = true }
	serve := func(r reader) { served[r.Name]++ }
	for seed := range seeds() {
		agree(t, random(uint64(seed)), meet, serve)
		if t.Failed() {
			t.Fatalf("with the seed %d", seed)
		}
	}
	for _, s := range rare() {
		agree(t, s, meet, serve)
	}
	for _, x := range exceptions {
		for _, name := range x.clients {
			if !met[name+": "+x.reason] {
				t.Errorf("%s was never met with: %s", name, x.reason)
			}
		}
	}
	for _, r := range readers() {
		if served[r.Name] < seeds()/12 {
			t.Errorf("%s set up only %d accounts", r.Name, served[r.Name])
		}
	}
}

// FuzzFormatsAgree does the same for the settings that the fuzzer finds.
func FuzzFormatsAgree(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		agree(t, random(seed), func(reader, exception) {}, func(reader) {})
	})
}

// seeds returns how many random settings are compared. The race detector makes them
// slow; fewer than these would not meet every exception.
func seeds() int {
	if programs.All() {
		return 1000
	}
	return 300
}

func random(seed uint64) settings.Settings {
	return settingstest.Random(rand.New(rand.NewPCG(seed, 0)))
}

// rare returns settings that random ones hardly ever are.
func rare() []settings.Settings {
	lastPort, placeholder, tagged := whole(), whole(), whole()
	lastPort.Provider.Services[0].Port = 65535
	placeholder.Address.Local = "%EMAILADDRESS%"
	for i := range placeholder.Provider.Services {
		placeholder.Provider.Services[i].Login = "{local}"
	}
	tagged.Provider.Subaddress, tagged.Address.Local = "+", "anna+news"
	return []settings.Settings{lastPort, placeholder, tagged}
}

// agree compares the account of each client with the expected one.
func agree(t *testing.T, s settings.Settings, met func(reader, exception), served func(reader)) {
	t.Helper()
	for _, c := range readers() {
		told := s
		if c.AsksForDomain {
			told.Address, told.LoginName, told.MailboxLookup = address.Address{}, "", false
		}
		document, err := render(c.Format, told)
		moved := c.Format == client.Autodiscover && s.MovedTo != "" && !s.Address.IsZero()
		nothing := offerOf(c.Format, s) == offer{} && !moved
		if err != nil {
			if !nothing || settings.KindOf(err) == settings.Internal {
				t.Errorf("%s: %v, but it must name %+v", c.Format, err, offerOf(c.Format, s))
			}
			continue
		}
		if nothing {
			t.Errorf("%s: there is a document, but nothing to express\n%s", c.Format, document)
			continue
		}
		if strings.Contains(told.Address.Local, "%EMAIL") && c.Format == client.Autoconfig && (s.MailboxLookup || s.LoginName != "" || s.MovedTo != "" || s.LoginDomain != "") {
			continue // clients fill in a literal address that contains a placeholder
		}
		want := expect(c, s, func(x exception) { met(c, x) })
		got, err := c.Read(document, typed(s))
		if !matches(t, c, want, got, err) {
			t.Logf("the document:\n%s\nthe settings: %+v\nof %+v", document, s, *s.Provider)
		} else if err == nil {
			served(c)
		}
	}
}

func matches(t *testing.T, c reader, want *expectation, got client.Account, err error) bool {
	t.Helper()
	if want.verdict != "" || err != nil {
		refusal, ok := errors.AsType[*client.Refusal](err)
		if !ok || refusal.Does != want.verdict || refusal.Does == client.AsksAgain && refusal.To != want.settings.Address.String() {
			t.Errorf("%s: %v, want %q with %+v", c.Name, err, want.verdict, want.account)
			return false
		}
		return true
	}
	for _, s := range []struct {
		got     *client.Server
		service *settings.Service
	}{{&got.Incoming, want.in}, {&got.Outgoing, want.out}} {
		if s.service != nil && !canLogIn(s.got.Auth, *s.service) {
			t.Errorf("%s: logs in by %q, the service accepts %q", c.Name, s.got.Auth, s.service.Auth)
			return false
		}
		s.got.Auth = ""
	}
	if got != want.account {
		t.Errorf("%s: sets up\n%+v, want\n%+v", c.Name, got, want.account)
		return false
	}
	return true
}

// canLogIn reports whether a service accepts the way to log in that a client tries.
// The password is the last resort where autoconfig cannot express the others.
func canLogIn(way string, svc settings.Service) bool {
	switch way {
	case "":
		return true
	case "password":
		return takesPassword(svc) || encrypted(svc) || svc.Accepts(settings.NoAuth)
	}
	return svc.Accepts(settings.Auth(way))
}

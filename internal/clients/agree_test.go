package clients_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/dialect/autodiscover"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

// render returns the document of a format.
func render(format clients.Format, s settings.Settings) ([]byte, error) {
	switch format {
	case clients.Autoconfig:
		return autoconfig.Render(s)
	case clients.Autodiscover:
		return autodiscover.Render(s)
	case clients.Profile:
		return mobileconfig.Render(s, mobileconfig.Options{})
	case clients.PACC:
		return pacc.Render(s)
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// TestClientsAgree holds every client against thousands of random settings, and
// the table of exceptions against the clients: each exception must be met.
func TestClientsAgree(t *testing.T) {
	t.Parallel()
	met, served := map[string]bool{}, map[string]int{}
	meet := func(c clients.Client, x exception) { met[c.Name+": "+x.reason] = true }
	serve := func(c clients.Client) { served[c.Name]++ }
	for seed := range uint64(1000) {
		agree(t, random(seed), meet, serve)
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
	for _, c := range clients.Clients() {
		if served[c.Name] < 50 {
			t.Errorf("%s set up %d accounts only", c.Name, served[c.Name])
		}
	}
}

// FuzzFormatsAgree does the same for whatever settings the fuzzer finds.
func FuzzFormatsAgree(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		agree(t, random(seed), func(clients.Client, exception) {}, func(clients.Client) {})
	})
}

func random(seed uint64) settings.Settings {
	return settingstest.Random(rand.New(rand.NewPCG(seed, 0)))
}

// rare returns settings that hardly ever come up at random.
func rare() []settings.Settings {
	lastPort, placeholder := whole(), whole()
	lastPort.Provider.Services[0].Port = 65535
	placeholder.Address.Local = "%EMAILADDRESS%"
	for i := range placeholder.Provider.Services {
		placeholder.Provider.Services[i].Login = "{local}"
	}
	return []settings.Settings{lastPort, placeholder}
}

// agree compares what each client ends with to what it has to end with.
func agree(t *testing.T, s settings.Settings, met func(clients.Client, exception), served func(clients.Client)) {
	t.Helper()
	for _, c := range clients.Clients() {
		told := s
		if c.AsksForDomain {
			told.Address, told.LoginName, told.MailboxLookup = address.Address{}, "", false
		}
		document, err := render(c.Format, told)
		moved := c.Format == clients.Autodiscover && s.MovedTo != "" && !s.Address.IsZero()
		nothing := offerOf(c.Format, s) == offer{} && !moved
		if err != nil {
			if !nothing || settings.KindOf(err) == settings.Internal {
				t.Errorf("%s: %v, but it has to name %+v", c.Format, err, offerOf(c.Format, s))
			}
			continue
		}
		if nothing {
			t.Errorf("%s: there is a document, but nothing it could say\n%s", c.Format, document)
			continue
		}
		if strings.Contains(told.Address.Local, "%EMAIL") && c.Format == clients.Autoconfig && (s.MailboxLookup || s.LoginName != "" || s.MovedTo != "") {
			continue // every client fills something into an address that is written out and looks like that
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

func matches(t *testing.T, c clients.Client, want *expectation, got clients.Account, err error) bool {
	t.Helper()
	if want.verdict != "" || err != nil {
		refusal, ok := errors.AsType[*clients.Refusal](err)
		if !ok || refusal.Does != want.verdict || refusal.Does == clients.AsksAgain && refusal.To != want.settings.Address.String() {
			t.Errorf("%s: %v, want %q with %+v", c.Name, err, want.verdict, want.account)
			return false
		}
		return true
	}
	for _, s := range []struct {
		got     *clients.Server
		service *settings.Service
	}{{&got.Incoming, want.in}, {&got.Outgoing, want.out}} {
		if s.service != nil && !canLogIn(s.got.Auth, *s.service) {
			t.Errorf("%s: logs in by %q, the service takes %q", c.Name, s.got.Auth, s.service.Auth)
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

// canLogIn reports whether a service takes what the client would try. A
// password is the last resort for services with nothing a client can be told.
func canLogIn(way string, svc settings.Service) bool {
	switch way {
	case "":
		return true
	case "password":
		return takesPassword(svc) || encrypted(svc) || svc.Accepts(settings.NoAuth)
	}
	return svc.Accepts(settings.Auth(way))
}

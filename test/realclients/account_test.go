package realclients

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// account is what a mail client needs to receive and to send, in words that
// are neither the client's nor those of a dialect.
type account struct {
	Incoming, Outgoing server
}

type server struct {
	Protocol string // imap, pop3, submission
	Host     string
	Port     int
	Security string // tls, starttls, plaintext
	User     string
	Auth     string // password, …
}

func (a account) String() string { return fmt.Sprintf("%s; %s", a.Incoming, a.Outgoing) }

func (s server) String() string {
	return fmt.Sprintf("%s %s:%d %s, %s with %s", s.Protocol, s.Host, s.Port, s.Security, s.User, s.Auth)
}

// accountOf returns the account that the canonical settings describe: the
// preferred service of each kind. No client here logs in otherwise than by a
// password.
func accountOf(t *testing.T, s settings.Settings) account {
	t.Helper()
	services := s.Services()
	incoming, ok := settings.First(services, settings.IMAP)
	if !ok {
		incoming, ok = settings.First(services, settings.POP3)
	}
	if exchange, is := settings.First(services, settings.EWS); is && !ok {
		u, err := url.Parse(exchange.URL)
		if err != nil {
			t.Fatal(err)
		}
		exchange.Host, exchange.Port, exchange.Security = u.Host, 443, settings.TLS
		both := serverOf(t, s, exchange)
		return account{both, both} // it also sends
	}
	outgoing, both := settings.First(services, settings.Submission)
	if !ok || !both {
		t.Fatal("the settings are not enough for an account")
	}
	return account{serverOf(t, s, incoming), serverOf(t, s, outgoing)}
}

func serverOf(t *testing.T, s settings.Settings, svc settings.Service) server {
	t.Helper()
	user, ok := s.Login(svc)
	if !ok || !svc.Accepts(settings.Password) {
		t.Fatalf("%s: no user name, or no password", svc.Protocol)
	}
	return server{string(svc.Protocol), svc.Host, int(svc.Port), string(svc.Security), user, string(settings.Password)}
}

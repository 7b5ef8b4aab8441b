package passwordcheck

import (
	"math/rand/v2"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

func TestChoose(t *testing.T) {
	at := func(host string, p settings.Protocol, s settings.Security, auth ...settings.Auth) settings.Service {
		svc := service(p, s)
		svc.Host = host
		if len(auth) > 0 {
			svc.Auth = auth
		}
		return svc
	}
	of := func(services ...settings.Service) []settings.Service { return services }
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     string // host; "" for none
	}{
		{"TLS before STARTTLS", of(at("a.example", settings.IMAP, settings.STARTTLS), at("b.example", settings.IMAP, settings.TLS)), "b.example"},
		{"the operator's order", of(at("a.example", settings.IMAP, settings.TLS), at("b.example", settings.IMAP, settings.TLS)), "a.example"},
		{"IMAP with STARTTLS before POP3 with TLS", of(at("a.example", settings.POP3, settings.TLS), at("b.example", settings.IMAP, settings.STARTTLS)), "b.example"},
		{"POP3 before submission", of(at("a.example", settings.Submission, settings.TLS), at("b.example", settings.POP3, settings.STARTTLS)), "b.example"},
		{"submission if there is nothing else", of(at("a.example", settings.ManageSieve, settings.STARTTLS), at("b.example", settings.Submission, settings.STARTTLS)), "b.example"},
		{"never plaintext", of(at("a.example", settings.IMAP, settings.Plaintext)), ""},
		{"a password as the second choice", of(at("a.example", settings.IMAP, settings.TLS, settings.OAuth2, settings.Password)), "a.example"},
		{"IMAP with OAuth2, submission with a password", of(at("a.example", settings.IMAP, settings.TLS, settings.OAuth2), at("b.example", settings.Submission, settings.TLS)), "b.example"},
		{"only OAuth2", of(at("a.example", settings.IMAP, settings.TLS, settings.OAuth2)), ""},
		{"only challenges", of(at("a.example", settings.IMAP, settings.TLS, settings.PasswordChallenge)), ""},
		{"nothing", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			svc, login, ok := choose(mailbox(tc.services...))
			if svc.Host != tc.want || ok != (tc.want != "") || ok && login != "anna@example.com" {
				t.Errorf("got %q, %q, %v", svc.Host, login, ok)
			}
		})
	}
}

func TestChooseUserName(t *testing.T) {
	s := mailbox(service(settings.IMAP, settings.TLS))
	for login, want := range map[string]bool{"web12p3": true, "a\r\nb": false, "a\nb": false, "a\x00b": false} {
		s.LoginName = login
		if _, got, ok := choose(s); ok != want || ok && got != login {
			t.Errorf("%q: got %q, %v", login, got, ok)
		}
	}
}

func TestChooseRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	chosen := 0
	for range 2000 {
		s := settingstest.Random(r)
		svc, login, ok := choose(s)
		if !ok {
			continue
		}
		chosen++
		if svc.Security == settings.Plaintext || !svc.Accepts(settings.Password) || svc.Host == "" || login == "" || !oneLine(login) {
			t.Fatalf("chose %+v with %q", svc, login)
		}
	}
	if chosen < 200 {
		t.Fatalf("chose only %d times", chosen)
	}
}

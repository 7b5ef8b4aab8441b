package mobileconfig

import (
	"math/rand/v2"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

// TestRandomSettings validates every profile by Apple's schema, and compares its
// servers with the canonical settings.
func TestRandomSettings(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	rendered := 0
	for range 2000 {
		s := settingstest.Random(r)
		if s.Address.IsZero() {
			continue
		}
		profile, err := Render(s, Options{Language: []string{"en", "de", "fr", "it", "es"}[r.IntN(5)]})
		if settings.KindOf(err) == settings.NotOffered {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rendered++
		_, payloads := checkProfile(t, profile)
		if m := payloads["com.apple.mail.managed"]; m != nil {
			if !named(s, m, "Incoming", settings.IMAP, settings.POP3) || !named(s, m, "Outgoing", settings.Submission) {
				t.Errorf("%v is not in %+v", m, s.Services())
			}
		}
		if t.Failed() {
			return
		}
	}
	if rendered < 500 {
		t.Errorf("only %d of the settings made a profile", rendered)
	}
}

// named reports whether a server of a mail payload is one of the services.
func named(s settings.Settings, m map[string]any, which string, protocols ...settings.Protocol) bool {
	for _, svc := range s.Services() {
		for _, p := range protocols {
			login, _ := s.Login(svc)
			user := m[which+"MailServerUsername"]
			if svc.Protocol == p && m[which+"MailServerHostName"] == svc.Host && m[which+"MailServerPortNumber"] == uint64(svc.Port) &&
				m[which+"MailServerUseSSL"] == (svc.Security != settings.Plaintext) && (user == nil || user == login) {
				return true
			}
		}
	}
	return false
}

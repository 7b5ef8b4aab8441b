package mobileconfig

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

// FuzzRender pins that no address an app could send breaks out of its place.
func FuzzRender(f *testing.F) {
	for _, local := range []string{"anna", "o'neil", "a&b", "用户", "%x", "a=b", "]]>"} {
		f.Add(local, "en")
	}
	f.Fuzz(func(t *testing.T, local, language string) {
		a, err := address.Parse(local + "@example.com")
		if err != nil {
			return // no client could ask for it
		}
		s := offering(both()...)
		s.Address = a
		_, payloads := render(t, s, Options{Language: language})
		wants(t, payloads["com.apple.mail.managed"], map[string]any{"EmailAddress": a.String(), "IncomingMailServerHostName": "mail.example.net"})
	})
}

// FuzzSelection pins that what is read is read again from its own name.
func FuzzSelection(f *testing.F) {
	for _, s := range []string{"", "mail", "mail,calendar,contacts", "contacts, mail", ",", "1D7872A3-52F0-5D88-AA5A-E4774B933001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		chosen, err := parseSelection(text)
		if err != nil {
			return
		}
		if chosen.all() {
			return
		}
		again, err := parseSelection(strings.ReplaceAll(chosen.String(), "+", ","))
		if err != nil || again != chosen {
			t.Errorf("%q: %+v, read again: %+v, %v", text, chosen, again, err)
		}
	})
}

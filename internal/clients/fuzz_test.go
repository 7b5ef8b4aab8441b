package clients_test

import (
	"errors"
	"testing"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// FuzzClients lets every client read any document: none may panic, or end with an
// account that it never makes.
func FuzzClients(f *testing.F) {
	for _, format := range []client.Format{client.Autoconfig, client.Autodiscover, client.Profile, client.PACC} {
		document, err := render(format, whole())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document, "anna@example.com")
		f.Add(document[:len(document)/2], "anna@example.com")
	}
	f.Add([]byte(`<clientConfig><emailProvider id="example.com"><domain>example.com</domain><incomingServer type="imap"><username>%EMAILLOCALPART%</username></incomingServer></emailProvider></clientConfig>`), "$'@$&")
	f.Add([]byte("<a>&#0;</a>"), "")
	f.Add([]byte("<a/><b/>"), "@")
	f.Fuzz(func(t *testing.T, document []byte, address string) {
		for _, c := range readers() {
			a, err := c.Read(document, address)
			again, _ := c.Read(document, address)
			if a != again {
				t.Fatalf("%s: %+v, and then %+v", c.Name, a, again)
			}
			if err != nil {
				if refusal, ok := errors.AsType[*client.Refusal](err); !ok || refusal.Does == "" || refusal.Why == "" || a != (client.Account{}) {
					t.Fatalf("%s: %+v with %v", c.Name, a, err)
				}
				continue
			}
			never(t, c.Name, a)
		}
	})
}

// never fails for accounts that a client never makes.
func never(t *testing.T, name string, a client.Account) {
	t.Helper()
	servers := []client.Server{a.Incoming, a.Outgoing}
	for _, s := range servers {
		inClear, complete := s.Security == client.Plaintext, s.Host != "" && s.Port > 0
		switch name {
		case "Thunderbird for Android", "FairEmail", "FairEmail's Autodiscover":
			if inClear || !complete || s.Security == client.Negotiated {
				t.Fatalf("%s: %+v", name, s)
			}
		case "Thunderbird":
			if !complete || s.Port > 65535 || s.Security == "" || s.Security == client.Negotiated || s.Auth == "" {
				t.Fatalf("%s: %+v", name, s)
			}
		case "PACC":
			if s != (client.Server{}) && (s.Security != client.TLS || s.Port != 993 && s.Port != 995 && s.Port != 465) {
				t.Fatalf("%s: %+v", name, s)
			}
		}
	}
	if name != "Apple Mail" && name != "eM Client" && name != "PACC" && (a.CalDAV != client.DAV{} || a.CardDAV != client.DAV{}) {
		t.Fatalf("%s: %+v", name, a)
	}
}

package dialect

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

func TestMemoRendersOncePerProviderAndDomain(t *testing.T) {
	one, two := &settings.Provider{ID: "one"}, &settings.Provider{ID: "two"}
	anna := address.Address{Local: "anna", Domain: "a.example"}
	m := NewMemo()
	rendered := 0
	render := func(s settings.Settings) ([]byte, error) {
		rendered++
		return []byte(s.Provider.ID + " " + string(s.Domain) + " " + string(s.Canonical)), nil
	}
	for _, tc := range []struct {
		name     string
		s        settings.Settings
		want     string
		rendered int
	}{
		{"first time", settings.Settings{Provider: one, Domain: "a.example", Canonical: "a.example"}, "one a.example a.example", 1},
		{"again", settings.Settings{Provider: one, Domain: "a.example", Canonical: "a.example"}, "one a.example a.example", 1},
		{"the address does not matter", settings.Settings{Provider: one, Domain: "a.example", Canonical: "a.example", Address: anna}, "one a.example a.example", 1},
		{"another domain", settings.Settings{Provider: one, Domain: "b.example", Canonical: "b.example"}, "one b.example b.example", 2},
		{"an alias", settings.Settings{Provider: one, Domain: "b.example", Canonical: "a.example"}, "one b.example a.example", 3},
		{"another provider, as after a reload", settings.Settings{Provider: two, Domain: "a.example", Canonical: "a.example"}, "two a.example a.example", 4},
		{"the first one is still there", settings.Settings{Provider: one, Domain: "a.example", Canonical: "a.example"}, "one a.example a.example", 4},
	} {
		d, err := m.Get(tc.s, render)
		if err != nil || string(d.Body) != tc.want || d.ETag != ETag([]byte(tc.want)) {
			t.Fatalf("%s: %q %s, %v", tc.name, d.Body, d.ETag, err)
		}
		if rendered != tc.rendered {
			t.Fatalf("%s: rendered %d times, want %d", tc.name, rendered, tc.rendered)
		}
	}
}

// TestMemoNeverSharesAMailbox serves several mailboxes of one domain through a
// dialect that never asks whom its document is for.
func TestMemoNeverSharesAMailbox(t *testing.T) {
	p := &settings.Provider{Services: []settings.Service{{Protocol: settings.IMAP, Login: settings.LoginAddress}}}
	mailbox := func(local string) settings.Settings {
		return settings.Settings{Provider: p, Domain: "a.example", Canonical: "a.example", Address: address.Address{Local: local, Domain: "a.example"}}
	}
	naive := func(s settings.Settings) ([]byte, error) {
		login, _ := s.Login(s.Services()[0])
		return []byte("user " + login), nil
	}
	known, unknown, moved := mailbox("anna"), mailbox("bert"), mailbox("carla")
	known.LoginName, known.MailboxLookup = "web12p3", true
	unknown.MailboxLookup = true // the directory was asked and has no user name for it
	moved.Address.Domain, moved.MovedTo = "b.example", "b.example"
	m := NewMemo()
	for range 2 { // the second time, everything that may be stored is stored
		for _, tc := range []struct {
			s    settings.Settings
			want string
		}{
			{known, "user web12p3"},
			{unknown, "user bert@a.example"},
			{moved, "user carla@b.example"},
			{mailbox("dora"), "user "}, // the document of the domain: no address gets into it
			{mailbox("emil"), "user "},
		} {
			resp, err := m.Answer(tc.s, "text/plain", http.Header{"Cache-Control": {"public"}}, naive)
			if err != nil || string(resp.Body) != tc.want {
				t.Errorf("%s: %q, %v; want %q", tc.s.Address, resp.Body, err, tc.want)
			}
			if personal := tc.want != "user "; personal != (resp.Header.Get("Cache-Control") == "no-store" && resp.ETag == "") {
				t.Errorf("%s: caches may keep it: %v, tag %s", tc.s.Address, resp.Header, resp.ETag)
			}
		}
	}
}

func TestMemoDoesNotRememberErrors(t *testing.T) {
	m := NewMemo()
	s := settings.Settings{Provider: &settings.Provider{}, Domain: "a.example"}
	broken := errors.New("broken")
	if _, err := m.Get(s, func(settings.Settings) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	d, err := m.Get(s, func(settings.Settings) ([]byte, error) { return []byte("fine"), nil })
	if err != nil || string(d.Body) != "fine" {
		t.Fatalf("after an error: %q, %v", d.Body, err)
	}
}

func TestMemoIsSafeForManyRequests(t *testing.T) {
	m := NewMemo()
	s := settings.Settings{Provider: &settings.Provider{}, Domain: "a.example"}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				d, err := m.Get(s, func(settings.Settings) ([]byte, error) { return []byte("same"), nil })
				if err != nil || string(d.Body) != "same" {
					t.Errorf("%q, %v", d.Body, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestETag(t *testing.T) {
	if got, want := ETag([]byte("hello")), `"2cf24dba5fb0a30e26e83b2ac5b9e29e"`; got != want {
		t.Errorf("ETag = %s, want %s", got, want)
	}
	if ETag([]byte("a")) == ETag([]byte("b")) {
		t.Error("two bodies share an entity tag")
	}
}

func BenchmarkMemoHit(b *testing.B) {
	m := NewMemo()
	s := settings.Settings{Provider: &settings.Provider{}, Domain: "a.example", Canonical: "a.example"}
	render := func(settings.Settings) ([]byte, error) { return []byte("x"), nil }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Get(s, render); err != nil {
			b.Fatal(err)
		}
	}
}

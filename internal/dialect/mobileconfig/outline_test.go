package mobileconfig

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/groob/plist"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

// whole encodes a profile with groob/plist alone.
func whole(t *testing.T, profile written) []byte {
	t.Helper()
	all, err := profile(func(text string) string { return text })
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := plist.NewEncoder(&out)
	enc.Indent("  ")
	if err := enc.Encode(all); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestOutlinesAreTheLibrary compares profiles that fill the outline of an earlier one
// with what groob/plist writes for them alone.
func TestOutlinesAreTheLibrary(t *testing.T) {
	odd := []string{"", "plain", "a&b <c> \"d\" 'e'", "two\nlines\tand\rmore", "&#xA;", "\U000F0000\U000F0001", "数\u00a0字", "]]>", "{{0}}"}
	kept := newOutlines()
	before, forgot := 0, false
	for seed := range uint64(1200) {
		profile := func(from texts) (configuration, error) {
			r := rand.New(rand.NewPCG(3, seed))
			text := func() string { return from(odd[r.IntN(len(odd))]) }
			h := func() head {
				return head{Identifier: text(), UUID: text(), Type: "type", Version: 1, DisplayName: text(), Description: text()}
			}
			c := configuration{head: h(), Organization: text(), Scope: "User", ConsentText: map[string]string{}}
			for _, language := range []string{"default", "de", "fr"}[r.IntN(4):] {
				c.ConsentText[language] = from("x" + odd[r.IntN(len(odd))])
			}
			if r.IntN(3) == 0 {
				removal := time.Date(2027, 1, 1+r.IntN(3), 0, 0, 0, 0, time.UTC)
				c.RemovalDate = &removal
			}
			for _, payload := range []func() any{
				func() any {
					return mail{head: h(), AccountType: "EmailTypeIMAP", AccountDescription: text(), Address: text(), IncomingHost: text(), IncomingPort: 993 + r.IntN(2), IncomingUsername: text(), OutgoingHost: text(), OutgoingUsername: text(), SamePassword: r.IntN(2) == 0}
				},
				func() any { return calDAV{h(), text(), text(), r.IntN(2), text(), r.IntN(2) == 0, text()} },
				func() any { return cardDAV{h(), text(), text(), r.IntN(2), text(), r.IntN(2) == 0, text()} },
			}[r.IntN(3):] {
				c.Content = append(c.Content, payload())
			}
			return c, nil
		}
		got, err := kept.encode(profile)
		if err != nil {
			t.Fatal(err)
		}
		if want := whole(t, profile); !bytes.Equal(got, want) {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
		if len(kept.known) > mostShapes {
			t.Fatalf("%d shapes are kept", len(kept.known))
		}
		before, forgot = len(kept.known), forgot || len(kept.known) < before
	}
	if !forgot {
		t.Error("the bound was never reached")
	}
}

// TestPlainTexts compares each byte that is copied with what the library makes of it.
func TestPlainTexts(t *testing.T) {
	for c := range 256 {
		var out bytes.Buffer
		if err := xml.EscapeText(&out, []byte{byte(c)}); err != nil {
			t.Fatal(err)
		}
		if text := string([]byte{byte(c)}); plain(text) && out.String() != text {
			t.Errorf("%q is copied; escaped, it is %q", text, out.String())
		}
	}
}

// TestOneOutlineForManyMailboxes counts shapes: the mailboxes of all domains of a
// provider have one, and providers share it.
func TestOneOutlineForManyMailboxes(t *testing.T) {
	kept := newOutlines()
	for i := range 100 {
		s := offering(both()...)
		s.Provider.Name = fmt.Sprint("Provider ", i)
		s.Domain = address.Domain(fmt.Sprintf("d%d.example", i))
		s.Address = address.Address{Local: fmt.Sprint("anna", i), Domain: s.Domain}
		profile, err := kept.render(s, Options{Language: []string{"en", "de"}[i%2]})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(profile), s.Address.String()) || strings.Contains(string(profile), "anna0@") != (i == 0) {
			t.Fatalf("the profile of %s:\n%s", s.Address, profile)
		}
	}
	if len(kept.known) != 1 {
		t.Errorf("%d shapes are kept, want 1", len(kept.known))
	}
}

// TestProfilesAtOnce renders random settings from several goroutines, with the
// outlines of one dialect, without any, and with groob/plist alone.
func TestProfilesAtOnce(t *testing.T) {
	kept := newOutlines()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(worker)))
			for range 200 {
				s := settingstest.Random(r)
				if s.Address.IsZero() {
					continue
				}
				want, err := Render(s, Options{})
				got, gotErr := kept.render(s, Options{})
				if !bytes.Equal(got, want) || settings.KindOf(gotErr) != settings.KindOf(err) {
					t.Errorf("%s, %v; want %s, %v", got, gotErr, want, err)
					return
				}
				profile := func(text texts) (configuration, error) { return configurationOf(s, Options{}, text) }
				if err == nil && !bytes.Equal(got, whole(t, profile)) {
					t.Errorf("%s\nwant\n%s", got, whole(t, profile))
					return
				}
			}
		})
	}
	all.Wait()
}

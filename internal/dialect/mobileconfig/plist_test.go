package mobileconfig

import (
	"bytes"
	"testing"
	"time"

	"github.com/groob/plist"
)

// bytesOf returns what groob/plist writes.
func bytesOf(t *testing.T, profile configuration) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := plist.NewEncoder(&out)
	enc.Indent("  ")
	if err := enc.Encode(profile); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestSameBytesAsTheLibrary compares property lists with those of groob/plist.
func TestSameBytesAsTheLibrary(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6, time.FixedZone("", 7200))
	texts := []string{"", "plain", "a & b < c > d \"e\" 'f'", "two\nlines\n", "a\ttab", "a\rreturn", "Müller", "\x00", "\xff", "用户", "]]>", "~\x7f"}
	for _, text := range texts {
		profile := configuration{
			head: head{text, text, text, -1, text, text}, Organization: text, Scope: text,
			Content: []any{
				mail{head: head{Identifier: text}, Address: text, IncomingPort: 993, IncomingUseSSL: true, OutgoingUsername: text, SamePassword: true},
				calDAV{Host: text, Port: 8443, UseSSL: true},
				cardDAV{PrincipalURL: text, Username: text},
			},
			ConsentText: map[string]string{"en": text, "de": "ja", "default": ""},
			RemovalDate: &at,
		}
		if got, want := encode(profile), bytesOf(t, profile); !bytes.Equal(got, want) {
			t.Errorf("%q: got\n%s\nwant\n%s", text, got, want)
		}
	}
	bare := configuration{Content: []any{mail{}}, ConsentText: map[string]string{}}
	if got, want := encode(bare), bytesOf(t, bare); !bytes.Equal(got, want) {
		t.Errorf("without texts: got\n%s\nwant\n%s", got, want)
	}
}

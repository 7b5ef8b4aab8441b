package autodiscover

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestShapes has requests with ADDRESS in a place. Each is asked for several
// addresses with one memory, and always read as the decoder reads it.
func TestShapes(t *testing.T) {
	const element = "<EMailAddress>ADDRESS</EMailAddress>"
	around := func(text string) string {
		return "<Autodiscover><Request>" + text + "</Request></Autodiscover>"
	}
	for _, tc := range []struct {
		name, body string
		known      bool // the shape is remembered
	}{
		{"Outlook", request2006("ADDRESS", outlookSchema), true},
		{"ActiveSync", request2006("ADDRESS", mobileSyncSchema), true},
		{"second address in the same request", around(element + "<EMailAddress>no@example.com</EMailAddress>"), true},
		{"text before the address", around(strings.Replace(element, "ADDRESS", "<!-- -->ADDRESS", 1)), false},
		{"schema that nobody knows", request2006("ADDRESS", "urn:x"), false},
		{"in a comment", around("<!-- " + element + " --><EMailAddress >no@example.com</EMailAddress>"), false},
		{"in a comment, the same address elsewhere", around("<!-- " + element + " --><EMailAddress >anna@example.com</EMailAddress>"), false},
		{"in a comment, the next address elsewhere", around("<!-- " + element + " --><EMailAddress >xanna@example.com</EMailAddress>"), false},
		{"in CDATA of another element", around("<X><![CDATA[" + element + "]]></X><EMailAddress >anna@example.com</EMailAddress>"), false},
		{"outside of the Request", "<Autodiscover>" + element + "<Request/></Autodiscover>", false},
		{"after another address", around("<EMailAddress >no@example.com</EMailAddress>" + element), false},
		{"malformed", around(element) + "<", false},
		{"long", around(element + strings.Repeat(" ", maxShape)), false},
		{"UTF-16", "\xff\xfe" + around(element), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := newShapes()
			for range 2 {
				for _, addr := range []string{"anna@example.com", "Bob+1@Example.COM", "xanna@example.com", "a--b@example.com", "c&amp;d@example.com", "]]>", " e@example.com ", "", "<X/>", "a<b@example.com", "ü@example.com"} {
					body := []byte(strings.ReplaceAll(tc.body, "ADDRESS", addr))
					have, haveErr := m.parse(body)
					want, wantErr := parseRequest(body)
					if fmt.Sprint(have, haveErr) != fmt.Sprint(want, wantErr) {
						t.Fatalf("address %q: have %v, %v; want %v, %v", addr, have, haveErr, want, wantErr)
					}
				}
			}
			if known := m.known.EstimatedSize() > 0; known != tc.known {
				t.Errorf("remembered: %v, want %v", known, tc.known)
			}
		})
	}
}

var shapesOfTests = sync.OnceValue(newShapes)

// checkShapes pins that remembering changes nothing: neither for the request
// that is seen first, nor for one of the same shape after it.
func checkShapes(t *testing.T, body []byte, want request, wantErr error) {
	t.Helper()
	m := shapesOfTests()
	for range 2 {
		if have, err := m.parse(body); fmt.Sprint(have, err) != fmt.Sprint(want, wantErr) {
			t.Fatalf("have %v, %v; want %v, %v", have, err, want, wantErr)
		}
	}
	before, _, after, ok := cutAddress(body)
	if !ok {
		return
	}
	other := bytes.Join([][]byte{before, []byte("other@example.com"), after}, nil)
	have, err := m.parse(other)
	want, wantErr = parseRequest(other)
	if fmt.Sprint(have, err) != fmt.Sprint(want, wantErr) {
		t.Fatalf("have %v, %v; want %v, %v", have, err, want, wantErr)
	}
}

package clients_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/clients"
)

// withUser returns an autoconfig document whose servers have this user name, as
// it is written in XML.
func withUser(username string) []byte {
	server := `<hostname>mail.example.com</hostname><port>993</port><socketType>SSL</socketType><authentication>password-cleartext</authentication>` + username
	return []byte(`<clientConfig><emailProvider id="example.com"><domain>example.com</domain>` +
		`<incomingServer type="imap">` + server + `</incomingServer><outgoingServer type="smtp">` + server + `</outgoingServer></emailProvider></clientConfig>`)
}

// TestThunderbirdConvertsText holds the model to what JavaScript makes of text.
func TestThunderbirdConvertsText(t *testing.T) {
	for _, tc := range []struct{ written, want string }{
		{"<username>anna</username>", "anna"},
		{"<username> anna</username>", " anna"},
		{"<username>007</username>", "7"},
		{"<username>1e3</username>", "1000"},
		{"<username>1e21</username>", "1e+21"},
		{"<username>1e-7</username>", "1e-7"},
		{"<username>1e400</username>", "1e400"},
		{"<username>12345678901234567890</username>", "12345678901234567000"},
		{"<username>-0</username>", "0"},
		{"<username>.50</username>", "0.5"},
		{"<username>5.</username>", "5"},
		{"<username>0x1F</username>", "0"},
		{"<username> 12 </username>", "12"},
		{"<username> </username>", "NaN"},
		{"<username>12a</username>", "12a"},
		{"<username>TRUE</username>", "true"},
		{"<username>2026-01-02</username>", "the date 2026-01-02"},
		{"<username/>", "true"},
		{"<username><!-- --></username>", "[object Object]"},
		{"<username>an<!-- -->na</username>", "anna"},
		{"<username><![CDATA[anna]]></username>", "anna"},
		{`<username x="">anna</username>`, "[object Object]"},
		{"<username>anna</username><username>berta</username>", "anna"},
		{"", "undefined"},
		{"<username>%EMAILLOCALPART%%EMAILDOMAIN%</username>", "annaexample.com"},
		{"<username>%EMAILLOCALPART%%EMAILLOCALPART%</username>", "anna%EMAILLOCALPART%"},
	} {
		a, err := clients.Thunderbird(withUser(tc.written), "anna@example.com")
		if err != nil || a.Incoming.User != tc.want || a.Outgoing.User != tc.want {
			t.Errorf("%s: %q and %q, %v; want %q", tc.written, a.Incoming.User, a.Outgoing.User, err, tc.want)
		}
	}
}

// TestThunderbirdFillsInDollars: a dollar sign in the address has the meaning
// that JavaScript gives it in a replacement.
func TestThunderbirdFillsInDollars(t *testing.T) {
	for _, tc := range []struct{ address, want string }{
		{"a$b@example.com", "<a$b@example.com>"},
		{"a$$b@example.com", "<a$b@example.com>"},
		{"a$&b@example.com", "<a%EMAILADDRESS%b@example.com>"},
		{"a$`b@example.com", "<a<b@example.com>"},
		{"a$'b@example.com", "<a>b@example.com>"},
	} {
		a, err := clients.Thunderbird(withUser("<username>&lt;%EMAILADDRESS%&gt;</username>"), tc.address)
		if err != nil || a.Incoming.User != tc.want {
			t.Errorf("%s: %q, %v; want %q", tc.address, a.Incoming.User, err, tc.want)
		}
	}
}

func TestReadPropertyList(t *testing.T) {
	const head, foot = `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd"><plist version="1.0">`, `</plist>`
	for _, tc := range []struct {
		name, value string
		want        any
		err         string
	}{
		{"everything", `<dict><key>s</key><string>a &amp; b</string><key>i</key><integer>-1</integer><key>r</key><real>1.5</real><key>t</key><true/><key>f</key><false/><key>d</key><date>2040-01-02T03:04:05Z</date><key>b</key><data> YW5u YQ== </data><key>a</key><array><string/><dict/></array></dict>`,
			map[string]any{"s": "a & b", "i": int64(-1), "r": 1.5, "t": true, "f": false, "d": time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC), "b": []byte("anna"), "a": []any{"", map[string]any{}}}, ""},
		{"a real that is a whole number stays one", `<real>993</real>`, 993.0, ""},
		{"an empty integer", `<integer/>`, nil, `strconv.ParseInt: parsing "": invalid syntax`},
		{"an empty real number", `<real/>`, nil, `strconv.ParseFloat: parsing "": invalid syntax`},
		{"a key twice", `<dict><key>a</key><true/><key>a</key><true/></dict>`, nil, "the key a is there twice"},
		{"a key without a value", `<dict><key>a</key></dict>`, nil, "a key has no value"},
		{"a value without a key", `<dict><true/><true/></dict>`, nil, "there is a <true> where a key should be"},
		{"text between the keys", `<dict>x</dict>`, nil, "there is text in <dict>"},
		{"an element in a string", `<string><true/></string>`, nil, "there is an element in <string>"},
		{"an unknown element", `<dict><key>a</key><number>1</number></dict>`, nil, "a: <number> is no value of a property list"},
		{"an attribute", `<string x="">a</string>`, nil, "<string> has an attribute"},
		{"two values", `<true/><true/>`, nil, "the root is not a plist of version 1.0 with one value"},
	} {
		got, err := clients.ReadPropertyList([]byte(head + tc.value + foot))
		if tc.err != "" {
			if err == nil || err.Error() != tc.err {
				t.Errorf("%s: %v, want %q", tc.name, err, tc.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %#v, %v; want %#v", tc.name, got, err, tc.want)
		}
	}
}

// FuzzClients lets every client read anything: none may panic, and none may end
// with what it never ends with.
func FuzzClients(f *testing.F) {
	for _, format := range []clients.Format{clients.Autoconfig, clients.Autodiscover, clients.Profile, clients.PACC} {
		document, err := render(format, whole())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document, "anna@example.com")
		f.Add(document[:len(document)/2], "anna@example.com")
	}
	f.Add(withUser("<username>%EMAILLOCALPART%</username>"), "$'@$&")
	f.Add([]byte("<a>&#0;</a>"), "")
	f.Add([]byte("<a/><b/>"), "@")
	f.Fuzz(func(t *testing.T, document []byte, address string) {
		for _, c := range clients.Clients() {
			a, err := c.Read(document, address)
			again, _ := c.Read(document, address)
			if a != again {
				t.Fatalf("%s: %+v, and then %+v", c.Name, a, again)
			}
			if err != nil {
				if refusal, ok := errors.AsType[*clients.Refusal](err); !ok || refusal.Does == "" || refusal.Why == "" || a != (clients.Account{}) {
					t.Fatalf("%s: %+v with %v", c.Name, a, err)
				}
				continue
			}
			never(t, c.Name, a)
		}
	})
}

// never says what a client never ends with.
func never(t *testing.T, name string, a clients.Account) {
	t.Helper()
	servers := []clients.Server{a.Incoming, a.Outgoing}
	for _, s := range servers {
		inClear, complete := s.Security == clients.Plaintext, s.Host != "" && s.Port > 0
		switch name {
		case "Thunderbird for Android", "FairEmail", "FairEmail's Autodiscover":
			if inClear || !complete || s.Security == clients.Negotiated {
				t.Fatalf("%s: %+v", name, s)
			}
		case "Thunderbird":
			if !complete || s.Port > 65535 || s.Security == "" || s.Security == clients.Negotiated || s.Auth == "" {
				t.Fatalf("%s: %+v", name, s)
			}
		case "PACC":
			if s != (clients.Server{}) && (s.Security != clients.TLS || s.Port != 993 && s.Port != 995 && s.Port != 465) {
				t.Fatalf("%s: %+v", name, s)
			}
		}
	}
	if name != "Apple" && name != "eM Client" && name != "PACC" && (a.CalDAV != clients.DAV{} || a.CardDAV != clients.DAV{}) {
		t.Fatalf("%s: %+v", name, a)
	}
}

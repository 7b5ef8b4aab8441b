package thunderbird_test

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/clients/thunderbird"
)

// withUser returns an autoconfig document whose servers have this user name, in XML.
func withUser(username string) []byte {
	server := `<hostname>mail.example.com</hostname><port>993</port><socketType>SSL</socketType><authentication>password-cleartext</authentication>` + username
	return []byte(`<clientConfig><emailProvider id="example.com"><domain>example.com</domain>` +
		`<incomingServer type="imap">` + server + `</incomingServer><outgoingServer type="smtp">` + server + `</outgoingServer></emailProvider></clientConfig>`)
}

// TestTextIsConverted compares user names with what JavaScript makes of them.
func TestTextIsConverted(t *testing.T) {
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
		a, err := thunderbird.Read(withUser(tc.written), "anna@example.com")
		if err != nil || a.Incoming.User != tc.want || a.Outgoing.User != tc.want {
			t.Errorf("%s: %q and %q, %v; want %q", tc.written, a.Incoming.User, a.Outgoing.User, err, tc.want)
		}
	}
}

// TestDollarsInAddresses: a dollar sign of an address has the meaning that
// JavaScript gives it in a replacement.
func TestDollarsInAddresses(t *testing.T) {
	for _, tc := range []struct{ address, want string }{
		{"a$b@example.com", "<a$b@example.com>"},
		{"a$$b@example.com", "<a$b@example.com>"},
		{"a$&b@example.com", "<a%EMAILADDRESS%b@example.com>"},
		{"a$`b@example.com", "<a<b@example.com>"},
		{"a$'b@example.com", "<a>b@example.com>"},
	} {
		a, err := thunderbird.Read(withUser("<username>&lt;%EMAILADDRESS%&gt;</username>"), tc.address)
		if err != nil || a.Incoming.User != tc.want {
			t.Errorf("%s: %q, %v; want %q", tc.address, a.Incoming.User, err, tc.want)
		}
	}
}

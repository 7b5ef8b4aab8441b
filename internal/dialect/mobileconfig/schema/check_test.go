package schema

import (
	"strings"
	"testing"
)

// profile is one that a device takes, with one payload of each kind.
const profile = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadContent</key><array>
<dict>
<key>EmailAccountType</key><string>EmailTypeIMAP</string>
<key>EmailAddress</key><string>anna@example.com</string>
<key>IncomingMailServerAuthentication</key><string>EmailAuthPassword</string>
<key>IncomingMailServerHostName</key><string>imap.example.com</string>
<key>IncomingMailServerPortNumber</key><integer>993</integer>
<key>IncomingMailServerUseSSL</key><true/>
<key>OutgoingMailServerAuthentication</key><string>EmailAuthPassword</string>
<key>OutgoingMailServerHostName</key><string>smtp.example.com</string>
<key>PayloadIdentifier</key><string>com.example.mail</string>
<key>PayloadType</key><string>com.apple.mail.managed</string>
<key>PayloadUUID</key><string>11111111-1111-5111-8111-111111111111</string>
<key>PayloadVersion</key><integer>1</integer>
</dict>
<dict>
<key>CalDAVHostName</key><string>dav.example.com</string>
<key>CalDAVPort</key><integer>8443</integer>
<key>CalDAVUseSSL</key><true/>
<key>PayloadIdentifier</key><string>com.example.calendar</string>
<key>PayloadType</key><string>com.apple.caldav.account</string>
<key>PayloadUUID</key><string>22222222-2222-5222-8222-222222222222</string>
<key>PayloadVersion</key><integer>1</integer>
</dict>
<dict>
<key>CardDAVHostName</key><string>dav.example.com</string>
<key>PayloadIdentifier</key><string>com.example.contacts</string>
<key>PayloadType</key><string>com.apple.carddav.account</string>
<key>PayloadUUID</key><string>33333333-3333-5333-8333-333333333333</string>
<key>PayloadVersion</key><integer>1</integer>
</dict>
</array>
<key>PayloadIdentifier</key><string>com.example</string>
<key>PayloadScope</key><string>User</string>
<key>RemovalDate</key><date>2030-01-02T03:04:05Z</date>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadUUID</key><string>44444444-4444-5444-8444-444444444444</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></plist>
`

func TestAGoodProfile(t *testing.T) {
	if err := Check([]byte(profile)); err != nil {
		t.Error(err)
	}
}

// TestEachRule breaks one thing at a time.
func TestEachRule(t *testing.T) {
	mail, calendar := "payload 1 (com.apple.mail.managed): ", "payload 2 (com.apple.caldav.account): "
	for _, tc := range []struct{ name, old, new, want string }{
		{"a required key is missing", `<key>OutgoingMailServerHostName</key><string>smtp.example.com</string>`, ``, mail + "OutgoingMailServerHostName is missing"},
		{"a key that nobody knows", `EmailAddress`, `EmailAdress`, mail + "EmailAdress is not a key of this payload"},
		{"a key of another payload", `<key>CalDAVPort</key>`, `<key>IncomingMailServerPortNumber</key>`, calendar + "IncomingMailServerPortNumber is not a key of this payload"},
		{"a port as a string", `<integer>993</integer>`, `<string>993</string>`, mail + "IncomingMailServerPortNumber is string, not integer"},
		{"a port as a real", `<integer>8443</integer>`, `<real>8443</real>`, calendar + "CalDAVPort is real, not integer"},
		{"a port that is none", `<integer>993</integer>`, `<integer>70000</integer>`, mail + "IncomingMailServerPortNumber is not a port"},
		{"a port below none", `<integer>993</integer>`, `<integer>-1</integer>`, mail + "IncomingMailServerPortNumber is not a port"},
		{"a switch as a string", `<key>IncomingMailServerUseSSL</key><true/>`, `<key>IncomingMailServerUseSSL</key><string>true</string>`, mail + "IncomingMailServerUseSSL is string, not boolean"},
		{"a date as a string", `<date>2030-01-02T03:04:05Z</date>`, `<string>2030-01-02</string>`, "profile: RemovalDate is string, not date"},
		{"a word of another schema", `EmailTypeIMAP`, `IMAP`, mail + "EmailAccountType is IMAP, not one of EmailTypeIMAP EmailTypePOP"},
		{"an empty value", `<string>anna@example.com</string>`, `<string></string>`, mail + "EmailAddress is empty: leave it out"},
		{"a password", `<key>EmailAddress</key>`, `<key>IncomingPassword</key>`, mail + "IncomingPassword must not be in a profile"},
		{"a URL for a host", `<string>dav.example.com</string>`, `<string>https://dav.example.com/</string>`, calendar + "CalDAVHostName is not a bare host name"},
		{"an identifier twice", `com.example.calendar`, `com.example.mail`, calendar + "PayloadIdentifier is that of payload 1 (com.apple.mail.managed) too"},
		{"a UUID twice", `22222222-2222-5222-8222-222222222222`, `11111111-1111-5111-8111-111111111111`, calendar + "PayloadUUID is that of payload 1 (com.apple.mail.managed) too"},
		{"no UUID", `22222222-2222-5222-8222-222222222222`, `2222`, calendar + "PayloadUUID is no UUID"},
		{"an unknown payload", `com.apple.caldav.account`, `com.apple.wifi.managed`, `payload 2 (com.apple.wifi.managed): PayloadType "com.apple.wifi.managed" does not belong here`},
		{"a profile within a profile", `com.apple.caldav.account`, `Configuration`, `payload 2 (Configuration): PayloadType "Configuration" does not belong here`},
		{"another version", `<integer>1</integer>`, `<integer>2</integer>`, mail + "PayloadVersion is 2, not one of 1"},
		{"a payload that is none", `<key>PayloadContent</key><array>`, `<key>PayloadContent</key><array><string>x</string>`, "payload 1: is not a dictionary"},
		{"no XML", `<plist`, `<plist<`, "not a property list: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			broken := strings.Replace(profile, tc.old, tc.new, 1)
			if broken == profile {
				t.Fatal("nothing was broken")
			}
			if err := Check([]byte(broken)); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestEverythingIsSaidAtOnce(t *testing.T) {
	broken := strings.NewReplacer("EmailTypeIMAP", "IMAP", "8443", "0", "dav.example.com", "dav.example.com/").Replace(profile)
	err := Check([]byte(broken))
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("want four lines, got\n%v", err)
	}
}

func TestWithoutPayloads(t *testing.T) {
	start, end := strings.Index(profile, "<array>"), strings.Index(profile, "</array>")
	if err := Check([]byte(profile[:start] + "<array>" + profile[end:])); err == nil || err.Error() != "profile: PayloadContent is empty: there is nothing to install" {
		t.Error(err)
	}
	if err := Check([]byte("bplist00")); err == nil {
		t.Error("what is not XML passes")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(profile))
	f.Add([]byte("bplist00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, again := Check(b), Check(b)
		if (first == nil) != (again == nil) || first != nil && first.Error() != again.Error() {
			t.Errorf("the same profile: %v, then %v", first, again)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := Check([]byte(profile)); err != nil {
			b.Fatal(err)
		}
	}
}

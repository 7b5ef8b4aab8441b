package browser

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
)

// verify requires a profile that OpenSSL verifies, with the accounts of an address.
func (p *pages) verify(t *testing.T, signed []byte, address string) {
	t.Helper()
	for _, finding := range p.profileFaults(t, signed, address) {
		t.Error(finding)
	}
}

// profileFaults returns the faults of a profile for an address.
func (p *pages) profileFaults(t *testing.T, signed []byte, address string) []string {
	t.Helper()
	profile, err := certtest.OpenSSL(t, signed, p.trusted)
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	for key, want := range map[string]string{
		"PayloadType":                "com.apple.mail.managed",
		"EmailAddress":               address,
		"IncomingMailServerHostName": "imap.example.com",
		"IncomingMailServerUsername": address,
		"OutgoingMailServerHostName": "smtp.example.com",
		"OutgoingMailServerUsername": address,
	} {
		if got := stringsOf(string(profile), key); !slices.Contains(got, want) {
			faults = append(faults, fmt.Sprintf("the profile has the %s %q, want %s", key, got, want))
		}
	}
	if regexp.MustCompile(`Password</key>\s*<string>`).Match(profile) {
		faults = append(faults, "the profile holds a password")
	}
	return faults
}

// stringsOf returns the strings of a key, wherever it is in a property list.
func stringsOf(plist, key string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`<key>`+key+`</key>\s*<string>([^<]*)</string>`).FindAllStringSubmatch(plist, -1) {
		found = append(found, match[1])
	}
	return found
}

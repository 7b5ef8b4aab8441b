package settings

import (
	"slices"
	"testing"
)

func TestEveryProtocolIsNamedOneWay(t *testing.T) {
	byURL := []Protocol{JMAP, CalDAV, CardDAV, WebDAV, ActiveSync, EWS}
	for _, p := range Protocols() {
		if got, want := p.ByURL(), slices.Contains(byURL, p); got != want {
			t.Errorf("%s.ByURL() = %v, want %v", p, got, want)
		}
	}
	if Protocol("gopher").ByURL() {
		t.Error("an unknown protocol is named by a URL")
	}
}

func TestVocabularyInOrder(t *testing.T) {
	for _, tc := range []struct{ name, got, want string }{
		{"protocols", list(Protocols()), "imap, pop3, submission, jmap, caldav, carddav, webdav, managesieve, activesync, ews"},
		{"securities", list(Securities()), "tls, starttls, plaintext"},
		{"authentication", list(Auths()), "oauth2, password, password-challenge, client-cert, gssapi, ntlm, none"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, tc.got, tc.want)
		}
	}
}

func TestDefaultPort(t *testing.T) {
	for _, tc := range []struct {
		protocol Protocol
		security Security
		want     uint16
	}{
		{IMAP, TLS, 993}, {IMAP, STARTTLS, 143}, {IMAP, Plaintext, 143},
		{POP3, TLS, 995}, {POP3, STARTTLS, 110}, {POP3, Plaintext, 110},
		{Submission, TLS, 465}, {Submission, STARTTLS, 587}, {Submission, Plaintext, 587},
		{ManageSieve, TLS, 0}, {ManageSieve, STARTTLS, 4190}, {ManageSieve, Plaintext, 4190},
		{JMAP, TLS, 0}, {CalDAV, TLS, 0}, {CardDAV, TLS, 0}, {WebDAV, TLS, 0}, {ActiveSync, TLS, 0},
	} {
		if got := DefaultPort(tc.protocol, tc.security); got != tc.want {
			t.Errorf("DefaultPort(%s, %s) = %d, want %d", tc.protocol, tc.security, got, tc.want)
		}
	}
}

func TestDefaultSecurity(t *testing.T) {
	for _, tc := range []struct {
		protocol Protocol
		port     uint16
		want     Security
	}{
		{IMAP, 0, TLS}, {IMAP, 993, TLS}, {IMAP, 143, STARTTLS}, {IMAP, 10993, TLS},
		{POP3, 0, TLS}, {POP3, 995, TLS}, {POP3, 110, STARTTLS},
		{Submission, 0, TLS}, {Submission, 465, TLS}, {Submission, 587, STARTTLS}, {Submission, 25, STARTTLS},
		{ManageSieve, 0, STARTTLS}, {ManageSieve, 4190, STARTTLS}, {ManageSieve, 5190, TLS},
	} {
		if got := DefaultSecurity(tc.protocol, tc.port); got != tc.want {
			t.Errorf("DefaultSecurity(%s, %d) = %s, want %s", tc.protocol, tc.port, got, tc.want)
		}
	}
}

// A port and a security that are each other's default must agree, or defaults
// would warn about themselves.
func TestDefaultsDoNotContradict(t *testing.T) {
	for _, p := range []Protocol{IMAP, POP3, Submission, ManageSieve} {
		for _, s := range []Security{TLS, STARTTLS} {
			port := DefaultPort(p, s)
			if port == 0 {
				continue
			}
			if PortContradicts(port, s) {
				t.Errorf("%s: default port %d contradicts %s", p, port, s)
			}
			if got := DefaultSecurity(p, port); got != s {
				t.Errorf("%s: port %d implies %s, but is the default of %s", p, port, got, s)
			}
		}
	}
}

func TestPortContradicts(t *testing.T) {
	for _, tc := range []struct {
		port uint16
		s    Security
		want bool
	}{
		{993, TLS, false}, {993, STARTTLS, true}, {993, Plaintext, true},
		{995, STARTTLS, true}, {465, STARTTLS, true}, {465, TLS, false},
		{143, TLS, true}, {143, STARTTLS, false}, {143, Plaintext, false},
		{110, TLS, true}, {587, TLS, true}, {25, TLS, true}, {4190, TLS, true},
		{2525, TLS, false}, {2525, STARTTLS, true}, {2525, Plaintext, false},
	} {
		if got := PortContradicts(tc.port, tc.s); got != tc.want {
			t.Errorf("PortContradicts(%d, %s) = %v", tc.port, tc.s, got)
		}
	}
}

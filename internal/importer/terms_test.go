package importer

import (
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

func TestTranslations(t *testing.T) {
	login := func(s string) (string, error) { l, err := loginOf(s); return string(l), err }
	for _, tc := range []struct {
		name      string
		translate func(string) (string, error)
		in, want  string // want is the result, or what the error holds
		fails     bool
	}{
		{"host", hostOf, "IMAP.example.com", "imap.example.com", false},
		{"host", hostOf, "%EMAILDOMAIN%", "{domain}", false},
		{"host", hostOf, "imap.%EMAILDOMAIN%", "imap.{domain}", false},
		{"host", hostOf, "imap-%EMAILDOMAIN%", "separated by dots", true},
		{"host", hostOf, "imap.%EMAILADDRESS%", "%EMAILADDRESS%", true},
		{"host", hostOf, "imap.{domain}", "{ or }", true},
		{"host", hostOf, "[2001:db8::1]", "IP address", true},
		{"host", hostOf, "imap.example.com:993", "bare name", true},
		{"url", urlOf, "https://DAV.example.com/a%20b/", "https://dav.example.com/a%20b/", false},
		{"url", urlOf, "https://dav.example.com/%EMAILDOMAIN%/", "https://dav.example.com/{domain}/", false},
		{"url", urlOf, "https://dav.example.com/%EMAILLOCALPART%/", "%EMAILLOCALPART%", true},
		{"url", urlOf, "https://u:p@dav.example.com/", "user name or a password", true},
		{"url", urlOf, "dav.example.com", "absolute", true},
		{"login", login, "%EMAILADDRESS%", "{address}", false},
		{"login", login, "%EMAILLOCALPART%@hoster.example", "{local}@hoster.example", false},
		{"login", login, `%EMAILDOMAIN%\%EMAILLOCALPART%`, `{domain}\{local}`, false},
		{"login", login, "100%", "100%", false},
		{"login", login, "%REALNAME%", "%REALNAME%", true},
		{"login", login, "{local}", "{ or }", true},
		{"login", login, "a\u202eb", "invisible", true},
		{"page", webURLOf, "https://www.example.com/?a=b#c", "https://www.example.com/?a=b#c", false},
		{"page", webURLOf, "http://www.example.com/", "must be an https URL", true},
		{"page", webURLOf, "https://user@www.example.com/", "user name", true},
		{"page", webURLOf, "https://192.0.2.1/", "host name", true},
		{"page", webURLOf, "https://www.example.com:0/", "port", true},
		{"page", webURLOf, "https:///", "not a valid URL", true},
	} {
		got, err := tc.translate(tc.in)
		switch {
		case tc.fails && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s %s: got %q, %v, want an error with %q", tc.name, tc.in, got, err, tc.want)
		case !tc.fails && (err != nil || got != tc.want):
			t.Errorf("%s %s: got %q, %v, want %q", tc.name, tc.in, got, err, tc.want)
		}
	}
}

func TestWaysToLogIn(t *testing.T) {
	for _, tc := range []struct {
		system, word string
		want         settings.Auth
		exact        bool
	}{
		{"", "password-cleartext", settings.Password, true}, {"", "Plain", settings.Password, true}, {"", "http-basic", settings.Password, true}, {"http", "Basic", settings.Password, true},
		{"", "password-encrypted", settings.PasswordChallenge, true}, {"", "secure", settings.PasswordChallenge, true}, {"http", "Digest", settings.PasswordChallenge, true},
		{"", "OAuth2", settings.OAuth2, true}, {"", "OAuth", settings.OAuth2, true}, {"", "TLS-client-cert", settings.ClientCert, true},
		{"", "GSSAPI", settings.GSSAPI, true}, {"", "NTLM", settings.NTLM, true}, {"", "none", settings.NoAuth, true}, {"", "client-IP-address", settings.NoAuth, false},
		{"sasl", "PLAIN", settings.Password, false}, {"sasl", "SCRAM-SHA-256-PLUS", settings.PasswordChallenge, false}, {"sasl", "CRAM-MD5", settings.PasswordChallenge, false},
		{"sasl", "XOAUTH2", settings.OAuth2, false}, {"sasl", "EXTERNAL", settings.ClientCert, false}, {"sasl", "GSSAPI", settings.GSSAPI, true}, {"sasl", "NTLM", settings.NTLM, true},
		{"sasl", "ANONYMOUS", "", false}, {"", "smtp-after-pop", "", false}, {"", "", "", false},
	} {
		if got, exact := authOf(tc.system, tc.word); got != tc.want || exact != tc.exact {
			t.Errorf("%s %s: %q, %v, want %q, %v", tc.system, tc.word, got, exact, tc.want, tc.exact)
		}
	}
}

func TestKindsOfConnection(t *testing.T) {
	for word, want := range map[string]settings.Security{
		"SSL": settings.TLS, "ssl": settings.TLS, "SSL/TLS": settings.TLS, "STARTTLS": settings.STARTTLS, "plain": settings.Plaintext, "None": settings.Plaintext,
		"TLS": "", "Auto": "", "": "",
	} {
		if got, ok := securityOf(word); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v, want %q", word, got, ok, want)
		}
	}
}

func TestNotesAreOneLine(t *testing.T) {
	for want, n := range map[string]Note{
		"a.xml:3: emailProvider: text":  {File: "a.xml", Line: 3, Key: "emailProvider", Text: "text"},
		"a.xml: hint: text":             {File: "a.xml", Text: "text", Hint: true},
		"LDAP_HOST: text":               {Key: "LDAP_HOST", Text: "text"},
		`"a\nb.xml":3: text`:            {File: "a\nb.xml", Line: 3, Text: "text"},
		"hint: DOMAIN: it is not there": {Key: "DOMAIN", Text: "it is not there", Hint: true},
	} {
		if got := n.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got, want := clean(" \u00a0a\x00\n\tb\x1b[0m\xff\u0085\ufffe c\u2003"), "a b[0m c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

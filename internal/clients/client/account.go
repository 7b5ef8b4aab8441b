package client

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Account is what a client would set up. Parts that the answer did not name
// are zero.
type Account struct {
	Incoming Server // IMAP or POP3
	Outgoing Server
	CalDAV   DAV
	CardDAV  DAV
}

// Server is one mail server of an account.
type Server struct {
	Protocol string // "imap", "pop3" or "smtp"; any other type in the client's own word
	Host     string
	Port     int
	Security Security
	User     string // "" when the client asks the person
	Auth     string // as in the settings file; "" when the client negotiates
}

// DAV is a collection of calendars or contacts.
type DAV struct {
	URL  string // absolute; without a path where the client discovers it
	User string
}

// Security is how a client connects. The zero value means that the answer does
// not state it.
type Security string

// The values of Security.
const (
	TLS       Security = "tls"
	STARTTLS  Security = "starttls"
	Plaintext Security = "plaintext"
	// Negotiated is implicit TLS or STARTTLS, whichever the server offers;
	// never plaintext.
	Negotiated Security = "negotiated"
)

// Authentication methods, as in the settings file.
const (
	OAuth2            = "oauth2"
	Password          = "password"
	PasswordChallenge = "password-challenge"
	GSSAPI            = "gssapi"
	NTLM              = "ntlm"
	NoAuth            = "none"
)

// Refusal is the error of a client that cannot set up an account from a
// document.
type Refusal struct {
	Does Verdict
	Why  string
	To   string // for AsksAgain: the address or URL to ask about
}

// Verdict is what a client does with a document that it cannot use.
type Verdict string

const (
	// Rejects means that the client asks its next question, as if there was no
	// answer.
	Rejects Verdict = "rejects the document"
	// Ignores means that the client accepts the document, finds no server in it
	// and asks no further question.
	Ignores Verdict = "accepts the document but finds no server in it"
	// AsksAgain means that the client asks about another address, or at another
	// URL.
	AsksAgain Verdict = "asks again elsewhere"
)

func (r *Refusal) Error() string { return string(r.Does) + ": " + r.Why }

// Reject returns no account and a Refusal that rejects the document.
func Reject(format string, args ...any) (Account, error) {
	return Account{}, Rejected(format, args...)
}

// Rejected returns a Refusal that rejects the document.
func Rejected(format string, args ...any) error {
	return &Refusal{Does: Rejects, Why: fmt.Sprintf(format, args...)}
}

// Ignore returns no account and a Refusal that ignores the document.
func Ignore(format string, args ...any) (Account, error) {
	return Account{}, &Refusal{Does: Ignores, Why: fmt.Sprintf(format, args...)}
}

// The placeholders of autoconfig.
const (
	EmailAddress   = "%EMAILADDRESS%"
	EmailLocalPart = "%EMAILLOCALPART%"
	EmailDomain    = "%EMAILDOMAIN%"
)

// SplitAddress cuts an address at its last @.
func SplitAddress(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, ""
	}
	return address[:at], address[at+1:]
}

var hostName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i:(([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.?)$`)
})

// IsHostName is the test that both Thunderbirds apply: ASCII labels, with an
// optional final dot.
func IsHostName(host string) bool { return len(host) <= 255 && hostName().MatchString(host) }

// HasOAuth2 reports whether both Thunderbirds ship the OAuth2 endpoints of the
// host's provider. They ignore OAuth2 for all other hosts. The list here is a
// part of theirs.
func HasOAuth2(host string) bool {
	for _, domain := range []string{"gmail.com", "googlemail.com", "office365.com", "yahoo.com", "fastmail.com"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

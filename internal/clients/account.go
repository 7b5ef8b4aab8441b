package clients

import (
	"fmt"
	"strings"
)

// Account is what a client would set up. Parts it was not told are zero.
type Account struct {
	Incoming Server // of mail: IMAP or POP3
	Outgoing Server
	CalDAV   DAV
	CardDAV  DAV
}

// Server is one server of an account.
type Server struct {
	Protocol string // "imap", "pop3" or "smtp"; another type in the client's own word
	Host     string
	Port     int
	Security Security
	User     string // "" when the client asks the person
	Auth     string // in the words of the settings file; "" when the client negotiates
}

// DAV is a collection of calendars or contacts.
type DAV struct {
	URL  string // absolute; without a path where the client discovers it
	User string
}

// Security is how a client connects. The zero value is none the client was told.
type Security string

// The three ways, and what clients do that were told less.
const (
	TLS       Security = "tls"
	STARTTLS  Security = "starttls"
	Plaintext Security = "plaintext"
	// Negotiated is encryption by whichever of TLS and STARTTLS the server
	// turns out to speak; never plaintext.
	Negotiated Security = "negotiated"
)

// The words for authentication that more than one client comes to.
const (
	oauth2    = "oauth2"
	password  = "password"
	challenge = "password-challenge"
	gssapi    = "gssapi"
	ntlm      = "ntlm"
	noAuth    = "none"
)

// Refusal is the error of a client that sets up nothing from a document.
type Refusal struct {
	Does Verdict
	Why  string
	To   string // where a client that asks again does so: an address or a URL
}

// Verdict says what a client does instead.
type Verdict string

// What clients do with a document they cannot use.
const (
	// Rejects means: goes on to the next source, as if there was no answer.
	Rejects Verdict = "rejects the document"
	// Ignores means: takes the document for the answer, asks nobody else, and
	// finds no server in it.
	Ignores Verdict = "takes the document and finds no server in it"
	// AsksAgain means: asks the same for another address, or at another URL.
	AsksAgain Verdict = "asks again elsewhere"
)

func (r *Refusal) Error() string { return string(r.Does) + ": " + r.Why }

func rejects(format string, args ...any) (Account, error) {
	return Account{}, refused(format, args...)
}

func ignores(format string, args ...any) (Account, error) {
	return Account{}, &Refusal{Does: Ignores, Why: fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) error {
	return &Refusal{Does: Rejects, Why: fmt.Sprintf(format, args...)}
}

// split cuts an address at its last @.
func split(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, ""
	}
	return address[:at], address[at+1:]
}

// The placeholders of autoconfig.
const (
	emailAddress   = "%EMAILADDRESS%"
	emailLocalPart = "%EMAILLOCALPART%"
	emailDomain    = "%EMAILDOMAIN%"
)

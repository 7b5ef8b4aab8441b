package settings

// Protocol is a protocol of a service, as written in the settings file.
type Protocol string

// The protocols. Submission is SMTP for users (RFC 6409), not for relaying on
// port 25.
const (
	IMAP        Protocol = "imap"
	POP3        Protocol = "pop3"
	Submission  Protocol = "submission"
	JMAP        Protocol = "jmap"
	CalDAV      Protocol = "caldav"
	CardDAV     Protocol = "carddav"
	WebDAV      Protocol = "webdav"
	ManageSieve Protocol = "managesieve"
	ActiveSync  Protocol = "activesync"
	EWS         Protocol = "ews" // Exchange Web Services, which also sends mail
)

// Protocols returns every protocol, the most common ones first.
func Protocols() []Protocol {
	return []Protocol{IMAP, POP3, Submission, JMAP, CalDAV, CardDAV, WebDAV, ManageSieve, ActiveSync, EWS}
}

// ByURL reports whether a service of the protocol is given by a URL; others are
// given by host, port and security.
func (p Protocol) ByURL() bool {
	switch p {
	case JMAP, CalDAV, CardDAV, WebDAV, ActiveSync, EWS:
		return true
	case IMAP, POP3, Submission, ManageSieve:
		return false
	}
	return false
}

// Security is how a connection is protected. The zero value is invalid, so that
// plaintext is never a default.
type Security string

// The values of RFC 8314: implicit TLS, mandatory STARTTLS, or none.
const (
	TLS       Security = "tls"
	STARTTLS  Security = "starttls"
	Plaintext Security = "plaintext"
)

// Securities returns every Security, the preferred one first.
func Securities() []Security { return []Security{TLS, STARTTLS, Plaintext} }

// Auth is an authentication method.
type Auth string

// The authentication methods. Password is any mechanism that sends the password
// itself (PLAIN, LOGIN, HTTP Basic); PasswordChallenge any that does not
// (CRAM-MD5, SCRAM, HTTP Digest).
const (
	OAuth2            Auth = "oauth2"
	Password          Auth = "password"
	PasswordChallenge Auth = "password-challenge"
	ClientCert        Auth = "client-cert"
	GSSAPI            Auth = "gssapi"
	NTLM              Auth = "ntlm"
	NoAuth            Auth = "none"
)

// Auths returns every Auth.
func Auths() []Auth {
	return []Auth{OAuth2, Password, PasswordChallenge, ClientCert, GSSAPI, NTLM, NoAuth}
}

// DefaultPort returns the registered port of a protocol given by host; 0 for
// none (ManageSieve has no port for implicit TLS).
func DefaultPort(p Protocol, s Security) uint16 {
	implicit := s == TLS
	switch p {
	case IMAP:
		return either(implicit, 993, 143)
	case POP3:
		return either(implicit, 995, 110)
	case Submission:
		return either(implicit, 465, 587)
	case ManageSieve:
		return either(implicit, 0, 4190)
	case JMAP, CalDAV, CardDAV, WebDAV, ActiveSync, EWS:
	}
	return 0
}

// DefaultSecurity returns the security that a port is registered for, else
// implicit TLS.
func DefaultSecurity(p Protocol, port uint16) Security {
	switch port {
	case 143, 110, 587, 25, 4190:
		return STARTTLS
	case 0:
		if p == ManageSieve {
			return STARTTLS
		}
	}
	return TLS
}

// PortContradicts reports whether clients that derive the security from the port
// would get it wrong: Thunderbird's and FairEmail's Autodiscover readers assume
// STARTTLS on its registered ports and TLS on all others. Plaintext contradicts
// the ports of TLS alone, because it has a warning of its own.
func PortContradicts(port uint16, s Security) bool {
	registered := false
	switch port {
	case 143, 110, 587, 25, 4190:
		registered = true
	}
	switch s {
	case TLS:
		return registered
	case STARTTLS:
		return !registered
	case Plaintext:
	}
	return port == 993 || port == 995 || port == 465
}

func either(cond bool, yes, no uint16) uint16 {
	if cond {
		return yes
	}
	return no
}

package settings

// Protocol is the protocol of a service, spelled as in the settings file.
type Protocol string

// The protocols of the model. Submission is SMTP for users (RFC 6409), never
// the port 25 that servers use among themselves.
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
)

// Protocols lists every protocol, in the order in which people meet them.
func Protocols() []Protocol {
	return []Protocol{IMAP, POP3, Submission, JMAP, CalDAV, CardDAV, WebDAV, ManageSieve, ActiveSync}
}

// ByURL reports whether the service is named by a URL; the others are named by
// host, port and security.
func (p Protocol) ByURL() bool {
	switch p {
	case JMAP, CalDAV, CardDAV, WebDAV, ActiveSync:
		return true
	case IMAP, POP3, Submission, ManageSieve:
		return false
	}
	return false
}

// Security says how a connection is protected. The zero value is invalid: there
// is no silent default to plaintext.
type Security string

// The three ways of RFC 8314: TLS from the first byte, an upgrade by STARTTLS
// that must succeed, or nothing.
const (
	TLS       Security = "tls"
	STARTTLS  Security = "starttls"
	Plaintext Security = "plaintext"
)

// Securities lists every Security, the preferred one first.
func Securities() []Security { return []Security{TLS, STARTTLS, Plaintext} }

// Auth names a way to authenticate.
type Auth string

// The authentication methods. Password stands for any mechanism that sends the
// password as it is (PLAIN, LOGIN, HTTP Basic); PasswordChallenge for those
// that do not (CRAM-MD5, SCRAM, HTTP Digest).
const (
	OAuth2            Auth = "oauth2"
	Password          Auth = "password"
	PasswordChallenge Auth = "password-challenge"
	ClientCert        Auth = "client-cert"
	GSSAPI            Auth = "gssapi"
	NTLM              Auth = "ntlm"
	NoAuth            Auth = "none"
)

// Auths lists every Auth.
func Auths() []Auth {
	return []Auth{OAuth2, Password, PasswordChallenge, ClientCert, GSSAPI, NTLM, NoAuth}
}

// DefaultPort returns the registered port of a protocol named by host, or 0
// where there is none (ManageSieve has no port for implicit TLS).
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
	case JMAP, CalDAV, CardDAV, WebDAV, ActiveSync:
	}
	return 0
}

// DefaultSecurity returns the security that a port implies where the settings
// name none: what the port is registered for, else TLS from the first byte.
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

// PortContradicts reports whether clients that tell the security from the port
// would get it wrong: Thunderbird's and FairEmail's Autodiscover readers take
// STARTTLS for what is on its registered ports, and TLS for everything else. Of
// plaintext only the ports of TLS are told: everybody is warned of it anyway.
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

package source

import (
	"net/netip"
	"time"
)

// DefaultTimeout is the time-out of a lookup where the options name none.
const DefaultTimeout = 2 * time.Second

// SQL are the options of a database.
type SQL struct {
	Driver string // postgres, mysql (MariaDB too) or sqlite
	// DSN is a secret in the form of the driver: postgres://user:password@host/database
	// or host=... user=..., user:password@tcp(host:3306)/database, /path/to/file.db.
	DSN string
	// Host, Port and Database are used without a DSN, for postgres and mysql. Host
	// is a name, an address or the path of a socket; for postgres, its directory.
	// Port is 0 for the default.
	Host     string
	Port     int
	Database string
	// TLS is how the connection to Host is encrypted; "" for TLSRequire, and TLSOff on
	// this machine.
	TLS TLS
	// User and Password replace those of the DSN; "" for those.
	User, Password string
	// DomainQuery looks up a domain by {domain} or {domain_unicode}, MailboxQuery
	// a mailbox by {address} or {local} as well; "" for none. Their columns are
	// those of ColumnNames.
	DomainQuery, MailboxQuery string
	// ListQuery lists the domains in the column domain, for a dry run; "" for none.
	ListQuery   string
	Timeout     time.Duration // of one lookup, including the wait for a connection; 0 for DefaultTimeout
	Connections int           // maximum; 0 for 8
	Channel     string        // PostgreSQL channel for change notifications; "" for none
}

// TLS is how a connection to a database is encrypted.
type TLS string

// What TLS protects against: TLSRequire against those who listen, TLSVerifyFull also
// against those who pose as the server.
const (
	TLSOff        TLS = "off"
	TLSRequire    TLS = "require"
	TLSVerifyFull TLS = "verify-full"
)

// LDAP are the options of an LDAP server.
type LDAP struct {
	// URL is ldap://host[:port], ldaps://host[:port] or
	// ldapi://%2Fpath%2Fto%2Fsocket; ldapi:/// is the default socket.
	URL      string
	StartTLS bool
	CAFile   string // PEM; "" for the system's certificate authorities
	// BindDN and BindPassword are both empty for an anonymous search. They are
	// sent to another host over TLS only.
	BindDN, BindPassword string
	Domain               Search        // with {domain} and {domain_unicode}; with a base alone, for none
	Mailbox              *Search       // with {address} and {local} as well; nil for none
	Timeout              time.Duration // of one lookup, including the wait for a connection; 0 for DefaultTimeout
	Connections          int           // maximum; 0 for 4
}

// Search finds one LDAP entry. Placeholders are allowed in values only, and
// their values are escaped.
type Search struct {
	BaseDN string
	Scope  Scope  // "" for Subtree
	Filter string // RFC 4515; must match at most one entry
	// Attributes holds the attribute of each column (see ColumnNames). A value
	// after = is a constant.
	Attributes map[string]string
}

// Scope is how far below its base a search looks.
type Scope string

// The scopes of RFC 4511 section 4.5.1.2.
const (
	Subtree  Scope = "sub"
	OneLevel Scope = "one"
	BaseOnly Scope = "base"
)

// MX are the options of the source that goes by the MX records of a domain.
type MX struct {
	Resolvers []netip.AddrPort // recursive DNS servers; none for those of /etc/resolv.conf
	Patterns  []Pattern
	Timeout   time.Duration // of one lookup at all resolvers together; 0 for DefaultTimeout
}

// Pattern assigns mail exchangers to a provider.
type Pattern struct {
	Match    string // a host name, or *. and a domain for all names below it, at any depth
	Provider string // id
}

// Cache bounds what is cached of the sources.
type Cache struct {
	Entries int           // domains, unknown domains and mailboxes, each
	Fresh   time.Duration // how long an answer is used without a new lookup
	Unknown time.Duration // the same for domains that no source knows
	Stale   time.Duration // how long an answer is used while its source is unavailable
	// Snapshot saves known answers in the state directory for the next start.
	Snapshot bool
}

// DefaultCache returns the bounds where the options name none.
func DefaultCache() Cache {
	return Cache{Entries: 100_000, Fresh: time.Minute, Unknown: 30 * time.Second, Stale: 24 * time.Hour, Snapshot: true}
}

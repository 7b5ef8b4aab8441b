package ldapsource

import "time"

// Options say where the entries are and how they are read.
type Options struct {
	// Name is how errors call the source; "" is "ldap".
	Name string
	// URL of the server: ldap://host[:port], ldaps://host[:port] or
	// ldapi://%2Fpath%2Fto%2Fsocket; ldapi:/// is the usual socket.
	URL string
	// StartTLS encrypts an ldap:// connection before anything is said on it.
	StartTLS bool
	// CAFile has the authorities of the server's certificate as PEM; "" for
	// those of the system.
	CAFile string
	// BindDN and BindPassword are the user to search as; both empty for none.
	// They are told to another host on an encrypted connection only.
	BindDN, BindPassword string
	// Domain finds a domain. Its placeholders are {domain} and {domain_unicode}.
	Domain Search
	// Mailbox finds a mailbox; nil when mailboxes are not asked about. Its
	// placeholders are those of Domain, {address} and {local}.
	Mailbox *Search
	// Timeout bounds one lookup from the wait for a connection to the answer;
	// 0 for 2 s.
	Timeout time.Duration
	// MaxConnections is how many connections there may be at a time; 0 for 4.
	MaxConnections int
}

// Search finds one entry. Placeholders stand in values only; what they stand
// for is escaped.
type Search struct {
	// BaseDN is where the search begins.
	BaseDN string
	// Filter is an LDAP filter (RFC 4515) that fits one entry at most.
	Filter string
	// Scope is how far below the base the search looks; "" for Subtree.
	Scope Scope
	// Attributes name for each column (source.ColumnNames) the attribute that
	// has its value. With = in front it is the value itself.
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

const (
	defaultName           = "ldap"
	defaultTimeout        = 2 * time.Second
	defaultMaxConnections = 4
)

package config

import (
	"net/netip"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/files"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Config is the content of a valid settings file with the defaults filled in. Its
// paths are absolute, and everything it points to is read-only.
type Config struct {
	Listen         string // of plain HTTP, "host:port"
	TLS            *TLS   // nil for none
	Ops            Ops
	TrustedProxies []netip.Prefix // in the order of the file, without host bits
	// ForwardedHost lets trusted proxies set the host name with X-Forwarded-Host.
	ForwardedHost bool
	Signing       *Signing // the default; nil for a self-signed identity in StateDir
	// Identities are the signing identities of providers and domains, by
	// settings.Provider.Signing.
	Identities map[string]*Signing
	// AppPasswords are the endpoints of providers, by id.
	AppPasswords map[string]AppPasswords
	StateDir     string // "" for the default of the caller
	API          API
	Limits       Limits
	Reload       Reload
	Log          Log
	Tracing      *Tracing // nil for none
	Pages        Pages

	Providers []*settings.Provider // in the order of the file
	// Domains has every listed domain, including aliases. Domains without
	// overrides share the pointer of their provider.
	Domains map[address.Domain]settings.Domain
	// Below are the providers of unlisted domains by suffix, without "*.".
	Below settings.Suffixes
	// CatchAll is the provider of other domains; nil for none.
	CatchAll *settings.Provider
	// Directory are the sources for unlisted domains, queried in this order
	// before CatchAll.
	Directory []Source
	Cache     source.Cache

	// Files are the settings file and every file that a ${file:} reference names.
	Files []string
	// Included match the files that the settings file includes.
	Included []files.Pattern
}

// TLS is the listener for HTTPS.
type TLS struct {
	Listen string // "host:port"
	// Files are the certificates. The first one also serves names that no certificate is for.
	Files []TLSFiles
	ACME  *ACME // orders certificates for other names; nil for none
}

// TLSFiles is a certificate with its key.
type TLSFiles struct {
	CertFile string // PEM, leaf then intermediates
	KeyFile  string // PEM
	Key      string // of the settings, for findings
	Line     int    // line in the settings file, from 1
}

// Ops is the listener for metrics and health checks.
type Ops struct {
	Listen string // "host:port"; "" for none
	Pprof  bool   // whether it has /debug/pprof
	// Hosts are the names by which operators reach the listener, besides IP
	// addresses and local names.
	Hosts []address.Domain
	// WaitForSources has /readyz fail until each source has answered once, or its
	// answers of the last run are loaded.
	WaitForSources bool
	// ExamineEvery is how often the doctor examines each domain of the file; 0 for
	// never.
	ExamineEvery time.Duration
	// ExamineSources is how many domains of sources are examined as often, besides.
	ExamineSources int
	// Resolver is the DNS server that the doctor asks; the zero value for the system's.
	Resolver netip.AddrPort
}

// API restricts the endpoints for programs: the settings as JSON, invitations and
// the reload.
type API struct {
	Token string // a secret; "" for no authentication
}

// Limits bound the requests of clients.
type Limits struct {
	RequestsPerMinute int // per client address; 0 for no limit
	// StrictPerMinute is the limit for expensive requests and for those that
	// could guess passwords: signed profiles and password checks.
	StrictPerMinute int
	// UnknownPerMinute and UnknownPerSecond limit lookups of unknown domains and of
	// mailboxes in the sources, of one client and of all; 0 for no limit.
	UnknownPerMinute, UnknownPerSecond int

	RequestsAtOnce int // of all clients, half of them of one client; 0 for no limit
	Connections    int // the same for connections that are open on each public listener
}

// Reload bounds what a reload may change.
type Reload struct {
	MaxRemoved int // per cent of the listed domains that may disappear at once
}

// Pages are the options of the setup page.
type Pages struct {
	URL  string   // public https URL of the page without a trailing slash; "" when unknown
	Keys []string // secrets that seal links, the current one first; none for a random one
	// VerifyPassword lets users check a password before they type it into an app.
	// VerifyPrivate allows that for mail servers on private networks.
	VerifyPassword, VerifyPrivate bool
	// Doctor lets the owner of a domain see what works for it, and the records to publish.
	Doctor bool
	// Suggest are domains that everybody may learn from the page: it suggests one to
	// a visitor whose domain is unknown and nearly the same.
	Suggest []address.Domain
	// Voice is how the texts address people; "" for the usual way of each language.
	Voice i18n.Voice
	// Texts replace those of the page, by language and key.
	Texts map[string]map[string]string
}

// Log is what the log contains, and how.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // json or console
	Remote string // of the addresses of clients: full, network or none
}

// Tracing is where the spans of requests are sent.
type Tracing struct {
	Endpoint string            // http or https URL of a collector
	Headers  map[string]string // of each export; secrets
	Sample   float64           // share of the requests, from 0 to 1
}

// DefaultLogFormat is the format of the log before the settings are read.
const DefaultLogFormat = "json"

func defaults() *Config {
	return &Config{
		Listen: ":8080",
		Ops:    Ops{Listen: "127.0.0.1:9090", WaitForSources: true},
		Log:    Log{Level: "info", Format: DefaultLogFormat, Remote: "full"},
		Limits: Limits{RequestsPerMinute: 6000, StrictPerMinute: 60, UnknownPerMinute: 600, UnknownPerSecond: 500, RequestsAtOnce: 1000, Connections: 2000},
		Cache:  source.DefaultCache(),
		Reload: Reload{MaxRemoved: 10},
	}
}

package config

import (
	"net/netip"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Config is what a settings file without errors says, defaults filled in. Paths
// in it are absolute; everything it points to is read-only.
type Config struct {
	Listen         string // of plain HTTP, "host:port"
	TLS            *TLS   // nil for none
	Ops            Ops
	TrustedProxies []netip.Prefix // in the order of the file, without host bits
	Signing        *Signing       // nil for a self-signed identity in StateDir
	StateDir       string         // "" where the caller decides
	API            API
	Limits         Limits
	Log            Log
	Pages          Pages

	Providers []*settings.Provider // in the order of the file
	// Domains holds every listed domain, alias domains too. Domains without
	// overrides share the pointer of their provider.
	Domains map[address.Domain]settings.Domain
	// CatchAll answers for every domain that is not listed; nil for nobody.
	CatchAll *settings.Provider
	// Directory are the sources that are asked about domains that are not
	// listed, in this order, before CatchAll answers.
	Directory []Source
	Cache     source.Cache

	// Files are the settings file and every file that a ${file:} in it names:
	// a change of any of them changes the Config.
	Files []string
}

// TLS is the listener for HTTPS.
type TLS struct {
	Listen   string // "host:port"
	CertFile string // PEM, leaf then intermediates
	KeyFile  string // PEM
	Line     int    // line in the settings file, from 1
}

// Ops is the listener for metrics and health checks.
type Ops struct {
	Listen string // "host:port"; "" for none
	Pprof  bool   // whether it has /debug/pprof
}

// Signing names the identity that signs Apple profiles.
type Signing struct {
	CertFile string // PEM, leaf then intermediates
	KeyFile  string // PEM
	Line     int    // line in the settings file, from 1
}

// API says who may use what is for programs: the settings as JSON, invitations
// and the reload.
type API struct {
	Token string // a secret; "" for everybody who reaches it
}

// Limits bound what clients may ask for.
type Limits struct {
	RequestsPerMinute int // per client address; 0 for no limit
	// StrictPerMinute is the same for what costs a lot or could be used to
	// guess: profiles, which are signed, and checks of passwords.
	StrictPerMinute int
	RequestsAtOnce  int // of all clients; 0 for no limit
	Connections     int // of all clients, open on each public listener; 0 for no limit
}

// Pages are the options of the pages for people.
type Pages struct {
	URL  string   // https URL under which people reach the page, without a slash at its end; "" when it is not known
	Keys []string // secrets that seal links, the current one first; none for a random one
	// VerifyPassword lets people check a password before they type it into an
	// app. VerifyPrivate lets that reach mail servers on private networks.
	VerifyPassword, VerifyPrivate bool
}

// Log says how much is logged and in which form.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // json or console
}

func defaults() *Config {
	return &Config{
		Listen: ":8080",
		Ops:    Ops{Listen: "127.0.0.1:9090"},
		Log:    Log{Level: "info", Format: "json"},
		Limits: Limits{RequestsPerMinute: 6000, StrictPerMinute: 60, RequestsAtOnce: 1000, Connections: 2000},
		Cache:  source.DefaultCache(),
	}
}

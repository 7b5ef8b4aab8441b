package acme

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
)

// Results of what was tried for a name, for Options.Count.
const (
	Issued    = "issued"       // a first certificate
	Renewed   = "renewed"      // another one for the same name
	Failed    = "order_failed" // the authority refused, or was not reached
	Unknown   = "unknown"      // a handshake for a name that may not have a certificate
	Elsewhere = "elsewhere"    // an order was not made: the name leads elsewhere
	Limited   = "limited"      // an order was not made: a budget is spent, or too many are running
)

// Options configure New.
type Options struct {
	Email string  // contact for the authorities
	CAs   []CA    // the first one that issues counts
	DNS   *DNS    // has names validated by DNS-01 alone; nil for HTTP-01 and TLS-ALPN-01
	Store Storage // shared by the replicas
	// Copy keeps what this process serves, for when Store is down; nil for none.
	Copy  Storage
	Log   *zap.Logger
	Now   func() time.Time // for budgets and waits
	Count func(result string)
	// NotAfter receives when the first certificate expires, whenever that changes.
	NotAfter func(time.Time)

	// Signer is called when a name that signs may have a new certificate: see Sign.
	Signer func(name address.Domain)

	// Permit returns nil for a name that may have a certificate, an error of kind
	// settings.UnknownDomain for one that may not, and another if the source is unavailable.
	Permit func(ctx context.Context, name address.Domain) error
	// Client returns the context for Permit on behalf of a TLS client.
	Client func(ctx context.Context, remoteAddr string) context.Context
	// Default returns the name of clients that send none; "" refuses them.
	Default func() address.Domain

	// Addresses are the IP addresses and host names that names must lead to; without
	// any, the default name counts, and without it, it is enough that a name has an
	// address. NoDNS orders without a look-up.
	Addresses []string
	NoDNS     bool
	Resolver  Resolver

	Limits Limits
}

// Storage keeps certificates, keys and accounts, and has locks for replicas.
type Storage = certmagic.Storage

// Directory returns the storage in a folder.
func Directory(path string) Storage { return &certmagic.FileStorage{Path: path} }

// CA is one ACME authority.
type CA struct {
	Directory string         // URL
	Roots     *x509.CertPool // for its HTTPS; nil for the roots of the system
	EAB       *EAB           // external account binding; nil for none
}

// EAB binds an account to one that the authority knows; the key is base64url.
type EAB = acme.EAB

// Resolver looks up the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Limits bound orders of first certificates. Renewals are exempt: they are for names
// that are served.
type Limits struct {
	PerHour   int // of all names
	PerDomain int // in a week, of one registered domain such as example.co.uk
}

const (
	// patience is how long a handshake waits for a certificate. After that the client
	// tries again, and the order continues.
	patience = 15 * time.Second
	// orderTime is how long one order may take.
	orderTime = 2 * time.Minute
	// maxFlights bounds the names that are loaded or ordered at once.
	maxFlights = 200
	// maxMemory is how many certificates are kept in memory. Others are loaded when a
	// client asks.
	maxMemory = 50_000
	// maintainEvery is how often certificates in the storage are loaded, so that they
	// are renewed before a client needs them.
	maintainEvery = time.Hour
	// forgetAfter is how long an expired certificate stays in the storage.
	forgetAfter = 30 * 24 * time.Hour
	// renewRatio is the part of its lifetime before its end in which a certificate is
	// renewed, unless the authority suggests another time (ARI).
	renewRatio = 1.0 / 3
)

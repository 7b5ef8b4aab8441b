package passwordcheck

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

// Verdict is what trying a password came to.
type Verdict string

// The verdicts.
const (
	Right       Verdict = "right"
	Wrong       Verdict = "wrong"       // the server does not take it
	Unreachable Verdict = "unreachable" // no connection, no trust in its certificate, no sense in its answers
	Unsupported Verdict = "unsupported" // there is no way to send a password there
	Limited     Verdict = "limited"     // there were too many tries, or there are too many at once
)

const (
	// step is what every answer's time is a multiple of. It is longer than
	// any hash of a password takes, so that a mailbox which does not exist
	// takes as long as one which does.
	step = 1500 * time.Millisecond
	// timeLimit bounds one try, from the name lookup to the verdict: less than
	// five steps, and more than the 6 s that Dovecot takes over the second
	// wrong password.
	timeLimit = 6500 * time.Millisecond
	// maxRunning bounds the tries at one time.
	maxRunning = 32
	// maxPassword is in octets, and more than any server takes.
	maxPassword = 1024
)

// Options are what a Checker needs besides the settings of a mailbox.
type Options struct {
	// RootCAs sign the certificates that are believed; nil for those of the
	// system.
	RootCAs *x509.CertPool
	// AllowPrivate lets a mail server be on a private or loopback address. It
	// is not meant for operators who answer for any domain with hosts made of
	// {domain}: a visitor could then have ports of the inner network tried.
	AllowPrivate bool
	// Failed is told why a host did not answer to a password, for the log; nil
	// for nobody. The error holds the names and addresses of hosts, what is
	// wrong with a certificate, and nothing that the server or the visitor
	// said besides. It is called by many goroutines.
	Failed func(host string, err error)
}

// Checker tries passwords. It is safe for use by many goroutines. It counts
// the attempts: a new one starts at zero.
type Checker struct {
	options Options
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	running chan struct{}
	tries   *ledger
}

// New returns a Checker.
func New(o Options) *Checker {
	return &Checker{
		options: o,
		dial:    dialer(o.AllowPrivate),
		running: make(chan struct{}, maxRunning),
		tries:   newLedger(),
	}
}

// Verify tries a password at the service that choose picks. One call is at
// most one connection and one attempt to log in. It takes a multiple of 1.5 s,
// 7.5 s at most, unless ctx ends sooner or there is nothing to try at all.
//
// Client is the visitor's address, or the zero value. Waymark passes it to IMAP
// servers: Dovecot delays the visitor after wrong passwords if it trusts this host
// (login_trusted_networks). Otherwise it delays this host, for longer than a check
// may take.
func (c *Checker) Verify(ctx context.Context, s settings.Settings, password string, client netip.Addr) Verdict {
	svc, login, ok := choose(s)
	if !ok {
		return Unsupported // reveals only public settings
	}
	began := time.Now()
	verdict, err := c.limited(ctx, s, attempt{svc, login, password, client})
	if err != nil && ctx.Err() == nil && c.options.Failed != nil {
		c.options.Failed(svc.Host, err)
	}
	pad(ctx, began)
	return verdict
}

// limited makes the try if it is one of few enough. The error is the reason
// for Unreachable, or for Limited by the server.
func (c *Checker) limited(ctx context.Context, s settings.Settings, a attempt) (Verdict, error) {
	select {
	case c.running <- struct{}{}:
		defer func() { <-c.running }()
	default:
		return Limited, nil
	}
	// The login finds who tries one mailbox under several addresses, the
	// mailbox who tries it under the alias domains.
	mailbox := s.Address.WithoutTag(s.Provider.Subaddress).Local + "@" + string(s.Canonical)
	if !c.tries.admit(time.Now(), "login "+a.service.Host+" "+a.login, "mailbox "+mailbox) {
		return Limited, nil
	}
	if !sendable(a.password) {
		return Wrong, nil
	}
	return c.try(ctx, a)
}

// sendable reports whether a password can be anybody's. PLAIN knows no empty
// one (RFC 4616 section 2), and an LDAP server may take that for an anonymous
// login and say yes.
func sendable(password string) bool {
	return password != "" && len(password) <= maxPassword && oneLine(password)
}

// oneLine reports whether s holds nothing that ends a line or a field.
func oneLine(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") }

// pad waits until the time since began is a multiple of step.
func pad(ctx context.Context, began time.Time) {
	rest := time.NewTimer(step - time.Since(began)%step)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
}

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

// Verdict is the result of trying a password.
type Verdict string

// The verdicts.
const (
	Right       Verdict = "right"
	Wrong       Verdict = "wrong"
	Unreachable Verdict = "unreachable" // no connection, an untrusted certificate, or unexpected responses
	Unsupported Verdict = "unsupported" // the server or the settings accept no password
	Limited     Verdict = "limited"     // too many tries, or too many at once
)

const (
	// step is the unit of the time of every call. It is longer than hashing a
	// password takes, so that an unknown mailbox takes as long as a known one.
	step = 1500 * time.Millisecond
	// timeLimit bounds one try, from the name lookup to the verdict: less than
	// five steps, and more than the 6 s that Dovecot waits after the second
	// wrong password.
	timeLimit = 6500 * time.Millisecond
	// maxRunning bounds the concurrent tries.
	maxRunning = 64
	// maxPassword is in bytes, and longer than any server accepts.
	maxPassword = 1024
)

// Options configure a Checker.
type Options struct {
	// RootCAs are the trusted certificate authorities; nil for those of the
	// system.
	RootCAs *x509.CertPool
	// AllowPrivate allows mail servers on private and loopback addresses, if the
	// settings file writes out their hosts. With another host, the owner of its
	// domain could have ports of the internal network probed.
	AllowPrivate bool
	// Count is called with the result of each call: a verdict, where Limited is the
	// reply of the server, or limited_mailbox, limited_network or limited_total for
	// a try that was not made. nil ignores it; it is called concurrently.
	Count func(result string)
	// Failed is called with the reason when a host could not check a password,
	// for the log; nil ignores it. The error contains names and addresses of
	// hosts and problems with certificates, but nothing else that the server or
	// the visitor sent. It is called concurrently.
	Failed func(host string, err error)
}

// Checker tries passwords and counts the tries. It is safe for concurrent use.
type Checker struct {
	options Options
	dial    func(ctx context.Context, svc settings.Service) (net.Conn, error)
	running *slots
	tries   *ledger
}

// New returns a Checker.
func New(o Options) *Checker {
	return &Checker{
		options: o,
		dial:    dialer(o.AllowPrivate),
		running: &slots{of: map[netip.Prefix]int{}},
		tries:   newLedger(),
	}
}

// Verify tries a password at the service that choose picks, with at most one
// connection and one login. It takes a multiple of 1.5 s, 7.5 s at most, unless
// ctx ends sooner or no service accepts a password.
//
// client is the address of the visitor; the zero value means unknown. Verify
// sends it to an IMAP server. One that trusts this host (login_trusted_networks
// of Dovecot) then penalizes the visitor for wrong passwords. Otherwise it
// penalizes this host, and Dovecot delays it for longer than a try may take.
func (c *Checker) Verify(ctx context.Context, s settings.Settings, password string, client netip.Addr) Verdict {
	svc, login, ok := choose(s)
	if !ok {
		c.count(string(Unsupported))
		return Unsupported // the settings are public: no padding
	}
	began := time.Now()
	verdict, err := c.limited(ctx, s, attempt{svc, login, password, client})
	if err != nil && ctx.Err() == nil && c.options.Failed != nil {
		c.options.Failed(svc.Host, err)
	}
	pad(ctx, began)
	return verdict
}

// limited tries the password unless a limit is reached. The error explains the
// verdict Unreachable, or Limited when it was the mail server that limited tries.
func (c *Checker) limited(ctx context.Context, s settings.Settings, a attempt) (Verdict, error) {
	if refused := c.running.take(a.client); refused != admitted {
		c.count(string(refused))
		return Limited, nil
	}
	defer c.running.free(a.client)
	// One mailbox may be tried under several addresses with the same login, and
	// under alias domains.
	mailbox := s.Address.WithoutTag(s.Provider.Subaddress).Local + "@" + string(s.Canonical)
	if refused := c.tries.admit(time.Now(), a.client, "login "+a.service.Host+" "+a.login, "mailbox "+mailbox); refused != admitted {
		c.count(string(refused))
		return Limited, nil
	}
	verdict, err := Wrong, error(nil)
	if sendable(a.password) {
		verdict, err = c.try(ctx, a)
	}
	c.count(string(verdict))
	return verdict, err
}

func (c *Checker) count(result string) {
	if c.options.Count != nil {
		c.options.Count(result)
	}
}

// sendable reports whether a password is worth sending. An empty one is invalid
// in PLAIN (RFC 4616 section 2), and an LDAP server may accept it as an
// anonymous login.
func sendable(password string) bool {
	return password != "" && len(password) <= maxPassword && oneLine(password)
}

// oneLine reports whether s contains no line break and no NUL.
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

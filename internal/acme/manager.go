package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waymark-mail/waymark/internal/address"
)

// Manager has the certificates of one process.
type Manager struct {
	o       Options
	cache   *certmagic.Cache
	config  *certmagic.Config
	rsa     *certmagic.Config // for names that sign
	issuers []*certmagic.ACMEIssuer
	budget  budget
	failed  failures
	sparing *zap.Logger // of a message, one line a minute

	ctx     context.Context // until Close
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	started bool
	closed  bool
	signing []address.Domain // names whose certificates sign
	flights map[address.Domain]*flight
	held    map[address.Domain]time.Time // when the certificates in memory expire
}

// Protocol is what an authority asks for in a TLS-ALPN-01 validation. Listeners must
// offer it.
const Protocol = acmez.ACMETLS1Protocol

// New returns a Manager, which does nothing before Start.
func New(o Options) *Manager {
	m := &Manager{
		o: o, budget: budget{Limits: o.Limits}, sparing: sampled(o.Log, 1),
		flights: map[address.Domain]*flight{}, held: map[address.Domain]time.Time{},
	}
	m.ctx, m.stop = context.WithCancel(context.Background())
	// The library reports each step of an order at info, with the contact, and each
	// failure at error. Of these, only the steps are not logged here.
	log := sampled(o.Log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel), zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return withoutContact{c, o.Email}
	})), 5)
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(c certmagic.Certificate) (*certmagic.Config, error) {
			return m.configFor(address.Domain(c.Names[0])), nil
		},
		Capacity: maxMemory,
		Logger:   log,
	})
	options := certmagic.Config{
		Storage:            o.Store,
		LocalCache:         o.Copy,
		ReusePrivateKeys:   true, // of the files of a renewal, a crash can then lose any
		Logger:             log,
		RenewalWindowRatio: renewRatio,
		OCSP:               certmagic.OCSPConfig{DisableStapling: true},
		OnEvent:            m.event,
	}
	m.config = certmagic.New(m.cache, options)
	options.KeySource = certmagic.StandardKeyGenerator{KeyType: certmagic.RSA2048}
	m.rsa = certmagic.New(m.cache, options)
	for _, ca := range o.CAs {
		template := certmagic.ACMEIssuer{
			CA: ca.Directory, TestCA: ca.Directory, Email: o.Email, Agreed: true,
			ExternalAccount: ca.EAB, TrustedRoots: ca.Roots, Logger: log,
		}
		if o.DNS != nil {
			template.DNS01Solver = o.DNS.solver()
		}
		m.issuers = append(m.issuers, certmagic.NewACMEIssuer(m.config, template))
	}
	m.config.Issuers = nil
	for _, issuer := range m.issuers {
		m.config.Issuers = append(m.config.Issuers, issuer)
	}
	m.rsa.Issuers = m.config.Issuers
	return m
}

// sampled returns a logger that writes so many lines of a message in a minute.
func sampled(log *zap.Logger, lines int) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(c, time.Minute, lines, 0)
	}))
}

// withoutContact is a core that removes the contact address, which authorities repeat.
type withoutContact struct {
	zapcore.Core
	email string
}

func (c withoutContact) With(fields []zapcore.Field) zapcore.Core {
	return withoutContact{c.Core.With(c.clean(fields)), c.email}
}

func (c withoutContact) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c withoutContact) Write(e zapcore.Entry, fields []zapcore.Field) error {
	return c.Core.Write(e, c.clean(fields))
}

// clean returns the fields as texts without the address, those that can have it.
func (c withoutContact) clean(fields []zapcore.Field) []zapcore.Field {
	all := slices.Clone(fields)
	for i, f := range all {
		text := f.String
		switch err, ok := f.Interface.(error); {
		case f.Type == zapcore.ErrorType && ok:
			text = err.Error()
		case f.Type != zapcore.StringType:
			text = fmt.Sprint(f.Interface)
		}
		if strings.Contains(text, c.email) {
			all[i] = zap.String(f.Key, withoutAddress(text, c.email))
		}
	}
	return all
}

func withoutAddress(text, email string) string {
	return strings.ReplaceAll(text, email, "[contact]")
}

// Start serves authorities at the addresses of the open listeners, and loads what the
// storage has. Without a plain listener, only TLS-ALPN-01 is offered.
func (m *Manager) Start(https, plain string) error {
	host, tlsPort, err := hostPort(https)
	if err != nil {
		return err
	}
	plainPort := 0
	if plain != "" {
		if _, plainPort, err = hostPort(plain); err != nil {
			return err
		}
	}
	for _, issuer := range m.issuers {
		issuer.ListenHost, issuer.AltTLSALPNPort = host, tlsPort
		issuer.AltHTTPPort, issuer.DisableHTTPChallenge = plainPort, plainPort == 0
	}
	m.mu.Lock()
	m.started = true
	m.mu.Unlock()
	m.orderSigning()
	m.running.Go(m.maintain)
	return nil
}

// hostPort returns the host for the library's own listener, which finds ours and does
// not open one.
func hostPort(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	return host, port, err
}

// Close ends orders in progress and waits for them.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.running.Wait()
	m.cache.Stop()
}

// GetCertificate returns the certificate for the name of a client. It orders a first
// one and waits for it, if the name may have one. Without a certificate for the name,
// both results are nil, for which crypto/tls sends the alert unrecognized_name.
func (m *Manager) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := m.o.Default()
	if hello.ServerName != "" {
		var err error
		if name, err = address.ParseDomain(hello.ServerName); err != nil {
			name = ""
		}
	}
	if name == "" {
		m.o.Count(Unknown)
		return nil, nil
	}
	ctx := m.o.Client(hello.Context(), hello.Conn.RemoteAddr().String())
	if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == Protocol {
		return m.challenge(ctx, name, hello)
	}
	if c := m.inMemory(name, hello); c != nil {
		return c, nil
	}
	permitted := m.o.Permit(ctx, name)
	if unknown(permitted) {
		m.o.Count(Unknown)
		return nil, nil
	}
	f, err := m.fly(name, permitted == nil)
	if err != nil {
		return nil, err
	}
	// The deadlines of a handshake are those of clients, who answer at once.
	_ = hello.Conn.SetDeadline(time.Now().Add(patience + 5*time.Second))
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-f.done:
		return f.cert, f.err
	case <-timer.C:
		return nil, errNotYet
	case <-hello.Context().Done():
		return nil, hello.Context().Err()
	}
}

var errNotYet = errors.New("the certificate is being ordered; try again")

// challenge answers an authority that validates a name.
func (m *Manager) challenge(ctx context.Context, name address.Domain, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !m.mayBeChallenged(ctx, name) {
		m.o.Count(Unknown)
		return nil, nil
	}
	return m.config.GetCertificate(hello)
}

// mayBeChallenged reports whether an order of a name may be in progress: here, or at a
// replica that shares the storage.
func (m *Manager) mayBeChallenged(ctx context.Context, name address.Domain) bool {
	_, ours := certmagic.GetACMEChallenge(string(name))
	return ours || !unknown(m.o.Permit(ctx, name))
}

// HTTPChallenges returns a handler that answers authorities at
// /.well-known/acme-challenge, and has next answer all others.
func (m *Manager) HTTPChallenges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if certmagic.LooksLikeHTTPChallenge(r) && m.answer(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (m *Manager) answer(w http.ResponseWriter, r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name, err := address.ParseDomain(host)
	if err != nil || !m.mayBeChallenged(m.o.Client(r.Context(), r.RemoteAddr), name) {
		return false
	}
	for _, issuer := range m.issuers {
		if issuer.HandleHTTPChallenge(w, r) {
			return true
		}
	}
	return false
}

// inMemory returns the certificate of a name if it has been loaded.
func (m *Manager) inMemory(name address.Domain, hello *tls.ClientHelloInfo) *tls.Certificate {
	found := m.cache.AllMatchingCertificates(string(name))
	if len(found) == 0 {
		return nil
	}
	best, err := certmagic.DefaultCertificateSelector(hello, found)
	if err != nil {
		return nil
	}
	return &best.Certificate
}

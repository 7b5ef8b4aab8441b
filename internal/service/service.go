package service

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/acme"
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/passwordcheck"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/internal/tracing"
	"github.com/waymark-mail/waymark/internal/watch"
)

// drain is how long running requests may take when the process stops.
const drain = 20 * time.Second

// closing is how long the end of the process waits for a reload and for the
// sources.
const closing = 5 * time.Second

// Options configure New.
type Options struct {
	// Load reads the settings again; it is called at each reload.
	Load func() (*config.Config, config.Findings)
	// StateDir stores the self-signed identity when the settings have neither
	// state_dir nor signing.
	StateDir string
	Version  string // of Waymark, for traces
	Metrics  *telemetry.Metrics
	Log      *zap.Logger
	// Now is the clock; nil for the real one.
	Now func() time.Time
	// RootCAs are trusted by password checks and requests for app passwords; nil for
	// those of the system.
	RootCAs *x509.CertPool
	// Sockets are open listeners by name (http, https, ops), used instead of the
	// addresses in the settings.
	Sockets map[string]net.Listener
	Manager Manager
	// Examine examines a mail domain for operators; zero for a service without it.
	Examine server.Examiner
	// Verdicts examines a domain too, and returns the verdict of each client and the ids
	// of errors and warnings.
	Verdicts func(context.Context, address.Domain) (verdicts map[string]string, findings []string, err error)
	// Clients examines a domain for strangers, and connects only to the servers that are
	// given as "host:port"; nil for a service without it.
	Clients func(ctx context.Context, d address.Domain, only []string) ([]page.Client, error)
	// Grace is how long the listeners continue when the process stops, while each
	// response announces the end of its connection; 0 for one second.
	Grace time.Duration
}

// Manager notifies the service manager. Functions may be nil; their errors are
// logged.
type Manager struct {
	Ready     func() error // started, or reloaded
	Reloading func() error // ends with Ready
	Stopping  func() error
}

// Service is one running Waymark.
type Service struct {
	options Options
	log     *zap.Logger
	public  server.Switch
	ops     server.Switch
	ready   server.Readiness
	group   *server.Group
	links   *invite.Keys // where the settings have no keys

	current  atomic.Pointer[state]
	stopping chan struct{} // closed when Run begins to stop

	checking sync.Mutex        // of the next
	states   map[string]string // of the signing identities, when they were checked last

	retrying  atomic.Bool   // a reload is due because a changed source failed
	reloading chan struct{} // a lock for what follows, held while it contains a value
	watcher   *watch.Watcher
	tlsFiles  *certs.Set    // nil without a TLS listener
	acme      *acme.Manager // nil without tls.acme

	certificates *storage // of acme
	expiry       expiry

	tracer        *tracing.Tracer        // nil without tracing
	checker       *passwordcheck.Checker // nil until it is needed
	checksPrivate bool
}

// state is everything that derives from one version of the settings.
type state struct {
	cfg        *config.Config
	identities identities
	sources    *Sources
	// permit returns who may have a certificate.
	permit func(context.Context, address.Domain) error
}

// New applies the settings, opens the listeners and watches the files. Run serves.
// findings are the warnings of the settings.
func New(ctx context.Context, cfg *config.Config, findings config.Findings, o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Grace == 0 {
		o.Grace = time.Second
	}
	s := &Service{
		options: o, log: o.Log,
		stopping: make(chan struct{}), reloading: make(chan struct{}, 1),
	}
	s.reloading <- struct{}{}
	defer func() { <-s.reloading }()
	s.logFindings(findings)
	if err := checkProfiles(cfg); err != nil {
		return nil, err
	}
	if err := s.startTracing(ctx, cfg); err != nil {
		return nil, err
	}
	if cfg.TLS != nil {
		if err := s.loadCertificates(cfg); err != nil {
			return nil, err
		}
	}
	ids := s.startIdentities(cfg)
	sources, err := openSources(cfg, o.Metrics, o.Log, s.restore(cfg))
	if err != nil {
		return nil, err
	}
	sources.await(o.Log)
	s.use(state{cfg: cfg, identities: ids, sources: sources})
	o.Metrics.Reloaded(o.Now())
	if s.watcher, err = watch.Files(filesOf(cfg), cfg.Included, s.changed); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot watch files for changes: %w", err), sources.Close())
	}
	if s.group, err = s.listen(ctx); err == nil && s.acme != nil {
		err = s.acme.Start(s.group.Addr("https"), s.group.Addr("http"))
	}
	if err != nil {
		s.closeACME()
		return nil, errors.Join(err, s.watcher.Close(), sources.Close())
	}
	return s, nil
}

// Run serves until ctx ends, then waits for running requests.
func (s *Service) Run(ctx context.Context) error {
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		s.becomeReady(ctx)
	}()
	go s.saveSometimes(ctx)
	go s.checkIdentitySometimes(ctx)
	go s.examineSometimes(ctx)
	s.tell(s.options.Manager.Ready)
	stop := context.AfterFunc(ctx, func() {
		<-ready
		s.ready.Set(false)
		close(s.stopping)
		s.tell(s.options.Manager.Stopping)
		s.log.Info("stopping; waiting for running requests", zap.Duration("at_most", drain))
	})
	defer stop()
	err := s.group.Serve(ctx, server.Stop{Grace: s.options.Grace, Drain: drain})
	closed := make(chan error, 1)
	go func() { closed <- s.close() }()
	select {
	case closeErr := <-closed:
		return errors.Join(err, closeErr)
	case <-time.After(closing):
		s.log.Warn("stopped during a reload; a file or source does not respond")
		return err
	}
}

// close waits for a running reload, then closes what New opened.
func (s *Service) close() error {
	err := s.watcher.Close()
	s.closeACME()
	s.reloading <- struct{}{}
	s.save()
	s.stopTracing()
	return errors.Join(err, s.current.Load().sources.Close())
}

// Addr returns the actual address of a listener (http, https, ops).
func (s *Service) Addr(name string) string { return s.group.Addr(name) }

func (s *Service) listen(ctx context.Context) (*server.Group, error) {
	cfg := s.current.Load().cfg
	sockets := maps.Clone(s.options.Sockets)
	take := func(name string) net.Listener {
		l := sockets[name]
		delete(sockets, name)
		return l
	}
	proxies := func() []netip.Prefix { return s.current.Load().cfg.TrustedProxies }
	var specs []server.Listener
	if open := take("http"); open != nil || cfg.Listen != "" {
		specs = append(specs, server.Listener{Name: "http", Address: cfg.Listen, Open: open, Handler: s.plainHandler(), Connections: cfg.Limits.Connections, Limited: s.options.Metrics.ConnectionClosed, TrustedProxies: proxies})
	}
	if cfg.TLS != nil {
		specs = append(specs, server.Listener{Name: "https", Address: cfg.TLS.Listen, Open: take("https"), Handler: &s.public, Connections: cfg.Limits.Connections, Limited: s.options.Metrics.ConnectionClosed, TrustedProxies: proxies, TLS: s.tlsConfig()})
	}
	if open := take("ops"); open != nil || cfg.Ops.Listen != "" {
		specs = append(specs, server.Listener{Name: "ops", Address: cfg.Ops.Listen, Open: open, Handler: &s.ops})
	}
	for name := range sockets {
		return nil, fmt.Errorf("unknown socket name %q; known: http, https (with tls in the settings) and ops", name)
	}
	g, err := server.Listen(ctx, specs, server.ErrorLog(s.log, server.Remote(cfg.Log.Remote)))
	if err != nil {
		return nil, err
	}
	for _, l := range specs {
		s.log.Info("listening", zap.String("listener", l.Name), zap.String("address", g.Addr(l.Name)))
	}
	return g, nil
}

// tell notifies the service manager, if there is one.
func (s *Service) tell(what func() error) {
	if what == nil {
		return
	}
	if err := what(); err != nil {
		s.log.Warn("cannot notify the service manager", zap.Error(err))
	}
}

// use applies new settings. Running requests keep the old ones.
func (s *Service) use(next state) {
	answers := next.sources.Directory(next.cfg, s.options.Metrics)
	next.permit = permitCertificate(next.cfg, answers)
	public := Handler(next.cfg, Deps{
		Signer:       next.identities,
		Profiles:     next.identities.Profiles,
		Directory:    answers,
		Tokens:       s.linkKeys(next.cfg),
		Verify:       s.verifierFor(next.cfg),
		AppPasswords: s.appPasswordsFor(next.cfg),
		Doctor:       s.ownersFor(next.cfg, answers),
		Secure:       s.securePage(next.cfg),
		Metrics:      s.options.Metrics,
		Tracer:       s.tracer,
		Log:          s.log,
		Now:          s.options.Now,
	})
	ops := server.NewOps(server.Ops{
		Metrics: s.options.Metrics,
		Log:     s.log,
		Ready:   &s.ready,
		Reload:  func(force bool) []string { return s.reloadWithin(reloadPatience, force) },
		Invite:  s.Invite,
		Examine: s.options.Examine,
		Token:   next.cfg.API.Token,
		Pprof:   next.cfg.Ops.Pprof,
		Hosts:   next.cfg.Ops.Hosts,
		Details: s.identityWarnings,

		Certificate: func(ctx context.Context, name address.Domain) error { return next.permit(lookup.Own(ctx), name) },
	})
	s.ops.To(ops) // first: a client that uses a new token on one listener needs it on the other
	s.public.To(public)
	s.current.Store(&next)
	s.options.Metrics.Domains(len(next.cfg.Domains))
	if s.acme != nil {
		s.acme.Sign(signingNames(next.cfg))
	}
	s.checkIdentity()
	if len(next.cfg.Domains) > manyDomains {
		debug.FreeOSMemory()
	}
}

// manyDomains is how many domains of the settings leave so much memory free that the
// process would otherwise keep for long: reading them takes twice what they need.
const manyDomains = 20_000

// stateDir returns the directory for what Waymark keeps; "" for none.
func (s *Service) stateDir(cfg *config.Config) string {
	return cmp.Or(cfg.StateDir, s.options.StateDir)
}

// linkKeys returns the keys of the settings, else those of this machine, which are
// enough for a single instance.
func (s *Service) linkKeys(cfg *config.Config) *invite.Keys {
	if keys, err := invite.NewKeys(cfg.Pages.Keys); err == nil {
		return keys
	}
	if dir := s.stateDir(cfg); s.links == nil && dir == "" {
		s.links = invite.RandomKeys()
	} else if s.links == nil { // the settings have none, or config would have refused them
		var err error
		if s.links, err = invite.StoredKeys(dir, s.options.Now()); err != nil {
			s.log.Warn("cannot store the key of links; links end with this process", zap.Error(err))
			s.links = invite.RandomKeys()
		}
	}
	return s.links
}

func (s *Service) logFindings(findings config.Findings) {
	for _, f := range findings {
		if f.Warning {
			s.log.Warn("settings warning", zap.Stringer("finding", f))
		} else {
			s.log.Error("settings error", zap.Stringer("finding", f))
		}
	}
}

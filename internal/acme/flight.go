package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// flight loads or orders the certificate of one name, for all clients that wait.
type flight struct {
	done chan struct{}
	cert *tls.Certificate // after done
	err  error
}

var errBusy = errors.New("too many names are without a certificate at once")

// fly returns the flight of a name. Without mayOrder it only loads.
func (m *Manager) fly(name address.Domain, mayOrder bool) (*flight, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, ok := m.flights[name]; ok {
		return f, nil
	}
	switch {
	case m.closed:
		return nil, context.Canceled
	case len(m.flights) >= maxFlights:
		m.o.Count(Limited)
		return nil, errBusy
	}
	f := &flight{done: make(chan struct{})}
	m.flights[name] = f
	m.running.Go(func() {
		ctx, cancel := context.WithTimeout(m.ctx, orderTime)
		defer cancel()
		if f.cert, f.err = m.get(ctx, name, mayOrder); f.err == nil {
			m.tellSigner(name) // also if another replica ordered it
		}
		m.mu.Lock()
		delete(m.flights, name)
		m.mu.Unlock()
		close(f.done)
	})
	return f, nil
}

// get returns the certificate of a name from the storage, or orders one.
func (m *Manager) get(ctx context.Context, name address.Domain, mayOrder bool) (*tls.Certificate, error) {
	defer m.reportExpiry()
	c, err := m.load(ctx, name)
	if err == nil && mayOrder {
		return m.withRSA(ctx, name, c), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if !mayOrder {
		return nil, fmt.Errorf("no certificate: %w", err)
	}
	if err := m.order(ctx, name); err != nil {
		return nil, err
	}
	return m.load(ctx, name)
}

// load loads the certificate of a name into memory. The error is fs.ErrNotExist if
// the storage has none.
func (m *Manager) load(ctx context.Context, name address.Domain) (*tls.Certificate, error) {
	c, err := m.config.CacheManagedCertificate(ctx, string(name))
	if err != nil {
		return nil, err
	}
	m.hold(name, c.Leaf)
	return &c.Certificate, nil
}

// hold notes when the certificate of a name in memory expires.
func (m *Manager) hold(name address.Domain, leaf *x509.Certificate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held[name] = leaf.NotAfter
}

// order orders a first certificate. The error says why none was issued, or asked for.
func (m *Manager) order(ctx context.Context, name address.Domain) error {
	if err := m.failed.waiting(name, m.o.Now()); err != nil {
		return err
	}
	if err := m.leadsHere(ctx, name); err != nil {
		m.ledElsewhere(ctx, name, err, false)
		return err
	}
	if err := m.budget.take(name, m.o.Now()); err != nil {
		m.o.Count(Limited)
		m.sparing.Warn("certificate not ordered", zap.String("name", string(name)), zap.Error(err))
		return err
	}
	err := m.configFor(name).ObtainCertSync(ctx, string(name))
	if err != nil {
		m.orderFailed(ctx, name, err, false)
	}
	return err
}

func (m *Manager) ledElsewhere(ctx context.Context, name address.Domain, err error, renewal bool) {
	m.o.Count(Elsewhere)
	m.failed.looked(name, err, m.o.Now())
	m.remember(ctx, name, err)
	m.o.Log.Warn("certificate not ordered", zap.String("name", string(name)), zap.Bool("renewal", renewal), zap.Error(err))
}

func (m *Manager) orderFailed(ctx context.Context, name address.Domain, err error, renewal bool) {
	m.o.Count(Failed)
	m.failed.ordered(name, err, m.o.Now())
	m.o.Log.Error("certificate order failed", zap.String("name", string(name)), zap.Bool("renewal", renewal), zap.String("error", m.publicText(err)))
	m.remember(ctx, name, err)
}

// event follows the orders of the library, renewals included. Returning an error
// stops the order that begins.
func (m *Manager) event(ctx context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtaining", "cert_failed", "cert_obtained":
	default:
		return nil
	}
	text, _ := data["identifier"].(string)
	renewal, _ := data["renewal"].(bool)
	name := address.Domain(text)
	switch {
	case event == "cert_obtaining" && renewal:
		return m.mayRenew(ctx, name)
	case event == "cert_failed" && renewal: // of a first one, order has all errors
		err, _ := data["error"].(error)
		m.orderFailed(ctx, name, err, true)
	case event == "cert_obtained":
		issuer, _ := data["issuer"].(string)
		path, _ := data["certificate_path"].(string)
		m.obtained(ctx, name, path, renewal)
		m.o.Log.Info("certificate obtained", zap.String("name", text), zap.Bool("renewal", renewal), zap.String("issuer", issuer))
	}
	return nil
}

// mayRenew returns why a certificate is not renewed: its domain is gone, or DNS leads
// elsewhere. While DNS is unavailable, the authority decides.
func (m *Manager) mayRenew(ctx context.Context, name address.Domain) error {
	if err := m.o.Permit(ctx, name); unknown(err) {
		m.drop(name)
		return fmt.Errorf("not renewed: %w", err)
	}
	err := m.leadsHere(ctx, name)
	if !errors.Is(err, errElsewhere) {
		return nil
	}
	m.ledElsewhere(ctx, name, err, true)
	m.reportExpiry()
	return fmt.Errorf("not renewed: %w", err)
}

func (m *Manager) obtained(ctx context.Context, name address.Domain, path string, renewal bool) {
	result := Issued
	if renewal {
		result = Renewed
	}
	m.o.Count(result)
	m.failed.clear(name)
	m.forget(ctx, name)
	if data, err := m.o.Store.Load(ctx, path); err == nil {
		if leaf, err := parseLeaf(data); err == nil {
			m.hold(name, leaf)
			m.reportExpiry()
		}
	}
	m.tellSigner(name)
}

// publicText returns an error without the contact address, which authorities repeat.
func (m *Manager) publicText(err error) string { return withoutAddress(err.Error(), m.o.Email) }

// drop removes the certificate of a name that is not served any more from memory.
func (m *Manager) drop(name address.Domain) {
	m.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: string(name)}})
	m.mu.Lock()
	delete(m.held, name)
	m.mu.Unlock()
}

// reportExpiry reports when the first certificate in memory expires, except for names
// that lead elsewhere: a customer who leaves must not alarm the operator.
func (m *Manager) reportExpiry() {
	m.mu.Lock()
	var first time.Time
	for name, at := range m.held {
		if (first.IsZero() || at.Before(first)) && !m.failed.elsewhere(name) {
			first = at
		}
	}
	m.mu.Unlock()
	m.o.NotAfter(first)
}

// parseLeaf returns the first certificate of a PEM file.
func parseLeaf(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("contains no certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

// unknown reports whether a name may not have a certificate.
func unknown(permitted error) bool { return settings.KindOf(permitted) == settings.UnknownDomain }

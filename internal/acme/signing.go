package acme

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
)

// Stored returns the newest certificate that a storage has for a name. The error is
// fs.ErrNotExist if there is none.
func Stored(ctx context.Context, store Storage, name address.Domain) (*tls.Certificate, error) {
	issuers, err := store.List(ctx, "certificates", false)
	if err != nil {
		return nil, err
	}
	var newest *tls.Certificate
	for _, issuer := range issuers {
		c, err := stored(ctx, store, path.Join(issuer, string(name), string(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case newest == nil || c.Leaf.NotAfter.After(newest.Leaf.NotAfter):
			newest = c
		}
	}
	if newest == nil {
		return nil, fs.ErrNotExist
	}
	return newest, nil
}

// Version returns a text that changes whenever a certificate of a name is stored, for
// less than reading it costs.
func Version(ctx context.Context, store Storage, name address.Domain) (string, error) {
	issuers, err := store.List(ctx, "certificates", false)
	if err != nil {
		return "", err
	}
	version := ""
	for _, issuer := range issuers {
		info, err := store.Stat(ctx, path.Join(issuer, string(name), string(name)+".crt"))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return "", err
		default:
			version += fmt.Sprintln(info.Key, info.Modified.UnixNano(), info.Size)
		}
	}
	return version, nil
}

func stored(ctx context.Context, store Storage, base string) (*tls.Certificate, error) {
	cert, err := store.Load(ctx, base+".crt")
	if err != nil {
		return nil, err
	}
	key, err := store.Load(ctx, base+".key")
	if err != nil {
		return nil, err
	}
	c, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("%s.crt: %w", base, err)
	}
	return &c, nil
}

// Sign replaces the names whose certificates sign documents. They are ordered before a
// client asks, with RSA keys, which are proven where signatures are verified. Call it
// again from time to time: like a client, it does not repeat an order that just failed.
func (m *Manager) Sign(names []address.Domain) {
	m.mu.Lock()
	m.signing = names
	m.mu.Unlock()
	m.orderSigning()
}

func (m *Manager) signs(name address.Domain) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.signing, name)
}

// tellSigner reports that a name may have a new certificate.
func (m *Manager) tellSigner(name address.Domain) {
	if m.signs(name) {
		m.o.Signer(name)
	}
}

// configFor returns the configuration for the orders of a name.
func (m *Manager) configFor(name address.Domain) *certmagic.Config {
	if m.signs(name) {
		return m.rsa
	}
	return m.config
}

// orderSigning orders in the background what names that sign lack.
func (m *Manager) orderSigning() {
	m.mu.Lock()
	names, started := m.signing, m.started
	m.mu.Unlock()
	if !started {
		return // no listener is open for the authority yet
	}
	for _, name := range names {
		if c := m.inCache(name); c != nil && isRSA(c) {
			continue
		}
		if _, err := m.fly(name, true); err != nil && m.ctx.Err() == nil {
			m.sparing.Warn("certificate that signs not ordered", zap.String("name", string(name)), zap.Error(err))
		}
	}
}

// inCache returns a certificate for exactly this name; nil for none.
func (m *Manager) inCache(name address.Domain) *tls.Certificate {
	for _, c := range m.cache.AllMatchingCertificates(string(name)) {
		if slices.Contains(c.Names, string(name)) {
			return &c.Certificate
		}
	}
	return nil
}

func isRSA(c *tls.Certificate) bool {
	_, ok := c.PrivateKey.(*rsa.PrivateKey)
	return ok
}

// withRSA replaces the certificate of a name that signs if its key is of another kind,
// because it was ordered before it signed. If that fails, the old one stays.
func (m *Manager) withRSA(ctx context.Context, name address.Domain, old *tls.Certificate) *tls.Certificate {
	if isRSA(old) || !m.signs(name) || m.failed.waiting(name, m.o.Now()) != nil {
		return old
	}
	newKey := *m.rsa
	newKey.ReusePrivateKeys = false
	if err := newKey.RenewCertSync(ctx, string(name), true); err != nil {
		return old // the event of the failure is logged
	}
	m.drop(name)
	c, err := m.load(ctx, name)
	if err != nil {
		return old
	}
	return c
}

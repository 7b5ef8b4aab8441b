package acme

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
)

// Held is what a storage has about one name.
type Held struct {
	Name   string
	Issuer string // common name of the issuer's certificate; "" without a certificate
	NotBefore, NotAfter,
	RenewAt time.Time // zero without a certificate
	// LastError is why the last order failed; "" if it did not.
	LastError string
	FailedAt  time.Time
}

// lastErrors is the folder of the storage for the errors of names.
const lastErrors = "waymark/errors"

type lastError struct {
	At    time.Time `json:"at"`
	Error string    `json:"error"`
}

// afterwards bounds what is written when an order has ended, for whatever reason.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

// remember keeps the error of a name for "waymark certificates".
func (m *Manager) remember(ctx context.Context, name address.Domain, err error) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	text, jsonErr := json.Marshal(lastError{m.o.Now().UTC(), m.publicText(err)})
	if jsonErr == nil {
		jsonErr = m.o.Store.Store(ctx, path.Join(lastErrors, string(name)), text)
	}
	if jsonErr != nil {
		m.o.Log.Warn("cannot keep the error of a certificate order", zap.String("name", string(name)), zap.Error(jsonErr))
	}
}

func (m *Manager) forget(ctx context.Context, name address.Domain) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err := m.o.Store.Delete(ctx, path.Join(lastErrors, string(name))); err != nil {
		m.o.Log.Warn("cannot remove the old error of a certificate order", zap.String("name", string(name)), zap.Error(err))
	}
}

// List returns what the storage has, by name.
func List(ctx context.Context, store Storage) ([]Held, error) {
	byName := map[string]*Held{}
	of := func(name string) *Held {
		if byName[name] == nil {
			byName[name] = &Held{Name: name}
		}
		return byName[name]
	}
	keys, err := list(ctx, store, "certificates")
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if path.Ext(key) != ".crt" {
			continue
		}
		leaf, renewAt, err := describe(ctx, store, key)
		if err != nil || len(leaf.DNSNames) == 0 {
			continue // being replaced, or not ours
		}
		if h := of(leaf.DNSNames[0]); leaf.NotAfter.After(h.NotAfter) {
			h.Issuer, h.NotBefore, h.NotAfter, h.RenewAt = leaf.Issuer.CommonName, leaf.NotBefore, leaf.NotAfter, renewAt
		}
	}
	failed, err := list(ctx, store, lastErrors)
	if err != nil {
		return nil, err
	}
	for _, key := range failed {
		data, err := store.Load(ctx, key)
		var last lastError
		if err != nil || json.Unmarshal(data, &last) != nil {
			continue
		}
		h := of(path.Base(key))
		h.LastError, h.FailedAt = last.Error, last.At
	}
	all := make([]Held, 0, len(byName))
	for _, h := range byName {
		all = append(all, *h)
	}
	slices.SortFunc(all, func(a, b Held) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func list(ctx context.Context, store Storage, folder string) ([]string, error) {
	keys, err := store.List(ctx, folder, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return keys, err
}

// describe reads a certificate and when it is renewed.
func describe(ctx context.Context, store Storage, key string) (*x509.Certificate, time.Time, error) {
	data, err := store.Load(ctx, key)
	if err != nil {
		return nil, time.Time{}, err
	}
	leaf, err := parseLeaf(data)
	if err != nil {
		return nil, time.Time{}, err
	}
	var resource struct {
		IssuerData acme.Certificate `json:"issuer_data"`
	}
	if meta, err := store.Load(ctx, strings.TrimSuffix(key, ".crt")+".json"); err == nil {
		_ = json.Unmarshal(meta, &resource) // without it, the lifetime decides
	}
	return leaf, renewAt(leaf, resource.IssuerData.RenewalInfo), nil
}

// renewAt returns when a certificate is renewed: at the time that the authority
// suggests, else in the last third of its lifetime.
func renewAt(leaf *x509.Certificate, suggested *acme.RenewalInfo) time.Time {
	if suggested != nil && !suggested.SelectedTime.IsZero() {
		return suggested.SelectedTime
	}
	lifetime := leaf.NotAfter.Sub(leaf.NotBefore)
	return leaf.NotAfter.Add(-time.Duration(float64(lifetime) * renewRatio))
}

// maintain loads the certificates in the storage at the start and sometimes after it,
// so that the library renews them before a client needs them.
func (m *Manager) maintain() {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		m.loadAll()
		select {
		case <-tick.C:
		case <-m.ctx.Done():
			return
		}
	}
}

// loadAll loads the certificates of names that are served, drops those of others, has the
// library renew what is due, and removes what expired long ago.
func (m *Manager) loadAll() {
	all, err := List(m.ctx, m.o.Store)
	if err != nil {
		if m.ctx.Err() == nil {
			m.o.Log.Warn("cannot list the certificates in the storage", zap.Error(err))
		}
		return
	}
	defer m.reportExpiry()
	due := false
	for _, h := range all {
		if m.ctx.Err() != nil {
			return
		}
		name := address.Domain(h.Name)
		c := m.inCache(name)
		switch err := m.o.Permit(m.ctx, name); {
		case unknown(err):
			m.drop(name)
		case h.NotAfter.IsZero():
		case c != nil:
			m.hold(name, c.Leaf) // another replica may have renewed it
		default:
			if c, err = m.load(m.ctx, name); err != nil && m.ctx.Err() == nil {
				m.o.Log.Warn("certificate in the storage unusable", zap.String("name", h.Name), zap.Error(err))
			}
		}
		due = due || c != nil && m.o.Now().After(renewAt(c.Leaf, nil))
		if h.LastError != "" && m.o.Now().Sub(h.FailedAt) > forgetAfter {
			m.forget(m.ctx, name)
		}
	}
	if due { // no process ran for long: do not wait ten minutes for the library's first round
		if err := m.cache.RenewManagedCertificates(m.ctx); err != nil && m.ctx.Err() == nil {
			m.o.Log.Warn("cannot renew certificates", zap.Error(err))
		}
	}
	for _, store := range []Storage{m.o.Store, m.o.Copy} {
		if store == nil {
			continue
		}
		if err := certmagic.CleanStorage(m.ctx, store, certmagic.CleanStorageOptions{
			Logger: zap.NewNop(), Interval: 24 * time.Hour, ExpiredCerts: true, ExpiredCertGracePeriod: forgetAfter,
		}); err != nil && m.ctx.Err() == nil {
			m.o.Log.Warn("cannot remove expired certificates from the storage", zap.Error(err))
		}
	}
}

package certs

import (
	"crypto/tls"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Keeper holds the current TLS certificate. It is safe for concurrent use.
type Keeper struct {
	certFile, keyFile string
	now               func() time.Time
	current           atomic.Pointer[held]
}

type held struct {
	pair *Pair
	tls  *tls.Certificate
}

// Load reads a certificate (leaf, then intermediates) and its key. Errors name
// the file, the fault and the fix.
func Load(certFile, keyFile string, now func() time.Time) (*Keeper, error) {
	k := &Keeper{certFile: certFile, keyFile: keyFile, now: now}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload reads the files again. On an error, as when only one of the two has
// been written yet, the current certificate stays.
func (k *Keeper) Reload() error {
	pair, err := LoadPair(k.certFile, k.keyFile, k.now())
	if err != nil {
		return err
	}
	c := &tls.Certificate{Certificate: [][]byte{pair.Leaf.Raw}, PrivateKey: pair.Key, Leaf: pair.Leaf}
	for _, intermediate := range pair.Intermediates {
		c.Certificate = append(c.Certificate, intermediate.Raw)
	}
	k.current.Store(&held{pair, c})
	return nil
}

// GetCertificate returns the same certificate for every name, for tls.Config.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return k.current.Load().tls, nil
}

// Names returns the names that the current certificate is for.
func (k *Keeper) Names() []string {
	leaf := k.current.Load().tls.Leaf
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// NotAfter returns when the current certificate expires.
func (k *Keeper) NotAfter() time.Time { return k.current.Load().tls.Leaf.NotAfter }

// expiresSoon is how long before its expiry a certificate should be renewed:
// renewers do it about 30 days before.
const expiresSoon = 14 * 24 * time.Hour

// Warnings returns reasons why some clients may reject the certificate, now or soon,
// and whether others can read its key.
func (k *Keeper) Warnings() []string {
	var all []string
	if missing := k.current.Load().pair.MissingIssuer; missing != "" {
		all = append(all, k.certFile+" lacks the certificate of "+missing+", the issuer of the first one; append it unless every client trusts it")
	}
	if k.NotAfter().Sub(k.now()) < expiresSoon {
		all = append(all, fmt.Sprintf("%s: the certificate expires on %s; renew it", k.certFile, k.NotAfter().UTC().Format(time.DateOnly)))
	}
	if w := k.current.Load().pair.KeyWarning; w != "" {
		all = append(all, w)
	}
	return all
}

package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/acme"
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/sign"
)

// readOrdered is how long reading the certificate of an identity may take.
const readOrdered = 10 * time.Second

// ordered is the identity from the certificate of a name that is ordered from ACME.
type ordered struct {
	s    *Service
	name address.Domain

	mu       sync.Mutex
	version  string // of the certificate of identity
	identity *sign.Identity
}

// load returns the identity. It reads and proves a certificate once.
func (o *ordered) load(time.Time) (*sign.Identity, error) {
	if o.s.acme == nil {
		return nil, errors.New("restart Waymark: tls.acme was not set when it started")
	}
	ctx, cancel := context.WithTimeout(context.Background(), readOrdered)
	defer cancel()
	o.mu.Lock()
	defer o.mu.Unlock()
	version, err := acme.Version(ctx, o.s.certificates, o.name)
	if o.identity != nil && (err != nil || version == o.version) {
		return o.identity, nil // without the storage, there is nothing newer
	}
	c, err := o.s.certificates.certificate(ctx, o.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the certificate of %s has not been issued yet; waymark certificates has the last error", o.name)
	}
	if err != nil {
		return nil, err
	}
	id, err := sign.FromTLS(c)
	if err == nil {
		o.version, o.identity = version, id
	}
	return id, err
}

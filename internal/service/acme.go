package service

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/acme"
	"github.com/waymark-mail/waymark/internal/acme/sqlstorage"
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Folders in the state directory.
const (
	acmeFolder = "acme"      // the storage of certificates
	copyFolder = "acme-copy" // what this replica has served from a shared storage
)

// storage is where ordered certificates are kept.
type storage struct {
	acme.Storage
	copied acme.Storage                // of what is served, for when a shared storage is down; nil for none
	check  func(context.Context) error // connects
	close  func() error
}

// openStorage opens the storage of the settings without connecting. stateDir is used if
// the settings have none.
func openStorage(cfg *config.Config, stateDir string) (*storage, error) {
	dir := cmp.Or(cfg.StateDir, stateDir)
	if cfg.TLS == nil || cfg.TLS.ACME == nil || cfg.TLS.ACME.Storage == nil {
		return &storage{acme.Directory(filepath.Join(dir, acmeFolder)), nil, func(context.Context) error { return nil }, func() error { return nil }}, nil
	}
	shared := cfg.TLS.ACME.Storage
	db, err := sqlsource.OpenWritable(*shared.SQL)
	if err != nil {
		return nil, fmt.Errorf("tls.acme.storage: %w", err)
	}
	stored, err := sqlstorage.New(db, shared.Key)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tls.acme.storage: %w", err), db.Close())
	}
	return &storage{stored, acme.Directory(filepath.Join(dir, copyFolder)), stored.Check, stored.Close}, nil
}

// certificate returns the newest certificate of a name, from the copy if the storage is
// down.
func (s *storage) certificate(ctx context.Context, name address.Domain) (*tls.Certificate, error) {
	c, err := acme.Stored(ctx, s, name)
	if err == nil || s.copied == nil || errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if copied, copyErr := acme.Stored(ctx, s.copied, name); copyErr == nil {
		return copied, nil
	}
	return nil, err
}

// authorities returns the ACME authorities of the settings.
func authorities(a *config.ACME) ([]acme.CA, error) {
	var all []acme.CA
	for _, ca := range a.CAs {
		one, err := authority(ca)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func authority(ca config.CA) (acme.CA, error) {
	one := acme.CA{Directory: ca.Directory}
	if ca.RootsFile != "" {
		var err error
		if one.Roots, err = certs.LoadRoots(ca.RootsFile); err != nil {
			return one, err
		}
	}
	if ca.EAB != nil {
		one.EAB = &acme.EAB{KeyID: ca.EAB.KeyID, MACKey: ca.EAB.HMACKey}
	}
	return one, nil
}

// nameServer returns the server that takes the records of challenges, nil for none.
func nameServer(d *config.DNSUpdates) *acme.DNS {
	if d == nil {
		return nil
	}
	return &acme.DNS{Server: d.Server.String(), KeyName: d.KeyName, KeyAlgorithm: d.KeyAlgorithm, Key: d.Key, DelegateTo: d.DelegateTo}
}

func (s *Service) newACME(cfg *config.Config) (*acme.Manager, error) {
	a := cfg.TLS.ACME
	cas, err := authorities(a)
	if err != nil {
		return nil, err
	}
	if s.certificates, err = openStorage(cfg, s.options.StateDir); err != nil {
		return nil, err
	}
	return acme.New(acme.Options{
		Email:    a.Email,
		CAs:      cas,
		DNS:      nameServer(a.DNS),
		Store:    s.certificates.Storage,
		Copy:     s.certificates.copied,
		Log:      s.log,
		Now:      s.options.Now,
		Count:    s.options.Metrics.TLSCertificate,
		NotAfter: func(at time.Time) { s.expiry.orders(at, s.options.Metrics) },
		Signer:   s.signerChanged,
		Permit:   s.permitOrder,
		Client: func(ctx context.Context, remoteAddr string) context.Context {
			return server.WithPeer(ctx, remoteAddr, s.current.Load().cfg.TrustedProxies)
		},
		Default:   func() address.Domain { return ownName(s.current.Load().cfg) },
		Addresses: a.Addresses,
		NoDNS:     !a.CheckDNS,
		Resolver:  net.DefaultResolver,
		Limits:    acme.Limits{PerHour: a.OrdersPerHour, PerDomain: a.OrdersPerDomain},
	}), nil
}

// permitOrder returns who may have an order: as permitCertificate, but no names below
// a suffix, which a stranger can make up. A wildcard certificate serves those.
func (s *Service) permitOrder(ctx context.Context, name address.Domain) error {
	now := s.current.Load()
	domain, _ := dialect.ServiceDomain(name)
	if _, listed := now.cfg.Domains[domain]; !listed && now.cfg.Below.For(domain) != nil {
		return settings.ErrUnknownDomain
	}
	return now.permit(ctx, name)
}

func (s *Service) closeACME() {
	if s.acme == nil {
		return
	}
	s.acme.Close()
	if err := s.certificates.close(); err != nil {
		s.log.Warn("cannot close the storage of certificates", zap.Error(err))
	}
}

// tlsConfig returns the configuration of the TLS listener. Certificates from files
// come first: without tls.acme, also for names that none of them is for.
func (s *Service) tlsConfig() *tls.Config {
	if s.acme == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.tlsFiles.GetCertificate}
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1", acme.Protocol},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := s.tlsFiles.ForName(hello); c != nil {
				return c, nil
			}
			if hello.ServerName == "" && s.tlsFiles.Len() > 0 {
				return s.tlsFiles.GetCertificate(hello)
			}
			if c, err := s.acme.GetCertificate(hello); c != nil || err != nil {
				return c, err
			}
			return s.tlsFiles.GetCertificate(hello)
		},
	}
}

// plainHandler returns the handler of the listener without TLS, where authorities
// validate names, too.
func (s *Service) plainHandler() http.Handler {
	if s.acme == nil {
		return &s.public
	}
	return s.acme.HTTPChallenges(&s.public)
}

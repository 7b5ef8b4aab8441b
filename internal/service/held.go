package service

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/acme"
	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/sign"
)

// HeldCertificate is what Waymark has for one name, for reports.
type HeldCertificate struct {
	Name string `json:"name"`
	// For is "tls", or the key of the signing identity such as "signing".
	For       string     `json:"for"`
	From      string     `json:"from"` // the file, or "acme"
	Issuer    string     `json:"issuer,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"`
	NotAfter  *time.Time `json:"not_after,omitempty"` // nil without a certificate
	RenewAt   *time.Time `json:"renew_at,omitempty"`  // nil for files, which others renew
	LastError string     `json:"last_error,omitempty"`
	FailedAt  *time.Time `json:"failed_at,omitempty"`
}

// HeldCertificates returns the signing identities of the settings, then the TLS
// certificates: first those from files, then those on demand by name. It reads the files
// and the storage, not a running process. stateDir is used if the settings have none.
func HeldCertificates(ctx context.Context, cfg *config.Config, stateDir string, now time.Time) ([]HeldCertificate, error) {
	onDemand := map[string]HeldCertificate{}
	var names []string
	if cfg.TLS != nil && cfg.TLS.ACME != nil {
		store, err := openStorage(cfg, stateDir)
		if err != nil {
			return nil, err
		}
		stored, err := acme.List(ctx, store)
		if err = errors.Join(err, store.close()); err != nil {
			return nil, err
		}
		for _, h := range stored {
			names = append(names, h.Name)
			onDemand[h.Name] = HeldCertificate{
				Name: h.Name, For: "tls", From: "acme", Issuer: h.Issuer,
				NotBefore: known(h.NotBefore), NotAfter: known(h.NotAfter), RenewAt: known(h.RenewAt),
				LastError: h.LastError, FailedAt: known(h.FailedAt),
			}
		}
	}
	all := heldIdentities(cfg, stateDir, onDemand)
	if cfg.TLS != nil {
		for _, f := range cfg.TLS.Files {
			all = append(all, heldByFile(f, now)...)
		}
	}
	for _, name := range names {
		all = append(all, onDemand[name])
	}
	return all, nil
}

// heldIdentities returns the signing identities, the default one first.
func heldIdentities(cfg *config.Config, stateDir string, onDemand map[string]HeldCertificate) []HeldCertificate {
	all := []HeldCertificate{}
	wanted := configured(cfg)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		from := wanted[key]
		if from != nil && from.ACME != "" {
			h, ok := onDemand[string(from.ACME)]
			if !ok {
				h = HeldCertificate{Name: string(from.ACME), From: "acme"} // not ordered yet
			}
			h.For = nameOfIdentity(key)
			all = append(all, h)
			continue
		}
		if from == nil {
			file := sign.SelfSignedFile(cmp.Or(cfg.StateDir, stateDir))
			if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
				continue // the first start creates it
			}
			from = &config.Signing{CertFile: file, KeyFile: file}
		}
		h := HeldCertificate{For: nameOfIdentity(key), From: from.CertFile}
		id, err := sign.Load(from.CertFile, from.KeyFile)
		if err != nil {
			h.LastError = err.Error()
		} else {
			leaf := id.Leaf()
			h.Name, h.Issuer = cmp.Or(leaf.Subject.CommonName, strings.Join(leaf.DNSNames, ",")), leaf.Issuer.CommonName
			h.NotBefore, h.NotAfter = known(leaf.NotBefore), known(id.NotAfter())
		}
		all = append(all, h)
	}
	return all
}

func heldByFile(f config.TLSFiles, now time.Time) []HeldCertificate {
	k, err := certs.Load(f.CertFile, f.KeyFile, func() time.Time { return now })
	if err != nil {
		return []HeldCertificate{{For: "tls", From: f.CertFile, LastError: err.Error()}}
	}
	var all []HeldCertificate
	c, err := k.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		return all
	}
	for _, name := range c.Leaf.DNSNames {
		all = append(all, HeldCertificate{
			Name: name, For: "tls", From: f.CertFile, Issuer: c.Leaf.Issuer.CommonName,
			NotBefore: known(c.Leaf.NotBefore), NotAfter: known(c.Leaf.NotAfter),
		})
	}
	return all
}

// known returns nil for the zero time.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

package service

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/waymark-mail/waymark/internal/acme"
	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
)

// HeldCertificate is what Waymark has for one name, for reports.
type HeldCertificate struct {
	Name      string     `json:"name"`
	From      string     `json:"from"` // the file, or "acme"
	Issuer    string     `json:"issuer,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"`
	NotAfter  *time.Time `json:"not_after,omitempty"` // nil without a certificate
	RenewAt   *time.Time `json:"renew_at,omitempty"`  // nil for files, which others renew
	LastError string     `json:"last_error,omitempty"`
	FailedAt  *time.Time `json:"failed_at,omitempty"`
}

// HeldCertificates returns the TLS certificates of the settings: first those from
// files, then those on demand by name. It reads the files and the storage, not a
// running process. stateDir is used if the settings have none.
func HeldCertificates(ctx context.Context, cfg *config.Config, stateDir string, now time.Time) ([]HeldCertificate, error) {
	all := []HeldCertificate{}
	if cfg.TLS == nil {
		return all, nil
	}
	for _, f := range cfg.TLS.Files {
		all = append(all, heldByFile(f, now)...)
	}
	if cfg.TLS.ACME == nil {
		return all, nil
	}
	stored, err := acme.List(ctx, CertificateStorage(cfg, stateDir))
	if err != nil {
		return nil, err
	}
	for _, h := range stored {
		all = append(all, HeldCertificate{
			Name: h.Name, From: "acme", Issuer: h.Issuer,
			NotBefore: known(h.NotBefore), NotAfter: known(h.NotAfter), RenewAt: known(h.RenewAt),
			LastError: h.LastError, FailedAt: known(h.FailedAt),
		})
	}
	return all, nil
}

func heldByFile(f config.TLSFiles, now time.Time) []HeldCertificate {
	k, err := certs.Load(f.CertFile, f.KeyFile, func() time.Time { return now })
	if err != nil {
		return []HeldCertificate{{From: f.CertFile, LastError: err.Error()}}
	}
	var all []HeldCertificate
	c, err := k.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		return all
	}
	for _, name := range c.Leaf.DNSNames {
		all = append(all, HeldCertificate{
			Name: name, From: f.CertFile, Issuer: c.Leaf.Issuer.CommonName,
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

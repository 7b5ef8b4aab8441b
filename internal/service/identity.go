package service

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/sign"
)

// identityFor returns the signing identity for new settings: the current one,
// read again, when it comes from the same place. Of a current one that cannot
// be read again, as while its files are being written, the old state stays.
func (s *Service) identityFor(cfg *config.Config) (*sign.Keeper, error) {
	old := s.current
	if !sameIdentity(old.cfg, cfg) {
		return s.newIdentity(cfg)
	}
	if err := old.identity.Reload(); err != nil {
		s.log.Error("the signing identity cannot be used; the old one stays in force", zap.Error(err))
	}
	return old.identity, nil
}

func sameIdentity(a, b *config.Config) bool {
	if a.Signing == nil || b.Signing == nil {
		return a.Signing == b.Signing && a.StateDir == b.StateDir
	}
	return a.Signing.CertFile == b.Signing.CertFile && a.Signing.KeyFile == b.Signing.KeyFile
}

// newIdentity loads the identity of the settings, or, when they name none, the
// self-signed one of the state directory, which is made the first time.
func (s *Service) newIdentity(cfg *config.Config) (*sign.Keeper, error) {
	if cfg.Signing != nil {
		k, err := sign.NewKeeper(func(now time.Time) (*sign.Identity, error) {
			return sign.Load(cfg.Signing.CertFile, cfg.Signing.KeyFile, now)
		}, s.options.Now)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		for _, w := range k.Identity().Warnings() {
			s.log.Warn("signing", zap.String("warning", w))
		}
		return k, nil
	}
	dir := cfg.StateDir
	if dir == "" {
		dir = s.options.StateDir
	}
	created := false
	k, err := sign.NewKeeper(func(now time.Time) (*sign.Identity, error) {
		id, made, err := sign.SelfSigned(dir, now)
		created = created || made
		return id, err
	}, s.options.Now)
	if err != nil {
		return nil, fmt.Errorf("cannot keep a signing identity in %s; set state_dir to a folder that can be written, or signing to a certificate of yours: %w", dir, err)
	}
	s.log.Warn("Apple profiles are signed by a self-signed identity: devices show them as not verified; set signing.cert_file and signing.key_file to a certificate that they trust, a TLS certificate will do",
		zap.String("identity", dir), zap.Bool("created", created))
	return k, nil
}

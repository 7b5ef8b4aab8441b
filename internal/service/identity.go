package service

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/sign"
)

// identityFor returns the signing identity for new settings: the current one,
// read again, if it comes from the same files. If they cannot be read, as while
// they are being written, the old state stays.
func (s *Service) identityFor(cfg *config.Config) (*sign.Keeper, error) {
	old := s.current.Load()
	if !sameIdentity(old.cfg, cfg) {
		return s.newIdentity(cfg)
	}
	if err := old.identity.Reload(); err != nil {
		s.log.Error("signing identity reload failed; old one stays in force", zap.Error(err))
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
// self-signed one of the state directory, which it creates the first time.
func (s *Service) newIdentity(cfg *config.Config) (*sign.Keeper, error) {
	if cfg.Signing != nil {
		k, err := sign.NewKeeper(func(now time.Time) (*sign.Identity, error) {
			return sign.Load(cfg.Signing.CertFile, cfg.Signing.KeyFile, now)
		}, s.options.Now)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		for _, w := range k.Identity().Warnings() {
			s.log.Warn("signing certificate warning", zap.String("warning", w))
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
		return nil, fmt.Errorf("cannot store the signing identity in %s; set state_dir to a writable folder, or set signing: %w", dir, err)
	}
	s.log.Warn("signing Apple profiles with a self-signed identity; devices show them as not verified",
		zap.String("identity", dir), zap.Bool("created", created), zap.String("hint", "set signing.cert_file and signing.key_file; the TLS certificate is suitable"))
	return k, nil
}

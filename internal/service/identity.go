package service

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/sign"
)

// identityFor returns the signing identity for new settings: the current one,
// read again, if it comes from the same files. If they cannot be read, as while
// they are being written, the old state stays, and refused has the reason.
func (s *Service) identityFor(cfg *config.Config) (k *sign.Keeper, refused []string, err error) {
	old := s.current.Load()
	if !sameIdentity(old.cfg, cfg) {
		k, err = s.newIdentity(cfg)
		return k, nil, err
	}
	if err := s.counted(old.identity.Reload()); err != nil {
		refused = s.refuse("signing identity reload failed; old one stays in force", fmt.Errorf("signing: %w", err))
	}
	return old.identity, refused, nil
}

// counted counts a signing identity that was loaded, or could not be.
func (s *Service) counted(err error) error {
	result := "loaded"
	if err != nil {
		result = "failed"
	}
	s.options.Metrics.SigningCertificate(result)
	return err
}

func sameIdentity(a, b *config.Config) bool {
	if a.Signing == nil || b.Signing == nil {
		return a.Signing == b.Signing && a.StateDir == b.StateDir
	}
	return a.Signing.CertFile == b.Signing.CertFile && a.Signing.KeyFile == b.Signing.KeyFile
}

// startIdentity returns an identity whatever is wrong with it: everything but Apple
// profiles works without one.
func (s *Service) startIdentity(cfg *config.Config) *sign.Keeper {
	k, err := s.newIdentity(cfg)
	if err == nil {
		return k
	}
	if cfg.Signing != nil {
		s.log.Error("signing identity unusable; Apple profiles are refused until it is replaced", zap.Error(err))
		return k
	}
	s.log.Error("signing identity unusable; signing with a temporary one until the next start", zap.Error(err))
	temporary, err := sign.Temporary(s.options.Now())
	if err != nil {
		s.log.Error("no temporary signing identity; Apple profiles are refused", zap.Error(err))
		return k
	}
	k.Use(temporary)
	return k
}

// signer signs for the public listeners.
type signer struct{ *sign.Keeper }

// Sign implements mobileconfig.Signer.
func (s signer) Sign(content []byte) ([]byte, error) {
	signed, err := s.Keeper.Sign(content)
	if errors.Is(err, sign.ErrNoIdentity) {
		return nil, &settings.Error{Kind: settings.Unavailable, Message: "profiles can't be signed at the moment; try again later", Cause: err}
	}
	return signed, err
}

// newIdentity loads the identity of the settings, or, when they name none, the
// self-signed one of the state directory, which it creates the first time. With an
// error, the Keeper has no identity until it is reloaded.
func (s *Service) newIdentity(cfg *config.Config) (*sign.Keeper, error) {
	if cfg.Signing != nil {
		k, err := sign.NewKeeper(func(now time.Time) (*sign.Identity, error) {
			return sign.Load(cfg.Signing.CertFile, cfg.Signing.KeyFile, now)
		}, s.options.Now)
		if s.counted(err) != nil {
			return k, fmt.Errorf("signing: %w", err)
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
	if s.counted(err) != nil {
		return k, fmt.Errorf("cannot keep the signing identity in %s; set state_dir to a writable folder, remove a damaged file, or set signing: %w", dir, err)
	}
	s.log.Warn("signing Apple profiles with a self-signed identity; devices show them as not verified",
		zap.String("identity", dir), zap.Bool("created", created), zap.String("hint", "set signing.cert_file and signing.key_file; the TLS certificate is suitable"))
	return k, nil
}

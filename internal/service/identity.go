package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/sign"
)

// identityFor returns the signing identity for new settings: the current one,
// read again, if it comes from the same files. If they cannot be read, as while
// they are being written, the old state stays, and refused has the reason. One that
// is not valid is reported, too, but accepted if the current one is not valid either.
func (s *Service) identityFor(cfg *config.Config) (k *sign.Keeper, refused []string, err error) {
	old := s.current.Load()
	if !sameIdentity(old.cfg, cfg) {
		k, err = s.newIdentity(cfg)
		if notValid(err) && old.identity.Valid() != nil {
			return k, s.refuse(identityNotValid, err), nil //nolint:nilerr // it is reported, not fatal
		}
		return k, nil, err
	}
	if err := s.counted(old.identity.Reload()); err != nil {
		message := "signing identity reload failed; old one stays in force"
		if notValid(err) && old.identity.Valid() != nil {
			message = identityNotValid
		}
		refused = s.refuse(message, fmt.Errorf("signing: %w", err))
	}
	return old.identity, refused, nil
}

const identityNotValid = "signing certificate not valid"

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
	if err == nil || cfg.Signing != nil && notValid(err) { // use logs that
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
type signer struct {
	*sign.Keeper
	unsigned bool // deliver profiles without a signature while the identity is not valid
}

func signerFor(k *sign.Keeper, cfg *config.Config) signer {
	return signer{k, cfg.Signing != nil && cfg.Signing.UnsignedWhenExpired}
}

// profiles returns how profiles are delivered if signing fails with err.
func (s signer) profiles(err error) page.Profiles {
	switch {
	case err == nil:
		return page.Signed
	case notValid(err) && s.unsigned:
		return page.Unsigned
	}
	return page.Refused
}

// Profiles returns how profiles are delivered now.
func (s signer) Profiles() page.Profiles { return s.profiles(s.Valid()) }

// Sign implements mobileconfig.Signer.
func (s signer) Sign(content []byte) ([]byte, error) {
	signed, err := s.Keeper.Sign(content)
	switch {
	case s.profiles(err) == page.Unsigned:
		return content, nil
	case errors.Is(err, sign.ErrNoIdentity), notValid(err):
		return nil, &settings.Error{Kind: settings.Unavailable, Message: "profiles are not available at the moment", Cause: err}
	}
	return signed, err
}

// notValid reports whether an identity has expired, or is not valid yet.
func notValid(err error) bool { return errors.As(err, new(certs.NotValidError)) }

// checkIdentityEvery is how soon the log and the metrics report that an identity
// expires, or becomes valid, in a running process.
const checkIdentityEvery = time.Minute

// checkIdentitySometimes calls checkIdentity until ctx ends.
func (s *Service) checkIdentitySometimes(ctx context.Context) {
	tick := time.NewTicker(checkIdentityEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.checkIdentity()
		case <-ctx.Done():
			return
		}
	}
}

// checkIdentity sets the metric, and logs once when the identity expires or becomes
// valid.
func (s *Service) checkIdentity() {
	now := s.current.Load()
	err := now.identity.Valid()
	notAfter := time.Unix(0, 0) // as if it had expired long ago: the same alert
	if id := now.identity.Identity(); err == nil || id != nil && s.options.Now().After(id.NotAfter()) {
		notAfter = id.NotAfter()
	}
	s.options.Metrics.SigningIdentity("default", notAfter)
	if !notValid(err) {
		if s.wasNotValid.Swap(false) && err == nil {
			s.log.Info("signing certificate valid again; Apple profiles are signed")
		}
		return
	}
	if s.wasNotValid.Swap(true) {
		return
	}
	s.log.Error(identityNotValid, zap.String("profiles", string(signerFor(now.identity, now.cfg).Profiles())), zap.Error(err))
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
	dir := s.stateDir(cfg)
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

package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/sign"
)

// identity is a signing identity of the settings.
type identity struct {
	*sign.Keeper
	from *config.Signing // nil for the self-signed one
}

// identities are those of one version of the settings, by settings.Provider.Signing;
// "" is the default one. Those with the same source share a Keeper.
type identities map[string]identity

// origin is where an identity comes from.
type origin struct {
	certFile, keyFile string
	acme              address.Domain
	stateDir          string // of the self-signed one
}

func originOf(cfg *config.Config, from *config.Signing) origin {
	if from == nil {
		return origin{stateDir: cfg.StateDir}
	}
	return origin{certFile: from.CertFile, keyFile: from.KeyFile, acme: from.ACME}
}

// configured returns the identities of the settings, by key.
func configured(cfg *config.Config) map[string]*config.Signing {
	all := map[string]*config.Signing{"": cfg.Signing}
	maps.Copy(all, cfg.Identities)
	return all
}

// each calls visit for each Keeper, with the first key that has it.
func (ids identities) each(visit func(key string, id identity)) {
	seen := map[*sign.Keeper]bool{}
	for _, key := range slices.Sorted(maps.Keys(ids)) {
		if id := ids[key]; !seen[id.Keeper] {
			seen[id.Keeper] = true
			visit(key, id)
		}
	}
}

// nameOfIdentity returns the key of an identity in the settings file.
func nameOfIdentity(key string) string {
	if key == "" {
		return "signing"
	}
	return key
}

// startIdentities returns identities whatever is wrong with them: everything but Apple
// profiles works without one.
func (s *Service) startIdentities(cfg *config.Config) identities {
	all, made := identities{}, map[origin]*sign.Keeper{}
	wanted := configured(cfg)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		from := wanted[key]
		where := originOf(cfg, from)
		if made[where] == nil {
			made[where] = s.startIdentity(cfg, key, from)
		}
		all[key] = identity{made[where], from}
	}
	return all
}

func (s *Service) startIdentity(cfg *config.Config, key string, from *config.Signing) *sign.Keeper {
	k, err := s.newIdentity(cfg, key, from)
	switch {
	case err == nil, from != nil && notValid(err): // checkIdentity logs that
	case from != nil:
		s.log.Error("signing identity unusable; Apple profiles are refused until it is replaced", zap.String("identity", nameOfIdentity(key)), zap.Error(err))
	default:
		s.log.Error("signing identity unusable; signing with a temporary one until the next start", zap.Error(err))
		temporary, err := sign.Temporary(s.options.Now())
		if err != nil {
			s.log.Error("no temporary signing identity; Apple profiles are refused", zap.Error(err))
			return k
		}
		k.Use(temporary)
	}
	return k
}

// identitiesFor returns the signing identities for new settings: the current ones, read
// again, where they come from the same place. If one cannot be read, as while its files
// are being written, the old state stays, and refused has the reason. One that is not
// valid is reported, too, but accepted if the current one is not valid either.
func (s *Service) identitiesFor(cfg *config.Config) (all identities, refused []string, err error) {
	old := s.current.Load()
	known := map[origin]*sign.Keeper{}
	for _, id := range old.identities {
		known[originOf(old.cfg, id.from)] = id.Keeper
	}
	all, done := identities{}, map[origin]*sign.Keeper{}
	wanted := configured(cfg)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		from := wanted[key]
		where := originOf(cfg, from)
		before, ok := old.identities[key]
		if !ok {
			before = old.identities[""]
		}
		var err error
		switch k := known[where]; {
		case done[where] != nil:
		case k != nil:
			done[where] = k
			refused = append(refused, s.readAgain(key, k, from)...)
		default:
			k, err = s.newIdentity(cfg, key, from)
			done[where] = k
			if notValid(err) && before.Valid() != nil {
				refused = append(refused, s.refuse(identityNotValid, err)...)
				err = nil
			}
		}
		if err != nil {
			return nil, refused, err
		}
		all[key] = identity{done[where], from}
	}
	return all, refused, nil
}

// readAgain reads an identity again, and returns why the old one stays.
func (s *Service) readAgain(key string, k *sign.Keeper, from *config.Signing) (refused []string) {
	if from != nil && from.ACME != "" {
		s.refreshOrdered(key, k)
		return nil
	}
	if err := s.counted(k.Reload()); err != nil {
		message := "signing identity reload failed; old one stays in force"
		if notValid(err) && k.Valid() != nil {
			message = identityNotValid
		}
		refused = s.refuse(message, fmt.Errorf("%s: %w", nameOfIdentity(key), err))
	}
	return refused
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

// newIdentity loads an identity of the settings. Without from it is the self-signed one
// of the state directory, which is created the first time. With an error, the Keeper has
// no identity until it is reloaded. A certificate that is still to be ordered is none.
func (s *Service) newIdentity(cfg *config.Config, key string, from *config.Signing) (*sign.Keeper, error) {
	switch {
	case from == nil:
		return s.selfSigned(cfg)
	case from.ACME != "":
		k, err := sign.NewKeeper((&ordered{s: s, name: from.ACME}).load, s.options.Now)
		if err == nil {
			s.options.Metrics.SigningCertificate("loaded")
			s.warnAbout(key, k)
		}
		return k, nil // checkIdentity logs that there is none, or none that is valid
	}
	k, err := sign.NewKeeper(func(time.Time) (*sign.Identity, error) { return sign.Load(from.CertFile, from.KeyFile) }, s.options.Now)
	if s.counted(err) != nil {
		return k, fmt.Errorf("%s: %w", nameOfIdentity(key), err)
	}
	s.warnAbout(key, k)
	return k, nil
}

func (s *Service) warnAbout(key string, k *sign.Keeper) {
	for _, w := range k.Identity().Warnings() {
		s.log.Warn("signing certificate warning", zap.String("identity", nameOfIdentity(key)), zap.String("warning", w))
	}
}

func (s *Service) selfSigned(cfg *config.Config) (*sign.Keeper, error) {
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

// refreshOrdered loads the certificate of an identity from ACME again if there is a new
// one. Whatever is wrong, the current one stays, which checkIdentity watches.
func (s *Service) refreshOrdered(key string, k *sign.Keeper) {
	before := k.Identity()
	_ = k.Reload() // see above
	after := k.Identity()
	if after == nil || before != nil && before.Leaf().Equal(after.Leaf()) {
		return
	}
	s.options.Metrics.SigningCertificate("loaded")
	s.log.Info("signing certificate loaded", zap.String("identity", nameOfIdentity(key)), zap.Time("expires", after.NotAfter()))
	s.warnAbout(key, k)
}

// signerChanged loads the identities from the certificate of a name again.
func (s *Service) signerChanged(name address.Domain) {
	now := s.current.Load()
	if now == nil {
		return
	}
	now.identities.each(func(key string, id identity) {
		if id.from != nil && id.from.ACME == name {
			s.refreshOrdered(key, id.Keeper)
		}
	})
	s.checkIdentity()
}

// signingNames returns the names whose certificates sign.
func signingNames(cfg *config.Config) []address.Domain {
	var names []address.Domain
	for _, from := range configured(cfg) {
		if from != nil && from.ACME != "" {
			names = append(names, from.ACME)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// profiles returns how profiles are delivered if signing fails with err.
func (id identity) profiles(err error) page.Profiles {
	switch have := id.Identity(); {
	case err == nil && have != nil && have.SelfSigned():
		return page.SelfSigned
	case err == nil:
		return page.Signed
	case notValid(err) && id.from != nil && id.from.UnsignedWhenExpired:
		return page.Unsigned
	}
	return page.Refused
}

// Profiles returns how the profiles of a provider are delivered now.
func (ids identities) Profiles(p *settings.Provider) page.Profiles {
	id := ids[p.Signing]
	return id.profiles(id.Valid())
}

// Sign implements mobileconfig.Signer.
func (ids identities) Sign(p *settings.Provider, content []byte) ([]byte, error) {
	id := ids[p.Signing]
	signed, err := id.Sign(content)
	switch {
	case err == nil:
		return signed, nil
	case id.profiles(err) == page.Unsigned:
		return content, nil
	case errors.Is(err, sign.ErrNoIdentity), notValid(err):
		return nil, &settings.Error{Kind: settings.Unavailable, Message: "profiles are not available at the moment", Cause: err}
	}
	return nil, err
}

// notValid reports whether an identity has expired, or is not valid yet.
func notValid(err error) bool { return errors.As(err, new(certs.NotValidError)) }

// checkIdentityEvery is how soon the log and the metrics report that an identity
// expires, or becomes valid, in a running process, and how soon a certificate that
// another replica ordered signs.
const checkIdentityEvery = time.Minute

// checkIdentitySometimes calls checkIdentity until ctx ends.
func (s *Service) checkIdentitySometimes(ctx context.Context) {
	tick := time.NewTicker(checkIdentityEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.refreshIdentities()
			s.checkIdentity()
		case <-ctx.Done():
			return
		}
	}
}

// refreshIdentities orders certificates that sign where there is none, and loads those
// that another replica ordered.
func (s *Service) refreshIdentities() {
	if s.acme == nil {
		return
	}
	now := s.current.Load()
	s.acme.Sign(signingNames(now.cfg))
	now.identities.each(func(key string, id identity) {
		if id.from != nil && id.from.ACME != "" {
			s.refreshOrdered(key, id.Keeper)
		}
	})
}

// checkIdentity sets the metrics, and logs once when an identity is about to expire,
// expires, or becomes valid.
func (s *Service) checkIdentity() {
	s.checking.Lock()
	defer s.checking.Unlock()
	current := s.current.Load()
	now := s.options.Now()
	first, states := map[string]time.Time{}, map[string]string{}
	current.identities.each(func(key string, id identity) {
		err := id.Valid()
		notAfter := time.Unix(0, 0) // as if it had expired long ago: the same alert
		if have := id.Identity(); err == nil || have != nil && now.After(have.NotAfter()) {
			notAfter = have.NotAfter()
		}
		group, _, below := strings.Cut(key, ".")
		if !below {
			group = "default"
		}
		if before, ok := first[group]; !ok || notAfter.Before(before) {
			first[group] = notAfter
		}
		states[key] = s.logState(key, id, err)
	})
	for _, kind := range []string{"default", "providers", "domains"} {
		s.options.Metrics.SigningIdentity(kind, first[kind])
	}
	s.states = states
}

// logState logs the state of an identity if it is another one than before, and returns
// it. The states are "", expiring and notValid.
func (s *Service) logState(key string, id identity, err error) string {
	const expiring, invalid, missing = "expiring", "not valid", "missing"
	name := zap.String("identity", nameOfIdentity(key))
	soon := ""
	if err == nil {
		soon = id.Identity().Expiring(s.options.Now())
	}
	state := ""
	switch {
	case notValid(err):
		state = invalid
	case err != nil:
		state = missing
	case soon != "":
		state = expiring
	}
	before := s.states[key]
	if state == before {
		return state
	}
	switch {
	case state == invalid:
		s.log.Error(identityNotValid, name, zap.String("profiles", string(id.profiles(err))), zap.Error(err))
	case state == missing && id.from != nil && id.from.ACME != "":
		_, why := (&ordered{s: s, name: id.from.ACME}).load(time.Time{})
		s.log.Warn("signing certificate not available; Apple profiles are refused until it is", name, zap.Error(why))
	case state == expiring:
		s.log.Warn("signing certificate expires soon", name, zap.String("warning", soon))
	case state == "" && before == invalid:
		s.log.Info("signing certificate valid again; Apple profiles are signed", name)
	}
	return state
}

// identityWarnings returns a line for each identity that needs an operator.
func (s *Service) identityWarnings() []string {
	var lines []string
	now := s.options.Now()
	s.current.Load().identities.each(func(key string, id identity) {
		if err := id.Valid(); err != nil {
			lines = append(lines, nameOfIdentity(key)+": "+err.Error())
		} else if soon := id.Identity().Expiring(now); soon != "" {
			lines = append(lines, nameOfIdentity(key)+": "+soon)
		}
	})
	return lines
}

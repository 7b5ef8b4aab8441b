package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig/schema"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/sign"
)

// eachProvider calls visit for each provider with its key and a domain that it has.
// A domain with overrides has a provider of its own; of many, only the first ones are
// visited, which takes about half a second.
func eachProvider(cfg *config.Config, visit func(key string, p *settings.Provider, d address.Domain)) {
	const most = 1000
	seen := map[*settings.Provider]bool{nil: true}
	once := func(key string, p *settings.Provider, d address.Domain) {
		if !seen[p] && len(seen) <= most {
			seen[p] = true
			visit(key, p, d)
		}
	}
	for _, p := range cfg.Providers {
		once("providers."+p.ID, p, "example.com")
	}
	once("domains.*", cfg.CatchAll, "example.com")
	for d, p := range cfg.Below {
		once("domains.*."+string(d), p, "example."+d)
	}
	var others []address.Domain
	for d, entry := range cfg.Domains {
		if !seen[entry.Provider] {
			others = append(others, d)
		}
	}
	slices.Sort(others) // so that every check visits the same ones
	for _, d := range others {
		once("domains."+string(d), cfg.Domains[d].Provider, d)
	}
}

// checkProfiles renders an Apple profile for each provider and checks it against
// Apple's schema, so that errors do not show on devices first.
func checkProfiles(cfg *config.Config) (err error) {
	eachProvider(cfg, func(_ string, p *settings.Provider, d address.Domain) {
		if err == nil {
			err = checkProfile(p, d)
		}
	})
	return err
}

func checkProfile(p *settings.Provider, d address.Domain) error {
	profile, err := mobileconfig.Render(sampleOf(p, d), mobileconfig.Options{})
	if settings.KindOf(err) == settings.NotOffered {
		return nil
	}
	if err == nil {
		err = schema.Check(profile)
	}
	if err != nil {
		return fmt.Errorf("provider %s, domain %s: invalid Apple profile: %w", p.ID, d, err)
	}
	return nil
}

// sampleOf returns the settings of an address of a domain.
func sampleOf(p *settings.Provider, d address.Domain) settings.Settings {
	return settings.Settings{Provider: p, Domain: d, Canonical: d, Address: address.Address{Local: "somebody", Domain: d}}
}

// checks collects the findings of CheckFiles.
type checks struct {
	file     string // as findings name it
	findings config.Findings
}

// fail adds an error, or several if errors.Join joined them.
func (c *checks) fail(line int, key string, err error) {
	for _, err := range split(err) {
		c.findings = append(c.findings, config.Finding{File: c.file, Line: line, Key: key, Text: err.Error()})
	}
}

func (c *checks) warn(line int, key string, texts ...string) {
	for _, text := range texts {
		c.findings = append(c.findings, config.Finding{File: c.file, Line: line, Key: key, Text: text, Warning: true})
	}
}

// split returns the errors that errors.Join joined; none for nil.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// CheckFiles loads the certificates and keys of the settings, asks the sources and
// renders a profile for each provider, as a start does. name is that of the
// settings file, for the findings; stateDir is used where the settings name none.
func CheckFiles(name string, cfg *config.Config, stateDir string, now time.Time) config.Findings {
	c := &checks{file: name}
	c.fail(0, "providers", checkProfiles(cfg))
	checkAnswers(cfg, func(key, text string) { c.warn(0, key, text) })
	c.directory(cfg)
	c.identities(cfg, stateDir, now)
	if cfg.TLS != nil {
		c.certificates(cfg, now)
	}
	if cfg.Signing == nil || cfg.TLS != nil && cfg.TLS.ACME != nil || len(cfg.Directory) > 0 && cfg.Cache.Snapshot {
		c.warn(0, "state_dir", notWritable(cmp.Or(cfg.StateDir, stateDir))...)
	}
	return c.findings
}

// identities loads the signing identities: from files, and what was ordered before.
func (c *checks) identities(cfg *config.Config, stateDir string, now time.Time) {
	wanted := configured(cfg)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		from := wanted[key]
		if from == nil {
			continue
		}
		in := checks{file: from.File}
		id, err := readIdentity(cfg, from, stateDir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && from.ACME != "":
			// It is ordered when Waymark runs.
		case err != nil:
			in.fail(from.Line, from.Key, err)
		default:
			in.fail(from.Line, from.Key, id.Valid(now))
			in.warn(from.Line, from.Key, id.Warnings()...)
			if soon := id.Expiring(now); soon != "" {
				in.warn(from.Line, from.Key, soon)
			}
		}
		c.findings = append(c.findings, in.findings...)
	}
}

func readIdentity(cfg *config.Config, from *config.Signing, stateDir string) (*sign.Identity, error) {
	if from.ACME == "" {
		return sign.Load(from.CertFile, from.KeyFile)
	}
	ctx, cancel := context.WithTimeout(context.Background(), readOrdered)
	defer cancel()
	store, err := openStorage(cfg, stateDir)
	if err != nil {
		return nil, err
	}
	found, err := store.certificate(ctx, from.ACME)
	if err = errors.Join(err, store.close()); err != nil {
		return nil, err
	}
	return sign.FromTLS(found)
}

// certificates loads the TLS certificates.
func (c *checks) certificates(cfg *config.Config, now time.Time) {
	for _, f := range cfg.TLS.Files {
		k, err := certs.Load(f.CertFile, f.KeyFile, func() time.Time { return now })
		c.fail(f.Line, f.Key, err)
		if err == nil {
			c.warn(f.Line, f.Key, k.Warnings()...)
			c.warn(f.Line, f.Key, coversNone(cfg, k.Names())...)
		}
	}
	if cfg.TLS.ACME != nil {
		for _, ca := range cfg.TLS.ACME.CAs {
			_, err := authority(ca)
			c.fail(ca.Line, ca.Key, err)
		}
		c.storage(cfg)
	}
}

// storage connects to the database with the certificates of replicas.
func (c *checks) storage(cfg *config.Config) {
	shared := cfg.TLS.ACME.Storage
	if shared == nil {
		return
	}
	store, err := openStorage(cfg, "")
	if err == nil {
		err = errors.Join(store.check(context.Background()), store.close())
	}
	c.fail(shared.Line, "tls.acme.storage", err)
}

// directory asks every source, as a start does in the background.
func (c *checks) directory(cfg *config.Config) {
	errs, warnings := make([]error, len(cfg.Directory)), make([][]string, len(cfg.Directory))
	var all sync.WaitGroup
	for i, src := range cfg.Directory {
		all.Go(func() {
			opened, _, _, err := open(src)
			if err == nil {
				err = opened.Check(context.Background())
				if s, ok := opened.(*sqlsource.Source); ok && err == nil {
					warnings[i] = s.Warnings()
				}
				err = errors.Join(err, opened.Close())
			}
			errs[i] = err
		})
	}
	all.Wait()
	for i, src := range cfg.Directory {
		c.fail(src.Line, src.Key, errs[i])
		c.warn(src.Line, src.Key, warnings[i]...)
	}
}

// coversNone warns about a certificate that is for none of the names under which
// clients ask: those at or below a listed domain, and the host of pages.url. With
// unlisted domains alone, the names are not known.
func coversNone(cfg *config.Config, names []string) []string {
	page, err := url.Parse(cfg.Pages.URL)
	known := err == nil && page.Host != ""
	for _, name := range names {
		d, err := address.ParseDomain(strings.TrimPrefix(name, "*."))
		if err != nil {
			continue
		}
		if known && covers(name, page.Hostname()) {
			return nil
		}
		if _, ok := dialect.ServiceDomain(d); ok && (cfg.CatchAll != nil || len(cfg.Directory) > 0) {
			return nil // perhaps one of the domains that are not listed
		}
		for again := true; again; d, again = d.Parent() {
			_, listed := cfg.Domains[d]
			if _, below := cfg.Below[d]; listed || below {
				return nil
			}
		}
	}
	if len(cfg.Domains) == 0 && !known {
		return nil
	}
	return []string{fmt.Sprintf("the certificate is for %s, none of which is the host of pages.url or belongs to a listed domain, such as autoconfig.%s; clients will refuse it", strings.Join(names, ", "), anyDomain(cfg))}
}

// covers reports whether a name of a certificate is for a host.
func covers(name, host string) bool {
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		_, parent, _ := strings.Cut(host, ".")
		return strings.EqualFold(rest, parent)
	}
	return strings.EqualFold(name, host)
}

// anyDomain returns the first listed domain in the order of the alphabet.
func anyDomain(cfg *config.Config) address.Domain {
	first := address.Domain("example.com")
	for d := range cfg.Domains {
		if first == "example.com" || d < first {
			first = d
		}
	}
	return first
}

// notWritable warns about a folder in which this user cannot keep files. The folder
// need not exist yet.
func notWritable(dir string) []string {
	existing := dir
	for existing != filepath.Dir(existing) {
		if _, err := os.Stat(existing); !errors.Is(err, os.ErrNotExist) {
			break
		}
		existing = filepath.Dir(existing)
	}
	f, err := os.CreateTemp(existing, ".waymark-check-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err == nil {
		return nil
	}
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		err = pe.Err
	}
	return []string{fmt.Sprintf("this user cannot write to %s: %v; the signing identity would change with each start, and answers would not be kept", dir, err)}
}

package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig/schema"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/sign"
)

// checkProfiles renders an Apple profile for each provider and checks it against
// Apple's schema, so that errors do not show on devices first. A domain with
// overrides has a provider of its own; of many, only the first ones are checked.
func checkProfiles(cfg *config.Config) error {
	const most = 1000 // about half a second
	seen := map[*settings.Provider]bool{}
	check := func(p *settings.Provider, d address.Domain) error {
		if p == nil || seen[p] || len(seen) >= most {
			return nil
		}
		seen[p] = true
		sample := settings.Settings{Provider: p, Domain: d, Canonical: d, Address: address.Address{Local: "somebody", Domain: d}}
		profile, err := mobileconfig.Render(sample, mobileconfig.Options{})
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
	for _, p := range cfg.Providers {
		if err := check(p, "example.com"); err != nil {
			return err
		}
	}
	for d, entry := range cfg.Domains {
		if err := check(entry.Provider, d); err != nil {
			return err
		}
	}
	return nil
}

// CheckFiles loads the certificates and keys of the settings, asks the sources and
// renders a profile for each provider, as a start does. name is that of the
// settings file, for the findings.
func CheckFiles(name string, cfg *config.Config, now time.Time) config.Findings {
	var all config.Findings
	add := func(line int, key string, warnings []string, err error) {
		if err != nil {
			all = append(all, config.Finding{File: name, Line: line, Key: key, Text: err.Error()})
		}
		for _, w := range warnings {
			all = append(all, config.Finding{File: name, Line: line, Key: key, Text: w, Warning: true})
		}
	}
	add(0, "providers", nil, checkProfiles(cfg))
	checkDirectory(cfg, add)
	if s := cfg.Signing; s != nil {
		id, err := sign.Load(s.CertFile, s.KeyFile, now)
		if err != nil {
			add(s.Line, "signing", nil, err)
		} else {
			add(s.Line, "signing", id.Warnings(), id.Valid(now))
		}
	}
	if t := cfg.TLS; t != nil {
		for _, f := range t.Files {
			k, err := certs.Load(f.CertFile, f.KeyFile, func() time.Time { return now })
			if err != nil {
				add(f.Line, f.Key, nil, err)
			} else {
				add(f.Line, f.Key, k.Warnings(), nil)
			}
		}
	}
	return all
}

// split returns the errors that errors.Join joined.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// checkDirectory queries every source of the directory, as a start does in the
// background.
func checkDirectory(cfg *config.Config, add func(line int, key string, warnings []string, err error)) {
	sources, err := OpenSources(cfg, nil, nil)
	if err != nil {
		for _, err := range split(err) {
			line, key := 0, "directory"
			if e, ok := errors.AsType[*optionsError](err); ok {
				line, key, err = e.line, fmt.Sprintf("directory[%d]", e.index), e.err
			}
			add(line, key, nil, err)
		}
		return
	}
	for i, err := range sources.Check(context.Background()) {
		add(cfg.Directory[i].Line, fmt.Sprintf("directory[%d]", i), nil, err)
	}
	add(0, "directory", nil, sources.Close())
}

package service

import (
	"context"
	"net/url"
	"slices"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/settings"
)

// permitCertificate returns who may have a certificate: the names under which
// clients ask for a domain that this server answers for, the host of pages.url, and
// those whose certificates sign.
func permitCertificate(cfg *config.Config, d *directory.Directory) func(context.Context, address.Domain) error {
	own, signing := ownName(cfg), signingNames(cfg)
	return func(ctx context.Context, name address.Domain) error {
		if own != "" && name == own || slices.Contains(signing, name) {
			return nil
		}
		domain, ok := dialect.ServiceDomain(name)
		if !ok {
			return settings.ErrUnknownDomain
		}
		return d.Answers(ctx, domain)
	}
}

// ownName returns the host of pages.url, "" for none.
func ownName(cfg *config.Config) address.Domain {
	page, err := url.Parse(cfg.Pages.URL)
	if err != nil {
		return ""
	}
	own, err := address.ParseDomain(page.Hostname())
	if err != nil {
		return ""
	}
	return own
}

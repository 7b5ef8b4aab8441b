package service

import (
	"context"
	"net/url"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/settings"
)

// permitCertificate returns who may have a certificate: the names under which
// clients ask for a domain that this server answers for, and the host of pages.url.
func permitCertificate(cfg *config.Config, d *directory.Directory) func(context.Context, address.Domain) error {
	var own address.Domain
	if page, err := url.Parse(cfg.Pages.URL); err == nil {
		own, _ = address.ParseDomain(page.Hostname()) // "" for none
	}
	return func(ctx context.Context, name address.Domain) error {
		if name == own {
			return nil
		}
		domain, ok := dialect.ServiceDomain(name)
		if !ok {
			return settings.ErrUnknownDomain
		}
		return d.Answers(ctx, domain)
	}
}

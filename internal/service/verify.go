package service

import (
	"context"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/passwordcheck"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
)

// passwords checks passwords for the page. The checker counts attempts, so it
// outlives a reload.
type passwords struct{ checker *passwordcheck.Checker }

// Verify implements page.Verifier.
func (p passwords) Verify(ctx context.Context, s settings.Settings, password string) page.Verdict {
	return page.Verdict(p.checker.Verify(ctx, s, password, server.ClientAddress(ctx)))
}

// verifierFor returns the verifier for new settings; nil when checks are disabled.
func (s *Service) verifierFor(cfg *config.Config) page.Verifier {
	if !cfg.Pages.VerifyPassword {
		return nil
	}
	if s.checker == nil || s.checksPrivate != cfg.Pages.VerifyPrivate {
		s.checksPrivate = cfg.Pages.VerifyPrivate
		s.checker = passwordcheck.New(passwordcheck.Options{
			AllowPrivate: s.checksPrivate,
			RootCAs:      s.options.RootCAs,
			Count:        s.options.Metrics.PasswordCheck,
			Failed: func(host string, err error) {
				s.log.Warn("cannot check password", zap.String("host", host), zap.Error(err))
			},
		})
	}
	return passwords{s.checker}
}

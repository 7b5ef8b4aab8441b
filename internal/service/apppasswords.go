package service

import (
	"context"
	"errors"
	"net/url"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/apppassword"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/passwordcheck"
	"github.com/waymark-mail/waymark/internal/settings"
)

// appPasswords asks the endpoints of providers for the page.
type appPasswords struct {
	client *apppassword.Client
	hooks  map[string]config.AppPasswords // by the id of the provider
	count  func(result string)
	log    *zap.Logger
}

// Offered implements page.AppPasswords.
func (a appPasswords) Offered(p *settings.Provider) bool {
	_, ok := a.hooks[p.ID]
	return ok
}

// Create implements page.AppPasswords.
func (a appPasswords) Create(ctx context.Context, s settings.Settings, device string) (string, bool) {
	hook := a.hooks[s.Provider.ID]
	password, err := a.client.Create(ctx, apppassword.Hook{URL: hook.Hook, Secret: hook.Secret}, apppassword.Request{
		Address: s.Address.String(), Login: passwordcheck.Login(s), Device: device,
	})
	if err == nil {
		a.count(string(apppassword.Created))
		return password, true
	}
	if ctx.Err() == nil { // else it is the visitor who left
		failure, _ := errors.AsType[*apppassword.Error](err)
		a.count(string(failure.Result))
		a.log.Warn("cannot create app password", zap.String("host", hostOf(hook.Hook)), zap.Error(err))
	}
	return "", false
}

// hostOf returns the host of a URL: its path or query could contain a secret.
func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Host
}

// appPasswordsFor returns what creates app passwords with new settings; nil without
// endpoints.
func (s *Service) appPasswordsFor(cfg *config.Config) page.AppPasswords {
	if len(cfg.AppPasswords) == 0 {
		return nil
	}
	return appPasswords{apppassword.New(s.options.RootCAs, s.options.Now), cfg.AppPasswords, s.options.Metrics.AppPassword, s.log}
}

package service

import (
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/dialect/autodiscover"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/dialect/settingsjson"
	"github.com/waymark-mail/waymark/internal/dialect/wellknown"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// Parts are what a handler needs besides a settings file.
type Parts struct {
	Signer  mobileconfig.Signer
	Metrics *telemetry.Metrics
	Log     *zap.Logger
	Now     func() time.Time
	// Sources are asked about domains that are not listed; nil for none.
	Sources *Sources
	// Tokens seal the addresses in links of the page; nil for keys that only
	// this handler knows.
	Tokens *invite.Keys
	// Verify tries passwords; nil where that is switched off.
	Verify page.Verifier
}

// Handler returns what the public listeners answer with one settings file in
// force. It holds nothing that would have to be let go but what it is given.
func Handler(cfg *config.Config, p Parts) http.Handler {
	if p.Tokens == nil {
		p.Tokens = invite.RandomKeys()
	}
	if p.Sources == nil {
		p.Sources = &Sources{}
	}
	resolver := p.Sources.Directory(cfg, p.Metrics)
	return server.New(server.Options{
		Dialects:          dialects(resolver, p, cfg.API.Token),
		TrustedProxies:    cfg.TrustedProxies,
		RequestsPerMinute: cfg.Limits.RequestsPerMinute,
		StrictPerMinute:   cfg.Limits.StrictPerMinute,
		RequestsAtOnce:    cfg.Limits.RequestsAtOnce,
		Metrics:           p.Metrics,
		Log:               p.Log,
	})
}

// dialects lists every dialect: a new one is a line here.
func dialects(r dialect.Resolver, p Parts, apiToken string) []dialect.Dialect {
	return []dialect.Dialect{
		autoconfig.New(r),
		autodiscover.New(r, p.Now),
		mobileconfig.New(r, p.Signer, profileLinks{p.Tokens, p.Now}),
		pacc.New(r),
		wellknown.New(r),
		dialect.RequireToken(settingsjson.New(r), apiToken),
		page.New(page.Options{Resolver: r, Tokens: p.Tokens, Verify: p.Verify, Now: p.Now}),
	}
}

// profileLinks reads the links in QR codes.
type profileLinks struct {
	tokens *invite.Keys
	now    func() time.Time
}

func (l profileLinks) Profile(token string) (address.Address, error) {
	a, _, err := l.tokens.Open(invite.Profile, token, l.now())
	if err != nil {
		return address.Address{}, settings.Errorf(settings.NotOffered, "%v", err)
	}
	return a, nil
}

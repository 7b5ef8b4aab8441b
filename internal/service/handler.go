package service

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/obs"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/proto/autoconfig"
	"github.com/waymark-mail/waymark/internal/proto/autodiscover"
	"github.com/waymark-mail/waymark/internal/proto/mobileconfig"
	"github.com/waymark-mail/waymark/internal/proto/pacc"
	"github.com/waymark-mail/waymark/internal/proto/settingsjson"
	"github.com/waymark-mail/waymark/internal/proto/wellknown"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Parts are what a handler needs besides a settings file.
type Parts struct {
	Signer  mobileconfig.Signer
	Metrics *obs.Metrics
	Log     *zap.Logger
	Now     func() time.Time
}

// Handler returns what the public listeners answer with one settings file in
// force. It holds no resource that would have to be let go.
func Handler(cfg *config.Config, p Parts) http.Handler {
	resolver := counted{Directory(cfg), p.Metrics}
	return server.New(server.Options{
		Protocols:         protocols(resolver, p),
		TrustedProxies:    cfg.TrustedProxies,
		RequestsPerMinute: cfg.Limits.RequestsPerMinute,
		Metrics:           p.Metrics,
		Log:               p.Log,
	})
}

// Directory returns who answers for a domain by a settings file.
func Directory(cfg *config.Config) *directory.Directory {
	return directory.New(cfg.Domains, cfg.CatchAll)
}

// protocols lists every dialect: a new one is a line here.
func protocols(r proto.Resolver, p Parts) []proto.Protocol {
	return []proto.Protocol{
		autoconfig.New(r),
		autodiscover.New(r, p.Now),
		mobileconfig.New(r, p.Signer),
		pacc.New(r),
		wellknown.New(r),
		settingsjson.New(r),
		page.New(r),
	}
}

// counted counts the lookups of a resolver.
type counted struct {
	proto.Resolver
	metrics *obs.Metrics
}

func (c counted) Resolve(ctx context.Context, q settings.Query) (settings.Settings, error) {
	s, err := c.Resolver.Resolve(ctx, q)
	switch {
	case err == nil:
		c.metrics.Lookup("file", "found")
	case settings.KindOf(err) == settings.UnknownDomain:
		c.metrics.Lookup("file", "unknown")
	default:
		c.metrics.Lookup("file", "error")
	}
	return s, err
}

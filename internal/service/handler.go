package service

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/dialect/autodiscover"
	"github.com/waymark-mail/waymark/internal/dialect/declaration"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/dialect/mtasts"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/dialect/settingsjson"
	"github.com/waymark-mail/waymark/internal/dialect/wellknown"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/internal/tracing"
)

// Deps are the dependencies of a handler besides the settings.
type Deps struct {
	Signer mobileconfig.Signer
	// Profiles returns how the Apple profiles of a provider are delivered now; nil for
	// always signed.
	Profiles func(*settings.Provider) page.Profiles
	Metrics  *telemetry.Metrics
	Tracer   *tracing.Tracer // nil for no traces
	Log      *zap.Logger
	Now      func() time.Time
	// Directory is that of the settings; nil for one without sources.
	Directory *directory.Directory
	// Tokens seal the addresses in links; nil for random keys.
	Tokens *invite.Keys
	// Secure is the origin of the page if this process serves it over https.
	Secure string
	// Verify checks passwords; nil to disable that.
	Verify page.Verifier
	// AppPasswords creates passwords for single apps; nil to disable that.
	AppPasswords page.AppPasswords
	// Doctor examines domains for their owners; nil to disable that.
	Doctor page.Doctor
}

// Handler returns the handler of the public listeners for one version of the
// settings. It owns no resources; the caller closes deps.
func Handler(cfg *config.Config, deps Deps) http.Handler {
	if deps.Tokens == nil {
		deps.Tokens = invite.RandomKeys()
	}
	if deps.Directory == nil {
		deps.Directory = (&Sources{}).Directory(cfg, deps.Metrics)
	}
	var resolver dialect.Resolver = deps.Directory
	if deps.Tracer != nil {
		resolver = traced{resolver}
	}
	return server.New(server.Options{
		Dialects:          dialects(resolver, deps, cfg),
		TrustedProxies:    cfg.TrustedProxies,
		ForwardedHost:     cfg.ForwardedHost,
		RequestsPerMinute: cfg.Limits.RequestsPerMinute,
		StrictPerMinute:   cfg.Limits.StrictPerMinute,
		RequestsAtOnce:    cfg.Limits.RequestsAtOnce,
		Remote:            server.Remote(cfg.Log.Remote),
		Metrics:           deps.Metrics,
		Tracer:            deps.Tracer,
		Log:               deps.Log,
	})
}

// traced records the lookups of requests that are traced.
type traced struct{ dialect.Resolver }

func (t traced) Resolve(ctx context.Context, q settings.Query) (settings.Settings, error) {
	ctx, span := tracing.Step(ctx, "resolve")
	s, err := t.Resolver.Resolve(ctx, q)
	if span.Recorded() {
		outcome, ours := "ok", false
		if err != nil {
			failure := dialect.FailureOf(err)
			outcome, ours = failure.Outcome, failure.Ours
		}
		span.Set("waymark.outcome", outcome)
		span.End(ours)
	}
	return s, err
}

// dialects lists every dialect. A new one is a line here.
func dialects(r dialect.Resolver, deps Deps, cfg *config.Config) []dialect.Dialect {
	texts := i18n.All().Speaking(cfg.Pages.Voice, cfg.Pages.Texts)
	pages := page.New(page.Options{
		Resolver: r, Texts: texts, Tokens: deps.Tokens, Verify: deps.Verify, AppPasswords: deps.AppPasswords, Doctor: deps.Doctor,
		Profiles: deps.Profiles, Suggest: cfg.Pages.Suggest, Secure: deps.Secure, Now: deps.Now,
	})
	profiles := mobileconfig.New(r, deps.Signer, profileLinks{deps.Tokens, deps.Now}, texts)
	profiles.Fail = page.OfProfile(pages.Fail)
	return []dialect.Dialect{
		autoconfig.New(r),
		autodiscover.New(r, deps.Now),
		profiles,
		pacc.New(r),
		wellknown.New(r),
		mtasts.New(r),
		declaration.New(),
		settingsAPI(r, cfg.API.Token),
		pages,
	}
}

// settingsAPI returns the settings as JSON. A holder of the token may know the user
// name of a mailbox; without a token in the settings, everybody may ask.
func settingsAPI(r dialect.Resolver, token string) dialect.Dialect {
	if token != "" {
		r = proven{r}
	}
	return dialect.RequireToken(settingsjson.New(r), token)
}

// proven resolves for those who may know the user name of a mailbox.
type proven struct{ dialect.Resolver }

func (p proven) Resolve(ctx context.Context, q settings.Query) (settings.Settings, error) {
	q.Proven = true
	return p.Resolver.Resolve(ctx, q)
}

// Renderers returns the Render functions of the dialects that have documents, by
// name.
func Renderers(cfg *config.Config) map[string]func(settings.Settings, dialect.Choice) ([]byte, error) {
	all := map[string]func(settings.Settings, dialect.Choice) ([]byte, error){}
	for _, d := range dialects(nil, Deps{}, cfg) {
		if d.Render != nil {
			all[d.Name] = d.Render
		}
	}
	return all
}

// profileLinks opens the tokens of pages.
type profileLinks struct {
	tokens *invite.Keys
	now    func() time.Time
}

func (l profileLinks) Profile(token string) (settings.Query, error) {
	a, _, proven, err := l.tokens.OpenPage(token, l.now())
	if err != nil {
		return settings.Query{}, settings.Errorf(settings.NotOffered, "%v", err)
	}
	return settings.Query{Domain: a.Domain, Address: a, Proven: proven}, nil
}

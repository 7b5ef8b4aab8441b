package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// Readiness tells a load balancer whether to send requests here.
type Readiness struct{ ready atomic.Bool }

// Set changes what /readyz answers.
func (s *Readiness) Set(ready bool) { s.ready.Store(ready) }

// Ops configure NewOps.
type Ops struct {
	Metrics *telemetry.Metrics
	Log     *zap.Logger
	Ready   *Readiness
	// Details returns lines for /readyz about what will fail without an operator; may be
	// nil.
	Details func() []string
	// Reload returns when it is done, with a line for each error. force accepts that
	// many domains are gone.
	Reload func(force bool) (refused []string)
	Invite Inviter
	// Examine examines a mail domain for operators; zero for a service without it.
	Examine Examiner
	Hosts   []address.Domain // names by which operators reach the listener, besides local ones
	Token   string           // required by what changes something; "" for no token
	Pprof   bool             // serve /debug/pprof
	// Certificate returns nil for a host name that may have a certificate. An error
	// of kind UnknownDomain refuses it.
	Certificate func(context.Context, address.Domain) error
}

// NewOps returns the handler of the ops listener: /metrics, /healthz while the
// process runs, /readyz while it accepts requests, POST /-/reload, which answers
// when it is done, POST /api/v1/invites, which creates an invitation,
// /api/v1/doctor and /doctor, which examine a mail domain, and /-/certificate, which
// tells a reverse proxy for which names to get certificates.
// Requests are counted and logged with the dialect name ops, except those of
// scrapers, probes and profiles, which would hide the others.
func NewOps(o Ops) http.Handler {
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	dialects := []dialect.Dialect{
		dialect.RequireToken(dialect.Dialect{Name: "ops", Endpoints: []dialect.Endpoint{{Path: "/-/reload", Methods: post, Serve: fromNoOtherSite(o.reload)}}}, o.Token),
		dialect.RequireToken(dialect.Dialect{Name: "ops", Endpoints: []dialect.Endpoint{{Path: "/api/v1/invites", Methods: post, Serve: fromNoOtherSite(o.invite)}}, Fail: dialect.ProblemFailure}, o.Token),
	}
	if o.Examine.JSON != nil {
		dialects = append(dialects,
			dialect.Dialect{Name: "ops", Endpoints: []dialect.Endpoint{{Path: "/api/v1/doctor", Methods: get, Serve: o.examination}}, Fail: dialect.ProblemFailure},
			dialect.Dialect{Name: "ops", Endpoints: []dialect.Endpoint{{Path: "/doctor", Methods: get, Serve: o.examinationPage}}})
	}
	h := newHandler(Options{
		Metrics:  o.Metrics,
		Log:      o.Log,
		Hosts:    append([]address.Domain{}, o.Hosts...), // not nil, which would allow every name
		Dialects: dialects,
	}, "ops", []func(http.Handler) http.Handler{forOperators})
	h.unlogged("/metrics", o.Metrics.Handler().ServeHTTP)
	h.unlogged("/-/certificate", h.line(o.certificate))
	h.unlogged("/healthz", h.line(func(*http.Request) (int, string) { return http.StatusOK, "ok" }))
	h.unlogged("/readyz", h.line(func(*http.Request) (int, string) {
		if !o.Ready.ready.Load() {
			return http.StatusServiceUnavailable, "not ready"
		}
		return http.StatusOK, o.ready()
	}))
	if o.Pprof {
		addPprof(h)
	}
	return h
}

// mostDetails is how many lines of details /readyz has.
const mostDetails = 20

func (o Ops) ready() string {
	var details []string
	if o.Details != nil {
		details = o.Details()
	}
	if more := len(details) - mostDetails; more > 0 {
		details = append(details[:mostDetails:mostDetails], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(append([]string{"ready"}, details...), "\n")
}

// certificate answers as the "ask" endpoint of Caddy's certificates on demand must:
// 200 allows the name in the parameter domain.
func (o Ops) certificate(r *http.Request) (int, string) {
	name, err := address.ParseDomain(r.URL.Query().Get("domain"))
	if err != nil {
		err = settings.Errorf(settings.BadRequest, "the parameter domain is not a host name: %v", err)
	} else {
		err = o.Certificate(r.Context(), name)
	}
	if err != nil {
		return dialect.FailureOf(err).Status, dialect.PublicMessage(err)
	}
	return http.StatusOK, "ok"
}

func (o Ops) reload(r *http.Request) (dialect.Response, error) {
	refused := o.Reload(r.URL.Query().Has("force"))
	if len(refused) == 0 {
		return dialect.PlainText(http.StatusOK, "reload done"), nil
	}
	const most = 100
	lines := append([]string{errRefused.Error() + "; what it refused stays as it was:"}, refused[:min(len(refused), most)]...)
	if more := len(refused) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return dialect.PlainText(http.StatusUnprocessableEntity, strings.Join(lines, "\n")), errRefused
}

// errRefused is for the log and the metrics: the response has the reasons.
var errRefused error = &settings.Error{Kind: settings.BadRequest, Message: "reload refused"}

// fromNoOtherSite refuses what the page of another site makes an operator's browser
// send.
func fromNoOtherSite(serve func(*http.Request) (dialect.Response, error)) func(*http.Request) (dialect.Response, error) {
	return dialect.SameOrigin(serve, func(*http.Request) error {
		return settings.Errorf(settings.Forbidden, "another site sent this request")
	})
}

// forOperators sets the header fields of every response on the ops listener,
// also of those that a dialect does not write.
func forOperators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// unlogged mounts a handler whose responses are neither counted nor logged. It
// answers GET, and methods.
func (h *handler) unlogged(path string, serve http.HandlerFunc, methods ...string) {
	endpoints := []dialect.Endpoint{{Methods: append([]string{http.MethodGet}, methods...)}}
	h.Get(path, func(w http.ResponseWriter, r *http.Request) {
		if _, methods := allowed(endpoints, r.Method); methods != nil {
			x := &exchange{route: path}
			x.refuseMethod(methods)
			h.failed(w, r, x)
			return
		}
		serve(w, r)
	})
}

// line returns a handler that answers with a line of text.
func (h *handler) line(answer func(*http.Request) (int, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		write(w, r, &exchange{id: h.ids.next(), response: dialect.PlainText(answer(r))})
	}
}

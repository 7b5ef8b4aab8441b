package server

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/go-chi/chi/v5"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// Readiness tells a load balancer whether to send requests here.
type Readiness struct{ ready atomic.Bool }

// Set changes what /readyz answers.
func (s *Readiness) Set(ready bool) { s.ready.Store(ready) }

// Ops are what the handler of the operator's listener is made of.
type Ops struct {
	Metrics *telemetry.Metrics
	Ready   *Readiness
	Reload  func() // reads the settings again, and returns when that is done
	Invite  Inviter
	Token   string // without it nothing that changes something is answered; "" for everybody
	Pprof   bool   // whether there is /debug/pprof
}

// NewOps returns the handler of the operator's listener: /metrics for a
// scraper, /healthz while the process lives, /readyz while it takes requests,
// POST /-/reload, which answers when it is done, and POST /api/v1/invites,
// which makes a link for an address.
func NewOps(o Ops) http.Handler {
	router := chi.NewRouter()
	router.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		send(w, dialect.PlainText(http.StatusNotFound, "nothing is served at this path"))
	})
	router.MethodNotAllowed(wrongMethod(router))
	router.Method(http.MethodGet, "/metrics", o.Metrics.Handler())
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { send(w, dialect.PlainText(http.StatusOK, "ok")) })
	router.Get("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !o.Ready.ready.Load() {
			send(w, dialect.PlainText(http.StatusServiceUnavailable, "not ready"))
			return
		}
		send(w, dialect.PlainText(http.StatusOK, "ready"))
	})
	router.Group(func(r chi.Router) {
		r.Use(holdersOf(o.Token))
		r.Post("/-/reload", func(w http.ResponseWriter, _ *http.Request) {
			o.Reload()
			send(w, dialect.PlainText(http.StatusOK, "reloaded; waymark_config_last_reload_successful tells whether the settings were good"))
		})
		r.Post("/api/v1/invites", func(w http.ResponseWriter, r *http.Request) { send(w, invitation(w, r, o.Invite)) })
	})
	if o.Pprof {
		addPprof(router)
	}
	return router
}

// wrongMethod answers with the methods that a path does have.
func wrongMethod(router chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allow []string
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if router.Match(chi.NewRouteContext(), method, r.URL.Path) {
				allow = append(allow, method)
			}
		}
		methods := strings.Join(allow, ", ")
		w.Header().Set("Allow", methods)
		refuse := dialect.PlainText
		if strings.HasPrefix(r.URL.Path, "/api/") {
			refuse = dialect.Problem
		}
		send(w, refuse(http.StatusMethodNotAllowed, "this path answers "+methods+" only"))
	}
}

// holdersOf lets pass whoever has the token, or everybody when there is none.
func holdersOf(token string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if token != "" && !dialect.HasToken(r, token) {
				send(w, dialect.Problem(http.StatusForbidden, dialect.NeedsToken))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// send writes an answer for operators. None of them is to be kept.
func send(w http.ResponseWriter, resp dialect.Response) {
	w.Header().Set("Content-Type", resp.ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(resp.Status)
	// A prober or an operator who went away needs no answer.
	_, _ = w.Write(resp.Body)
}

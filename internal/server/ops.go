package server

import (
	"net/http"
	"sync/atomic"

	"github.com/go-chi/chi/v5"

	"github.com/waymark-mail/waymark/internal/obs"
)

// Readiness tells a load balancer whether to send requests here.
type Readiness struct{ ready atomic.Bool }

// Set changes what /readyz answers.
func (s *Readiness) Set(ready bool) { s.ready.Store(ready) }

// NewOps returns the handler of the operator's listener: /metrics for a
// scraper, /healthz while the process lives, /readyz while it takes requests,
// POST /-/reload, which calls reload and answers when it is done, and POST
// /api/v1/invites, which makes a link for an address.
func NewOps(m *obs.Metrics, s *Readiness, reload func(), invite Inviter) http.Handler {
	router := chi.NewRouter()
	router.Method(http.MethodGet, "/metrics", m.Handler())
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	router.Get("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			plain(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
		plain(w, http.StatusOK, "ready\n")
	})
	router.Post("/-/reload", func(w http.ResponseWriter, _ *http.Request) {
		reload()
		plain(w, http.StatusOK, "reloaded; waymark_config_last_reload_successful tells whether the settings were good\n")
	})
	router.Post("/api/v1/invites", func(w http.ResponseWriter, r *http.Request) { invitations(w, r, invite) })
	return router
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// A prober that went away needs no answer.
	_, _ = w.Write([]byte(text))
}

package server

import (
	"net/http/pprof" // its init adds to http.DefaultServeMux, which nobody serves

	"github.com/go-chi/chi/v5"
)

// addPprof adds /debug/pprof of the Go runtime to the operator's listener:
// profiles of the processor, of memory and of goroutines. They show the command
// line and names of functions, so they are for operators who ask for them.
func addPprof(router chi.Router) {
	router.Get("/debug/pprof/", pprof.Index)
	router.Get("/debug/pprof/{profile}", pprof.Index) // heap, goroutine, allocs and the like
	router.Get("/debug/pprof/cmdline", pprof.Cmdline)
	router.Get("/debug/pprof/profile", pprof.Profile)
	router.Get("/debug/pprof/symbol", pprof.Symbol)
	router.Post("/debug/pprof/symbol", pprof.Symbol) // as go tool pprof asks
	router.Get("/debug/pprof/trace", pprof.Trace)
}

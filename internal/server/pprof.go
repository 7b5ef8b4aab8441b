package server

import (
	"net/http"
	"net/http/pprof" // its init adds to http.DefaultServeMux, which is never served
)

// addPprof adds /debug/pprof of the Go runtime to the ops listener: CPU, memory
// and goroutine profiles. They are opt-in, because they reveal the command line.
func addPprof(h *handler) {
	h.unlogged("/debug/pprof/", pprof.Index)
	h.unlogged("/debug/pprof/{profile}", pprof.Index) // heap, goroutine, allocs and the like
	h.unlogged("/debug/pprof/cmdline", pprof.Cmdline)
	h.unlogged("/debug/pprof/profile", pprof.Profile)
	h.unlogged("/debug/pprof/symbol", pprof.Symbol, http.MethodPost) // go tool pprof posts
	h.unlogged("/debug/pprof/trace", pprof.Trace)
}

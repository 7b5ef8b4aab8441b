package server

import (
	"net/http"
	"sync/atomic"
)

// Switch is a handler that can be replaced while it serves. A request keeps the
// handler that it began with.
type Switch struct{ current atomic.Pointer[http.Handler] }

// To makes h serve all further requests.
func (s *Switch) To(h http.Handler) { s.current.Store(&h) }

// ServeHTTP answers with the current handler. There must be one.
func (s *Switch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.current.Load()).ServeHTTP(w, r)
}

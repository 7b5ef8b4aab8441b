package server

import (
	"net/http"
	"sync/atomic"
)

// Switch is a handler whose insides can be exchanged while it serves. A
// request sees the one it began with, whole, to its end.
type Switch struct{ current atomic.Pointer[http.Handler] }

// To makes h answer every request from now on.
func (s *Switch) To(h http.Handler) { s.current.Store(&h) }

// ServeHTTP answers with the current handler. There must be one.
func (s *Switch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.current.Load()).ServeHTTP(w, r)
}

package server

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// sharedLimitEvery is how often the warning about a shared rate limit is logged.
const sharedLimitEvery = time.Hour

// sharedLimit notices a proxy that is not in trusted_proxies: all clients behind it
// share its rate limit.
type sharedLimit struct {
	log  *zap.Logger
	last atomic.Int64 // when it was logged, as Unix time in seconds; 0 for never
}

// exceeded warns once in a while if the client that exceeded its rate limit
// forwards requests of others. A client can pretend to, which costs one line.
func (s *sharedLimit) exceeded(r *http.Request, now time.Time) {
	header := forwards(r)
	last := s.last.Load()
	if header == "" || last > 0 && now.Sub(time.Unix(last, 0)) < sharedLimitEvery || !s.last.CompareAndSwap(last, now.Unix()) {
		return
	}
	s.log.Warn("clients share one rate limit", zap.String("header", header),
		zap.String("hint", "a client beyond its limit sends this header; if it is your proxy, list its address in trusted_proxies, and have it send X-Forwarded-For"))
}

// forwards returns the header field in which the client names another one; "" if
// there is none. X-Forwarded-For of a listed proxy begins with the client.
func forwards(r *http.Request) string {
	for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded"} {
		if values := r.Header[header]; len(values) > 0 {
			if first, _, _ := strings.Cut(values[0], ","); strings.TrimSpace(first) != callerIn(r.Context()).address {
				return header
			}
			return ""
		}
	}
	return ""
}

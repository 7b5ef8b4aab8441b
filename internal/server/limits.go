package server

import (
	"sync"
	"time"

	"github.com/go-chi/httprate"
)

// limiter counts the requests of each client, or of its IPv6 network, in a
// sliding minute.
type limiter struct {
	perMinute int
	mu        sync.Mutex // makes check and increment atomic
	seen      httprate.LimitCounter
}

// newLimiter returns a limiter; 0 returns nil, which never refuses.
func newLimiter(perMinute int) *limiter {
	if perMinute <= 0 {
		return nil
	}
	return &limiter{perMinute: perMinute, seen: httprate.NewLocalLimitCounter(time.Minute)}
}

// refuses counts a request of a client and reports whether it exceeds the limit.
func (l *limiter) refuses(client string) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over(client, time.Now().UTC()) // read under the lock: the counter drops data when time goes back
}

// over counts a request of a client and reports whether it exceeds the limit.
// Refused requests do not count, so a client that keeps asking is served again
// as soon as the last 60 seconds allow it.
func (l *limiter) over(client string, now time.Time) bool {
	this := now.Truncate(time.Minute)
	// The local counter never fails.
	count, before, _ := l.seen.Get(client, this, this.Add(-time.Minute))
	// The previous minute counts by its share of the last 60 seconds.
	still := float64(before) * float64(time.Minute-now.Sub(this)) / float64(time.Minute)
	if float64(count)+still+1 > float64(l.perMinute) {
		return true
	}
	_ = l.seen.IncrementBy(client, this, 1)
	return false
}

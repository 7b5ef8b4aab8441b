package server

import (
	"sync"
	"time"

	"github.com/go-chi/httprate"
)

// limiter counts the requests of each client, or of its network for IPv6, in a
// minute that slides.
type limiter struct {
	perMinute int
	mu        sync.Mutex // makes asking and counting one step
	seen      httprate.LimitCounter
}

// newLimiter returns a limiter; nil, which never refuses, for no limit.
func newLimiter(perMinute int) *limiter {
	if perMinute <= 0 {
		return nil
	}
	return &limiter{perMinute: perMinute, seen: httprate.NewLocalLimitCounter(time.Minute)}
}

// refuses counts a request of an address, and reports whether it is one too many.
func (l *limiter) refuses(remote string) bool {
	if l == nil {
		return false
	}
	client := httprate.CanonicalizeIP(remote)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over(client, time.Now().UTC()) // read here: a counter that is shown an earlier time forgets
}

// over counts a request of a client, and reports whether it is one too many.
// Those that are refused do not count: whoever goes on asking is answered again
// as soon as the last 60 seconds have room.
func (l *limiter) over(client string, now time.Time) bool {
	this := now.Truncate(time.Minute)
	// A counter in memory has no errors.
	count, before, _ := l.seen.Get(client, this, this.Add(-time.Minute))
	// Of the minute before, as much counts as still lies within 60 seconds.
	still := float64(before) * float64(time.Minute-now.Sub(this)) / float64(time.Minute)
	if float64(count)+still+1 > float64(l.perMinute) {
		return true
	}
	_ = l.seen.IncrementBy(client, this, 1)
	return false
}

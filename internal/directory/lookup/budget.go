package lookup

import (
	"context"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

// Budget bounds the lookups of names that are not cached and turn out to be
// unknown. Anybody can make them up. Zero means no limit.
type Budget struct {
	PerMinute int // of one client
	PerSecond int // of all clients together
	// Client returns the client of a request; "" for none in particular, which
	// is only limited together with all others.
	Client func(context.Context) string
}

type ownRequest struct{}

// Own marks a request of the operator's own programs, which ask for many clients. They
// have a budget of their own, as large as that of all clients together.
func Own(ctx context.Context) context.Context { return context.WithValue(ctx, ownRequest{}, true) }

func isOwn(ctx context.Context) bool { return ctx.Value(ownRequest{}) != nil }

func (b Budget) client(ctx context.Context) string {
	if b.Client == nil || isOwn(ctx) {
		return ""
	}
	return b.Client(ctx)
}

var (
	errTooManyOfClient error = &settings.Error{Kind: settings.RateLimited, Message: "too many unknown domains from your address; try again in a minute"}
	errTooManyOfAll    error = &settings.Error{Kind: settings.Overloaded, Message: "too many unknown domains at once; try again in a moment"}
)

// maxSpenders bounds the clients that are tracked. Beyond that they share one
// bucket.
const maxSpenders = 50_000

// spending tracks what clients spent of a Budget. A lookup takes its share at the
// beginning and gets it back if the name is known, so known names cost nothing.
type spending struct {
	Budget
	mu      sync.Mutex
	clients map[string]*bucket
	forgot  time.Time // when clients were dropped last
	// Clients that asked for unknown names in the last minute share one bucket, all
	// others another: a flood from few addresses leaves room for everybody else.
	suspects, others bucket
	programs         bucket // of requests marked by Own
}

func newSpending(b Budget, now time.Time) *spending {
	s := &spending{Budget: b, clients: map[string]*bucket{}}
	s.suspects = bucket{left: float64(b.PerSecond), at: now}
	s.others, s.programs = s.suspects, s.suspects
	return s
}

// take takes the share of one lookup of a request. The error names the limit that is
// reached. settle must be called at the end: a lookup without costs gets its share
// back.
func (s *spending) take(ctx context.Context, now time.Time) (settle func(costs bool), err error) {
	client := s.client(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	own, all := s.of(client, now), &s.others
	if isOwn(ctx) {
		all = &s.programs
	}
	if own != nil {
		own.refill(float64(s.PerMinute)/60, float64(s.PerMinute), now)
		if own.left < 1 {
			return nil, errTooManyOfClient
		}
		if now.Sub(own.spent) < time.Minute {
			all = &s.suspects
		}
	}
	if s.PerSecond > 0 {
		all.refill(float64(s.PerSecond), float64(s.PerSecond), now)
		if all.left < 1 {
			return nil, errTooManyOfAll
		}
		all.left--
	}
	if own != nil {
		own.left--
	}
	return func(costs bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !costs {
			all.left++
		}
		switch {
		case own == nil:
		case costs:
			own.spent = now
		default:
			own.left++
		}
	}, nil
}

// of returns the bucket of a client; nil for no limit.
func (s *spending) of(client string, now time.Time) *bucket {
	if s.PerMinute <= 0 || client == "" {
		return nil
	}
	if len(s.clients) >= maxSpenders && now.Sub(s.forgot) >= time.Minute {
		s.forget(now)
	}
	b, ok := s.clients[client]
	if !ok && len(s.clients) >= maxSpenders {
		client = "" // the shared one
		b, ok = s.clients[client]
	}
	if !ok {
		b = &bucket{left: float64(s.PerMinute), at: now}
		s.clients[client] = b
	}
	return b
}

// forget drops the clients that spent nothing in the last minute.
func (s *spending) forget(now time.Time) {
	s.forgot = now
	for client, b := range s.clients {
		if now.Sub(b.at) >= time.Minute {
			delete(s.clients, client)
		}
	}
}

// bucket is a token bucket.
type bucket struct {
	left float64
	at   time.Time // of left

	spent time.Time // when a client's lookup last cost something
}

func (b *bucket) refill(perSecond, most float64, now time.Time) {
	b.left = min(most, b.left+perSecond*now.Sub(b.at).Seconds())
	b.at = now
}

package mxsource

import (
	"context"
	"errors"
	"time"
)

// zoneError is an error of a resolver that works: SERVFAIL, or an answer of the
// zone that is too long or malformed.
type zoneError struct{ error }

func (e zoneError) Unwrap() error { return e.error }

// isOfZone reports whether a lookup that began at begun failed because of its zone
// rather than because the resolvers are gone. A resolver that works is silent about
// a zone whose servers do not answer, so silence alone proves nothing. It is the
// zone if a resolver has answered another question since, or answers the question
// that Check asks: that one is about the operator's own mail hosts.
func (s *Source) isOfZone(ctx context.Context, err error, begun time.Duration) bool {
	if errors.As(err, new(zoneError)) {
		return true
	}
	answeredSince := func() bool { return s.answered.Load() > int64(begun) }
	if answeredSince() {
		return true
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout/4)
	defer cancel()
	_, err = s.askAll(limited, question(s.patterns.first()))
	return err == nil || errors.As(err, new(zoneError)) || answeredSince()
}

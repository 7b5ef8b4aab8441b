package lookup

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

var (
	errClosed = errors.New("the lookup is closed: the settings changed, or the service ends")
	errLate   = errors.New("the answer did not come while somebody waited for it")
)

// asked is a source with all that keeps it from being asked too much.
type asked struct {
	Named
	options *Options
	gate    *gate
	health  health
}

func newAsked(n Named, o *Options) *asked {
	if n.Concurrent <= 0 {
		n.Concurrent = defaultConcurrent
	}
	return &asked{Named: n, options: o, gate: newGate(n.Concurrent)}
}

// ask puts one question, about a domain or a mailbox of it. The record is nil
// with every error: source.ErrNotFound, or a settings.Error.
func (a *asked) ask(ctx context.Context, d address.Domain, u urgency, put func(context.Context) (source.Record, error)) (*source.Record, error) {
	if err := a.gate.enter(ctx, u); err != nil {
		return nil, a.refused(u, err)
	}
	defer a.gate.leave(u)
	if a.health.resting(time.Now()) {
		return nil, a.refused(u, errResting)
	}
	begun := time.Now()
	r, err := careful(ctx, put)
	a.options.Took(a.Name, time.Since(begun))
	unknown := errors.Is(err, source.ErrNotFound)
	switch {
	case err == nil:
		a.options.Asked(a.Name, "found")
	case unknown:
		a.options.Asked(a.Name, "unknown")
		err = nil
	case errors.Is(context.Cause(ctx), errClosed):
		return nil, unavailable(errClosed)
	default:
		a.options.Asked(a.Name, "error")
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %v: %w", a.options.Timeout, err)
		}
		err = fmt.Errorf("source %s: %w", a.Name, err)
	}
	if failures, tell := a.health.note(time.Now(), d, err); tell {
		a.options.Report(a.Name, failures, err)
	}
	switch {
	case unknown:
		return nil, source.ErrNotFound
	case err != nil:
		return nil, unavailable(err)
	}
	return &r, nil
}

// refused returns the error for a question that was not put. To refresh ahead
// of time is not worth a word when it is not the time.
func (a *asked) refused(u urgency, err error) error {
	if u != ahead {
		a.options.Asked(a.Name, "error")
	}
	return unavailable(fmt.Errorf("source %s: %w", a.Name, err))
}

// careful turns a panic into an error: there is no request around a question
// that could end with it, so the service would.
func careful(ctx context.Context, put func(context.Context) (source.Record, error)) (r source.Record, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("a defect of the source: %w", p)
		default: // whatever it is, it may hold an address
			err = fmt.Errorf("a defect of the source: panic with a %T", p)
		}
	}()
	return put(ctx)
}

// unavailable gives an error its public face.
func unavailable(cause error) error {
	return &settings.Error{
		Kind:    settings.Unavailable,
		Message: "the settings can't be looked up at the moment; try again later",
		Cause:   cause,
	}
}

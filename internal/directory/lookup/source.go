package lookup

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

var (
	errClosed = errors.New("the lookup is closed: the settings changed or the service is stopping")
	errLate   = errors.New("no answer in time")
)

// limited is a source with limits on how often it is queried.
type limited struct {
	Named
	options *Options
	gate    *gate
	health  health
	names   nameReports
	known   atomic.Bool // an answer about a domain was cached
}

func newLimited(n Named, o *Options) *limited {
	if n.Concurrent <= 0 {
		n.Concurrent = defaultConcurrent
	}
	return &limited{Named: n, options: o, gate: newGate(n.Concurrent)}
}

// ask sends one query about a domain or one of its mailboxes. The record is nil
// with every error: source.ErrNotFound or a settings.Error.
func (l *limited) ask(ctx context.Context, d address.Domain, u urgency, query func(context.Context) (source.Record, error)) (*source.Record, error) {
	if err := l.gate.enter(ctx, u); err != nil {
		return nil, l.refused(u, err)
	}
	defer l.gate.leave(u)
	if l.health.backingOff(time.Now()) {
		return nil, l.refused(u, errBackOff)
	}
	begun := time.Now()
	r, err := careful(ctx, query)
	l.options.Took(l.Name, time.Since(begun))
	unknown := errors.Is(err, source.ErrNotFound)
	var ofName *source.NameError
	switch {
	case errors.As(err, &ofName): // the source works
		l.options.Asked(l.Name, "name_error")
		err = fmt.Errorf("source %s: %s: %w", l.Name, d, err)
		if failures, report := l.names.note(time.Now(), d, ofName.Row); report {
			l.options.ReportName(l.Name, d, failures, err)
		}
		failed := unavailable(err)
		if !ofName.Row {
			failed.Kind = settings.LookupFailed
		}
		return nil, failed
	case err == nil:
		l.options.Asked(l.Name, "found")
	case unknown:
		l.options.Asked(l.Name, "unknown")
		err = nil
	case errors.Is(context.Cause(ctx), errClosed):
		return nil, unavailable(errClosed)
	default:
		l.options.Asked(l.Name, "error")
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %v: %w", l.options.Timeout, err)
		}
		err = fmt.Errorf("source %s: %w", l.Name, err)
	}
	if failures, report := l.health.note(time.Now(), d, err); report {
		l.options.Report(l.Name, failures, err)
	}
	switch {
	case unknown:
		return nil, source.ErrNotFound
	case err != nil:
		return nil, unavailable(err)
	}
	return &r, nil
}

// refused returns the error of a query that was not sent. A prefetch that finds
// no room is not counted.
func (l *limited) refused(u urgency, err error) error {
	if u != prefetch {
		l.options.Asked(l.Name, "error")
	}
	return unavailable(fmt.Errorf("source %s: %w", l.Name, err))
}

// careful turns a panic into an error: queries run outside requests, so a panic
// would end the service.
func careful(ctx context.Context, query func(context.Context) (source.Record, error)) (r source.Record, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("the source panicked: %w", p)
		default: // the value may contain an address
			err = fmt.Errorf("the source panicked with a %T", p)
		}
	}()
	return query(ctx)
}

// unavailable gives an error its public face.
func unavailable(cause error) *settings.Error {
	return &settings.Error{
		Kind:    settings.Unavailable,
		Message: "the settings can't be looked up at the moment; try again later",
		Cause:   cause,
	}
}

package sqlsource

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

const (
	firstPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
	// defaultPing is how often Watch checks an idle connection: a firewall may
	// have dropped it silently.
	defaultPing = 30 * time.Second
)

// channelForm is a name that means the same to NOTIFY, which folds case, and to
// pg_notify, which does not.
var channelForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
})

func checkChannel(opts source.SQL) error {
	switch {
	case opts.Channel == "" || opts.Driver == "postgres" && channelForm().MatchString(opts.Channel):
		return nil
	case opts.Driver != "postgres":
		return errors.New("notify: only postgres sends change notifications")
	}
	return errors.New("notify: must be 1 to 63 characters from a to z, 0 to 9 and _, and not begin with a digit")
}

// Watch calls changed with each domain that the database notifies about, and
// with "" when every domain may have changed: for a payload that is empty or not
// a domain, and after every (re)connect, because notifications are lost in
// between. It calls failed once for each outage. Calls do not overlap. Watch
// returns when ctx ends, and at once when there is no channel.
func (s *Source) Watch(ctx context.Context, changed func(address.Domain), failed func(error)) {
	if s.opts.Channel == "" {
		return
	}
	reported := false
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		err := s.listen(ctx, func(d address.Domain) {
			pause, reported = firstPause, false
			changed(d)
		})
		if !reported && ctx.Err() == nil {
			reported = true
			failed(fmt.Errorf("%s: notifications on %s: %w", s.name, s.opts.Channel, s.explain(ctx, err)))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// listen returns when the connection cannot be made or breaks.
func (s *Source) listen(ctx context.Context, changed func(address.Domain)) (err error) {
	limited, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(limited, s.backend.listen)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.Timeout)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	if err := s.backend.sessions.examine(limited, conn); err != nil {
		return err
	}
	if s.backend.sessions.pooled.Load() {
		return plainError{errPooledNotify}
	}
	if _, err := conn.Exec(limited, "LISTEN "+pgx.Identifier{s.opts.Channel}.Sanitize()); err != nil {
		return err
	}
	changed("")
	for {
		payload, err := s.next(ctx, conn)
		if err != nil {
			return err
		}
		d, err := address.ParseDomain(payload)
		if err != nil {
			d = ""
		}
		changed(d)
	}
}

// next waits for a notification and pings the server while none arrives.
func (s *Source) next(ctx context.Context, conn *pgx.Conn) (string, error) {
	for {
		waiting, cancel := context.WithTimeout(ctx, s.ping)
		n, err := conn.WaitForNotification(waiting)
		cancel()
		if err == nil {
			return n.Payload, nil
		}
		if ctx.Err() != nil || waiting.Err() == nil || conn.IsClosed() {
			return "", err
		}
		limited, cancel := context.WithTimeout(ctx, s.opts.Timeout)
		err = conn.Ping(limited)
		cancel()
		if err != nil {
			return "", err
		}
	}
}

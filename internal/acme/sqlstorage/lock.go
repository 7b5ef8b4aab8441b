package sqlstorage

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

const (
	// lease is how long a lock outlives a holder that was killed.
	lease = 30 * time.Second
	// tryAgain is how soon a lock that another replica holds is tried again, or a
	// database that is down.
	tryAgain = 500 * time.Millisecond
)

// lock is one that this process holds, and renews until stop.
type lock struct {
	holder string
	stop   context.CancelFunc
}

// Lock implements certmagic.Locker. The clock is that of the database.
func (s *Storage) Lock(ctx context.Context, name string) error {
	holder := rand.Text()
	for {
		got, err := s.try(ctx, name, holder)
		if err != nil {
			return fmt.Errorf("cannot lock %s: %w", name, err)
		}
		if got {
			s.hold(name, holder)
			return nil
		}
		select {
		case <-time.After(tryAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Storage) try(ctx context.Context, name, holder string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := s.db.ExecContext(ctx, `INSERT INTO waymark_certificate_locks AS l (name, holder, expires) VALUES ($1, $2, now() + $3 * interval '1 second')
		ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, expires = EXCLUDED.expires WHERE l.expires < now()`, name, holder, s.lease.Seconds())
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

// hold renews a lock until it is unlocked. While the database is down, renewals fail
// until it is back, and somebody else may have the lock then.
func (s *Storage) hold(name, holder string) {
	ctx, stop := context.WithCancel(context.Background())
	s.mu.Lock()
	s.locks[name] = &lock{holder, stop}
	s.mu.Unlock()
	go func() {
		tick := time.NewTicker(s.lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.renew(ctx, name, holder)
			case <-ctx.Done():
				return
			}
		}
	}()
}

func (s *Storage) renew(ctx context.Context, name, holder string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// An error means that the database is down; the next tick tries again.
	_, _ = s.db.ExecContext(ctx, `UPDATE waymark_certificate_locks SET expires = now() + $3 * interval '1 second' WHERE name = $1 AND holder = $2`, name, holder, s.lease.Seconds())
}

// Unlock implements certmagic.Locker.
func (s *Storage) Unlock(ctx context.Context, name string) error {
	s.mu.Lock()
	l := s.locks[name]
	delete(s.locks, name)
	s.mu.Unlock()
	if l == nil {
		return fmt.Errorf("%s is not locked", name)
	}
	l.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_, err := s.db.ExecContext(ctx, `DELETE FROM waymark_certificate_locks WHERE name = $1 AND holder = $2`, name, l.holder)
	return err
}

package lookup

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
)

// urgency is the priority of a query.
type urgency uint8

const (
	miss     urgency = iota // nothing is cached; leaves room for the others
	stale                   // a stale answer is cached
	prefetch                // a fresh answer is cached; does not wait for room
)

// maxQueued is how many queries may wait at one source. Further ones fail at once:
// they would be answered too late and use memory until then.
const maxQueued = 1024

var (
	errBusy    = errors.New("too many queries at a time")
	errBackOff = errors.New("not queried: it failed several times in a row")
)

// gate limits the concurrent queries to a source. Anybody can make up names that
// are not cached, so misses never take all the room.
type gate struct {
	room, roomForMisses chan struct{}
	queued              atomic.Int32
}

func newGate(concurrent int) *gate {
	return &gate{
		room:          make(chan struct{}, concurrent),
		roomForMisses: make(chan struct{}, concurrent-concurrent/4),
	}
}

// enter waits for room. After success the caller must call leave.
func (g *gate) enter(ctx context.Context, u urgency) error {
	if u == prefetch {
		select {
		case g.room <- struct{}{}:
			return nil
		default:
			return errBusy
		}
	}
	defer g.queued.Add(-1)
	if g.queued.Add(1) > maxQueued {
		return errBusy
	}
	if u == miss {
		if err := take(ctx, g.roomForMisses); err != nil {
			return err
		}
	}
	err := take(ctx, g.room)
	if err != nil && u == miss {
		<-g.roomForMisses
	}
	return err
}

func take(ctx context.Context, room chan struct{}) error {
	select {
	case room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errBusy
	}
}

func (g *gate) leave(u urgency) {
	<-g.room
	if u == miss {
		<-g.roomForMisses
	}
}

const (
	// After maxFailures in a row, a source is not queried for sourceBackOff after
	// each further one: thousands of attempts a second do not help a database that
	// is starting.
	maxFailures   = 5
	sourceBackOff = 250 * time.Millisecond
	// reportEvery is the shortest time between two reports.
	reportEvery = time.Minute
)

// health tracks whether a source is available.
type health struct {
	mu       sync.Mutex
	failures int            // in a row; consecutive ones of one domain count once
	about    address.Domain // of the last failure
	at       time.Time      // of the last failure

	unreported int
	reported   time.Time // of the last reported failure
	down       bool      // reported as unavailable, and not yet as available again
}

func (h *health) backingOff(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failures >= maxFailures && now.Sub(h.at) < sourceBackOff
}

// note records the result of a query about a domain, nil for success. It returns
// whether to report it, and with how many failures. A single unreadable row that
// is queried again and again causes no back-off.
func (h *health) note(now time.Time, d address.Domain, err error) (failures int, report bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		h.failures = 0
		report, h.down = h.down, false
		return 0, report
	}
	if h.failures == 0 || h.about != d {
		h.failures++
	}
	h.about, h.at = d, now
	h.unreported++
	if !h.reported.IsZero() && now.Sub(h.reported) < reportEvery {
		return 0, false
	}
	failures, h.unreported = h.unreported, 0
	h.reported, h.down = now, true
	return failures, true
}

package lookup

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
)

// urgency says how a question may queue.
type urgency uint8

const (
	cold    urgency = iota // nothing is remembered: leaves some room for the others
	overdue                // there is an older answer
	ahead                  // the answer is still good: only when there is room now
)

// maxQueued is how many questions may wait for their turn at one source. More
// are refused: they would be answered too late, and hold memory until then.
const maxQueued = 1024

var (
	errBusy    = errors.New("too many questions at a time")
	errResting = errors.New("not asked again so soon: it could not tell several times in a row")
)

// gate lets some questions at a time through to a source. What nobody knows
// can be made up without end, so that these questions never get all the room:
// what is remembered can always be asked again.
type gate struct {
	room, roomForCold chan struct{}
	queued            atomic.Int32
}

func newGate(concurrent int) *gate {
	return &gate{
		room:        make(chan struct{}, concurrent),
		roomForCold: make(chan struct{}, concurrent-concurrent/4),
	}
}

// enter waits for room. Who got in has to leave.
func (g *gate) enter(ctx context.Context, u urgency) error {
	if u == ahead {
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
	if u == cold {
		if err := take(ctx, g.roomForCold); err != nil {
			return err
		}
	}
	err := take(ctx, g.room)
	if err != nil && u == cold {
		<-g.roomForCold
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
	if u == cold {
		<-g.roomForCold
	}
}

const (
	// restAfter failures in a row a source is left alone for a rest after
	// each: a database that starts again is not helped by thousands of
	// attempts a second.
	restAfter = 5
	rest      = 250 * time.Millisecond
	// reportEvery is how often a failure is reported at most.
	reportEvery = time.Minute
)

// health follows whether a source can tell.
type health struct {
	mu       sync.Mutex
	failures int            // in a row; of one domain after the other once only
	about    address.Domain // the domain of the last failure
	at       time.Time      // of the last failure

	unreported int
	reported   time.Time // when a failure was reported last
	down       bool      // reported, and not yet that it answers again
}

func (h *health) resting(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failures >= restAfter && now.Sub(h.at) < rest
}

// note notes how a question about a domain ended, nil for well, and returns
// whether it is to be reported and with how many failures. One row that can
// not be read, asked for again and again, is no reason for a rest.
func (h *health) note(now time.Time, d address.Domain, err error) (failures int, tell bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		h.failures = 0
		tell, h.down = h.down, false
		return 0, tell
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

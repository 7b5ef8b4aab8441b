package lookup

import (
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
)

// maxRows is how many broken rows of a source are reported in a minute. There are
// only as many as the operator has; anybody can make up the other names, and those
// share one report.
const maxRows = 20

// nameReports limits the reports about single names.
type nameReports struct {
	mu         sync.Mutex
	begun      time.Time // of the current minute
	rows       map[address.Domain]bool
	reported   bool // a name without a row, in this minute
	unreported int
}

// note records a failure. It returns whether to report it, and with how many
// failures.
func (n *nameReports) note(now time.Time, d address.Domain, row bool) (failures int, report bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.begun.IsZero() || now.Sub(n.begun) >= reportEvery {
		n.begun, n.rows, n.reported = now, map[address.Domain]bool{}, false
	}
	if row {
		if n.rows[d] || len(n.rows) >= maxRows {
			return 0, false
		}
		n.rows[d] = true
		return 1, true
	}
	n.unreported++
	if n.reported {
		return 0, false
	}
	failures, n.unreported, n.reported = n.unreported, 0, true
	return failures, true
}

package passwordcheck

import (
	"hash/maphash"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	window = 15 * time.Minute
	// triesEach is the number of tries of one mailbox within the window.
	triesEach = 10
	// triesOverall bounds the tries of all mailboxes within the window. It limits
	// the memory, and trying one password at many addresses.
	triesOverall = 100_000
)

// share returns how much one network may have of a supply of which used is taken.
// The less is left, the smaller the share, so that a few networks cannot use up
// the supply of everybody: the last quarter of the tries takes more than 8,000
// networks.
func share(used, overall, most int) int {
	switch {
	case used < overall/2:
		return most
	case used < overall/4*3:
		return max(1, most/10)
	}
	return max(1, most/30)
}

// Shares of one network while there is enough for everybody.
const (
	triesPerNetwork   = 100
	runningPerNetwork = 4
)

// network returns the network that a visitor has at their disposal: a /48 of
// IPv6, and a /24 of IPv4. Visitors without a known address share one.
func network(client netip.Addr) netip.Prefix {
	client = client.Unmap().WithZone("")
	bits := 24
	if client.Is6() {
		bits = 48
	}
	p, err := client.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// ledger counts the tries of the last window. It stores no login and no address,
// only hashes of them with its own seed. When it is full it refuses tries: if it
// evicted entries, a guesser could make it forget.
type ledger struct {
	seed maphash.Seed

	mu    sync.Mutex
	tries []entry // oldest first
	count map[uint64]int
}

type entry struct {
	at   time.Time
	keys [3]uint64
}

func newLedger() *ledger {
	return &ledger{seed: maphash.MakeSeed(), count: map[uint64]int{}}
}

// limit is what a refused try exceeds, as a result of Options.Count.
type limit string

const (
	admitted       limit = ""
	limitedMailbox limit = "limited_mailbox"
	limitedNetwork limit = "limited_network"
	limitedTotal   limit = "limited_total"
)

// admit counts a try under two names, regardless of case, and under the network of
// the client, and returns the limit that it exceeds. A refused try is not counted.
func (l *ledger) admit(now time.Time, client netip.Addr, one, other string) limit {
	keys := [3]uint64{
		maphash.String(l.seed, strings.ToLower(one)), maphash.String(l.seed, strings.ToLower(other)),
		maphash.Comparable(l.seed, network(client)),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	switch {
	case l.count[keys[0]] >= triesEach || l.count[keys[1]] >= triesEach:
		return limitedMailbox
	case len(l.tries) >= triesOverall:
		return limitedTotal
	case l.count[keys[2]] >= share(len(l.tries), triesOverall, triesPerNetwork):
		return limitedNetwork
	}
	l.tries = append(l.tries, entry{now, keys})
	for _, key := range keys {
		l.count[key]++
	}
	return admitted
}

// forget drops the tries that are older than the window.
func (l *ledger) forget(now time.Time) {
	for len(l.tries) > 0 && now.Sub(l.tries[0].at) >= window {
		for _, key := range l.tries[0].keys {
			if l.count[key]--; l.count[key] == 0 {
				delete(l.count, key)
			}
		}
		l.tries = l.tries[1:]
	}
}

// slots bound the concurrent tries, and those of each network.
type slots struct {
	mu      sync.Mutex
	running int
	of      map[netip.Prefix]int
}

// take returns the limit that another try would exceed.
func (s *slots) take(client netip.Addr) limit {
	n := network(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.running >= maxRunning:
		return limitedTotal
	case s.of[n] >= share(s.running, maxRunning, runningPerNetwork):
		return limitedNetwork
	}
	s.running++
	s.of[n]++
	return admitted
}

func (s *slots) free(client netip.Addr) {
	n := network(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	if s.of[n]--; s.of[n] == 0 {
		delete(s.of, n)
	}
}

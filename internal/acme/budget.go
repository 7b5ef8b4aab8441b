package acme

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/waymark-mail/waymark/internal/address"
)

// errLimited is wrapped by the error about an order that would exceed a budget.
var errLimited = errors.New("too many orders")

const week = 7 * 24 * time.Hour

// budget counts orders of first certificates, so that no customer and no flood of
// names exhausts what the authority allows.
type budget struct {
	Limits
	mu     sync.Mutex
	orders []order // of the last week, the first one first
}

type order struct {
	at         time.Time
	registered string
}

// take counts an order, or returns why it may not be made.
func (b *budget) take(name address.Domain, now time.Time) error {
	registered, err := publicsuffix.EffectiveTLDPlusOne(string(name))
	if err != nil {
		registered = string(name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.orders) > 0 && now.Sub(b.orders[0].at) >= week {
		b.orders = b.orders[1:]
	}
	inHour, ofDomain := 0, 0
	for _, o := range b.orders {
		if now.Sub(o.at) < time.Hour {
			inHour++
		}
		if o.registered == registered {
			ofDomain++
		}
	}
	switch {
	case inHour >= b.PerHour:
		return fmt.Errorf("%w: %d in the last hour, the limit of tls.acme.orders_per_hour", errLimited, inHour)
	case ofDomain >= b.PerDomain:
		return fmt.Errorf("%w: %d for names below %s in a week, the limit of tls.acme.orders_per_domain", errLimited, ofDomain, registered)
	}
	b.orders = append(b.orders, order{now, registered})
	return nil
}

// failures are the names whose last order failed, and until when they wait.
type failures struct {
	mu     sync.Mutex
	byName map[address.Domain]failure
}

type failure struct {
	count int
	until time.Time
	err   error
}

const (
	// firstWait doubles with each failure of a name up to lastWait. Authorities allow
	// five failed validations of a name in an hour.
	firstWait = 5 * time.Minute
	lastWait  = 6 * time.Hour
	// lookWait is the wait after a look-up in DNS: somebody may be setting it up.
	lookWait = time.Minute
	// maxFailures bounds the names. Beyond it, others are forgotten.
	maxFailures = 10_000
)

// waiting returns the last error of a name that must still wait.
func (f *failures) waiting(name address.Domain, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	last, ok := f.byName[name]
	if !ok || !now.Before(last.until) {
		return nil
	}
	return fmt.Errorf("no order before %s: %w", last.until.UTC().Format(time.RFC3339), last.err)
}

// ordered records that an order of a name failed.
func (f *failures) ordered(name address.Domain, err error, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	count := f.byName[name].count + 1
	wait := lastWait
	if doublings := count - 1; doublings < 7 {
		wait = min(firstWait<<doublings, lastWait)
	}
	f.keep(name, failure{count, now.Add(wait), err})
}

// looked records that an order of a name was not made because of DNS.
func (f *failures) looked(name address.Domain, err error, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(name, failure{f.byName[name].count, now.Add(lookWait), err})
}

// elsewhere reports whether a name led elsewhere when it was last looked up for an order.
func (f *failures) elsewhere(name address.Domain) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Is(f.byName[name].err, errElsewhere)
}

func (f *failures) keep(name address.Domain, last failure) {
	if f.byName == nil {
		f.byName = map[address.Domain]failure{}
	}
	f.byName[name] = last
	for other := range f.byName {
		if len(f.byName) <= maxFailures {
			break
		}
		delete(f.byName, other)
	}
}

// clear forgets a name, which has a certificate.
func (f *failures) clear(name address.Domain) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byName, name)
}

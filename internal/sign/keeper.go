package sign

import (
	"sync/atomic"
	"time"
)

// Keeper holds the current identity. It is safe for concurrent use.
type Keeper struct {
	load    func(now time.Time) (*Identity, error)
	now     func() time.Time
	current atomic.Pointer[Identity]
}

// NewKeeper loads an identity with load, which Reload calls again.
func NewKeeper(load func(now time.Time) (*Identity, error), now func() time.Time) (*Keeper, error) {
	k := &Keeper{load: load, now: now}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload loads the identity again. On an error, as when only one of two files
// has been written yet, the current one stays.
func (k *Keeper) Reload() error {
	id, err := k.load(k.now())
	if err != nil {
		return err
	}
	k.current.Store(id)
	return nil
}

// Identity returns the current identity.
func (k *Keeper) Identity() *Identity { return k.current.Load() }

// Sign signs with the current identity.
func (k *Keeper) Sign(content []byte) ([]byte, error) { return k.Identity().Sign(content) }

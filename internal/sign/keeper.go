package sign

import (
	"errors"
	"sync/atomic"
	"time"
)

// ErrNoIdentity is returned by a Keeper that never had an identity.
var ErrNoIdentity = errors.New("there is no signing identity")

// Keeper holds the current identity. It is safe for concurrent use.
type Keeper struct {
	load    func(now time.Time) (*Identity, error)
	now     func() time.Time
	current atomic.Pointer[Identity]
}

// NewKeeper loads an identity with load, which Reload calls again. With an error,
// the Keeper has none until Reload succeeds.
func NewKeeper(load func(now time.Time) (*Identity, error), now func() time.Time) (*Keeper, error) {
	k := &Keeper{load: load, now: now}
	return k, k.Reload()
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

// Use makes id the current identity, until Reload succeeds.
func (k *Keeper) Use(id *Identity) { k.current.Store(id) }

// Identity returns the current identity; nil for none.
func (k *Keeper) Identity() *Identity { return k.current.Load() }

// Sign signs with the current identity.
func (k *Keeper) Sign(content []byte) ([]byte, error) {
	id := k.Identity()
	if id == nil {
		return nil, ErrNoIdentity
	}
	return id.Sign(content)
}

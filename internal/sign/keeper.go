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
// the Keeper has none until Reload succeeds, or one that is not valid now.
func NewKeeper(load func(now time.Time) (*Identity, error), now func() time.Time) (*Keeper, error) {
	k := &Keeper{load: load, now: now}
	return k, k.Reload()
}

// Reload loads the identity again. On an error, as when only one of two files
// has been written yet, the current one stays. One that is not valid now replaces
// only another such one: it is an error, too, and signs as soon as it is valid.
func (k *Keeper) Reload() error {
	now := k.now()
	id, err := k.load(now)
	if err != nil {
		return err
	}
	err = id.Valid(now)
	if err == nil || k.Valid() != nil {
		k.current.Store(id)
	}
	return err
}

// Use makes id the current identity, until Reload succeeds.
func (k *Keeper) Use(id *Identity) { k.current.Store(id) }

// Identity returns the current identity; nil for none.
func (k *Keeper) Identity() *Identity { return k.current.Load() }

// Valid returns nil if there is an identity that is valid now, else ErrNoIdentity or
// a certs.NotValidError.
func (k *Keeper) Valid() error {
	_, err := k.valid()
	return err
}

func (k *Keeper) valid() (*Identity, error) {
	id := k.Identity()
	if id == nil {
		return nil, ErrNoIdentity
	}
	return id, id.Valid(k.now())
}

// Sign signs with the current identity, if it is valid now: see Valid.
func (k *Keeper) Sign(content []byte) ([]byte, error) {
	id, err := k.valid()
	if err != nil {
		return nil, err
	}
	return id.Sign(content)
}

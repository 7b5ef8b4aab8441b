package invite

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/waymark-mail/waymark/internal/address"
)

// Purpose is what a token may be used for. A token is valid for one purpose only.
type Purpose byte

// The purposes. Their numbers are part of existing links.
const (
	Setup Purpose = 1 // opens the set-up page of the address with a greeting
	// Page opens the set-up page of an address that somebody typed, and downloads
	// its Apple profile.
	Page Purpose = 2
	// Proven does what Page does, and shows the user name of the address. Whoever
	// has it proved to own the address.
	Proven Purpose = 3
)

var (
	// ErrExpired is returned for a token that was valid.
	ErrExpired = errors.New("the link has expired")
	// ErrInvalid is returned for a token that was not issued, was altered, or
	// was sealed with a removed key.
	ErrInvalid = errors.New("the link is incomplete or invalid")
)

// MinSecret is the minimum length of a secret in characters: 24 random bytes in
// base64.
const MinSecret = 32

// Keys seal and open tokens. It is safe for concurrent use.
type Keys struct{ all []cipher.AEAD }

// NewKeys derives keys from secrets. The first one seals, all open: to rotate
// keys, put a new secret first and remove the old one when its links have
// expired.
func NewKeys(secrets []string) (*Keys, error) {
	if len(secrets) == 0 {
		return nil, errors.New("there is no key")
	}
	k := &Keys{}
	for i, secret := range secrets {
		if len(secret) < MinSecret {
			return nil, fmt.Errorf("key %d is too short: it has %d characters and needs %d; generate one with openssl rand -base64 32", i+1, len(secret), MinSecret)
		}
		aead, err := newAEAD([]byte(secret))
		if err != nil {
			return nil, err
		}
		k.all = append(k.all, aead)
	}
	return k, nil
}

// RandomKeys returns random keys, for tokens that this process alone opens.
func RandomKeys() *Keys {
	secret := make([]byte, MinSecret)
	rand.Read(secret) // never fails
	aead, err := newAEAD(secret)
	if err != nil {
		panic(err) // the sizes are constants
	}
	return &Keys{all: []cipher.AEAD{aead}}
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "waymark invitation 1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.NewX(key)
}

// Seal returns a token for an address that expires at until, in whole seconds. It
// contains only letters, digits, - and _.
func (k *Keys) Seal(p Purpose, a address.Address, until time.Time) string {
	aead := k.all[0]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+8+len(a.String())+aead.Overhead())
	rand.Read(nonce)                                                  // never fails
	plain := binary.BigEndian.AppendUint64(nil, uint64(until.Unix())) //nolint:gosec // Open reverses it
	plain = append(plain, a.String()...)
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, []byte{byte(p)}))
}

// How long the URL of a page works, so that a tab can be restored, and how long it
// shows the user name after a password check.
const (
	pageLifetime   = 30 * 24 * time.Hour
	provenLifetime = time.Hour
)

// SealPage returns the token of a page, for the purpose Page or Proven.
func (k *Keys) SealPage(p Purpose, a address.Address, now time.Time) string {
	if p == Proven {
		return k.Seal(p, a, now.Add(provenLifetime))
	}
	return k.Seal(p, a, now.Add(pageLifetime))
}

// OpenPage opens the token of a page. proven reports whether it may show the user
// name. When that is over, the page goes on without. The errors are those of Open.
func (k *Keys) OpenPage(token string, now time.Time) (a address.Address, until time.Time, proven bool, err error) {
	a, until, err = k.Open(Proven, token, now)
	switch {
	case err == nil:
		return a, until, true, nil
	case errors.Is(err, ErrExpired) && now.Sub(until) < pageLifetime:
		return a, until, false, nil
	case errors.Is(err, ErrInvalid):
		a, until, err = k.Open(Page, token, now)
	}
	return a, until, false, err
}

// maxToken is the length of the token of the longest address.
const maxToken = (24 + 8 + 320 + 16) * 4 / 3

// Open returns the address in a token and when it expires. The error is
// ErrInvalid, or ErrExpired, which comes with both so that the page can show
// the address.
func (k *Keys) Open(p Purpose, token string, now time.Time) (address.Address, time.Time, error) {
	// The decoder ignores line breaks, which would give one link many forms.
	if len(token) > maxToken+2 || strings.ContainsAny(token, "\r\n") {
		return address.Address{}, time.Time{}, ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return address.Address{}, time.Time{}, ErrInvalid
	}
	for _, aead := range k.all {
		if len(sealed) < aead.NonceSize() {
			break
		}
		nonce, rest := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
		plain, err := aead.Open(nil, nonce, rest, []byte{byte(p)})
		if err != nil || len(plain) < 8 {
			continue
		}
		until := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0) //nolint:gosec // reverses Seal
		a, err := address.Parse(string(plain[8:]))
		switch {
		case err != nil:
			return address.Address{}, time.Time{}, ErrInvalid
		case now.After(until):
			return a, until, ErrExpired
		}
		return a, until, nil
	}
	return address.Address{}, time.Time{}, ErrInvalid
}

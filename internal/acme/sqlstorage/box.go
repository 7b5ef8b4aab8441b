package sqlstorage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
)

// version is the first octet of a value: AES-256-GCM with a random nonce, under a key
// that HKDF-SHA256 (RFC 5869) derives from the secret.
const version = 1

// purpose separates the key from others that the same secret could be used for.
const purpose = "waymark certificate storage 1"

var errSealed = errors.New("cannot decrypt what the database has: tls.acme.storage.key is not the one that it was stored with, or it was changed")

func newBox(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts the value of a name. It opens under that name alone.
func (s *Storage) seal(name string, value []byte) []byte {
	sealed := []byte{version}
	return append(sealed, s.box.Seal(nil, nil, value, []byte(name))...) //nolint:gosec // the AEAD makes a random nonce, which comes first
}

func (s *Storage) open(name string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, errSealed
	}
	value, err := s.box.Open(nil, nil, sealed[1:], []byte(name))
	if err != nil {
		return nil, errSealed
	}
	return value, nil
}

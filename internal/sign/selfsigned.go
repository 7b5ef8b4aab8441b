package sign

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/waymark-mail/waymark/internal/certs"
)

const (
	// selfSignedFile holds both certificate and key, so that concurrent
	// processes cannot mix theirs.
	selfSignedFile     = "signing-self-signed.pem"
	selfSignedValidity = 10 * 365 * 24 * time.Hour
)

// SelfSigned returns the identity stored in dir. It creates one if there is
// none, or if it has expired or expires soon. The key is RSA, which is proven on
// Apple devices; they show its profiles as not verified. Processes that start
// at the same time get the same identity.
func SelfSigned(dir string, now time.Time) (id *Identity, created bool, err error) {
	path := filepath.Join(dir, selfSignedFile)
	removeLeftovers(path, now)
	id, err = Load(path, path, now)
	switch {
	case err == nil && id.NotAfter().Sub(now) > expiresSoon:
		return id, false, id.Valid(now) // before it is valid, the clock is wrong
	case err == nil: // also if it was created when the clock was wrong
		created, err = putSelfSigned(path, now, os.Rename)
	case errors.Is(err, fs.ErrNotExist):
		created, err = putSelfSigned(path, now, link)
	}
	if err != nil {
		return nil, false, err
	}
	id, err = Load(path, path, now)
	return id, created, err
}

// Temporary returns an identity that is stored nowhere, for when SelfSigned fails.
func Temporary(now time.Time) (*Identity, error) {
	content, err := makeSelfSigned(now)
	if err != nil {
		return nil, err
	}
	pair, err := certs.ParsePair(content, content)
	if err != nil {
		return nil, err
	}
	return prove(pair)
}

// link puts a file at a path where there is none.
func link(from, to string) error { return linkWith(os.Link, from, to) }

// linkWith is link with another function for hard links. It never replaces a file,
// except on file systems without hard links, when two processes start at the same time.
func linkWith(hardLink func(from, to string) error, from, to string) error {
	err := hardLink(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, statErr := os.Lstat(to); !errors.Is(statErr, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	return os.Rename(from, to)
}

// leftover is the age from which a temporary file is one of a process that was
// killed: no process needs it for longer than a moment.
const leftover = time.Minute

// removeLeftovers removes the temporary files, with their private keys, of
// processes that were killed. Errors do not matter: it is tried again.
func removeLeftovers(path string, now time.Time) {
	files, err := filepath.Glob(path + ".*")
	if err != nil {
		return
	}
	for _, file := range files {
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > leftover {
			_ = os.Remove(file)
		}
	}
}

// putSelfSigned creates an identity at path, unless put reports that another
// process was faster.
func putSelfSigned(path string, now time.Time, put func(from, to string) error) (created bool, err error) {
	temporary, err := writeSelfSigned(path, now)
	if err != nil {
		return false, err
	}
	defer func() { _ = os.Remove(temporary) }() // a leftover file is harmless
	err = put(temporary, path)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// writeSelfSigned writes a new identity to a temporary file beside path.
func writeSelfSigned(path string, now time.Time) (temporary string, err error) {
	content, err := makeSelfSigned(now)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), selfSignedFile+".*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func makeSelfSigned(now time.Time) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		return nil, fmt.Errorf("cannot generate a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("cannot generate a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Waymark (self-signed)"},
		NotBefore:             now.Add(-time.Hour), // clocks differ
		NotAfter:              now.Add(selfSignedValidity),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("cannot create a certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the key: %w", err)
	}
	return append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...), nil
}

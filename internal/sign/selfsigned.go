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
	"path/filepath"
	"time"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/files"
)

const (
	// selfSignedFile holds both certificate and key, so that concurrent
	// processes cannot mix theirs.
	selfSignedFile     = "signing-self-signed.pem"
	selfSignedValidity = 10 * 365 * 24 * time.Hour
	// selfSignedRenewal is how long before its expiry it is replaced.
	selfSignedRenewal = 30 * 24 * time.Hour
)

// SelfSignedFile returns the file of the identity that SelfSigned stores in dir.
func SelfSignedFile(dir string) string { return filepath.Join(dir, selfSignedFile) }

// SelfSigned returns the identity stored in dir. It creates one if there is
// none, or if it has expired or expires soon. The key is RSA, which is proven on
// Apple devices; they show its profiles as not verified. Processes that start
// at the same time get the same identity. It is proved before it is stored, and not
// again: a signature with RSA takes 1.5 ms, an eighth of the start.
func SelfSigned(dir string, now time.Time) (id *Identity, created bool, err error) {
	path := SelfSignedFile(dir)
	files.RemoveLeftovers(path, now)
	id, err = load(path, path, unproved)
	switch {
	case err == nil && id.NotAfter().Sub(now) > selfSignedRenewal:
		return id, false, id.Valid(now) // before it is valid, the clock is wrong
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, false, err
	}
	content, _, err := makeProved(now)
	if err != nil {
		return nil, false, err
	}
	if id != nil { // also if it was created when the clock was wrong
		created, err = true, files.Replace(path, content)
	} else {
		created, err = files.Create(path, content)
	}
	if err != nil {
		return nil, false, err
	}
	id, err = load(path, path, unproved) // of another process, perhaps
	return id, created, err
}

// Temporary returns an identity that is stored nowhere, for when SelfSigned fails.
func Temporary(now time.Time) (*Identity, error) {
	_, id, err := makeProved(now)
	return id, err
}

// makeProved returns a new identity, and the content of a file for it.
func makeProved(now time.Time) ([]byte, *Identity, error) {
	content, err := makeSelfSigned(now)
	if err != nil {
		return nil, nil, err
	}
	pair, err := certs.ParsePair(content, content)
	if err != nil {
		return nil, nil, err
	}
	id, err := prove(pair)
	return content, id, err
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

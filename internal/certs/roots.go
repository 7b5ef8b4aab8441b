package certs

import (
	"crypto/x509"
	"fmt"

	"github.com/waymark-mail/waymark/internal/files"
)

// LoadRoots reads the certificates of authorities from a PEM file.
func LoadRoots(path string) (*x509.CertPool, error) {
	data, err := files.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf(`%s: contains no certificate; expected PEM that begins with "-----BEGIN CERTIFICATE-----"`, path)
	}
	return roots, nil
}

package certtest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Write writes the certificate of p, those above it, and its key into dir. It
// writes the key first: whoever watches the files sees a complete pair when the
// certificate changes.
func (p Party) Write(tb testing.TB, dir string, above ...Party) (certFile, keyFile string) {
	tb.Helper()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	chain := p.CertPEM()
	for _, a := range above {
		chain = slices.Concat(chain, a.CertPEM())
	}
	write(tb, keyFile, p.KeyPEM())
	write(tb, certFile, chain)
	return certFile, keyFile
}

// WriteCert writes only the certificate of p to dir/name, for programs that
// should trust it.
func (p Party) WriteCert(tb testing.TB, dir, name string) (file string) {
	tb.Helper()
	file = filepath.Join(dir, name)
	write(tb, file, p.CertPEM())
	return file
}

func write(tb testing.TB, file string, data []byte) {
	tb.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		tb.Fatal(err)
	}
}

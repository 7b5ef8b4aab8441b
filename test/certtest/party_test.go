package certtest

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// TestChain has a client's own rules look at a server two steps below the one
// that is trusted.
func TestChain(t *testing.T) {
	root := Authority("Root", nil)
	middle := Authority("Middle", &root)
	leaf := middle.Server("mail.example.com", "127.0.0.1")
	between := x509.NewCertPool()
	between.AddCert(middle.Cert)
	for _, name := range []string{"mail.example.com", "127.0.0.1"} {
		if _, err := leaf.Cert.Verify(x509.VerifyOptions{DNSName: name, Roots: root.Pool(), Intermediates: between}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, options := range map[string]x509.VerifyOptions{
		"another name": {DNSName: "www.example.com", Roots: root.Pool(), Intermediates: between},
		"another root": {Roots: Authority("Root", nil).Pool(), Intermediates: between},
	} {
		if _, err := leaf.Cert.Verify(options); err == nil {
			t.Errorf("%s is good enough", what)
		}
	}
	certFile, keyFile := leaf.Write(t, t.TempDir(), middle)
	read, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(read.Certificate), len(leaf.TLS(middle).Certificate); got != want {
		t.Errorf("the file has %d certificates, want %d", got, want)
	}
}

package doctor

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// handshakeConfig accepts every certificate, so that a fault of it can be named.
// The connections carry no secret.
func (n *network) handshakeConfig(host string) *tls.Config {
	return &tls.Config{
		ServerName:         host,
		InsecureSkipVerify: true,             //nolint:gosec // certificateFaults verifies it
		MinVersion:         tls.VersionTLS10, // an old version is a finding
	}
}

// expirySoon is how long before its end a certificate should have been renewed.
// That of a short-lived one is a fifth of its life.
const expirySoon = 14 * 24 * time.Hour

// certificateFaults returns what clients refuse, and warnings.
func (n *network) certificateFaults(state tls.ConnectionState, host, where string) (refused, warnings []fault) {
	add := func(id, fix, format string, args ...any) {
		refused = append(refused, fault{id, where, fmt.Sprintf(format, args...), fix})
	}
	if state.Version < tls.VersionTLS12 {
		add("tls-old-protocol", "Enable TLS 1.2 and TLS 1.3 on the server.", "the server offers %s at most", tls.VersionName(state.Version))
	}
	leaf := state.PeerCertificates[0]
	if err := leaf.VerifyHostname(host); err != nil {
		add("tls-name-mismatch", "Get a certificate that names "+host+".", "the certificate is for %s", namesOf(leaf))
	}
	inTime := true
	for i, c := range state.PeerCertificates {
		what := "the certificate"
		if i > 0 {
			what = "an intermediate certificate"
		}
		switch {
		case n.now.After(c.NotAfter):
			inTime = false
			add("tls-expired", "Renew the certificate, and reload the server.", "%s expired on %s", what, c.NotAfter.UTC().Format(time.DateOnly))
		case n.now.Before(c.NotBefore):
			inTime = false
			add("tls-not-yet-valid", "Check the clock of the server, or wait.", "%s is valid from %s", what, c.NotBefore.UTC().Format(time.DateOnly))
		case i == 0 && c.NotAfter.Sub(n.now) < min(expirySoon, c.NotAfter.Sub(c.NotBefore)/5):
			warnings = append(warnings, fault{"tls-expires-soon", where, "the certificate expires on " + c.NotAfter.UTC().Format(time.DateOnly),
				"Renew the certificate, and check why it was not renewed by itself."})
		}
		if !inTime {
			return refused, warnings
		}
	}
	if f := n.chainFault(state.PeerCertificates, where); f != nil {
		refused = append(refused, *f)
	}
	return refused, warnings
}

// chainFault verifies that the certificates lead to a trusted root.
func (n *network) chainFault(presented []*x509.Certificate, where string) *fault {
	leaf, last := presented[0], presented[len(presented)-1]
	intermediates := x509.NewCertPool()
	for _, c := range presented[1:] {
		intermediates.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: n.roots, Intermediates: intermediates, CurrentTime: n.now})
	if err == nil {
		return nil
	}
	switch {
	case !errors.As(err, new(x509.UnknownAuthorityError)):
		return &fault{"tls-untrusted", where, "the certificate does not verify: " + err.Error(), "Get a certificate from a public authority."}
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return &fault{"tls-self-signed", where, "the certificate is self-signed", "Get a certificate from a public authority, such as Let's Encrypt."}
	case len(presented) == 1:
		return &fault{"tls-chain-incomplete", where, "the server sends only its own certificate, issued by " + leaf.Issuer.String() + ", and not the intermediate certificates",
			"Configure the full chain (fullchain.pem), not the certificate alone."}
	}
	return &fault{"tls-untrusted", where, "the chain ends at " + last.Issuer.String() + ", which is not trusted",
		"Get a certificate from a public authority. If it is one, configure its full chain."}
}

// namesOf lists the first names of a certificate.
func namesOf(c *x509.Certificate) string {
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	const shown = 5
	switch {
	case len(names) == 0:
		return "no host name"
	case len(names) > shown:
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return strings.Join(names, ", ")
}

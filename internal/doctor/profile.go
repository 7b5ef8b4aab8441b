package doctor

import (
	"bytes"

	"github.com/waymark-mail/waymark/internal/sign"
)

// unsigned returns the content of a profile. The signature fault is what makes a
// device warn about the profile; invalid is what makes it refuse the profile.
func (x *examination) unsigned(a answer) (content []byte, signature, invalid *fault) {
	if bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<")) {
		return a.body, &fault{"profile-unsigned", a.url, "the profile is not signed, which the device reports", "Sign profiles: see the signing section of the settings of the server."}, nil
	}
	signed, err := sign.Verify(a.body, x.net.roots, x.net.now)
	switch {
	case err != nil:
		return nil, nil, &fault{"profile-signature-invalid", a.url, "the profile " + err.Error(), "Sign the profile again: DER, attached content, SHA-256."}
	case x.net.now.After(signed.NotAfter):
		signature = &fault{"profile-signature-expired", a.url, "the certificate that signed the profile expired on " + signed.NotAfter.UTC().Format("2006-01-02"), "Renew the signing certificate, and reload the server."}
	case signed.Trusted != nil:
		signature = &fault{"profile-signature-untrusted", a.url, "the device shows the profile as not verified: " + signed.Trusted.Error(), "Sign with a certificate of a public authority, and with its intermediate certificates."}
	}
	return signed.Content, signature, nil
}

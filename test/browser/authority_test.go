package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"sync"

	"github.com/waymark-mail/waymark/test/certtest"
)

// authority is the one of this process: a process reads once whom it trusts.
var authority = sync.OnceValue(func() certtest.Party { return certtest.Authority("Test Root", nil) })

// fingerprint returns what Chromium knows a key by.
func fingerprint(p certtest.Party) string {
	sum := sha256.Sum256(p.Cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

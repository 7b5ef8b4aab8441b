package certtest

import "github.com/waymark-mail/waymark/internal/settings"

// Profiles signs the profiles of every provider with one identity.
type Profiles struct {
	By interface {
		Sign(content []byte) ([]byte, error)
	}
}

// Sign implements mobileconfig.Signer.
func (p Profiles) Sign(_ *settings.Provider, content []byte) ([]byte, error) {
	return p.By.Sign(content)
}

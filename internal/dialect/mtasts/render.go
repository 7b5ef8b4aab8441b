package mtasts

import (
	"bytes"
	"fmt"

	"github.com/waymark-mail/waymark/internal/settings"
)

// Render returns the policy (RFC 8461 section 3.2). The error has the kind
// NotOffered for a provider without one.
func Render(s settings.Settings) ([]byte, error) {
	p := s.Provider.MTASTS
	if p == nil {
		return nil, settings.Errorf(settings.NotOffered, "the domain has no MTA-STS policy")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "version: STSv1\r\nmode: %s\r\n", p.Mode)
	for _, mx := range p.MX {
		fmt.Fprintf(&b, "mx: %s\r\n", mx)
	}
	fmt.Fprintf(&b, "max_age: %d\r\n", p.MaxAge)
	return b.Bytes(), nil
}

package mobileconfig

import (
	"fmt"

	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig/schema"
)

// Contents is what a profile installs, as it names it.
type Contents struct {
	Name       string
	Identifier string
	Payloads   []Payload
}

// Payload is one part of a profile, such as a mail account.
type Payload struct {
	Type       string `json:"type"`
	Identifier string `json:"identifier"`
	Name       string `json:"name,omitempty"`
}

// ReadContents reads a profile without its signature. Whoever signed it chose
// the names in it: they may hold any character.
func ReadContents(profile []byte) (Contents, error) {
	top, err := schema.Read(profile)
	if err != nil {
		return Contents{}, fmt.Errorf("not a configuration profile: %w", err)
	}
	text := func(d map[string]any, key string) string {
		value, _ := d[key].(string)
		return value
	}
	c := Contents{Name: text(top, "PayloadDisplayName"), Identifier: text(top, "PayloadIdentifier")}
	payloads, _ := top["PayloadContent"].([]any)
	for _, item := range payloads {
		if p, ok := item.(map[string]any); ok {
			c.Payloads = append(c.Payloads, Payload{text(p, "PayloadType"), text(p, "PayloadIdentifier"), text(p, "PayloadDisplayName")})
		}
	}
	return c, nil
}

package mobileconfig

import (
	"fmt"

	"github.com/groob/plist"
)

// Contents is what a profile installs, as it names it.
type Contents struct {
	Name       string    `plist:"PayloadDisplayName"`
	Identifier string    `plist:"PayloadIdentifier"`
	Payloads   []Payload `plist:"PayloadContent"`
}

// Payload is one part of a profile, such as a mail account.
type Payload struct {
	Type       string `json:"type" plist:"PayloadType"`
	Identifier string `json:"identifier" plist:"PayloadIdentifier"`
	Name       string `json:"name,omitempty" plist:"PayloadDisplayName"`
}

// ReadContents reads a profile without its signature.
func ReadContents(profile []byte) (Contents, error) {
	var c Contents
	if err := plist.Unmarshal(profile, &c); err != nil {
		return Contents{}, fmt.Errorf("not a configuration profile: %w", err)
	}
	return c, nil
}

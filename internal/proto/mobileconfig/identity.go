package mobileconfig

import (
	"strings"

	"github.com/google/uuid"

	"github.com/waymark-mail/waymark/internal/settings"
)

// origin is what every identifier derives from. It must never change: devices
// recognise a profile by it.
const origin = "https://github.com/waymark-mail/waymark/profile"

// identity names a profile and its payloads. A device replaces the profile
// that has the same identifier, and updates the payload that has the same
// identifier and UUID; so both depend on nothing but the provider, the mailbox
// and what was chosen: not on hosts, ports, languages, servers or time.
//
// What was chosen is part of it, so that somebody who installs mail first and
// contacts later does not lose the mail account: a profile with the same
// identifier would replace it. It is the choice that counts and not what the
// provider had to offer: who took everything gets the calendars that the
// provider adds later into the same profile.
type identity struct {
	identifier string
	profile    uuid.UUID
}

func identityOf(s settings.Settings, chosen Selection) identity {
	// Anna@ and anna@ are one mailbox on every server worth the name.
	mailbox := strings.ToLower(s.Address.Local) + "@" + string(s.Address.Domain)
	name := strings.Join([]string{s.Provider.ID, mailbox, chosen.String()}, "\x00")
	id := uuid.NewSHA1(uuid.NewSHA1(uuid.NameSpaceURL, []byte(origin)), []byte(name))
	return identity{
		identifier: "org.waymark-mail." + s.Provider.ID + "." + id.String(),
		profile:    id,
	}
}

// head returns the common keys of the profile itself.
func (i identity) head() head {
	return head{
		Identifier: i.identifier,
		UUID:       upper(i.profile),
		Type:       "Configuration",
		Version:    1,
	}
}

// payload returns the common keys of one payload; kind is unique in a profile.
func (i identity) payload(kind, payloadType string) head {
	return head{
		Identifier: i.identifier + "." + kind,
		UUID:       upper(uuid.NewSHA1(i.profile, []byte(kind))),
		Type:       payloadType,
		Version:    1,
	}
}

// upper writes a UUID as Apple's tools do.
func upper(id uuid.UUID) string { return strings.ToUpper(id.String()) }

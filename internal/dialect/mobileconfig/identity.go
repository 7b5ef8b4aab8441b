package mobileconfig

import (
	"slices"
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
// provider adds later into the same profile. Aliases are no part of it: who adds
// one gets it into the account that is there.
type identity struct {
	identifier string
	profile    uuid.UUID
	several    bool // mailboxes
}

func identityOf(mailboxes []settings.Settings, chosen Selection) identity {
	var names []string
	for _, s := range mailboxes {
		names = append(names, nameOf(s))
	}
	slices.Sort(names) // in which order they were given does not matter
	provider, _, _ := strings.Cut(names[0], "\x00")
	name := strings.Join(append(names, chosen.String()), "\x00")
	id := uuid.NewSHA1(uuid.NewSHA1(uuid.NameSpaceURL, []byte(origin)), []byte(name))
	return identity{
		identifier: "org.waymark-mail." + provider + "." + id.String(),
		profile:    id,
		several:    len(mailboxes) > 1,
	}
}

// nameOf names a mailbox at its provider. Anna@ and anna@ are one mailbox on
// every server worth the name.
func nameOf(s settings.Settings) string {
	return s.Provider.ID + "\x00" + strings.ToLower(s.Address.Local) + "@" + string(s.Address.Domain)
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

// payload returns the common keys of the payload of one kind for a mailbox.
func (i identity) payload(s settings.Settings, kind, payloadType string) head {
	if i.several {
		kind += "." + uuid.NewSHA1(i.profile, []byte(nameOf(s))).String()
	}
	return head{
		Identifier: i.identifier + "." + kind,
		UUID:       upper(uuid.NewSHA1(i.profile, []byte(kind))),
		Type:       payloadType,
		Version:    1,
	}
}

// upper writes a UUID as Apple's tools do.
func upper(id uuid.UUID) string { return strings.ToUpper(id.String()) }

package mobileconfig

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/waymark-mail/waymark/internal/settings"
)

// origin is the namespace of every identifier. It must never change: devices
// recognise a profile by its identifier.
var origin = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/waymark-mail/waymark/profile"))

// identity has the identifiers of a profile and its payloads. A device replaces
// the profile with the same identifier, and updates the payload with the same
// identifier and UUID. So both depend only on the provider, the mailboxes and the
// selection, not on hosts, ports, languages, servers or time.
//
// The selection is part of it, so that a user who installs mail first and
// contacts later does not lose the mail account. It is the selection, not what the
// provider offered: a profile with everything is updated with calendars that the
// provider adds later. Aliases are not part of it: a new one updates the account.
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
	slices.Sort(names) // their order must not matter
	provider, _, _ := strings.Cut(names[0], "\x00")
	name := strings.Join(append(names, chosen.String()), "\x00")
	id := uuid.NewSHA1(origin, []byte(name))
	return identity{
		identifier: "org.waymark-mail." + provider + "." + id.String(),
		profile:    id,
		several:    len(mailboxes) > 1,
	}
}

// nameOf identifies a mailbox at its provider. Mail servers treat Anna@ and anna@
// as one mailbox.
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

// upper formats a UUID like Apple's tools.
func upper(id uuid.UUID) string { return strings.ToUpper(id.String()) }

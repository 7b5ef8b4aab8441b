package mobileconfig

import (
	"crypto/sha1" //nolint:gosec // of UUIDs, which devices know already
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
	names := make([]string, 0, len(mailboxes)+1)
	for _, s := range mailboxes {
		names = append(names, nameOf(s))
	}
	slices.Sort(names) // their order must not matter
	provider, _, _ := strings.Cut(names[0], "\x00")
	name := strings.Join(append(names, chosen.String()), "\x00")
	id := derived(origin, name)
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

// payload returns the identifier and the UUID of the payload of one kind for a mailbox.
func (i identity) payload(s settings.Settings, kind string) (string, uuid.UUID) {
	if i.several {
		kind += "." + derived(i.profile, nameOf(s)).String()
	}
	return i.identifier + "." + kind, derived(i.profile, kind)
}

// derived is uuid.NewSHA1 without its four allocations: a profile has four UUIDs
// (BenchmarkRender).
func derived(space uuid.UUID, name string) uuid.UUID {
	var room [128]byte
	sum := sha1.Sum(append(append(room[:0], space[:]...), name...)) //nolint:gosec // version 5 is of SHA-1
	id := uuid.UUID(sum[:len(space)])
	id[6] = id[6]&0x0f | 5<<4 // version
	id[8] = id[8]&0x3f | 0x80 // variant
	return id
}

// upper formats a UUID like Apple's tools. strings.ToUpper would make another copy.
func upper(id uuid.UUID) string {
	text, _ := id.MarshalText() // never fails
	for i, c := range text {
		if c >= 'a' {
			text[i] = c - 'a' + 'A'
		}
	}
	return string(text)
}

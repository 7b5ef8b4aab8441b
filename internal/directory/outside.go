package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Outside are the sources of a directory.
type Outside struct {
	// Lookup queries the sources. Directories may share it; nil without sources.
	Lookup *lookup.Lookup
	// Providers are the providers of the file, by id.
	Providers map[string]*settings.Provider
	// Defaults are the providers of records without one, by source.
	Defaults map[string]*settings.Provider
	// PublicLogins are the sources whose user names of mailboxes everybody may
	// know. Those of others are for proven queries.
	PublicLogins map[string]bool
	// Unusable is called with the source and the reason when the user name of a
	// mailbox cannot be used. It may be nil.
	Unusable func(source string, err error)
	// TypedAliases are the sources where the user names of an alias domain keep
	// it; elsewhere they have its target.
	TypedAliases map[string]bool
	// Count is called for each query with the source "file" and found or unknown,
	// and with the name of a source and error for an unusable record. It may be nil.
	Count func(source, result string)
}

// ask returns the settings for a name from the sources. The error is
// source.ErrNotFound when none knows it.
func (d *Directory) ask(ctx context.Context, asked address.Domain, q settings.Query) (settings.Settings, error) {
	if d.outside.Lookup == nil || asked == "" {
		return settings.Settings{}, source.ErrNotFound
	}
	found, err := d.outside.Lookup.Domain(ctx, asked)
	if err != nil {
		return settings.Settings{}, err
	}
	if found.Record.Disabled {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	p, err := d.provider(found)
	if err != nil {
		return settings.Settings{}, d.unusable(found, asked, err)
	}
	s := settings.Settings{Provider: p, Domain: asked, Canonical: found.Record.Canonical, Address: q.Address}
	switch {
	case s.Canonical == "":
		s.Canonical = asked
	case !d.outside.TypedAliases[found.Source]:
		s.LoginDomain = s.Canonical
	}
	if d.outside.Lookup.AsksMailboxes(found.Source) {
		return d.withLogin(ctx, s, found.Source, q.Address, q)
	}
	return d.withLoginOfProvider(ctx, s, q)
}

// withLoginOfProvider adds the user name from the source that the provider names.
// The source knows a mailbox by the domain of its user name.
func (d *Directory) withLoginOfProvider(ctx context.Context, s settings.Settings, q settings.Query) (settings.Settings, error) {
	if s.Provider.Logins == "" || d.outside.Lookup == nil {
		return s, nil
	}
	mailbox := s.Address
	mailbox.Domain = cmp.Or(s.LoginDomain, mailbox.Domain)
	return d.withLogin(ctx, s, s.Provider.Logins, mailbox, q)
}

// withLogin adds the user name of a mailbox, if the query is about a mailbox of this
// very domain and whoever asks may know it.
func (d *Directory) withLogin(ctx context.Context, s settings.Settings, from string, mailbox address.Address, q settings.Query) (settings.Settings, error) {
	switch {
	case q.Address.Domain != s.Domain:
		return s, nil
	case !q.Proven && !d.outside.PublicLogins[from]:
		s.LoginHidden = true
		return s, nil
	}
	name, err := d.loginName(ctx, from, mailbox.WithoutTag(s.Provider.Subaddress))
	if err != nil {
		return settings.Settings{}, err
	}
	s.MailboxLookup, s.LoginName = true, name
	return s, nil
}

// provider returns the provider of a record: one of the file, or one derived from
// it.
func (d *Directory) provider(found lookup.Found) (*settings.Provider, error) {
	r := found.Record
	base, ok := d.outside.Defaults[found.Source]
	if r.Provider != "" {
		base, ok = d.outside.Providers[r.Provider]
	}
	switch {
	case !ok && r.Provider == "":
		return nil, errors.New("column provider: is empty, and the source has no default provider")
	case !ok:
		return nil, fmt.Errorf("column provider: unknown provider %q", r.Provider)
	}
	return d.derived.provider(base, r)
}

// loginName returns the user name of a mailbox; "" for the provider's form.
// Missing and disabled mailboxes, and those with an unusable user name, get the
// same answer as one without its own user name, after the same query, so that the
// answer does not reveal which mailboxes exist.
func (d *Directory) loginName(ctx context.Context, name string, a address.Address) (string, error) {
	found, err := d.outside.Lookup.Mailbox(ctx, name, a)
	switch {
	case errors.Is(err, source.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case found.Record.Disabled:
		return "", nil
	}
	if err := checkLoginName(found.Record.Login); err != nil {
		d.outside.Count(found.Source, "error")
		if d.outside.Unusable != nil {
			d.outside.Unusable(found.Source, fmt.Errorf("%s: %w", a.Domain, err))
		}
		return "", nil
	}
	return found.Record.Login, nil
}

// maxLoginName is longer than any address.
const maxLoginName = 320

// checkLoginName rejects placeholders and characters that cannot be typed.
func checkLoginName(s string) error {
	switch {
	case len(s) > maxLoginName:
		return fmt.Errorf("column login of the mailbox query: is longer than %d octets", maxLoginName)
	case strings.ContainsAny(s, "{}"):
		return errors.New("column login of the mailbox query: must not contain { or }")
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return errors.New("column login of the mailbox query: contains an invisible character")
	}
	return nil
}

// unusable counts an unusable record and returns the error for the client.
func (d *Directory) unusable(found lookup.Found, asked address.Domain, err error) error {
	d.outside.Count(found.Source, "error")
	return &settings.Error{
		Kind:    settings.Unavailable,
		Message: "the settings of this domain can't be used at the moment; try again later",
		Cause:   fmt.Errorf("source %s: %s: %w", found.Source, asked, err),
	}
}

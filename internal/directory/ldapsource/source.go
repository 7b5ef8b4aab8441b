package ldapsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// DefaultConnections is the number of connections where the options name none.
const DefaultConnections = 4

// Source looks up settings in an LDAP server. It is safe for concurrent use.
type Source struct {
	name            string
	timeout         time.Duration
	domain, mailbox *search // nil when there is no such search, but not both
	pool            *pool
}

// New checks the options without connecting. The error lists every wrong option
// by its key in the settings file, after the name of the source. The caller
// closes the Source.
func New(name string, o source.LDAP) (*Source, error) {
	o.Timeout = cmp.Or(o.Timeout, source.DefaultTimeout)
	o.Connections = cmp.Or(o.Connections, DefaultConnections)
	s := &Source{name: name, timeout: o.Timeout}
	var errs []error
	wrong := func(all ...error) {
		for _, err := range all {
			errs = append(errs, s.named(err))
		}
	}
	if o.Timeout < 0 {
		wrong(errors.New("timeout: must be more than 0"))
	}
	if o.Connections < 0 {
		wrong(errors.New("connections: must be more than 0"))
		o.Connections = 0
	}
	server, problems := newServer(o)
	wrong(problems...)
	s.pool = &pool{server: server, slots: make(chan struct{}, o.Connections)}
	ofDomain := []string{"{domain}", "{domain_unicode}"}
	if forLogins := o.Mailbox != nil && o.Domain.Filter == "" && o.Domain.Scope == "" && o.Domain.Attributes == nil; !forLogins {
		s.domain, problems = newSearch("domain", o.Domain, ofDomain, nil)
		wrong(problems...)
	}
	if o.Mailbox != nil {
		s.mailbox, problems = newSearch("mailbox", *o.Mailbox, []string{"{address}", "{local}"}, ofDomain)
		wrong(problems...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// named adds the name of the source to an error.
func (s *Source) named(err error) error {
	if err == nil || errors.Is(err, source.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Domain returns the record of a domain. The error is source.ErrNotFound for an
// unknown domain; any other error says why the lookup failed.
func (s *Source) Domain(ctx context.Context, d address.Domain) (source.Record, error) {
	found, err := s.ask(ctx, s.domain, address.Address{Domain: d})
	if found.Canonical == d {
		found.Canonical = "" // not an alias of itself
	}
	return found, s.named(err)
}

// Mailbox returns the record of a mailbox. The errors are those of Domain.
func (s *Source) Mailbox(ctx context.Context, a address.Address) (source.Record, error) {
	found, err := s.ask(ctx, s.mailbox, a)
	return found, s.named(err)
}

func (s *Source) ask(ctx context.Context, what *search, who address.Address) (source.Record, error) {
	if what == nil {
		return source.Record{}, source.ErrNotFound
	}
	entries, err := s.find(ctx, what, who, false)
	if err != nil {
		return source.Record{}, err
	}
	found, err := what.record(entries, who)
	if err != nil && !errors.Is(err, source.ErrNotFound) {
		return source.Record{}, source.BrokenRow(err)
	}
	return found, err
}

// Check opens a new connection and searches for a domain and a mailbox that
// cannot exist. The error says what is wrong.
func (s *Source) Check(ctx context.Context) error {
	nobody := address.Address{Local: "nobody", Domain: "waymark-check.invalid"} // RFC 2606 section 2
	for _, what := range []*search{s.domain, s.mailbox} {
		if what == nil {
			continue
		}
		if err := s.check(ctx, what, nobody); err != nil {
			return s.named(err)
		}
	}
	return nil
}

func (s *Source) check(ctx context.Context, what *search, who address.Address) error {
	_, err := s.find(ctx, what, who, true)
	switch {
	case errors.Is(err, source.ErrNotFound):
		return nil
	case err == nil:
		return fmt.Errorf("%s.filter: matches a %s that cannot exist", what.name, what.name)
	}
	return err
}

// Close closes the connections; lookups in progress finish first. It returns nil.
func (s *Source) Close() error {
	s.pool.close()
	return nil
}

// find returns the entries for a domain or an address, at least one and at most
// maxEntries.
func (s *Source) find(ctx context.Context, what *search, who address.Address, fresh bool) ([]*ldap.Entry, error) {
	if who.Domain == "" || what == s.mailbox && who.Local == "" {
		return nil, source.ErrNotFound // "" beside a * would match every entry
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request := what.request(who)
	request.TimeLimit = int((s.timeout + time.Second - 1) / time.Second)
	result, err := s.pool.search(ctx, request, fresh)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) && what.ownBase:
		return nil, s.missingBase(ctx, what)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) && result != nil && len(result.Entries) > 0:
		return result.Entries, nil
	case isDataError(what, err):
		return nil, source.OfName(nameRefused(what.name, err))
	case errors.Is(err, errTooLong):
		return nil, source.BrokenRow(fmt.Errorf("%s.attributes: %w", what.name, err))
	case err != nil:
		return nil, searchFailed(what.name, s.pool.server.bindDN, err)
	case len(result.Entries) == 0:
		return nil, source.ErrNotFound
	}
	return result.Entries, nil
}

// missingBase returns source.ErrNotFound when the part of the base without
// placeholders exists: then the domain or the mailbox does not.
func (s *Source) missingBase(ctx context.Context, what *search) error {
	if what.fixed == "" {
		return source.ErrNotFound
	}
	_, err := s.pool.search(ctx, &ldap.SearchRequest{
		BaseDN:     what.fixed,
		Scope:      ldap.ScopeBaseObject,
		Filter:     "(objectClass=*)",
		Attributes: []string{noAttributes},
		SizeLimit:  1,
	}, false)
	if err != nil {
		return searchFailed(what.name, s.pool.server.bindDN, err)
	}
	return source.ErrNotFound
}

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

// Source answers out of an LDAP server. It may be used by many goroutines.
type Source struct {
	name            string
	timeout         time.Duration
	domain, mailbox *search // mailbox is nil when it is not asked about
	pool            *pool
}

// New checks the options without asking anybody, and reports everything that
// is wrong with them at once, each with its key in the settings file in front.
// A source that is made is closed with Close.
func New(o Options) (*Source, error) {
	o.Name = cmp.Or(o.Name, defaultName)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.MaxConnections = cmp.Or(o.MaxConnections, defaultMaxConnections)
	s := &Source{name: o.Name, timeout: o.Timeout}
	var errs []error
	wrong := func(all ...error) {
		for _, err := range all {
			errs = append(errs, s.named(err))
		}
	}
	if o.Timeout < 0 {
		wrong(errors.New("timeout: must be more than 0"))
	}
	if o.MaxConnections < 0 {
		wrong(errors.New("connections: must be more than 0"))
		o.MaxConnections = 0
	}
	server, problems := newServer(o)
	wrong(problems...)
	s.pool = &pool{server: server, slots: make(chan struct{}, o.MaxConnections)}
	ofDomain := []string{"{domain}", "{domain_unicode}"}
	s.domain, problems = newSearch("domain", o.Domain, ofDomain, nil)
	wrong(problems...)
	if o.Mailbox != nil {
		s.mailbox, problems = newSearch("mailbox", *o.Mailbox, []string{"{address}", "{local}"}, ofDomain)
		wrong(problems...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// named puts the name of the source in front of what went wrong.
func (s *Source) named(err error) error {
	if err == nil || errors.Is(err, source.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Domain returns what the server says of a domain. The error is
// source.ErrNotFound when it does not know it; every other error says in plain
// words why it could not tell.
func (s *Source) Domain(ctx context.Context, d address.Domain) (source.Record, error) {
	found, err := s.ask(ctx, s.domain, address.Address{Domain: d})
	if found.Canonical == d {
		found.Canonical = "" // a domain is no alias of itself
	}
	return found, s.named(err)
}

// Mailbox returns what the server says of a mailbox. The errors are those of
// Domain.
func (s *Source) Mailbox(ctx context.Context, a address.Address) (source.Record, error) {
	if s.mailbox == nil {
		return source.Record{}, source.ErrNotFound
	}
	found, err := s.ask(ctx, s.mailbox, a)
	return found, s.named(err)
}

func (s *Source) ask(ctx context.Context, what *search, who address.Address) (source.Record, error) {
	entry, err := s.find(ctx, what, who, false)
	if err != nil {
		return source.Record{}, err
	}
	return what.record(entry)
}

// nobody is looked for to see whether a search works (RFC 2606 section 2).
const nobody address.Domain = "waymark-check.invalid"

// Check connects anew and searches for a domain and a mailbox that cannot
// exist. The error says in plain words what is wrong.
func (s *Source) Check(ctx context.Context) error {
	who := address.Address{Domain: nobody}
	if err := s.check(ctx, s.domain, who); err != nil || s.mailbox == nil {
		return s.named(err)
	}
	who.Local = "nobody"
	return s.named(s.check(ctx, s.mailbox, who))
}

func (s *Source) check(ctx context.Context, what *search, who address.Address) error {
	_, err := s.find(ctx, what, who, true)
	switch {
	case errors.Is(err, source.ErrNotFound):
		return nil
	case err == nil || errors.Is(err, errSeveral):
		return fmt.Errorf("%s.filter: finds an entry for a %s that cannot exist", what.name, what.name)
	}
	return err
}

// Close ends the connections. A lookup under way comes to its end. The error
// is nil.
func (s *Source) Close() error {
	s.pool.close()
	return nil
}

// find returns the one entry for a domain or an address.
func (s *Source) find(ctx context.Context, what *search, who address.Address, fresh bool) (*ldap.Entry, error) {
	if who.Domain == "" || what == s.mailbox && who.Local == "" {
		return nil, source.ErrNotFound // beside a * nothing would be anything
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request := what.request(who)
	request.TimeLimit = int((s.timeout + time.Second - 1) / time.Second)
	result, err := s.pool.search(ctx, request, fresh)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) && what.ownBase:
		return nil, s.onlyThatBaseIsMissing(ctx, what)
	case err != nil:
		return nil, searchFailed(what.name, s.pool.server.bindDN, err)
	case len(result.Entries) == 0:
		return nil, source.ErrNotFound
	case len(result.Entries) > 1:
		return nil, severalEntries(what.name)
	}
	return result.Entries[0], nil
}

// onlyThatBaseIsMissing returns source.ErrNotFound when the part of the base
// that is the same for everybody exists: then it is the domain or the mailbox
// that does not.
func (s *Source) onlyThatBaseIsMissing(ctx context.Context, what *search) error {
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

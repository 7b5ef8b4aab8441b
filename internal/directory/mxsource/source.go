package mxsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// Options say who is asked, and whose hosts are whose.
type Options struct {
	// Name is how errors call the source; "" is "mx".
	Name string
	// Resolvers are DNS servers that look names up for others, as ip:port or
	// ip; none for those of /etc/resolv.conf.
	Resolvers []string
	// Patterns say which mail exchangers belong to which provider.
	Patterns []Pattern
	// Timeout bounds one lookup at all resolvers together, with the wait for
	// others to be done; 0 is 2 s.
	Timeout time.Duration
}

// Pattern says that some mail exchangers belong to a provider.
type Pattern struct {
	Match    string // a host name, or *. and a domain for all names below it, at any depth
	Provider string // id
}

const (
	defaultName    = "mx"
	defaultTimeout = 2 * time.Second
	// maxLookups is how many are made at a time. Each has a socket.
	maxLookups = 64
)

// Source answers out of DNS. It may be used by many goroutines.
type Source struct {
	name      string
	resolvers []string
	patterns  patterns
	timeout   time.Duration
	slots     chan struct{}
	first     atomic.Uint32 // the resolver that answered last
}

// New checks the options, and asks nobody. The error names everything that is
// wrong with them.
func New(o Options) (*Source, error) {
	s := &Source{
		name:    cmp.Or(o.Name, defaultName),
		timeout: cmp.Or(o.Timeout, defaultTimeout),
		slots:   make(chan struct{}, maxLookups),
	}
	var wrong, more []error
	if s.timeout < 0 {
		wrong = append(wrong, errors.New("the timeout must be more than 0"))
	}
	s.resolvers, more = resolvers(o.Resolvers, systemFile)
	wrong = append(wrong, more...)
	s.patterns, more = newPatterns(o.Patterns)
	wrong = append(wrong, more...)
	for i := range wrong {
		wrong[i] = s.named(wrong[i])
	}
	if err := errors.Join(wrong...); err != nil {
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

// Domain returns the provider of the most preferred mail exchanger that
// belongs to any. The error is source.ErrNotFound when there is none; every
// other error says in plain words why no resolver could tell.
func (s *Source) Domain(ctx context.Context, d address.Domain) (source.Record, error) {
	if d == "" {
		return source.Record{}, source.ErrNotFound
	}
	hosts, err := s.lookUp(ctx, d)
	if err != nil {
		return source.Record{}, s.named(err)
	}
	for _, host := range hosts {
		if provider, ok := s.patterns.provider(host); ok {
			return source.Record{Provider: provider}, nil
		}
	}
	return source.Record{}, source.ErrNotFound
}

// Mailbox returns source.ErrNotFound: DNS knows no mailboxes.
func (s *Source) Mailbox(context.Context, address.Address) (source.Record, error) {
	return source.Record{}, source.ErrNotFound
}

// Check asks every resolver for one of the names in the patterns, whether it
// exists or not. The error names each that does not answer.
func (s *Source) Check(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(s.patterns.below))
	names = append(names, slices.Sorted(maps.Keys(s.patterns.exact))...)
	var errs []error
	for _, resolver := range s.resolvers {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		if _, err := s.ask(ctx, resolver, question(names[0])); err != nil {
			errs = append(errs, s.named(err))
		}
		cancel()
	}
	return errors.Join(errs...)
}

// Close has nothing to end; a lookup under way comes to its end. The error is
// nil.
func (s *Source) Close() error { return nil }

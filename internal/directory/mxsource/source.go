package mxsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// Lookups is how many lookups at a time are useful. Each has a socket, and waits
// for a zone that does not answer until it times out: at the default time-out,
// strangers would have to ask for 190 such zones a second to keep others waiting.
const Lookups = 512

// Source looks up settings by MX records. It is safe for concurrent use.
type Source struct {
	name      string
	resolvers []string // host:port
	patterns  patterns
	timeout   time.Duration
	first     atomic.Uint32 // index of the resolver that answered last
	answered  atomic.Int64  // when a resolver answered last, in nanoseconds since begun
	begun     time.Time
}

// New checks the options without sending a query. The error lists every wrong
// option, after the name of the source.
func New(name string, o source.MX) (*Source, error) {
	s := &Source{name: name, timeout: cmp.Or(o.Timeout, source.DefaultTimeout), begun: time.Now()}
	var wrong []error
	if s.timeout < 0 {
		wrong = append(wrong, errors.New("timeout: must be more than 0"))
	}
	var err error
	if s.resolvers, err = resolvers(o.Resolvers, systemFile); err != nil {
		wrong = append(wrong, err)
	}
	var more []error
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

// named adds the name of the source to an error.
func (s *Source) named(err error) error {
	if err == nil || errors.Is(err, source.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Domain returns the provider of the most preferred mail exchanger that matches
// a pattern. The error is source.ErrNotFound when none does; any other error says
// why no resolver answered.
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

// Mailbox returns source.ErrNotFound: DNS has no mailboxes.
func (s *Source) Mailbox(context.Context, address.Address) (source.Record, error) {
	return source.Record{}, source.ErrNotFound
}

// Check queries every resolver for one of the names in the patterns, which need
// not exist. The error names each resolver that does not answer.
func (s *Source) Check(ctx context.Context) error {
	var errs []error
	for _, resolver := range s.resolvers {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		if _, err := s.ask(ctx, resolver, question(s.patterns.first())); err != nil {
			errs = append(errs, s.named(err))
		}
		cancel()
	}
	return errors.Join(errs...)
}

// Close returns nil: there is nothing to close.
func (s *Source) Close() error { return nil }

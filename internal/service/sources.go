package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/directory/ldapsource"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/mxsource"
	"github.com/waymark-mail/waymark/internal/directory/sqlpreset"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// place is a source outside of the settings file, opened.
type place interface {
	lookup.Source
	// Check asks for somebody who cannot exist. The error says in plain words
	// what is wrong.
	Check(context.Context) error
	Close() error
}

// watcher is a place that tells of changes by itself.
type watcher interface {
	Watch(ctx context.Context, changed func(address.Domain)) error
}

// Sources are the places outside of the settings file that one Config names,
// and what is remembered of them. They outlive a reload that does not change
// them, so that what is known stays known while a database is down.
type Sources struct {
	block  sourceBlock
	places []place // in the order of the file
	lookup *lookup.Lookup
	ctx    context.Context // until Close
	stop   context.CancelFunc
	work   sync.WaitGroup
}

// sourceBlock is the part of the settings that Sources are made of.
type sourceBlock struct {
	directory []config.Source
	cache     config.Cache
}

// blockOf leaves out what may change without new connections: who answers for
// a record is decided by the directory, and where it stands in the file by
// nobody.
func blockOf(cfg *config.Config) sourceBlock {
	b := sourceBlock{cache: cfg.Cache}
	for _, s := range cfg.Directory {
		s.Provider, s.Line = nil, 0
		if s.MX != nil {
			mx := *s.MX
			mx.Patterns = nil
			for _, p := range s.MX.Patterns {
				mx.Patterns = append(mx.Patterns, config.MXPattern{Match: p.Match, Provider: &settings.Provider{ID: p.Provider.ID}})
			}
			s.MX = &mx
		}
		b.directory = append(b.directory, s)
	}
	return b
}

// OpenSources opens the sources of a Config. It connects to nothing: a database
// that is down answers when it is up. The error names what can be told to be
// wrong without asking. Metrics and log may be nil.
func OpenSources(cfg *config.Config, metrics *telemetry.Metrics, log *zap.Logger) (*Sources, error) {
	s := &Sources{block: blockOf(cfg)}
	if log == nil {
		log = zap.NewNop()
	}
	o := lookup.Options{
		Entries: cfg.Cache.Entries, Fresh: cfg.Cache.Fresh, Unknown: cfg.Cache.Unknown, Stale: cfg.Cache.Stale,
		Report: func(source string, failures int, err error) {
			if err == nil {
				log.Info("source available again", zap.String("source", source))
				return
			}
			log.Error("source unavailable; serving cached answers", zap.String("source", source), zap.Int("failures", failures), zap.Error(err))
		},
	}
	if metrics != nil {
		o.Asked, o.Took, o.Answered = metrics.Lookup, metrics.LookupTook, metrics.CacheAnswer
	}
	var wrong []error
	var timeouts time.Duration // of all sources: they are asked one after the other
	for i, src := range cfg.Directory {
		p, timeout, err := open(src, log)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("directory[%d], line %d: %w", i, src.Line, err))
			continue
		}
		s.places = append(s.places, p)
		o.Sources = append(o.Sources, lookup.Named{Name: src.Name, Source: p, Mailboxes: src.Mailboxes})
		timeouts += cmp.Or(timeout, 2*time.Second)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, errors.Join(err, s.closePlaces())
	}
	o.Timeout = timeouts
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.lookup = lookup.New(o)
	for _, p := range s.places {
		if w, ok := p.(watcher); ok {
			s.work.Go(func() {
				if err := w.Watch(s.ctx, s.changed); err != nil {
					log.Error("change notifications stopped; entries refresh when they expire", zap.Error(err))
				}
			})
		}
	}
	return s, nil
}

func (s *Sources) changed(d address.Domain) {
	if d == "" {
		s.lookup.InvalidateAll()
		return
	}
	s.lookup.Invalidate(d)
}

// open opens one source and returns how long one question to it may take.
func open(src config.Source, log *zap.Logger) (place, time.Duration, error) {
	switch {
	case src.SQL != nil:
		return openSQL(src, log)
	case src.LDAP != nil:
		return openLDAP(src)
	}
	o := mxsource.Options{Name: src.Name, Timeout: src.MX.Timeout}
	for _, r := range src.MX.Resolvers {
		o.Resolvers = append(o.Resolvers, r.String())
	}
	for _, p := range src.MX.Patterns {
		o.Patterns = append(o.Patterns, mxsource.Pattern{Match: p.Match, Provider: p.Provider.ID})
	}
	p, err := mxsource.New(o)
	return p, o.Timeout, err
}

func openSQL(src config.Source, log *zap.Logger) (place, time.Duration, error) {
	c := src.SQL
	o := sqlsource.Options{
		Name: src.Name, Driver: c.Driver, DSN: c.DSN, DomainQuery: c.DomainQuery, MailboxQuery: c.MailboxQuery,
		Timeout: c.Timeout, MaxConnections: c.Connections, Channel: c.Notify,
		WatchFailed: func(err error) {
			log.Warn("change notifications interrupted; entries refresh when they expire", zap.String("source", src.Name), zap.Error(err))
		},
	}
	if c.Preset != "" {
		preset, err := sqlpreset.Get(c.Preset, c.Driver)
		if err != nil {
			return nil, 0, err
		}
		if o.DomainQuery == "" {
			o.DomainQuery = preset.Domain
		}
		if o.MailboxQuery == "" {
			o.MailboxQuery = preset.Mailbox
		}
	}
	if !src.Mailboxes {
		o.MailboxQuery = ""
	}
	p, err := sqlsource.New(o)
	return p, o.Timeout, err
}

func openLDAP(src config.Source) (place, time.Duration, error) {
	c := src.LDAP
	domain, mailbox := searchOf(c.Domain), searchOf(c.Mailbox)
	if c.Preset == "iredmail" {
		ofDomain, ofMailbox := ldapsource.IRedMail(c.BaseDN)
		if c.Domain.Filter == "" {
			domain = ofDomain
		}
		if c.Mailbox.Filter == "" {
			mailbox = ofMailbox
		}
	}
	o := ldapsource.Options{
		Name: src.Name, URL: c.URL, StartTLS: c.StartTLS, CAFile: c.CAFile, BindDN: c.BindDN, BindPassword: c.BindPassword,
		Domain: domain, Timeout: c.Timeout, MaxConnections: c.Connections,
	}
	if src.Mailboxes {
		o.Mailbox = &mailbox
	}
	p, err := ldapsource.New(o)
	return p, o.Timeout, err
}

func searchOf(s config.Search) ldapsource.Search {
	return ldapsource.Search{BaseDN: s.BaseDN, Filter: s.Filter, Scope: ldapsource.Scope(s.Scope), Attributes: s.Attributes}
}

// Directory returns who answers for a domain: what the settings list, then what
// the sources know. The Sources must be those of cfg.
func (s *Sources) Directory(cfg *config.Config, metrics *telemetry.Metrics) *directory.Directory {
	o := directory.Outside{Lookup: s.lookup, Providers: map[string]*settings.Provider{}, Defaults: map[string]*settings.Provider{}}
	if len(s.places) == 0 {
		o.Lookup = nil
	}
	for _, p := range cfg.Providers {
		o.Providers[p.ID] = p
	}
	for _, src := range cfg.Directory {
		if src.Provider != nil {
			o.Defaults[src.Name] = src.Provider
		}
	}
	if metrics != nil {
		o.Count = metrics.Lookup
	}
	return directory.New(cfg.Domains, cfg.CatchAll).With(o)
}

// Resolve answers one query as a running Waymark with these settings would.
func Resolve(ctx context.Context, cfg *config.Config, q settings.Query) (settings.Settings, error) {
	s, err := OpenSources(cfg, nil, nil)
	if err != nil {
		return settings.Settings{}, err
	}
	found, err := s.Directory(cfg, nil).Resolve(ctx, q)
	return found, errors.Join(err, s.Close())
}

// Check asks every source for somebody who cannot exist. There is one error for
// each, in the order of the file; nil where the source is fine.
func (s *Sources) Check(ctx context.Context) []error {
	errs := make([]error, len(s.places))
	var all sync.WaitGroup
	for i, p := range s.places {
		all.Go(func() { errs[i] = p.Check(ctx) })
	}
	all.Wait()
	return errs
}

// servesToo reports whether these Sources can go on under new settings.
func (s *Sources) servesToo(cfg *config.Config) bool {
	return reflect.DeepEqual(s.block, blockOf(cfg))
}

// Close ends questions that are under way and closes the connections.
func (s *Sources) Close() error {
	s.stop()
	s.work.Wait()
	s.lookup.Close()
	return s.closePlaces()
}

func (s *Sources) closePlaces() error {
	var errs []error
	for _, p := range s.places {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

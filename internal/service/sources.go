package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/directory/ldapsource"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/mxsource"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/directory/sqlsource"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// openSource is a source outside the settings file, opened.
type openSource interface {
	lookup.Source
	// Check looks up a domain that cannot exist. The error says what is wrong.
	Check(context.Context) error
	Close() error
}

// pushSource is a source that pushes changes. Watch calls changed with a domain,
// or with "" when every domain may have changed, and failed once per outage. It
// returns when the context ends.
type pushSource interface {
	Watch(ctx context.Context, changed func(address.Domain), failed func(error))
}

// Sources are the sources of one Config and their cache. A reload that does not
// change them keeps them, so that cached answers survive it while a database is
// down.
type Sources struct {
	options sourceOptions
	sources []openSource // in the order of the file
	lookup  *lookup.Lookup
	// unusable logs the user name of a mailbox that cannot be used, once a minute;
	// may be nil.
	unusable func(source string, err error)

	// usable is closed when each source has answered, or has cached answers.
	usable chan struct{}

	ctx        context.Context // until Close
	stop       context.CancelFunc
	background sync.WaitGroup
}

// sourceOptions are the settings that Sources are made of.
type sourceOptions struct {
	directory                          []config.Source
	cache                              source.Cache
	unknownPerMinute, unknownPerSecond int
}

// optionsOf leaves out what does not concern the sources themselves: the
// directory chooses the provider of a record, and lines are for messages.
func optionsOf(cfg *config.Config) sourceOptions {
	o := sourceOptions{cache: cfg.Cache, unknownPerMinute: cfg.Limits.UnknownPerMinute, unknownPerSecond: cfg.Limits.UnknownPerSecond}
	o.cache.Snapshot = false
	for _, s := range cfg.Directory {
		s.Provider, s.Key, s.Line, s.PublicLogins, s.TypedAliases = nil, "", 0, false, false
		o.directory = append(o.directory, s)
	}
	return o
}

// OpenSources opens the sources of a Config without connecting: a database that
// is down answers once it is up. The error lists what can be found wrong without
// a connection. metrics and log may be nil.
func OpenSources(cfg *config.Config, metrics *telemetry.Metrics, log *zap.Logger) (*Sources, error) {
	return openSources(cfg, metrics, log, nil)
}

// openSources is OpenSources with what an earlier process knew; restore may be nil.
func openSources(cfg *config.Config, metrics *telemetry.Metrics, log *zap.Logger, restore func(*lookup.Lookup)) (*Sources, error) {
	if log == nil {
		log = zap.NewNop()
	}
	var logged atomic.Int64 // minutes
	s := &Sources{options: optionsOf(cfg), usable: make(chan struct{}), unusable: func(name string, err error) {
		if now := time.Now().Unix() / 60; logged.Swap(now) != now {
			log.Warn("login of a mailbox unusable", zap.String("source", name), zap.Error(err))
		}
	}}
	o := lookup.Options{
		Cache:   cfg.Cache,
		Restore: restore,
		Budget:  lookup.Budget{PerMinute: cfg.Limits.UnknownPerMinute, PerSecond: cfg.Limits.UnknownPerSecond, Client: server.ClientNetwork},
		Report: func(name string, failures int, err error) {
			if err == nil {
				log.Info("source available again", zap.String("source", name))
				return
			}
			log.Error("source unavailable; serving cached answers", zap.String("source", name), zap.Int("failures", failures), zap.Error(err))
		},
		ReportName: func(name string, d address.Domain, failures int, err error) {
			log.Warn("domain cannot be looked up; others are not affected",
				zap.String("source", name), zap.String("domain", string(d)), zap.Int("failures", failures), zap.Error(err))
		},
	}
	if metrics != nil {
		o.Asked, o.Took, o.Answered = metrics.Lookup, metrics.LookupTook, metrics.CacheAnswer
	}
	var wrong []error
	for _, src := range cfg.Directory {
		opened, timeout, concurrent, err := open(src)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s, line %d: %w", src.Key, src.Line, err))
			continue
		}
		s.sources = append(s.sources, opened)
		o.Sources = append(o.Sources, lookup.Named{Name: src.Name, Source: opened, Mailboxes: src.Mailboxes, Concurrent: concurrent})
		o.Timeout += timeout // sources are asked one after the other
	}
	if len(wrong) > 0 {
		return nil, errors.Join(append(wrong, s.closeSources())...)
	}
	s.lookup = lookup.New(o)
	s.ctx, s.stop = context.WithCancel(context.Background())
	for i, src := range s.sources {
		if w, ok := src.(pushSource); ok {
			failed := func(err error) {
				log.Warn("change notifications stopped; entries refresh when they expire", zap.String("source", cfg.Directory[i].Name), zap.Error(err))
			}
			s.background.Go(func() { w.Watch(s.ctx, s.changed, failed) })
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

// open opens one source and returns the time-out of its lookups and how many it
// answers at a time.
func open(src config.Source) (opened openSource, timeout time.Duration, concurrent int, err error) {
	switch {
	case src.SQL != nil:
		opened, err = sqlsource.New(src.Name, *src.SQL)
		return opened, src.SQL.Timeout, cmp.Or(src.SQL.Connections, sqlsource.DefaultConnections), err
	case src.LDAP != nil:
		opened, err = ldapsource.New(src.Name, *src.LDAP)
		return opened, src.LDAP.Timeout, cmp.Or(src.LDAP.Connections, ldapsource.DefaultConnections), err
	}
	opened, err = mxsource.New(src.Name, *src.MX)
	return opened, src.MX.Timeout, mxsource.Lookups, err
}

// Directory returns who answers for a domain: the settings file, then the
// sources. The Sources must be those of cfg.
func (s *Sources) Directory(cfg *config.Config, metrics *telemetry.Metrics) *directory.Directory {
	o := directory.Outside{
		Lookup: s.lookup, Providers: map[string]*settings.Provider{}, Defaults: map[string]*settings.Provider{}, PublicLogins: map[string]bool{}, TypedAliases: map[string]bool{},
	}
	if len(s.sources) == 0 {
		o.Lookup = nil
	}
	for _, p := range cfg.Providers {
		o.Providers[p.ID] = p
	}
	for _, src := range cfg.Directory {
		o.PublicLogins[src.Name] = src.PublicLogins
		o.TypedAliases[src.Name] = src.TypedAliases
		if src.Provider != nil {
			o.Defaults[src.Name] = src.Provider
		}
	}
	if metrics != nil {
		o.Count = metrics.Lookup
	}
	o.Unusable = s.unusable
	return directory.New(cfg.Domains, cfg.Below, cfg.CatchAll).With(o)
}

// Resolve answers one query as a running Waymark with these settings would, to
// somebody who may know the user name.
func Resolve(ctx context.Context, cfg *config.Config, q settings.Query) (settings.Settings, error) {
	s, err := OpenSources(cfg, nil, nil)
	if err != nil {
		return settings.Settings{}, err
	}
	q.Proven = true
	found, err := s.Directory(cfg, nil).Resolve(ctx, q)
	return found, errors.Join(err, s.Close())
}

// Check checks every source. It returns one error per source, in the order of the
// file; nil for one that works.
func (s *Sources) Check(ctx context.Context) []error {
	errs := make([]error, len(s.sources))
	var all sync.WaitGroup
	for i, src := range s.sources {
		all.Go(func() { errs[i] = src.Check(ctx) })
	}
	all.Wait()
	return errs
}

// serves reports whether these Sources can be kept under new settings.
func (s *Sources) serves(cfg *config.Config) bool {
	return reflect.DeepEqual(s.options, optionsOf(cfg))
}

// Close cancels lookups in progress and closes the connections.
func (s *Sources) Close() error {
	s.stop()
	s.background.Wait()
	s.lookup.Close()
	return s.closeSources()
}

func (s *Sources) closeSources() error {
	var errs []error
	for _, src := range s.sources {
		errs = append(errs, src.Close())
	}
	return errors.Join(errs...)
}

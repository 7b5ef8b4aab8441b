package sqlsource

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

const (
	defaultTimeout        = 2 * time.Second
	defaultMaxConnections = 8
	// connections are made anew after this time, so that a failover, a changed
	// address or a SQLite file that was replaced is noticed.
	maxConnectionAge = 5 * time.Minute
)

// Options say which database is asked, and what.
type Options struct {
	// Name is how errors call the source; "" is "sql".
	Name string
	// Driver is postgres, mysql (MariaDB too) or sqlite.
	Driver string
	// DSN says where the database is, in the form of the driver:
	// postgres://user:password@host/database or host=... user=...,
	// user:password@tcp(host:3306)/database, /path/to/file.db.
	DSN string
	// DomainQuery asks about a domain with {domain} or {domain_unicode}, and
	// MailboxQuery about a mailbox with {address} or {local} besides. "" is not
	// asked. Their columns are those of source.ColumnNames.
	DomainQuery, MailboxQuery string
	// Timeout bounds one lookup, the wait for a connection included; 0 is 2 s.
	Timeout time.Duration
	// MaxConnections bounds the pool; 0 is 8.
	MaxConnections int
	// Channel is the PostgreSQL channel that Watch listens to; "" for none.
	Channel string
	// WatchFailed is told, once for each outage, why notifications do not
	// come. It may be nil.
	WatchFailed func(error)
}

// Source asks one database. It is safe for concurrent use.
type Source struct {
	opts    Options
	backend *backend
	db      *sql.DB
	domain  *query // nil when it is not asked
	mailbox *query
	ping    time.Duration // how often Watch asks whether it still hears
}

// query is one of the operator's queries.
type query struct {
	key    string // queries.domain or queries.mailbox
	text   string // with the parameters of the database
	values []string
	stmt   atomic.Pointer[sql.Stmt] // nil until first used, and for PostgreSQL
	head   atomic.Pointer[head]
}

// head remembers what the columns of the last result mean.
type head struct {
	names   []string
	columns source.Columns
}

// New checks what can be checked without the database, and does not reach for
// it. The error names everything that is wrong, and never holds the DSN.
func New(opts Options) (*Source, error) {
	opts.Name = cmp.Or(opts.Name, "sql")
	opts.Timeout = cmp.Or(opts.Timeout, defaultTimeout)
	opts.MaxConnections = cmp.Or(opts.MaxConnections, defaultMaxConnections)
	s := &Source{opts: opts, ping: defaultPing}
	if err := s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Source) build() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(s.opts.Name+": "+format, args...))
	}
	if s.opts.Timeout < 0 {
		wrong("timeout: must be more than 0")
	}
	if s.opts.MaxConnections < 0 {
		wrong("connections: must be more than 0")
	}
	open, ok := drivers()[s.opts.Driver]
	if !ok {
		wrong("driver: must be postgres, mysql or sqlite, is %q", s.opts.Driver)
		return errors.Join(errs...)
	}
	if err := checkChannel(s.opts); err != nil {
		wrong("%w", err)
	}
	var err error
	if s.domain, err = newQuery(s.opts.Driver, "queries.domain", s.opts.DomainQuery, domainPlaceholders(), domainPlaceholders()); err != nil {
		wrong("%w", err)
	}
	if s.mailbox, err = newQuery(s.opts.Driver, "queries.mailbox", s.opts.MailboxQuery, mailboxPlaceholders(), []string{phAddress, phLocal}); err != nil {
		wrong("%w", err)
	}
	if s.opts.DomainQuery == "" && s.opts.MailboxQuery == "" {
		wrong("queries: needs a domain query or a mailbox query")
	}
	if s.opts.DSN == "" {
		wrong("dsn: is empty")
	} else if s.backend, err = open(s.opts); err != nil {
		wrong("dsn: %w", err)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	s.db = sql.OpenDB(s.backend.connector)
	s.db.SetMaxOpenConns(s.opts.MaxConnections)
	s.db.SetMaxIdleConns(s.opts.MaxConnections)
	s.db.SetConnMaxLifetime(maxConnectionAge)
	return nil
}

// newQuery returns nil for a query that is not configured. A query must contain
// one of the placeholders needed: without, every domain would get the same row.
func newQuery(driver, key, text string, known, needed []string) (*query, error) {
	if text == "" {
		return nil, nil
	}
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("%s: is empty", key)
	}
	rewritten, values, err := rewrite(driver, text, known)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(needed, v) }) {
		return nil, fmt.Errorf("%s: must contain %s", key, strings.Join(needed, " or "))
	}
	return &query{key: key, text: rewritten, values: values}, nil
}

// Close gives the connections back.
func (s *Source) Close() error { return s.db.Close() }

// Domain returns what the database says about a domain, or source.ErrNotFound.
func (s *Source) Domain(ctx context.Context, d address.Domain) (source.Record, error) {
	return s.lookup(ctx, s.domain, address.Address{Domain: d})
}

// Mailbox returns what the database says about a mailbox, or
// source.ErrNotFound. Its errors never hold the address.
func (s *Source) Mailbox(ctx context.Context, a address.Address) (source.Record, error) {
	return s.lookup(ctx, s.mailbox, a)
}

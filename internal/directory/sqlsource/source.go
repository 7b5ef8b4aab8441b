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

// DefaultConnections is the number of connections where the options name none.
const DefaultConnections = 8

const (
	// maxConnectionAge bounds the age of a connection, so that a failover, a
	// changed address or a replaced SQLite file is noticed.
	maxConnectionAge = 5 * time.Minute
)

// Source queries one database. It is safe for concurrent use.
type Source struct {
	name    string
	opts    source.SQL
	backend *backend
	db      *sql.DB
	domain  *query // nil when there is no such query
	mailbox *query
	list    *query
	ping    time.Duration // interval of Watch's checks
}

// query is a query of the operator.
type query struct {
	key    string // queries.domain, queries.mailbox or queries.list
	text   string // with the parameters of the database
	values []string
	stmt   atomic.Pointer[sql.Stmt] // nil until first used, and for PostgreSQL
	head   atomic.Pointer[head]
}

// head is the header of the last result.
type head struct {
	names   []string
	columns source.Columns
}

// New checks everything that can be checked without connecting. The error lists
// every wrong option by its key in the settings file, after the name of the
// source, and never contains the DSN.
func New(name string, opts source.SQL) (*Source, error) {
	opts.Timeout = cmp.Or(opts.Timeout, source.DefaultTimeout)
	opts.Connections = cmp.Or(opts.Connections, DefaultConnections)
	s := &Source{name: name, opts: opts, ping: defaultPing}
	if err := s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Source) build() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(s.name+": "+format, args...))
	}
	if s.opts.Timeout < 0 {
		wrong("timeout: must be more than 0")
	}
	if s.opts.Connections < 0 {
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
	if s.list, err = newQuery(s.opts.Driver, "queries.list", s.opts.ListQuery, nil, nil); err != nil {
		wrong("%w", err)
	}
	if s.opts.DomainQuery == "" && s.opts.MailboxQuery == "" {
		wrong("queries: needs a domain query or a mailbox query")
	}
	if s.opts.DSN == "" && (s.opts.Host == "" || s.opts.Driver == "sqlite") {
		wrong("dsn: is empty")
	} else if s.backend, err = open(s.opts); err != nil {
		wrong("dsn: %w", err)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	s.db = sql.OpenDB(s.backend.connector)
	s.db.SetMaxOpenConns(s.opts.Connections)
	s.db.SetMaxIdleConns(s.opts.Connections)
	s.db.SetConnMaxLifetime(maxConnectionAge)
	return nil
}

// newQuery returns nil for a query that is not configured. A query must contain
// one of the placeholders needed, if any: without, every domain would get the same
// row.
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
	if len(needed) > 0 && !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(needed, v) }) {
		return nil, fmt.Errorf("%s: must contain %s", key, strings.Join(needed, " or "))
	}
	return &query{key: key, text: rewritten, values: values}, nil
}

// Close closes the connections.
func (s *Source) Close() error { return s.db.Close() }

// Domain returns the record of a domain. The error is source.ErrNotFound for an
// unknown domain.
func (s *Source) Domain(ctx context.Context, d address.Domain) (source.Record, error) {
	found, err := s.lookup(ctx, s.domain, address.Address{Domain: d})
	if found.Canonical == d {
		found.Canonical = "" // not an alias of itself
	}
	return found, err
}

// Mailbox returns the record of a mailbox. The error is source.ErrNotFound for an
// unknown one; no error contains the address.
func (s *Source) Mailbox(ctx context.Context, a address.Address) (source.Record, error) {
	return s.lookup(ctx, s.mailbox, a)
}

package sqlsource

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// listTimeout is the time-out of the query that lists all domains.
const listTimeout = 10 * time.Minute

// List calls yield with each domain as the database has it. It uses a connection of
// its own, because sessions have the time-out of a lookup. yield should be quick: the
// database may lock rows meanwhile.
func (s *Source) List(ctx context.Context, yield func(string) error) error {
	switch {
	case s.domain == nil:
		return source.NoListError("it looks up user names only")
	case s.list == nil:
		return source.NoListError("it needs queries.list to list its domains")
	}
	opts := s.opts
	opts.Timeout, opts.Connections = listTimeout, 1
	patient, err := New(s.name, opts)
	if err != nil {
		return err
	}
	defer func() { _ = patient.Close() }() // read to its end, or failed
	limited, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	err = patient.try(limited, patient.list, address.Address{}, func(rows *sql.Rows) error { return eachDomain(rows, yield) })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%s: %s: %w", s.name, patient.list.key, patient.explain(limited, err))
}

func eachDomain(rows *sql.Rows, yield func(string) error) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	column := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, "domain") })
	if column < 0 {
		return plain("returns no column domain")
	}
	raw, into := make([]sql.RawBytes, len(names)), make([]any, len(names))
	for i := range raw {
		into[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := yield(string(raw[column])); err != nil {
			return plainError{err}
		}
	}
	return rows.Err()
}

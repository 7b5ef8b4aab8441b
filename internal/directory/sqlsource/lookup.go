package sqlsource

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

func (s *Source) lookup(ctx context.Context, q *query, a address.Address) (source.Record, error) {
	if q == nil {
		return source.Record{}, source.ErrNotFound
	}
	var record source.Record
	err := s.ask(ctx, q, a, func(rows *sql.Rows) (err error) {
		record, err = q.read(rows, a)
		return err
	})
	return record, err
}

// ask runs a query within the time-out and explains its errors.
func (s *Source) ask(ctx context.Context, q *query, a address.Address, read func(*sql.Rows) error) error {
	limited, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	err := s.try(limited, q, a, read)
	// A connection that was idle during a restart of the server fails on its next
	// use. Each failed try removes one of them from the pool, and reading again is
	// safe.
	for range s.opts.Connections {
		if !lostConnection(err) || limited.Err() != nil {
			break
		}
		err = s.try(limited, q, a, read)
	}
	switch {
	case err == nil || errors.Is(err, source.ErrNotFound):
		return err
	case ctx.Err() != nil: // the caller gave up
		return fmt.Errorf("%s: %s: %w", s.name, q.key, ctx.Err())
	}
	return classify(err, fmt.Errorf("%s: %s: %w", s.name, q.key, s.explain(limited, err)))
}

func (s *Source) try(ctx context.Context, q *query, a address.Address, read func(*sql.Rows) error) error {
	if s.backend.sessions != nil {
		return s.backend.sessions.try(ctx, s.db, q, a, read)
	}
	return readAll(read)(s.run(ctx, q, values(q.values, a)))
}

// readAll returns a function that reads the result of a query and closes it.
func readAll(read func(*sql.Rows) error) func(*sql.Rows, error) error {
	return func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		err = read(rows)
		if closed := rows.Close(); err == nil {
			err = closed
		}
		return err
	}
}

// run sends a query to MySQL or SQLite. It is prepared once, because the drivers
// would parse it each time.
func (s *Source) run(ctx context.Context, q *query, args []any) (*sql.Rows, error) {
	stmt := q.stmt.Load()
	if stmt == nil {
		prepared, err := s.db.PrepareContext(ctx, q.text)
		if err != nil {
			return nil, err
		}
		if stmt = prepared; !q.stmt.CompareAndSwap(nil, prepared) {
			stmt = q.stmt.Load()
			if err := prepared.Close(); err != nil {
				return nil, err
			}
		}
	}
	return stmt.QueryContext(ctx, args...)
}

// maxRows bounds the rows that are read for one answer.
const maxRows = 100

// read reads the rows about the name that was asked for. They must agree: a
// database may list a domain once per server or per mailbox.
func (q *query) read(rows *sql.Rows, asked address.Address) (source.Record, error) {
	columns, err := q.columns(rows)
	if err != nil {
		return source.Record{}, err
	}
	var first []string
	for n := 0; rows.Next(); n++ {
		if n == maxRows {
			return source.Record{}, plain(fmt.Sprintf("returned more than %d rows; make the condition stricter or add LIMIT 1", maxRows))
		}
		texts, err := row(rows, columns.names)
		switch {
		case err != nil:
			return source.Record{}, err
		case !columns.about(texts, asked):
			continue
		case first == nil:
			first = texts
			continue
		}
		if differs := columns.differs(first, texts); differs != "" {
			return source.Record{}, plain("returned rows that differ in the column " + differs + "; make the condition stricter")
		}
	}
	if err := rows.Err(); err != nil {
		return source.Record{}, err
	}
	if first == nil {
		return source.Record{}, source.ErrNotFound
	}
	record, err := columns.columns.Record(first)
	if err != nil {
		return source.Record{}, plainError{err}
	}
	return record, nil
}

// about reports whether a row is about the name that was asked for.
func (h *head) about(texts []string, asked address.Address) bool {
	for i, name := range h.names {
		if source.Identifies(name) && !source.Matches(name, texts[i], asked) {
			return false
		}
	}
	return true
}

// differs returns the first column in which two rows about the same name differ;
// "" for none.
func (h *head) differs(a, b []string) string {
	for i, name := range h.names {
		if a[i] != b[i] && !source.Identifies(name) {
			return name
		}
	}
	return ""
}

func (q *query) columns(rows *sql.Rows) (*head, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	if known := q.head.Load(); known != nil && slices.Equal(known.names, names) {
		return known, nil
	}
	columns, err := source.NewColumns(names)
	if err != nil {
		return nil, plainError{headError{err}}
	}
	h := &head{names: names, columns: columns}
	q.head.Store(h)
	return h, nil
}

func row(rows *sql.Rows, names []string) ([]string, error) {
	raw := make([]any, len(names))
	into := make([]any, len(names))
	for i := range raw {
		into[i] = &raw[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	texts := make([]string, len(names))
	for i, v := range raw {
		var err error
		if texts[i], err = text(v); err != nil {
			return nil, plainError{fmt.Errorf("column %s %w", names[i], err)}
		}
	}
	return texts, nil
}

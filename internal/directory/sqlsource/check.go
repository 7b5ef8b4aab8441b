package sqlsource

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// Check connects and runs the queries for a mailbox that cannot exist (RFC 6761
// section 6.4): only a query that runs reveals missing privileges and writes. It
// checks the names and types of the columns. The error lists everything that is
// wrong with both queries.
func (s *Source) Check(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	if err := s.db.PingContext(limited); err != nil {
		return fmt.Errorf("%s: %w", s.name, s.explain(limited, err))
	}
	if s.opts.Channel != "" && s.backend.sessions.pooled.Load() {
		return fmt.Errorf("%s: notify: %w", s.name, errPooledNotify)
	}
	nobody := address.Address{Local: "nobody", Domain: "waymark.invalid"}
	var errs []error
	for _, q := range []*query{s.domain, s.mailbox} {
		if q == nil {
			continue
		}
		errs = append(errs, s.ask(ctx, q, nobody, func(rows *sql.Rows) error {
			_, unknown := q.columns(rows)
			types, err := rows.ColumnTypes()
			if err != nil {
				return err
			}
			wrong := []error{unknown}
			for _, t := range types {
				wrong = append(wrong, checkType(t.Name(), t.DatabaseTypeName()))
			}
			if err := errors.Join(wrong...); err != nil {
				return plainError{err}
			}
			for rows.Next() { // so that the query runs to its end
			}
			return rows.Err()
		}))
	}
	return errors.Join(errs...)
}

// Warnings returns what may go wrong with the queries that Check has run, by their
// keys: the collations of MySQL equate letters, so that the row of another name can
// be the answer.
func (s *Source) Warnings() []string {
	var all []string
	for q, column := range map[*query]string{s.domain: "domain", s.mailbox: "address"} {
		if q == nil || s.opts.Driver != "mysql" {
			continue
		}
		if h := q.head.Load(); h != nil && !slices.ContainsFunc(h.names, source.Identifies) {
			all = append(all, fmt.Sprintf("%s: %s: returns no column %s, so that Waymark cannot ignore the row of a name that only looks alike, such as muller for müller; return the compared column as %s", s.name, q.key, column, column))
		}
	}
	slices.Sort(all)
	return all
}

// checkType rejects types that cannot hold the value of a column. The type names
// are those of three databases; any other is treated as text, such as
// user-defined types.
func checkType(column, typeName string) error {
	column = strings.ToLower(column)
	base, _, _ := strings.Cut(strings.ToUpper(typeName), "(")
	var kind string
	switch strings.TrimPrefix(strings.TrimSpace(base), "UNSIGNED ") {
	case "DATE", "TIME", "TIMETZ", "DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL", "YEAR":
		return fmt.Errorf("column %s is a date or a time (%s); use text, a number or a boolean", column, typeName)
	case "BOOL", "BOOLEAN":
		if column == "enabled" {
			return nil
		}
		kind = "a boolean"
	case "INT", "INTEGER", "INT2", "INT4", "INT8", "TINYINT", "SMALLINT", "MEDIUMINT", "BIGINT",
		"NUMERIC", "DECIMAL", "REAL", "FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "DOUBLE PRECISION":
		if column == "enabled" || column == "login" || strings.HasSuffix(column, "_port") {
			return nil
		}
		kind = "a number"
	default:
		return nil
	}
	return fmt.Errorf("column %s is %s (%s); it must be text", column, kind, typeName)
}

package sqlsource

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// headError is about the columns of a result, which are the same for every name.
type headError struct{ error }

// classify returns explained as a source.NameError if err is about the name that
// was looked up, and else unchanged.
func classify(err, explained error) error {
	var p plainError
	var h headError
	switch {
	case errors.As(err, &h):
		return explained
	case errors.As(err, &p):
		return source.BrokenRow(explained)
	case isDataError(err):
		return source.OfName(explained)
	}
	return explained
}

// isDataError reports whether a database refused a value: that of a placeholder or
// one that the query computes from a row. Names of tables, privileges and
// connections are the same for every value.
func isDataError(err error) bool {
	var fromPostgres *pgconn.PgError
	var fromMySQL *mysql.MySQLError
	var fromSQLite *sqlite.Error
	switch {
	case errors.As(err, &fromPostgres):
		// Data exceptions, such as a character that the database cannot store, and
		// a subquery with several rows.
		return strings.HasPrefix(fromPostgres.Code, "22") || strings.HasPrefix(fromPostgres.Code, "21")
	case errors.As(err, &fromMySQL):
		return slices.Contains(dataErrorsOfMySQL(), fromMySQL.Number)
	case errors.As(err, &fromSQLite):
		return isDataErrorOfSQLite(fromSQLite)
	}
	return false
}

// dataErrorsOfMySQL are the errors of MySQL and MariaDB that depend on a value.
// Those of collations do: the server converts a value to the character set of the
// column if it can.
func dataErrorsOfMySQL() []uint16 {
	return []uint16{
		1267, 1270, 1271, // illegal mix of collations
		1300, 1366, 1977, 3854, // a character that the column cannot hold
		1242,                         // a subquery returned several rows
		1264, 1292, 1365, 1406, 1690, // out of range, malformed, too long
		3140, 3141, 4038, // malformed JSON
	}
}

func isDataErrorOfSQLite(err *sqlite.Error) bool {
	switch err.Code() & 0xff { // without the extended part
	case sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE:
		return true
	case sqlite3.SQLITE_ERROR: // shared with faults of the query, which fails for every name
		for _, known := range []string{"integer overflow", "malformed JSON", "pattern too complex"} {
			if strings.Contains(err.Error(), known) {
				return true
			}
		}
	}
	return false
}

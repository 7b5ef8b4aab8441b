package sqlsource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// plainError is an error that can be shown as it is and contains no personal
// data. All others go through explain.
type plainError struct{ error }

func (e plainError) Unwrap() error { return e.error }

func plain(words string) error { return plainError{errors.New(words)} }

// explain returns the reason why a query failed. It repeats the message of a
// database only if that is about the query and its tables: others may contain the
// address or a row.
func (s *Source) explain(ctx context.Context, err error) error {
	var p plainError
	if errors.As(err, &p) {
		return p.error
	}
	if ctx.Err() != nil || isTimeout(err) {
		return fmt.Errorf("no answer within %s", s.opts.Timeout)
	}
	var (
		fromPostgres *pgconn.PgError
		fromMySQL    *mysql.MySQLError
		fromSQLite   *sqlite.Error
		fromNetwork  *net.OpError
		fromDNS      *net.DNSError
		badCert      *tls.CertificateVerificationError
		notTrusted   x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &fromPostgres):
		return explainPostgres(fromPostgres)
	case errors.As(err, &fromMySQL):
		return explainMySQL(fromMySQL)
	case errors.As(err, &fromSQLite):
		return explainSQLite(fromSQLite)
	case errors.As(err, &fromDNS):
		return fmt.Errorf("the server cannot be reached: %w", fromDNS)
	case errors.As(err, &fromNetwork) && fromNetwork.Op == "dial":
		return fmt.Errorf("the server cannot be reached: %w", fromNetwork)
	case errors.As(err, &badCert):
		return fmt.Errorf("the server's certificate is not trusted: %w", badCert)
	case errors.As(err, &notTrusted):
		return fmt.Errorf("the server's certificate is not trusted: %w", notTrusted)
	case errors.Is(err, mysql.ErrNoTLS), strings.Contains(err.Error(), "server refused TLS connection"): // pgx has no error for it
		return errors.New("the server does not support TLS, which the dsn or the key tls requires")
	case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrNativePassword),
		errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrUnknownPlugin):
		return err // fixed texts
	case lostConnection(err):
		return errors.New("the connection to the server was lost")
	}
	return fmt.Errorf("unexpected error of the driver (%T)", err)
}

// lostConnection reports whether the connection is gone, so that retrying on
// another one may succeed.
func lostConnection(err error) bool {
	var fromPostgres *pgconn.PgError
	if errors.As(err, &fromPostgres) {
		switch fromPostgres.Code {
		case "57P01", "57P02": // the server shuts down
			return true
		}
		return false
	}
	var fromMySQL *mysql.MySQLError
	if errors.As(err, &fromMySQL) {
		return fromMySQL.Number == 1053 || fromMySQL.Number == 1927 // going down; killed
	}
	var fromNetwork *net.OpError
	if errors.As(err, &fromNetwork) {
		return fromNetwork.Op != "dial"
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn)
}

// isTimeout reports whether the server cancelled the query at the limit of its
// session.
func isTimeout(err error) bool {
	var fromPostgres *pgconn.PgError
	if errors.As(err, &fromPostgres) {
		return fromPostgres.Code == "57014"
	}
	var fromNetwork net.Error
	return isMySQL(err, 1969) || isMySQL(err, 3024) || isMySQL(err, 1317) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &fromNetwork) && fromNetwork.Timeout()
}

func isMySQL(err error, number uint16) bool {
	var fromMySQL *mysql.MySQLError
	return errors.As(err, &fromMySQL) && fromMySQL.Number == number
}

const (
	wrongLogin = "the server rejected the user or the password"
	readOnly   = "is not a read-only query"
	tooMany    = "the server has too many connections"
)

// explainPostgres explains the codes of PostgreSQL's appendix A.
func explainPostgres(err *pgconn.PgError) error {
	switch {
	case err.Code == "28P01":
		return errors.New(wrongLogin)
	case strings.HasPrefix(err.Code, "28"):
		return fmt.Errorf("the server rejected the login: %s", err.Message)
	case err.Code == "25006":
		return errors.New(readOnly)
	case refusedByPooler(err.Message):
		return errors.New("PgBouncer refused the connection; add to its configuration: ignore_startup_parameters = default_transaction_read_only, statement_timeout")
	case err.Code == "53300":
		return errors.New(tooMany)
	case err.Code == "57P03":
		return errors.New("the server is starting up or shutting down")
	// Names, syntax, types and privileges, which are checked before any value is
	// read.
	case strings.HasPrefix(err.Code, "42"), strings.HasPrefix(err.Code, "3D"), strings.HasPrefix(err.Code, "3F"), err.Code == "57P01":
		return errors.New(err.Message)
	case strings.HasPrefix(err.Code, "22"):
		return fmt.Errorf("a value does not have the type that the query needs (SQLSTATE %s)", err.Code)
	}
	return fmt.Errorf("the server reports SQLSTATE %s", err.Code)
}

func explainMySQL(err *mysql.MySQLError) error {
	switch err.Number {
	case 1045, 1698:
		return errors.New(wrongLogin)
	case 1792:
		return errors.New(readOnly)
	case 1040, 1203, 1226:
		return errors.New(tooMany)
	case 1270:
		return errors.New("the value or the query has characters that the column's character set lacks; a query on latin1 columns must use {domain} alone")
	case 1053:
		return errors.New("the server is shutting down")
	// Access to databases, tables, columns and routines; unknown databases,
	// tables, columns and routines; syntax; collations.
	case 1044, 1142, 1143, 1370, 1049, 1146, 1051, 1054, 1052, 1305, 1630, 1582, 1064, 1267, 1271:
		return errors.New(err.Message)
	}
	return fmt.Errorf("the server reports error %d", err.Number)
}

func explainSQLite(err *sqlite.Error) error {
	switch err.Code() & 0xff { // without the extended part
	case sqlite3.SQLITE_CANTOPEN:
		return errors.New("the file cannot be opened: check that it exists and is readable; a database in WAL mode needs its -wal and -shm files, or a directory that Waymark may write to")
	case sqlite3.SQLITE_NOTADB:
		return errors.New("the file is not an SQLite database")
	case sqlite3.SQLITE_CORRUPT:
		return errors.New("the database is damaged")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return errors.New("the database is locked by another program")
	case sqlite3.SQLITE_IOERR:
		return errors.New("the file cannot be read: the disk or the network file system reports an error")
	case sqlite3.SQLITE_READONLY:
		return errors.New(readOnly)
	case sqlite3.SQLITE_ERROR:
		// "SQL logic error: no such table: domain (1)"
		for _, known := range []string{"no such table", "no such column", "no such function", "near ", "ambiguous column name", "incomplete input", "wrong number of arguments"} {
			if _, rest, ok := strings.Cut(err.Error(), ": "+known); ok {
				return errors.New(strings.TrimSuffix(known+rest, " (1)"))
			}
		}
	}
	return fmt.Errorf("the database reports error %d", err.Code())
}

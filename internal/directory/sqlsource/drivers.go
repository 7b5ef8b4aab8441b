package sqlsource

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"modernc.org/sqlite"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// backend is how to connect to a database. Every session is read-only: the
// queries of the operator are trusted to be well meant, not to be correct.
type backend struct {
	connector driver.Connector
	prepare   bool            // prepare statements once
	listen    *pgx.ConnConfig // nil when the database cannot notify
	sessions  *sessions       // nil but for PostgreSQL
}

const anyCharacters = "; the keys user and password accept any characters"

// The errors do not repeat the DSN or what the driver says about it: either may
// contain the password.
var (
	errPostgresDSN = errors.New("must look like postgres://user:password@host:5432/database or host=/run/postgresql user=waymark dbname=mail" + anyCharacters)
	errMySQLDSN    = errors.New("must look like user:password@tcp(host:3306)/database or user:password@unix(/run/mysqld/mysqld.sock)/database" + anyCharacters)
	errSQLiteDSN   = errors.New("must look like /path/to/file.db or file:/path/to/file.db?immutable=1")
)

// drivers returns how each kind of database is opened. Opening does not connect.
func drivers() map[string]func(source.SQL) (*backend, error) {
	return map[string]func(source.SQL) (*backend, error){"postgres": openPostgres, "mysql": openMySQL, "sqlite": openSQLite}
}

func openMySQL(opts source.SQL) (*backend, error) {
	cfg := mysqlConfig(opts)
	if opts.DSN != "" {
		var err error
		if cfg, err = mysql.ParseDSN(opts.DSN); err != nil {
			return nil, errMySQLDSN
		}
	}
	cfg.User, cfg.Passwd = cmp.Or(opts.User, cfg.User), cmp.Or(opts.Password, cfg.Passwd)
	cfg.InterpolateParams = false // bind values, never insert them into the text
	cfg.MultiStatements = false
	cfg.ParseTime = true // to distinguish a date from text
	cfg.Logger = &mysql.NopLogger{}
	if cfg.Timeout == 0 {
		cfg.Timeout = opts.Timeout
	}
	if cfg.ReadTimeout == 0 { // the only limit while a connection is opened ahead
		cfg.ReadTimeout = opts.Timeout + time.Second
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, errMySQLDSN
	}
	return &backend{connector: mysqlSessions{connector, opts.Timeout}, prepare: true}, nil
}

// mysqlConfig returns the host and the database of the options.
func mysqlConfig(opts source.SQL) *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.DBName = opts.Database
	if strings.HasPrefix(opts.Host, "/") {
		cfg.Net, cfg.Addr = "unix", opts.Host
		return cfg
	}
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(opts.Host, strconv.Itoa(cmp.Or(opts.Port, 3306)))
	cfg.TLSConfig = map[source.TLS]string{source.TLSOff: "false", source.TLSRequire: "skip-verify", source.TLSVerifyFull: "true"}[tlsOf(opts)]
	return cfg
}

// tlsOf returns how the connection to the host of the options is encrypted. Nobody
// else listens on this machine.
func tlsOf(opts source.SQL) source.TLS {
	ip, err := netip.ParseAddr(opts.Host)
	here := strings.HasPrefix(opts.Host, "/") || opts.Host == "localhost" || err == nil && ip.Unmap().IsLoopback()
	switch {
	case opts.TLS != "":
		return opts.TLS
	case here:
		return source.TLSOff
	}
	return source.TLSRequire
}

// mysqlSessions makes every new connection read-only and sets the time-out in the
// server, which would otherwise continue an abandoned query.
type mysqlSessions struct {
	driver.Connector
	timeout time.Duration
}

const errUnknownVariable = 1193

// Connect implements driver.Connector.
func (m mysqlSessions) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := m.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.prepare(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (m mysqlSessions) prepare(ctx context.Context, conn driver.Conn) error {
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return errors.New("the driver cannot make a session read-only")
	}
	if _, err := execer.ExecContext(ctx, "SET SESSION TRANSACTION READ ONLY", nil); err != nil {
		return err
	}
	_, err := execer.ExecContext(ctx, fmt.Sprintf("SET SESSION max_statement_time = %.3f", m.timeout.Seconds()), nil) // MariaDB
	if isMySQL(err, errUnknownVariable) {
		_, err = execer.ExecContext(ctx, fmt.Sprintf("SET SESSION max_execution_time = %d", max(1, m.timeout.Milliseconds())), nil) // MySQL
	}
	return err
}

func openSQLite(opts source.SQL) (*backend, error) {
	query := ""
	path, isURI := strings.CutPrefix(opts.DSN, "file:")
	if isURI {
		path, query, _ = strings.Cut(path, "?")
	} else {
		path = (&url.URL{Path: path}).EscapedPath()
	}
	params, err := url.ParseQuery(query)
	if err != nil || path == "" || strings.HasPrefix(path, ":memory:") || params.Get("mode") == "memory" {
		return nil, errSQLiteDSN
	}
	params.Set("mode", "ro")
	params.Set("_query_only", "1")
	if !params.Has("_busy_timeout") { // wait for a panel that is writing
		params.Set("_busy_timeout", strconv.FormatInt(opts.Timeout.Milliseconds(), 10))
	}
	connector, err := sqlite.NewConnector("file:" + path + "?" + params.Encode())
	if err != nil {
		return nil, errSQLiteDSN
	}
	return &backend{connector: connector, prepare: true}, nil
}

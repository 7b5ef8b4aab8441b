package sqlsource

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// openPostgres opens PostgreSQL, also behind PgBouncer, which gives the next query
// of a connection to another session of the server. So statements are not
// prepared.
func openPostgres(opts source.SQL) (*backend, error) {
	cfg, err := postgresConfig(opts)
	if err != nil {
		return nil, err
	}
	cfg.RuntimeParams["default_transaction_read_only"] = "on"
	milliseconds := max(1, opts.Timeout.Milliseconds())
	cfg.RuntimeParams["statement_timeout"] = strconv.FormatInt(milliseconds, 10)
	s := &sessions{milliseconds: milliseconds}
	return &backend{connector: stdlib.GetConnector(*cfg, stdlib.OptionAfterConnect(s.examine)), listen: cfg, sessions: s}, nil
}

// OpenWritable opens the database of a source of the driver postgres for a storage that
// writes, without connecting. The errors are those of a source.
func OpenWritable(opts source.SQL) (*sql.DB, error) {
	cfg, err := postgresConfig(opts)
	if err != nil {
		return nil, err
	}
	const connections = 5 // of each replica
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(connections)
	return db, nil
}

func postgresConfig(opts source.SQL) (*pgx.ConnConfig, error) {
	dsn := opts.DSN
	if dsn == "" {
		dsn = postgresDSN(opts)
	}
	if passwordHasSlash(dsn) {
		return nil, errPostgresDSN
	}
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, wrongPostgresDSN(err)
	}
	cfg.User, cfg.Password = cmp.Or(opts.User, cfg.User), cmp.Or(opts.Password, cfg.Password)
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = opts.Timeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "waymark"
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	return cfg, nil
}

// passwordHasSlash reports whether a URL has an @ after its first slash. Then the rest of
// the password would be the host or the path, and errors name the host.
func passwordHasSlash(dsn string) bool {
	scheme, rest, _ := strings.Cut(dsn, "://")
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	return (scheme == "postgres" || scheme == "postgresql") && strings.Contains(path, "@")
}

// wrongPostgresDSN returns the reason for a DSN that is refused. That of TLS is
// about files; any other may repeat the password.
func wrongPostgresDSN(err error) error {
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return file
	}
	if strings.Contains(err.Error(), "failed to configure TLS") {
		return errors.New("has sslmode, sslrootcert, sslcert or sslkey that do not fit: each file must be in PEM format")
	}
	return errPostgresDSN
}

// postgresDSN returns the host and the database as a DSN.
func postgresDSN(opts source.SQL) string {
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }
	mode := map[source.TLS]string{source.TLSOff: "disable", source.TLSRequire: "require", source.TLSVerifyFull: "verify-full"}[tlsOf(opts)]
	dsn := "host=" + quote(opts.Host) + " dbname=" + quote(opts.Database) + " sslmode=" + mode
	if opts.Port != 0 {
		dsn += " port=" + strconv.Itoa(opts.Port)
	}
	return dsn
}

// sessions knows whether the sessions of the server have the settings that were
// requested with the connection. A pooler such as PgBouncer drops them.
type sessions struct {
	milliseconds int64
	pooled       atomic.Bool
}

// examine compares the settings of a new connection's session.
func (s *sessions) examine(ctx context.Context, conn *pgx.Conn) error {
	var kept bool
	err := conn.QueryRow(ctx, fmt.Sprintf("SELECT current_setting('default_transaction_read_only') = 'on' AND current_setting('statement_timeout')::interval = interval '%d ms'", s.milliseconds)).Scan(&kept)
	if err == nil && !kept {
		s.pooled.Store(true)
	}
	return err
}

var errPooledNotify = errors.New("the connection goes through a pooler such as PgBouncer, which does not pass on notifications; connect to PostgreSQL itself, or remove notify")

// try runs a query. Behind a pooler it does so in a transaction that is read-only
// and has the time-out of a session.
func (s *sessions) try(ctx context.Context, db *sql.DB, q *query, a address.Address, read func(*sql.Rows) error) (err error) {
	conn, err := db.Conn(ctx) // examined
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool, or is gone
	if !s.pooled.Load() {
		return readAll(read)(conn.QueryContext(ctx, q.text, values(q.values, a)...))
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() {
		if ended := tx.Rollback(); err == nil {
			err = ended
		}
	}()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", s.milliseconds)); err != nil {
		return err
	}
	return readAll(read)(tx.QueryContext(ctx, q.text, values(q.values, a)...))
}

// refusedByPooler reports whether PgBouncer refused a connection because of the
// settings that it has to ignore.
func refusedByPooler(message string) bool {
	return strings.Contains(message, "unsupported startup parameter")
}

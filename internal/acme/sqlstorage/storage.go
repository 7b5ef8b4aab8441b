package sqlstorage

import (
	"context"
	"crypto/cipher"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

const (
	// patience bounds one query.
	patience = 10 * time.Second
	// outage is how long Store waits for a database that is being restarted: a
	// certificate that cannot be stored would have to be ordered again.
	outage = time.Minute
)

// Storage implements certmagic.Storage. It is safe for concurrent use.
type Storage struct {
	db    *sql.DB
	box   cipher.AEAD
	lease time.Duration

	mu    sync.Mutex
	locks map[string]*lock // that this process holds
}

// New returns the storage in a database, with values encrypted by a key that is derived
// from secret. Close closes the database.
func New(db *sql.DB, secret string) (*Storage, error) {
	box, err := newBox(secret)
	if err != nil {
		return nil, err
	}
	return &Storage{db: db, box: box, lease: lease, locks: map[string]*lock{}}, nil
}

// Close closes the database. Locks that are held expire.
func (s *Storage) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.locks {
		l.stop()
	}
	return s.db.Close()
}

// Check returns why the storage cannot be used: a table or a permission is missing, or
// the values were encrypted with another secret.
func (s *Storage) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, table := range []string{"waymark_certificates", "waymark_certificate_locks"} {
		var granted bool
		err := s.db.QueryRowContext(ctx, `SELECT has_table_privilege($1, 'SELECT') AND has_table_privilege($1, 'INSERT')
			AND has_table_privilege($1, 'UPDATE') AND has_table_privilege($1, 'DELETE')`, table).Scan(&granted)
		if err != nil {
			return fmt.Errorf("the table %s: %w; docs/tls.md has the SQL that creates it", table, err)
		}
		if !granted {
			return fmt.Errorf("the user of the database needs SELECT, INSERT, UPDATE and DELETE on the table %s", table)
		}
	}
	var key string
	err := s.db.QueryRowContext(ctx, `SELECT name FROM waymark_certificates LIMIT 1`).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = s.Load(ctx, key)
	}
	return err
}

// Store implements certmagic.Storage.
func (s *Storage) Store(ctx context.Context, key string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, outage)
	defer cancel()
	for {
		err := s.store(ctx, key, value)
		if err == nil || !unavailable(err) {
			return err
		}
		select {
		case <-time.After(tryAgain):
		case <-ctx.Done():
			return err
		}
	}
}

func (s *Storage) store(ctx context.Context, key string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.db.ExecContext(ctx, `INSERT INTO waymark_certificates (name, value, modified) VALUES ($1, $2, now())
		ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value, modified = EXCLUDED.modified`, clean(key), s.seal(clean(key), value))
	return err
}

// unavailable reports whether an error means that the database is down, stopping or
// starting, rather than that it refuses the query.
func unavailable(err error) bool {
	answered, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	return !ok || strings.HasPrefix(answered.SQLState(), "57P")
}

// Load implements certmagic.Storage.
func (s *Storage) Load(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var sealed []byte
	err := s.db.QueryRowContext(ctx, `SELECT value FROM waymark_certificates WHERE name = $1`, clean(key)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return s.open(clean(key), sealed)
}

// Delete implements certmagic.Storage.
func (s *Storage) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.db.ExecContext(ctx, `DELETE FROM waymark_certificates WHERE name = $1 OR name > $2 AND name < $3`, clean(key), first(key), last(key))
	return err
}

// Exists implements certmagic.Storage.
func (s *Storage) Exists(ctx context.Context, key string) bool {
	_, err := s.Stat(ctx, key)
	return err == nil
}

// List implements certmagic.Storage.
func (s *Storage) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, `SELECT name FROM waymark_certificates WHERE name > $1 AND name < $2 ORDER BY name`, first(prefix), last(prefix))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		parts := strings.Split(strings.TrimPrefix(key, first(prefix)), "/")
		for i := range parts { // folders count as keys
			if i == 0 || recursive {
				keys = append(keys, path.Join(clean(prefix), path.Join(parts[:i+1]...)))
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, fs.ErrNotExist
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// Stat implements certmagic.Storage.
func (s *Storage) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	info := certmagic.KeyInfo{Key: key, IsTerminal: true}
	err := s.db.QueryRowContext(ctx, `SELECT modified, octet_length(value) FROM waymark_certificates WHERE name = $1`, clean(key)).Scan(&info.Modified, &info.Size)
	if err == nil {
		info.Size -= int64(1 + s.box.Overhead())
		return info, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return certmagic.KeyInfo{}, err
	}
	info.IsTerminal = false
	var modified sql.NullTime
	err = s.db.QueryRowContext(ctx, `SELECT max(modified) FROM waymark_certificates WHERE name > $1 AND name < $2`, first(key), last(key)).Scan(&modified)
	if err == nil && !modified.Valid {
		err = fs.ErrNotExist
	}
	info.Modified = modified.Time
	return info, err
}

// clean returns a key without slashes around it.
func clean(key string) string { return strings.Trim(key, "/") }

// first and last are what the names below a folder lie between: "0" follows "/", and
// names have the order of their octets.
func first(folder string) string {
	if clean(folder) == "" {
		return ""
	}
	return clean(folder) + "/"
}

func last(folder string) string {
	if clean(folder) == "" {
		return "\U0010FFFF"
	}
	return clean(folder) + "0"
}

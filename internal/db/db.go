// Package db opens the database and hides which of the two it is: SQLite in the data folder by default, PostgreSQL by
// URL. SQL is written out where it is used, once, with $1-style parameters; this package translates them, runs
// migrations, and groups waiting writes into shared transactions (Batch). Tables belong to the packages that use them.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Dialect names a kind of database.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	Dialect Dialect
	write   *sql.DB // SQLite: one connection, the only writer of this process
	read    *sql.DB
	ref     string // of PostgreSQL, for connections beside the pool

	fault func(statement string) error // for tests: see Disturb
}

// Disturb lets a test make any statement of any write transaction fail, as a database that goes away would: f is asked
// before each of them, and before the commit with "COMMIT". Nil ends it. It must not be called while transactions run.
func (d *DB) Disturb(f func(statement string) error) { d.fault = f }

func (d *DB) disturbed(statement string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(statement)
}

// Queryer is what both a DB (reads) and a Tx offer.
type Queryer interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// Open opens the database at ref: a postgres:// URL, or the path of an SQLite file. It does not migrate.
func Open(ctx context.Context, ref string) (*DB, error) {
	if strings.HasPrefix(ref, "postgres://") || strings.HasPrefix(ref, "postgresql://") {
		return openPostgres(ctx, ref)
	}
	if scheme, _, ok := strings.Cut(ref, "://"); ok { // the rest may hold a password
		return nil, fmt.Errorf("open the database: its URL begins with %s://, want postgres://", scheme)
	}
	return openSQLite(ctx, ref)
}

func openPostgres(ctx context.Context, ref string) (*DB, error) {
	pool, err := sql.Open("pgx", ref)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	pool.SetMaxOpenConns(24)
	pool.SetMaxIdleConns(24)
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	return &DB{Dialect: Postgres, write: pool, read: pool, ref: ref}, nil
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", path, err)
	}
	// Nobody else on the machine may read it, whatever the folder allows; what SQLite puts beside it gets the same mode.
	f, err := os.OpenFile(abs, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	// FULL: an answered submission survives power loss; with group commit it costs nothing (docs/benchmarks.md).
	dsn := func(mode, lock string) string {
		q := url.Values{"_pragma": {
			"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(2)",
		}, "mode": {mode}, "_txlock": {lock}}
		return "file:" + (&url.URL{Path: abs}).EscapedPath() + "?" + q.Encode()
	}
	write, err := sql.Open("sqlite", dsn("rwc", "immediate"))
	if err != nil {
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	read, err := sql.Open("sqlite", dsn("rw", "deferred"))
	if err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("open SQLite %s for reading: %w", path, err)
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	return &DB{Dialect: SQLite, write: write, read: read}, nil
}

// Close closes all connections.
func (d *DB) Close() error {
	if d.read == d.write {
		return d.write.Close()
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.read.PingContext(ctx) }

// Query reads outside a transaction.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.read.QueryContext(ctx, d.rebind(query), args...)
}

// QueryRow reads one row outside a transaction.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return d.read.QueryRowContext(ctx, d.rebind(query), args...)
}

// rebind turns $1 into ? for SQLite, or into ?1 where the parameters do not stand in order, each once. ($1 would be a
// named parameter there.) A plain ? matters: the driver asks for the name of every parameter, which SQLite looks for in
// a list, so that a statement with thousands of numbered ones takes seconds. No statement of ours has another '$'.
func (d *DB) rebind(query string) string {
	if d.Dialect != SQLite {
		return query
	}
	var b strings.Builder
	b.Grow(len(query))
	rest := query
	for next := int64(1); ; next++ {
		at := strings.IndexByte(rest, '$')
		if at < 0 {
			b.WriteString(rest)
			return b.String()
		}
		end := at + 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		if n, err := strconv.ParseInt(rest[at+1:end], 10, 32); err != nil || n != next {
			return strings.ReplaceAll(query, "$", "?")
		}
		b.WriteString(rest[:at])
		b.WriteByte('?')
		rest = rest[end:]
	}
}

func retryable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY || lite.Code()&0xff == sqlite3.SQLITE_LOCKED
	}
	return false
}

// IsUnique reports whether err says that a unique constraint was hit.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// In returns "($from,$from+1,…)" for n parameters.
func In(from, n int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	b.WriteByte(')')
	return b.String()
}

// Micros is how a time is stored; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time reads a stored time; 0 is the zero time.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Bool is how a truth value is stored.
func Bool(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Snapshot reads with fn in one read-only transaction: everything fn sees is of one moment.
func (d *DB) Snapshot(ctx context.Context, fn func(q Queryer) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.Dialect == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.read.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to undo
	return fn(&Tx{db: d, on: tx})
}

// Set asks for rows of one text column and reads them into a set.
func Set(ctx context.Context, q Queryer, query string, args ...any) (map[string]bool, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	set := map[string]bool{}
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		set[v] = true
	}
	return set, rows.Err()
}

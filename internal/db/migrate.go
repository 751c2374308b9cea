package db

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Fingerprint tells whether two programs have the same migrations: a hash of all of them, in hex.
func Fingerprint() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := migrations.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// ErrNewer says that the database was written by a newer Bottega, which this one must not touch.
var ErrNewer = errors.New("the database is from a newer version of Bottega; install that version or restore a backup")

// provider reads the migrations of the database's dialect.
func (d *DB) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+string(d.Dialect))
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	dialect := goose.DialectSQLite3
	var opts []goose.ProviderOption
	if d.Dialect == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("make migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, d.write, dir, opts...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// Version returns the version of the schema and the newest one that this program knows, and changes nothing. A database
// without a schema has version 0.
func (d *DB) Version(ctx context.Context, q Queryer) (current, known int64, err error) {
	p, err := d.provider()
	if err != nil {
		return 0, 0, err
	}
	sources := p.ListSources()
	known = sources[len(sources)-1].Version
	there, err := d.hasTable(ctx, q, "goose_db_version")
	if err != nil || !there {
		return 0, known, err
	}
	const newest = "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version"
	if err := q.QueryRow(ctx, newest).Scan(&current); err != nil {
		return 0, 0, fmt.Errorf("read database version: %w", err)
	}
	return current, known, nil
}

// hasTable reports whether there is a table of that name.
func (d *DB) hasTable(ctx context.Context, q Queryer, name string) (bool, error) {
	tables, err := d.Tables(ctx, q)
	if err != nil {
		return false, err
	}
	return slices.Contains(tables, name), nil
}

// ErrOtherVersion says that the schema is not the one this program works with.
var ErrOtherVersion = errors.New("servers and workers must be of one version of Bottega")

// Current returns nil when the schema is exactly this program's, and otherwise ErrOtherVersion with both numbers, or
// ErrUnfinished. It changes nothing: a worker must not migrate what servers of another version use.
func (d *DB) Current(ctx context.Context) error {
	if err := d.whole(ctx); err != nil {
		return err
	}
	current, target, err := d.Version(ctx, d)
	if err != nil {
		return err
	}
	if current != target {
		return fmt.Errorf("the database has the schema version %d, this program works with %d: %w", current, target, ErrOtherVersion)
	}
	return nil
}

// whole returns ErrUnfinished while a restore or a move brings rows in.
func (d *DB) whole(ctx context.Context) error {
	from, ended, err := d.Transfer(ctx)
	if err == nil && from != "" && !ended {
		err = unfinished(from)
	}
	return err
}

// Migrate brings the schema up to this program's version. Several processes may call it at once. A database that a
// restore has not finished is refused with ErrUnfinished.
func (d *DB) Migrate(ctx context.Context) error {
	if err := d.whole(ctx); err != nil {
		return err
	}
	p, err := d.provider()
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read database version: %w", err)
	}
	if current > target {
		return fmt.Errorf("database version %d, this program knows %d: %w", current, target, ErrNewer)
	}
	if current == target {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database from version %d to %d: %w", current, target, err)
	}
	return nil
}

// MigrateTo brings the schema to an older version than this program's, for rows that come from there.
func (d *DB) MigrateTo(ctx context.Context, version int64) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrate database to version %d: %w", version, err)
	}
	return nil
}

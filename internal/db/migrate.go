package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

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

// ErrOtherVersion says that the schema is not the one this program works with.
var ErrOtherVersion = errors.New("servers and workers must be of one version of Bottega")

// Current returns nil when the schema is exactly this program's, and otherwise ErrOtherVersion with both numbers. It
// changes nothing: a worker must not migrate what servers of another version use.
func (d *DB) Current(ctx context.Context) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read database version: %w", err)
	}
	if current != target {
		return fmt.Errorf("the database has the schema version %d, this program works with %d: %w", current, target, ErrOtherVersion)
	}
	return nil
}

// Migrate brings the schema up to this program's version. Several processes may call it at once.
func (d *DB) Migrate(ctx context.Context) error {
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

package apptest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bottega/internal/db"
)

// Most tests want a database with this program's schema and nothing else in it. Bringing one up from nothing takes a
// second of processor time under the race detector, copying one a tenth of it.

// fill makes a SQLite database that does not exist yet. PostgreSQL's are made with the schema.
func fill(t testing.TB, ref string) {
	t.Helper()
	if ref == "" || strings.HasPrefix(ref, "postgres") {
		return
	}
	if _, err := os.Stat(ref); !errors.Is(err, os.ErrNotExist) {
		return
	}
	schema, err := sqliteTemplate()
	if err == nil {
		err = os.WriteFile(ref, schema, 0o600)
	}
	if err != nil {
		t.Fatalf("copy the template of a database: %v", err)
	}
}

// sqliteTemplate is a database file with the schema.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "bottega-template")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "template.db")
	if err := migrated(context.Background(), file); err != nil {
		return nil, err
	}
	return os.ReadFile(file) //nolint:gosec // our own
})

// templateLock lets one of the test programs that run at the same time make the template.
const templateLock = 0x746d706c // "tmpl"

// made are the templates that this process has seen.
var made sync.Map

// postgresTemplate returns the name of a database with the schema, which is made when missing. It is named for the
// migrations and stays on the server.
func postgresTemplate(ctx context.Context, admin *sql.DB, server url.URL) (string, error) {
	migrations, err := db.Fingerprint()
	if err != nil {
		return "", err
	}
	name := "bottega_template_" + migrations[:16]
	if _, ok := made.Load(name); ok {
		return name, nil
	}
	return name, makeTemplate(ctx, admin, server, name)
}

func makeTemplate(ctx context.Context, admin *sql.DB, server url.URL, name string) error {
	conn, err := admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", templateLock) }() // or with the connection
	var there int
	if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM pg_database WHERE datname = $1", name).Scan(&there); err != nil {
		return err
	}
	if there == 0 {
		half := name + "_half"
		for _, statement := range []string{"DROP DATABASE IF EXISTS " + half + " WITH (FORCE)", "CREATE DATABASE " + half} {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		server.Path = "/" + half
		if err := migrated(ctx, server.String()); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "ALTER DATABASE "+half+" RENAME TO "+name); err != nil {
			return err
		}
	}
	made.Store(name, true)
	return nil
}

// migrated brings a database to this program's schema and leaves it.
func migrated(ctx context.Context, ref string) error {
	d, err := db.Open(ctx, ref)
	if err != nil {
		return err
	}
	if err := d.Migrate(ctx); err != nil {
		_ = d.Close() // the first error tells what matters
		return fmt.Errorf("migrate %s: %w", ref, err)
	}
	return d.Close()
}

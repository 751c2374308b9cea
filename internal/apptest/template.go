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

// fill gives a database that does not exist yet, or is empty, the schema. What has tables already stays as it is.
func fill(t testing.TB, ref string) {
	t.Helper()
	var err error
	switch {
	case ref == "": // app.Config then names a file of its own
	case strings.HasPrefix(ref, "postgres"):
		err = fillPostgres(context.WithoutCancel(t.Context()), ref)
	default:
		err = fillSQLite(ref)
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

func fillSQLite(file string) error {
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	schema, err := sqliteTemplate()
	if err != nil {
		return err
	}
	return os.WriteFile(file, schema, 0o600)
}

// templateLock lets one of the test programs that run at the same time make the template.
const templateLock = 0x746d706c // "tmpl"

// fillPostgres makes an empty database of the tests' server anew, as a copy of the template, which is made when missing.
func fillPostgres(ctx context.Context, ref string) error {
	u, err := url.Parse(ref)
	if err != nil {
		return err
	}
	server, err := url.Parse(os.Getenv("BOTTEGA_TEST_POSTGRES"))
	if err != nil || u.Host != server.Host {
		return err // a server of the test's own
	}
	name := strings.TrimPrefix(u.Path, "/")
	if empty, err := isEmpty(ctx, ref); err != nil || !empty {
		return err
	}
	migrations, err := db.Fingerprint()
	if err != nil {
		return err
	}
	template := "bottega_template_" + migrations[:16]
	admin, err := sql.Open("pgx", server.String())
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	if err := makeTemplate(ctx, admin, *server, template); err != nil {
		return err
	}
	if _, err := admin.ExecContext(ctx, "DROP DATABASE "+name); err != nil {
		return err
	}
	_, err = admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
	return err
}

func isEmpty(ctx context.Context, ref string) (bool, error) {
	d, err := sql.Open("pgx", ref)
	if err != nil {
		return false, err
	}
	defer func() { _ = d.Close() }()
	var tables int
	err = d.QueryRowContext(ctx, "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables)
	return tables == 0, err
}

// made are the templates that this process has seen.
var made sync.Map

func makeTemplate(ctx context.Context, admin *sql.DB, server url.URL, name string) error {
	if _, ok := made.Load(name); ok {
		return nil
	}
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

package backup_test

import (
	"errors"
	"path/filepath"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/backup"
	"bottega/internal/clock"
	"bottega/internal/db"
)

// A backup that was taken before an upgrade is restored by the program from after it, into either database.
func TestRestore_ABackupOfAnOlderVersion(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		old, err := db.Open(t.Context(), apptest.SQLite(t))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = old.Close() }()
		if err := old.MigrateTo(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		err = old.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at)
				VALUES ('ada', 'ada@example.com', '', 'user', 'free', 0, 0)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		files, err := asset.OpenStore(t.Context(), t.TempDir(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = files.Close() }()
		path := filepath.Join(t.TempDir(), "b.tar")
		m, err := backup.Write(t.Context(), backup.Installation{DB: old, Files: files, Clock: clock.System{}}, path, "test", nil)
		if err != nil || m.Schema != 10 {
			t.Fatalf("the backup is of version %d, %v", m.Schema, err)
		}
		if current, _, err := old.Version(t.Context(), old); err != nil || current != 10 {
			t.Errorf("the backup changed the database to version %d, %v", current, err)
		}
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if _, err := backup.Restore(t.Context(), path, backup.Installation{DB: d, Files: files, Clock: clock.System{}}, nil); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var email string
		if err := d.QueryRow(t.Context(), "SELECT email FROM account WHERE id = 'ada'").Scan(&email); err != nil || email != "ada@example.com" {
			t.Errorf("the account is %q, %v", email, err)
		}
		if _, err := backup.Restore(t.Context(), path, backup.Installation{DB: d, Files: files, Clock: clock.System{}}, nil); err == nil {
			t.Error("a database that is in use was restored into")
		}
	})
}

// newerIsRefused: what a newer program has written is left to that.
func newerIsRefused(t *testing.T, w furnished) {
	change := func(statement string) {
		t.Helper()
		err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), statement)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	if _, err := backup.Write(t.Context(), w.installation(), filepath.Join(t.TempDir(), "b.tar"), "test", nil); !errors.Is(err, db.ErrNewer) {
		t.Errorf("a backup: %v, want ErrNewer", err)
	}
	change("DELETE FROM goose_db_version WHERE version_id = 9999")
}

package db_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/db"
)

// insert writes a row of about a megabyte.
func insert(ctx context.Context, tx *db.Tx, name string) error {
	_, err := tx.Exec(ctx, "INSERT INTO secret (name, value) VALUES ($1, $2)", name, strings.Repeat("x", 1<<20))
	return err
}

// fill makes SQLite believe that the disk ends where the file ends now.
func fill(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "PRAGMA max_page_count = 1") // SQLite takes the present size when that is more
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTrouble_AFullDiskIsNamedAndHasNoCulprit(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	fill(t, d)
	var tries atomic.Int32
	b := db.NewBatch(d, 64, func(ctx context.Context, tx *db.Tx, ops []string) ([]db.Outcome[int], error) {
		tries.Add(1)
		return nil, insert(ctx, tx, ops[0])
	})
	defer b.Close()
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := b.Do(context.Background(), "a")
			if got := db.Trouble(err); got != "the disk is full" {
				t.Errorf("the trouble with %v is %q", err, got)
			}
		})
	}
	wg.Wait()
	if n := tries.Load(); n > 40 {
		t.Errorf("%d transactions were tried for 40 operations: a full disk must not be searched for a culprit", n)
	}
}

func TestTrouble_AServerThatIsNotThere(t *testing.T) {
	_, err := db.Open(t.Context(), "postgres://nobody@127.0.0.1:1/nothing")
	if got := db.Trouble(err); got != "the database does not answer" {
		t.Fatalf("the trouble with %v is %q", err, got)
	}
}

func TestTrouble_AConnectionThatIsCutDuringATransaction(t *testing.T) {
	ref := apptest.EmptyPostgres(t)
	d, other := apptest.OpenDB(t, ref), apptest.OpenDB(t, ref)
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		var pid int
		if err := tx.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		var ended bool
		if err := other.QueryRow(t.Context(), "SELECT pg_terminate_backend($1)", pid).Scan(&ended); err != nil || !ended {
			t.Fatalf("end the connection: %v, %v", ended, err)
		}
		return insert(t.Context(), tx, "a")
	})
	if got := db.Trouble(err); got != "the database does not answer" {
		t.Fatalf("the trouble with %v is %q", err, got)
	}
	if err := d.Tx(t.Context(), func(tx *db.Tx) error { return insert(t.Context(), tx, "a") }); err != nil {
		t.Fatalf("the next transaction needs a new connection and fails: %v", err)
	}
}

func TestTrouble_AWrongStatementIsNotTheDatabasesTrouble(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO nowhere (a) VALUES (1)")
			return err
		})
		if got := db.Trouble(err); err == nil || got != "" {
			t.Fatalf("the trouble with %v is %q", err, got)
		}
	})
}

package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
)

var errPoison = errors.New("poison")

func TestBatch_APoisonousOperationFailsAlone(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		var mu sync.Mutex
		sizes := []int{}
		b := db.NewBatch(d, 64, func(ctx context.Context, tx *db.Tx, ops []int) ([]db.Outcome[int], error) {
			mu.Lock()
			sizes = append(sizes, len(ops))
			mu.Unlock()
			out := make([]db.Outcome[int], len(ops))
			for i, n := range ops {
				if n == 13 {
					return nil, errPoison
				}
				_, err := tx.Exec(ctx, "INSERT INTO secret (name, value) VALUES ($1, 'x')", fmt.Sprint(n))
				if err != nil {
					return nil, err
				}
				if out[i].Res = n * 2; n == 7 {
					out[i].Err = errors.New("refused")
				}
			}
			return out, nil
		})
		var wg sync.WaitGroup
		for n := range 40 {
			wg.Go(func() {
				got, err := b.Do(context.Background(), n)
				switch {
				case n == 13 && !errors.Is(err, errPoison):
					t.Errorf("the poison gave %v", err)
				case n == 7 && (err == nil || err.Error() != "refused"):
					t.Errorf("the refused one gave %v", err)
				case n != 13 && n != 7 && (err != nil || got != n*2):
					t.Errorf("operation %d gave %d, %v", n, got, err)
				}
			})
		}
		wg.Wait()
		b.Close()
		if _, err := b.Do(context.Background(), 1); !errors.Is(err, db.ErrBusy) {
			t.Errorf("after Close: %v", err)
		}
		var rows int
		if err := d.QueryRow(t.Context(), "SELECT COUNT(*) FROM secret WHERE value = 'x'").Scan(&rows); err != nil || rows != 39 {
			t.Errorf("%d rows are written, want 39 (%v)", rows, err)
		}
	})
}

func TestBatch_NobodyWaitsForAClosedBatch(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	for round := range 3000 {
		b := db.NewBatch(d, 8, func(_ context.Context, _ *db.Tx, ops []int) ([]db.Outcome[int], error) {
			return make([]db.Outcome[int], len(ops)), nil
		})
		answered := make(chan error, 8)
		for n := range cap(answered) {
			go func() {
				_, err := b.Do(context.Background(), n)
				answered <- err
			}()
		}
		for n := range cap(answered) {
			if n == round%cap(answered) { // at a different moment each time
				b.Close()
			}
			select {
			case err := <-answered:
				if err != nil && !errors.Is(err, db.ErrBusy) {
					t.Fatal(err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("an operation handed in while the batch closed was never answered")
			}
		}
	}
}

func TestBatch_APanicIsAnError(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	b := db.NewBatch(d, 8, func(context.Context, *db.Tx, []int) ([]db.Outcome[int], error) { panic("boom") })
	defer b.Close()
	if _, err := b.Do(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Fatalf("err = %v", err)
	}
}

func TestInsert_MoreRowsThanOneStatementTakes(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		rows := make([][]any, 20_001)
		for i := range rows {
			rows[i] = []any{fmt.Sprint(i), "x"}
		}
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			return tx.Insert(t.Context(), "INSERT INTO secret (name, value) VALUES ", rows, "")
		})
		var n int
		if scan := d.QueryRow(t.Context(), "SELECT COUNT(*) FROM secret").Scan(&n); err != nil || scan != nil || n != len(rows) {
			t.Fatalf("%d rows: %v, %v", n, err, scan)
		}
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			return tx.Insert(t.Context(), "INSERT INTO secret (name, value) VALUES ", rows[:1], "")
		})
		if !db.IsUnique(err) {
			t.Fatalf("the same row again: %v, want a unique violation", err)
		}
	})
}

func TestMigrate_RefusesADatabaseFromANewerVersion(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatalf("migrating twice: %v", err)
		}
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			applied := "1"
			if tx.Dialect() == db.Postgres {
				applied = "true"
			}
			_, err := tx.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, "+applied+")")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); !errors.Is(err, db.ErrNewer) {
			t.Fatalf("err = %v, want ErrNewer", err)
		}
	})
}

func TestEntry_CannotBeChangedOrDeleted(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User("free")
		w.Submit(user, "a fox", 1)
		for _, statement := range []string{"UPDATE entry SET amount = amount + 1", "DELETE FROM entry"} {
			err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v, want it refused", statement, err)
			}
		}
	})
}

// Version 7 builds the table of subscriptions anew, so that a team can have one: those of accounts stay.
func TestMigrate_KeepsSubscriptionsOfVersion6(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 6); err != nil {
			t.Fatal(err)
		}
		exec := func(statement string) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
		}
		const ofTeam = `INSERT INTO subscription (account_id, version, last_n, terms) VALUES ('team:foxes', 1, 1, '[]')`
		for _, statement := range []string{
			`INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at) VALUES ('ada', 'ada@example.com', '', 'user', 'free', 0, 0)`,
			`INSERT INTO subscription (account_id, version, last_n, terms) VALUES ('ada', 3, 4, '[{"N":4}]')`,
			`INSERT INTO generation (id, account_id, kind, model, params, pictures, timeout_ms, state, price, charged, sheet_version,
				failure_code, failure_message, idem_hash, created_at, started_at, finished_at, deleted_at)
				VALUES ('g', 'ada', 'image', 'm', '{}', 1, 1, 'complete', 5, 5, 1, '', '', '', 1, 1, 1, 0)`,
		} {
			if err := exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := exec(ofTeam); err == nil {
			t.Fatal("version 6 has subscriptions of teams already")
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var version, lastN int64
		var terms, team string
		err = d.QueryRow(t.Context(), "SELECT version, last_n, terms FROM subscription WHERE account_id = 'ada'").Scan(&version, &lastN, &terms)
		if err != nil || version != 3 || lastN != 4 || terms != `[{"N":4}]` {
			t.Errorf("the subscription is %d %d %s, %v", version, lastN, terms, err)
		}
		if err := d.QueryRow(t.Context(), "SELECT team_id FROM generation WHERE id = 'g'").Scan(&team); err != nil || team != "" {
			t.Errorf("the generation is of the team %q, %v", team, err)
		}
		if err := exec(ofTeam); err != nil {
			t.Errorf("a team's subscription: %v", err)
		}
	})
}

func TestMigrate_KeepsWhatVersion1Held(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		insert := func(statement string) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
		}
		const upload = `INSERT INTO upload (id, account_id, key_id, purpose, width, height, bytes, sha256, has_alpha, placeholder, created_at, expires_at)
			VALUES ('u', 'ada', '', 'picture', 8, 8, 9, 'x', 0, '', 1, 0)`
		if err := insert(`INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at)
			VALUES ('ada', 'ada@example.com', '', 'user', 'free', 0, 0)`); err != nil {
			t.Fatal(err)
		}
		if err := insert(upload); err == nil {
			t.Fatal("version 1 has uploads already")
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var email string
		if err := d.QueryRow(t.Context(), "SELECT email FROM account WHERE id = 'ada'").Scan(&email); err != nil || email != "ada@example.com" {
			t.Errorf("the account is %q, %v", email, err)
		}
		if err := insert(upload); err != nil {
			t.Errorf("an upload of an old account: %v", err)
		}
	})
}

// Version 13 says more of workers: those that are there stay, and count as servers.
func TestMigrate_KeepsWorkersOfVersion12(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 12); err != nil {
			t.Fatal(err)
		}
		if err := d.Current(t.Context()); !errors.Is(err, db.ErrOtherVersion) || !strings.Contains(err.Error(), "schema version 1") || !strings.Contains(err.Error(), "works with") {
			t.Errorf("a worker on the schema before: %v, want ErrOtherVersion with the numbers", err)
		}
		exec := func(statement string) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
		}
		const token = `INSERT INTO worker_token (id, name, prefix, hash, created_at, expires_at, last_used_at, revoked_at) VALUES ('t', 'gpu', 'bt_work_', 'h', 1, 0, 0, 0)`
		if err := exec(`INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('me', 3, 'tempera', 7)`); err != nil {
			t.Fatal(err)
		}
		if err := exec(token); err == nil {
			t.Fatal("version 12 has worker tokens already")
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var kind, engines, name, version, models string
		var slots, seen int64
		err = d.QueryRow(t.Context(), "SELECT slots, engines, seen_at, kind, name, version, models FROM worker WHERE owner = 'me'").Scan(
			&slots, &engines, &seen, &kind, &name, &version, &models)
		if err != nil || slots != 3 || engines != "tempera" || seen != 7 || kind != "server" || name+version+models != "" {
			t.Errorf("the worker is %d %s %d %s %q %q %q, %v", slots, engines, seen, kind, name, version, models, err)
		}
		if err := exec(token); err != nil {
			t.Errorf("a worker token: %v", err)
		}
		if err := d.Current(t.Context()); err != nil {
			t.Errorf("a worker on the schema of now: %v", err)
		}
	})
}

// What the database holds is nobody else's on the machine, also in a folder that others may enter.
func TestOpen_MakesAFileForItsOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := apptest.OpenDB(t, filepath.Join(dir, "bottega.db"))
	var one int
	if err := d.QueryRow(t.Context(), "SELECT 1").Scan(&one); err != nil { // what is read beside is there now, too
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %o", f.Name(), info.Mode().Perm())
		}
	}
}

// Parameters in order become plain ones on SQLite, whatever else a statement does with them.
func TestQuery_ParametersMeanTheirNumbers(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d := apptest.OpenDB(t, ref)
		for query, want := range map[string]string{
			"SELECT CAST($1 AS TEXT) || CAST($2 AS TEXT) || CAST($3 AS TEXT)":                     "abc",
			"SELECT CAST($3 AS TEXT) || CAST($1 AS TEXT) || CAST($2 AS TEXT)":                     "cab",
			"SELECT CAST($1 AS TEXT) || CAST($2 AS TEXT) || CAST($2 AS TEXT) || CAST($3 AS TEXT)": "abbc",
			"SELECT CAST($1 AS TEXT) || CAST($2 AS TEXT) || CAST($3 AS TEXT) || CAST($1 AS TEXT)": "abca",
		} {
			var got string
			if err := d.QueryRow(t.Context(), query, "a", "b", "c").Scan(&got); err != nil || got != want {
				t.Errorf("%s: %q, %v; want %q", query, got, err, want)
			}
		}
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			rows := make([][]any, 12_000)
			for i := range rows {
				rows[i] = []any{fmt.Sprintf("n%05d", i), fmt.Sprint(i)}
			}
			return tx.Insert(t.Context(), "INSERT INTO secret (name, value) VALUES ", rows, "")
		})
		var wrong int
		if err == nil {
			err = d.QueryRow(t.Context(), "SELECT COUNT(*) FROM secret WHERE name LIKE 'n%' AND CAST(SUBSTR(name, 2) AS INTEGER) <> CAST(value AS INTEGER)").Scan(&wrong)
		}
		if err != nil || wrong != 0 {
			t.Errorf("%d of 12000 rows got values of another, %v", wrong, err)
		}
	})
}

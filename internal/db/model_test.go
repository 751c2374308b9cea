package db_test

import (
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/queue"
)

// Version 17 knows which models are in the memory of which machine: what waits and who works since before keeps all it had.
func TestMigrate_KeepsTheLineOfVersion16(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 16); err != nil {
			t.Fatal(err)
		}
		exec := func(statement string) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
		}
		const cold = `INSERT INTO model_load (id, engine, model, state, attempt, owner, lease_until, not_before, tickets, oldest_at, asked_at, due_at,
			started_at, ended_at, done, total, failure) VALUES ('l', 'e', 'm', 'loading', 1, 'w', 9, 0, 3, 1000000, 2000000, 0, 3000000, 0, 5, 10, '')`
		for _, statement := range []string{
			`INSERT INTO ticket (id, account_id, share, lane, weight, needs, model, queued_at, place, admitted, start, attempt, lease_owner, lease_until, pixels)
				VALUES ('g', 'ada', 'ada', 'fast', 5000, 'e', 'm', 7, 7, 1, 3, 2, 'w', 9, 64)`,
			`INSERT INTO worker (owner, slots, engines, seen_at, name, drained) VALUES ('w', 4, 'e', 5, 'atelier', 1)`,
		} {
			if err := exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := exec(cold); err == nil {
			t.Fatal("version 16 knows loads already")
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		tickets, err := queue.ByID(t.Context(), d, []string{"g"})
		if g := tickets["g"]; err != nil || g.Passed != 0 || g.Attempt != 2 || g.Owner != "w" || g.Weight != 5000 || g.Start != 3 || g.Pixels != 64 {
			t.Errorf("the ticket is %+v, %v", g, err)
		}
		workers, err := queue.Workers(t.Context(), d)
		if err != nil || len(workers) != 1 || workers[0].Slots != 4 || !workers[0].Drained {
			t.Errorf("the workers are %+v, %v", workers, err)
		}
		if err := exec(cold); err != nil {
			t.Fatal(err)
		}
		if err := exec(cold); err == nil {
			t.Error("one machine loads a model twice at once")
		}
		loads, err := queue.Loads(t.Context(), d, db.Time(4_000_000), 10)
		if err != nil || len(loads) != 1 {
			t.Fatalf("the loads are %+v, %v", loads, err)
		}
		l := loads[0]
		percent, known := l.Percent()
		if !l.Open() || l.Machine != "atelier" || l.Tickets != 3 || percent != 50 || !known || !l.Ready.Equal(db.Time(4_000_000).Add(time.Second)) {
			t.Errorf("the load is %+v, %d %%: half of it took a second", l, percent)
		}
		if err := exec("UPDATE model_load SET state = 'done', ended_at = 5000000"); err != nil {
			t.Fatal(err)
		}
		if err := queue.PruneLoads(t.Context(), d, db.Time(5_000_001)); err != nil {
			t.Fatal(err)
		}
		if loads, err := queue.Loads(t.Context(), d, db.Time(6_000_000), 10); err != nil || len(loads) != 0 {
			t.Errorf("the loads are %+v, %v; want them forgotten", loads, err)
		}
	})
}

package db_test

import (
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/queue"
)

// Version 14 counts how often processes died of a ticket: what waits since before has none, and keeps all it had.
func TestMigrate_KeepsTheLineOfVersion13(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 13); err != nil {
			t.Fatal(err)
		}
		exec := func(statement string) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
		}
		const evidence = `INSERT INTO death (ticket_id, attempt, account_id, engine, model, owner, request_id, started_at, ended_at, how, said, beside)
			VALUES ('g', 2, 'ada', 'scripted', 'm', 'p', '', 1000000, 2000000, 'signal 9', 'no memory', 0)`
		if err := exec(`INSERT INTO ticket (id, account_id, share, lane, weight, needs, model, queued_at, place, admitted, start, attempt, lease_owner, lease_until)
			VALUES ('g', 'ada', 'ada', 'fast', 5000, 'scripted', 'm', 7, 7, 1, 3, 2, 'p', 9)`); err != nil {
			t.Fatal(err)
		}
		if err := exec(evidence); err == nil {
			t.Fatal("version 13 knows deaths already")
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		tickets, err := queue.ByID(t.Context(), d, []string{"g"})
		if g := tickets["g"]; err != nil || g.Deaths != 0 || g.RequestID != "" || g.Attempt != 2 || g.Owner != "p" || g.Weight != 5000 || g.Start != 3 {
			t.Errorf("the ticket is %+v, %v", g, err)
		}
		if err := exec(evidence); err != nil {
			t.Fatal(err)
		}
		deaths, err := queue.Deaths(t.Context(), d, []string{"g"})
		if err != nil || len(deaths) != 1 || deaths[0].Attempt != 2 || deaths[0].Said != "no memory" || deaths[0].EndedAt.Sub(deaths[0].StartedAt) != time.Second {
			t.Errorf("the evidence is %+v, %v", deaths, err)
		}
	})
}

package db_test

import (
	"strings"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/db"
)

// Version 16 counts rates in percent: what waits keeps its usual part of the machine, and everything else its place.
func TestMigrate_KeepsTheLineOfVersion15(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		d, err := db.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.MigrateTo(t.Context(), 15); err != nil {
			t.Fatal(err)
		}
		exec := func(statement string) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
		}
		const line = `INSERT INTO audit (at, actor, action, subject, account_id, reason, details) VALUES (1, '', 'lane.pause', 'fast', '', '', '{}')`
		if err := exec(line); err == nil {
			t.Fatal("version 15 has an audit log already")
		}
		for _, statement := range []string{
			`INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at) VALUES ('ada', 'ada@example.com', '', 'user', 'free', 0, 0)`,
			`INSERT INTO generation (id, account_id, kind, model, params, pictures, timeout_ms, state, price, charged, sheet_version,
				failure_code, failure_message, idem_hash, created_at, started_at, finished_at, deleted_at)
				VALUES ('g', 'ada', 'image', 'm', '{}', 1, 1, 'waiting', 5, 0, 1, '', '', '', 1, 0, 0, 0)`,
			`INSERT INTO ticket (id, account_id, share, lane, weight, rate, needs, model, queued_at, place, paused, admitted, start, attempt, lease_owner, lease_until)
				VALUES ('g', 'ada', 'ada', 'fast', 5000, 1, 'e', 'm', 1, 7, 1, 0, 9, 2, '', 0)`,
			`INSERT INTO queue_share (share, lane, waiting, behind, admitted, room, finish, paused) VALUES ('ada', 'fast', 1, 5000, 0, 1, 3, 1)`,
			`INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('w', 4, 'e', 5)`,
		} {
			if err := exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var rate, place, attempt, pixels, shareRate, finish, paused, drained, attempts int64
		var held string
		err = d.QueryRow(t.Context(), `SELECT t.rate, t.place, t.attempt, t.pixels, s.rate, s.finish, s.paused, s.stopped, w.drained, g.attempts
			FROM ticket t JOIN queue_share s ON s.share = t.share JOIN worker w ON w.owner = 'w' JOIN generation g ON g.id = t.id`).
			Scan(&rate, &place, &attempt, &pixels, &shareRate, &finish, &paused, &held, &drained, &attempts)
		if err != nil || rate != 100 || place != 7 || attempt != 2 || pixels != 0 || shareRate != 100 || finish != 3 || paused != 1 || held != "" || drained != 0 || attempts != 0 {
			t.Errorf("the line is %d %d %d %d, %d %d %d %q, %d %d, %v", rate, place, attempt, pixels, shareRate, finish, paused, held, drained, attempts, err)
		}
		if err := exec(line); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{"UPDATE audit SET reason = 'another'", "DELETE FROM audit"} {
			if err := exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v, want it refused", statement, err)
			}
		}
	})
}

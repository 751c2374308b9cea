package app_test

import (
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/generation"
	"bottega/internal/plan"
	"bottega/internal/queue"
)

// leftBehind makes generations look as if a process that was heard of just now had begun them.
func leftBehind(t *testing.T, w *apptest.World, owner string, ids ...string) {
	t.Helper()
	now, lease := db.Micros(w.Clock.Now()), (15 * time.Second).Microseconds()
	err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO worker (owner, slots, engines, seen_at, lease) VALUES ($1, 4, 'scripted', $2, $3)", owner, now, lease)
		for _, id := range ids {
			if err == nil {
				_, err = tx.Exec(t.Context(), "UPDATE ticket SET attempt = 1, admitted = 1, lease_owner = $1, leased_at = $2, lease_until = $3 WHERE id = $4", owner, now, now+lease, id)
			}
			if err == nil {
				_, err = tx.Exec(t.Context(), "UPDATE generation SET state = 'running' WHERE id = $1", id)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a dead process left on SQLite runs at once when the next one starts; what a living one has is left alone.
func TestTakeOver_OnlyWhatTheDeadHad(t *testing.T) {
	ref := apptest.SQLite(t)
	w, other := apptest.New(t, ref), apptest.New(t, ref)
	ada := w.User(plan.Operator)
	first := w.Submit(ada, "a fox", 1)
	leftBehind(t, w, "dead", first.ID)
	if err := w.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Run()
	w.WaitState(ada, first.ID, generation.Complete)
	if deaths, err := queue.Deaths(t.Context(), w.DB, []string{first.ID}); err != nil || len(deaths) != 1 || deaths[0].Owner != "dead" {
		t.Errorf("the evidence is %+v, %v", deaths, err)
	}
	if got, err := queue.Alive(t.Context(), w.DB, w.Clock.Now()); err != nil || got != 1 {
		t.Errorf("%d work, %v; want the one that took over", got, err)
	}

	// While this one works, nobody takes over.
	leftBehind(t, w, "living")
	if err := other.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := queue.Alive(t.Context(), w.DB, w.Clock.Now()); err != nil || got != 2 {
		t.Errorf("%d work, %v; want both", got, err)
	}
}

package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/plan"
)

func put(name string) plan.Decision {
	return plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) { return s.Put(now, name) })
}

// What an account may run is remembered, and read anew as soon as this process changes a plan or a team. The clock stands
// still, so that nothing is forgotten because of its age.
func TestLimits_FollowPlansAndTeams(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		ada, bob := w.User("free"), w.User("free")
		may := func(when string, a access.Actor, want int) {
			t.Helper()
			if got := w.Generations.Concurrency(t.Context(), a.AccountID); got != want {
				t.Fatalf("%s: %d at once, want %d", when, got, want)
			}
		}
		may("on the free plan", ada, 1)
		may("on the free plan", bob, 1)
		if _, err := w.Plans.Change(t.Context(), ada.AccountID, put("maestro")); err != nil {
			t.Fatal(err)
		}
		may("after the upgrade", ada, 6)
		if _, err := w.Plans.Change(t.Context(), ada.AccountID, put("apprentice")); err != nil {
			t.Fatal(err)
		}
		may("after the downgrade", ada, 2)

		foxes, err := w.Teams.Create(t.Context(), ada, "Foxes")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Teams.ChangePlan(t.Context(), foxes.ID, plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
			return s.PutTeam(now, "team-growth", 3)
		}))
		if err != nil {
			t.Fatal(err)
		}
		may("with a team's plan", ada, 6)
		if err := w.Teams.Add(t.Context(), foxes.ID, bob.AccountID, access.TeamMember, access.NoLimit); err != nil {
			t.Fatal(err)
		}
		may("in the team", bob, 6)
		if err := w.Teams.Remove(t.Context(), ada, foxes.ID, bob.AccountID); err != nil {
			t.Fatal(err)
		}
		may("out of the team", bob, 1)

		// Somebody else's hand in the database, of which nobody tells: seconds, not longer.
		set := func(name string) {
			err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE account SET plan = $1 WHERE id = $2", name, bob.AccountID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set("maestro")
		may("before anybody looks", bob, 1)
		w.Clock.Advance(3 * time.Second)
		may("three seconds later", bob, 6)
	})
}

// A plan that one process changes counts in the others, though the clock stands still.
func TestLimits_OtherProcessesAreTold(t *testing.T) {
	server, worker := twoMachines(t)
	user := server.User("free")
	if got := worker.Generations.Concurrency(t.Context(), user.AccountID); got != 1 {
		t.Fatalf("on the free plan: %d at once, want 1", got)
	}
	if _, err := server.Plans.Change(context.WithoutCancel(t.Context()), user.AccountID, put("artisan")); err != nil {
		t.Fatal(err)
	}
	worker.Wait(func() error {
		if got := worker.Generations.Concurrency(t.Context(), user.AccountID); got != 3 {
			return fmt.Errorf("the worker lets it run %d at once, want 3", got)
		}
		return nil
	})
}

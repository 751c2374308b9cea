package generation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/catalog"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/plan"
	"bottega/internal/queue"
)

// waitFailed lets time pass until the generation has failed.
func waitFailed(t *testing.T, w *apptest.World, user access.Actor, id string) *generation.Generation {
	t.Helper()
	var g *generation.Generation
	w.Wait(func() (err error) {
		w.Clock.Advance(time.Second) // past the pause between attempts
		if g, err = w.Generations.Get(t.Context(), user, id); err == nil && g.State != generation.Failed {
			err = fmt.Errorf("it is %s", g.State)
		}
		return err
	})
	return g
}

func TestQuarantine_WorkThatKillsTwoWorkersIsPutAsideWithItsEvidence(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) { c.Lease = time.Hour }) // time flies below, and no lease is to run out
		user := w.User(plan.Free)
		w.Engine.Script(enginetest.Script{Err: &engine.Death{
			How: "worker was killed by signal 9", Said: []string{"allocating", "out of memory"}, Beside: 1,
		}})
		w.Run()
		g, err := w.Generations.Submit(t.Context(), user, generation.SubmitRequest{
			Kind: "image", Input: &image.Request{Prompt: "a secret fox"}, RequestID: "req1",
		})
		if err != nil {
			t.Fatal(err)
		}
		g = waitFailed(t, w, user, g.ID)
		if g.Failure.Code != "quarantined" || !strings.Contains(g.Failure.Message, "2 times") || g.Charged != 0 || w.Available(user) != 150 {
			t.Fatalf("failure %+v, charged %s, %d available; want it quarantined and all 150 back", g.Failure, g.Charged, w.Available(user))
		}
		calls := w.Engine.Requests()
		if len(calls) != 2 || calls[0].Alone || !calls[1].Alone {
			t.Fatalf("%d calls, want 2, the second of them alone in its process", len(calls))
		}
		list, err := w.Generations.ListQuarantined(t.Context(), 10)
		if err != nil || len(list) != 1 || list[0].ID != g.ID || len(list[0].Deaths) != 2 {
			t.Fatalf("the quarantine has %+v, %v", list, err)
		}
		for i, d := range list[0].Deaths {
			if d.Attempt != i+1 || d.How != "worker was killed by signal 9" || d.Said != "allocating\nout of memory" || d.Beside != 1 ||
				d.RequestID != "req1" || d.AccountID != user.AccountID || d.Engine != "scripted" || d.StartedAt.Before(apptest.Start) || d.EndedAt.Before(d.StartedAt) {
				t.Errorf("evidence %d: %+v", i, d)
			}
		}
		if one, err := w.Generations.ShowQuarantined(t.Context(), g.ID); err != nil || len(one.Deaths) != 2 || !strings.Contains(string(one.Params), "secret") {
			t.Errorf("shown: %+v, %v", one, err)
		}
		w.Engine.Script(enginetest.Script{})
		done := w.WaitState(user, w.Submit(user, "an owl", 1).ID, generation.Complete)
		if _, err := w.Generations.ShowQuarantined(t.Context(), done.ID); !errors.Is(err, generation.ErrNotFound) {
			t.Errorf("one that is complete is shown in the quarantine: %v", err)
		}
		w.Verify()
		if err := queue.PruneDeaths(t.Context(), w.DB, w.Clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if one, err := w.Generations.ShowQuarantined(t.Context(), g.ID); err != nil || len(one.Deaths) != 0 {
			t.Errorf("after the evidence was pruned: %+v, %v", one.Deaths, err)
		}
	})
}

// leaseTo gives the lease of a ticket to a process, as if it had started it a while ago and the lease had run out.
func leaseTo(t *testing.T, w *apptest.World, id, owner string) {
	t.Helper()
	err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE ticket SET attempt = attempt + 1, lease_owner = $1, leased_at = $2, lease_until = $3, admitted = 1 WHERE id = $4",
			owner, db.Micros(w.Clock.Now().Add(-time.Minute)), db.Micros(w.Clock.Now().Add(-time.Second)), id)
		if err == nil {
			_, err = tx.Exec(t.Context(), "UPDATE generation SET state = 'running' WHERE id = $1", id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestQuarantine_ALeaseThatRunsOutCountsWhenItsProcessIsSilent(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Operator)
		once, twice, alive := w.Submit(user, "a fox", 1), w.Submit(user, "an owl", 1), w.Submit(user, "a hen", 1)
		leaseTo(t, w, once.ID, "gone-1")
		leaseTo(t, w, twice.ID, "gone-2")
		leaseTo(t, w, alive.ID, "there")
		err := w.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE ticket SET deaths = 1 WHERE id IN ($1, $2)", twice.ID, alive.ID)
			if err == nil {
				_, err = tx.Exec(t.Context(), "INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('there', 1, 'scripted', $1)", db.Micros(w.Clock.Now()))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Run()
		w.WaitState(user, once.ID, generation.Complete)
		w.WaitState(user, alive.ID, generation.Complete)
		g := w.WaitState(user, twice.ID, generation.Failed)
		if g.Failure.Code != "quarantined" {
			t.Errorf("the failure is %+v", g.Failure)
		}
		deaths, err := queue.Deaths(t.Context(), w.DB, []string{once.ID, twice.ID, alive.ID})
		if err != nil || len(deaths) != 2 {
			t.Fatalf("deaths %+v, %v; want one of each whose process is silent", deaths, err)
		}
		for _, d := range deaths {
			if d.TicketID == alive.ID || !strings.Contains(d.How, d.Owner) || d.Attempt != 1 {
				t.Errorf("evidence %+v", d)
			}
		}
		w.Verify()
	})
}

func TestReturn_WaitsAndLetsTheNextOfTheAccountGo(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Free) // one at a time
		gate, started := make(chan struct{}), make(chan struct{}, 8)
		w.Engine.Script(enginetest.Script{Err: engine.ErrUnavailable, Gate: gate, Started: started})
		w.Run()
		first := w.Submit(user, "a fox", 1)
		<-started
		w.Clock.Advance(time.Millisecond)
		second := w.Submit(user, "an owl", 1)
		w.Engine.Script(enginetest.Script{}) // from the second on all is well
		close(gate)
		w.WaitState(user, second.ID, generation.Complete) // though the first came before
		if g, err := w.Generations.Get(t.Context(), user, first.ID); err != nil || g.State != generation.Waiting {
			t.Fatalf("the first is %s within its pause, %v", g.State, err)
		}
		if next, err := w.Line.Choose(t.Context(), 4); err != nil || len(next) != 0 {
			t.Fatalf("within the pause %v would start, %v", next, err)
		}
		w.Clock.Advance(6 * time.Second) // past its pause, and past what windows are looked at for
		w.WaitState(user, first.ID, generation.Complete)
		w.Verify()
	})
}

func TestBreaker_AnEngineThatFailsLeavesItsWorkInLine(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Operator)
		w.Engine.Script(enginetest.Script{Err: engine.ErrUnavailable})
		var ids []string
		for range 6 {
			ids = append(ids, w.Submit(user, "a fox", 1).ID)
		}
		w.Run()
		w.Wait(func() error {
			if e := w.Line.Engines(); len(e) != 1 || !e[0].Open || e[0].Failures < 5 || e[0].Opened != 1 {
				return fmt.Errorf("engines %+v", e)
			}
			for _, id := range ids {
				if g, err := w.Generations.Get(t.Context(), user, id); err != nil || g.State != generation.Waiting {
					return fmt.Errorf("%s is %s, %w", id, g.State, err)
				}
			}
			return nil
		})
		w.Clock.Advance(4 * time.Second) // every pause is over, the breaker is open
		if next, err := w.Line.Choose(t.Context(), 4); err != nil || len(next) != 0 {
			t.Fatalf("%d would start, %v", len(next), err)
		}
		g, err := w.Generations.Get(t.Context(), user, ids[0])
		if err != nil || g.Position == 0 || !g.Starts.At.IsZero() {
			t.Fatalf("it stands at %d and is promised %+v, %v; want a place and no time", g.Position, g.Starts, err)
		}
		gate, started := make(chan struct{}), make(chan struct{}, 8)
		w.Engine.Script(enginetest.Script{Gate: gate, Started: started})
		calls := w.Engine.Calls()
		w.Clock.Advance(time.Second)
		<-started
		if next, err := w.Line.Choose(t.Context(), 4); err != nil || len(next) != 0 || w.Engine.Calls() != calls+1 {
			t.Fatalf("beside the one that tries %d run and %d would start, %v", w.Engine.Calls()-calls-1, len(next), err)
		}
		close(gate)
		for _, id := range ids {
			w.WaitState(user, id, generation.Complete)
		}
		if e := w.Line.Engines(); e[0].Open {
			t.Errorf("engines %+v after it worked", e)
		}
		w.Verify()
	})
}

func TestSubmit_AModelThatNobodyCanRunIsRefusedByName(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t), func(c *app.Config) {
		other := apptest.Model()
		other.ID, other.Name, other.Engine = "11111111-2222-4333-8444-666666666666", "elsewhere", "far"
		c.Models = append([]catalog.Model{}, c.Models[0], other)
	})
	user := w.User(plan.Free)
	_, err := submit(t.Context(), w, user, "", &image.Request{Prompt: "a fox", Model: "elsewhere"})
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != "model" || f.Fields[0].Allowed != "scripted" {
		t.Fatalf("a model without a worker: %v", err)
	}
	if w.Available(user) != 150 {
		t.Fatalf("%d available, want all", w.Available(user))
	}
	err = w.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO worker (owner, slots, engines, seen_at) VALUES ('there', 1, 'near,far', $1)", db.Micros(w.Clock.Now()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := submit(t.Context(), w, user, "", &image.Request{Prompt: "a fox", Model: "elsewhere"}); err != nil {
		t.Fatalf("with a worker that can: %v", err)
	}
}

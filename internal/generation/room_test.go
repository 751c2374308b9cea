package generation_test

import (
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/engine/enginetest"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/plan"
)

// Who has no room is told when their own work makes some, by the same forecast as places.
func TestRoom_SaysWhenThereIsSome(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) { c.Grace = 100 * time.Millisecond })
		user := w.User(plan.Free) // one at a time, five wait, 40 megapixels
		full := func(code string, r *image.Request) time.Duration {
			t.Helper()
			_, err := submit(t.Context(), w, user, "", r)
			f := fault.As(err)
			if f == nil || f.Code != code {
				t.Fatalf("%v, want %s", err, code)
			}
			return f.RetryAfter
		}
		small := &image.Request{Prompt: "a fox"}
		stop := w.Run()
		measure(t, w, w.User("maestro"), 12*time.Second)
		gate := make(chan struct{})
		w.Engine.Script(enginetest.Script{Gate: gate})
		first := w.Submit(user, "a fox", 1)
		since := w.Clock.Now().Sub(w.WaitState(user, first.ID, generation.Running).StartedAt) // it may have been chosen before the clock moved last
		for range 5 {
			w.Submit(user, "a fox", 1)
		}
		w.Clock.Advance(2*time.Second - since)
		if got := full("queue_full", small); got != 10*time.Second {
			t.Errorf("2 of 12 seconds have gone and there is room in %s, want 10s", got)
		}
		w.Clock.Advance(7 * time.Second)
		if got := full("queue_full", small); got != 3*time.Second {
			t.Errorf("9 of 12 seconds have gone and there is room in %s, want 3s", got)
		}
		w.Clock.Advance(4 * time.Second) // longer than foretold, within the lease: the answer is never nothing
		if got := full("queue_full", small); got < time.Second || got > 2*time.Second {
			t.Errorf("what runs is late and there is room in %s, want between 1 and 2 s", got)
		}
		stop()
		w.Clock.Advance(time.Hour)
		if got := full("queue_full", small); got != 10*time.Second {
			t.Errorf("nobody works and there is room in %s, want the 10 s of who does not know", got)
		}
		close(gate)
	})
}

// measure lets one small picture take so long, so that the pace of the model is known.
func measure(t *testing.T, w *apptest.World, user access.Actor, takes time.Duration) {
	t.Helper()
	gate := make(chan struct{})
	w.Engine.Script(enginetest.Script{Gate: gate})
	g := w.Submit(user, "a fox", 1)
	w.WaitState(user, g.ID, generation.Running)
	w.Clock.Advance(takes)
	close(gate)
	w.WaitState(user, g.ID, generation.Complete)
	w.Clock.Advance(2 * time.Second)
}

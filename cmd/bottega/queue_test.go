package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/operator"
	"bottega/internal/queue"
)

func TestQueue_ShowTellsLanesWorkersAndAccounts(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		show := func() string {
			t.Helper()
			var out bytes.Buffer
			if err := printQueue(t.Context(), w.App, &out, 20); err != nil {
				t.Fatal(err)
			}
			return strings.Join(strings.Fields(out.String()), " ")
		}
		if got := show(); !strings.Contains(got, "fast 0 0 0") || !strings.Contains(got, "nothing waits") || !strings.Contains(got, "none: start") {
			t.Errorf("of an empty line it says %s", got)
		}
		ada, eve := w.User("free"), w.User("free")
		for range 3 {
			w.Submit(ada, "a fox", 1)
		}
		w.Submit(eve, "an owl", 1)
		if err := w.Generations.PauseAll(t.Context(), eve, true); err != nil {
			t.Fatal(err)
		}
		if err := w.Operator.PauseLane(t.Context(), operator.Shell, queue.LaneFast, true); err != nil {
			t.Fatal(err)
		}
		w.Run()
		w.Wait(func() error { return oneWorker(w) })
		got := show()
		for _, want := range []string{
			"fast 0 1 3 paused", "api 0 0 0 relaxed", " 4 scripted ", email(t, w, ada) + " 0 3 " + email(t, w, eve) + " 0 1 paused",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("it says %s, want %q in it", got, want)
			}
		}
	})
}

func TestQueue_LanesArePausedAndResumed(t *testing.T) {
	data := t.TempDir()
	must(t, "admin", "queue", "pause", "--data", data, "relaxed")
	if said := must(t, "admin", "queue", "--data", data); !strings.Contains(strings.Join(strings.Fields(said), " "), "relaxed 0 0 0 paused") {
		t.Errorf("the paused lane: %s", said)
	}
	must(t, "admin", "queue", "resume", "--data", data, "relaxed")
	if said := must(t, "admin", "queue", "show", "--data", data); strings.Contains(said, "paused") {
		t.Errorf("the resumed lane: %s", said)
	}
	if out, err := bottega("admin", "queue", "pause", "--data", data, "slow").CombinedOutput(); err == nil || !strings.Contains(string(out), "fast, api, relaxed") {
		t.Errorf("an unknown lane: %v %s", err, out)
	}
}

func oneWorker(w *apptest.World) error {
	workers, err := queue.Workers(context.Background(), w.DB)
	if err == nil && len(workers) != 1 {
		err = fmt.Errorf("%d workers, want 1", len(workers))
	}
	return err
}

func email(t *testing.T, w *apptest.World, actor access.Actor) string {
	t.Helper()
	acc, err := w.Accounts.ByID(t.Context(), actor.AccountID)
	if err != nil {
		t.Fatal(err)
	}
	return acc.Email
}

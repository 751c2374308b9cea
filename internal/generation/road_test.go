package generation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

func ptr[T any](v T) *T { return &v }

func submit(ctx context.Context, w *apptest.World, actor access.Actor, key string, r *image.Request) (*generation.Generation, error) {
	return w.Generations.Submit(ctx, actor, generation.SubmitRequest{Kind: "image", Input: r, IdempotencyKey: key})
}

func TestRoad_APromptBecomesAPictureAndIsPaidOnce(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Free)
		quote, err := w.Generations.Quote(t.Context(), user, generation.SubmitRequest{
			Kind: "image", Input: &image.Request{Prompt: "a fox", Count: ptr(3), Seed: ptr(int64(7))},
		})
		if err != nil {
			t.Fatal(err)
		}
		g, err := submit(t.Context(), w, user, "", &image.Request{Prompt: "a fox", Count: ptr(3), Seed: ptr(int64(7))})
		if err != nil {
			t.Fatal(err)
		}
		if g.State != generation.Waiting || g.Position != 1 || g.Price != quote.Total {
			t.Fatalf("accepted as %s at %d for %s, want waiting at 1 for %s", g.State, g.Position, g.Price, quote.Total)
		}
		if got := w.Available(user); got != 150-quote.Total.Tokens() {
			t.Fatalf("%d available while held, want %d", got, 150-quote.Total.Tokens())
		}
		w.Run()
		g = w.WaitState(user, g.ID, generation.Complete)
		if g.Charged != quote.Total || len(g.Images) != 3 {
			t.Fatalf("charged %s for %d pictures, want %s for 3", g.Charged, len(g.Images), quote.Total)
		}
		for i, img := range g.Images {
			if img.Index != i || img.Recipe.Seed != int64(7+i) || img.Recipe.Prompt != "a fox" || img.Width != 64 {
				t.Errorf("picture %d: index %d, seed %d, %q, %d wide", i, img.Index, img.Recipe.Seed, img.Recipe.Prompt, img.Width)
			}
		}
		w.Verify()
	})
}

func TestSubmit_SameKeyGivesTheSameGeneration(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user, other := w.User(plan.Free), w.User(plan.Free)
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				g, err := submit(t.Context(), w, user, "k", &image.Request{Prompt: "a fox"})
				if err != nil {
					t.Errorf("submit: %v", err)
					return
				}
				ids[i] = g.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("one key gave %v", ids)
			}
		}
		_, err := submit(t.Context(), w, user, "k", &image.Request{Prompt: "an owl"})
		if f := fault.As(err); f == nil || f.Kind != fault.Conflict {
			t.Fatalf("another request with the same key: %v, want a conflict", err)
		}
		if g, err := submit(t.Context(), w, other, "k", &image.Request{Prompt: "a fox"}); err != nil || g.ID == ids[0] {
			t.Fatalf("somebody else's key is shared: %v", err)
		}
		if got := w.Available(user); got >= 150 || got < 145 {
			t.Fatalf("%d available, want one price less than 150", got)
		}
		w.Verify()
	})
}

func TestSubmit_RefusalsTakeNothing(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	user := w.User(plan.Free)
	for name, c := range map[string]struct {
		r     *image.Request
		field string
	}{
		"no prompt":          {&image.Request{}, "prompt"},
		"blank prompt":       {&image.Request{Prompt: " \n "}, "prompt"},
		"control character":  {&image.Request{Prompt: "a\x1b[31mfox"}, "prompt"},
		"10 kB":              {&image.Request{Prompt: fmt.Sprintf("%010240d", 1)}, "prompt"},
		"width":              {&image.Request{Prompt: "a", Width: ptr(33)}, "width"},
		"too wide":           {&image.Request{Prompt: "a", Width: ptr(1544)}, "width"},
		"negative height":    {&image.Request{Prompt: "a", Height: ptr(-64)}, "height"},
		"count":              {&image.Request{Prompt: "a", Count: ptr(9)}, "count"},
		"zero":               {&image.Request{Prompt: "a", Count: ptr(0)}, "count"},
		"seed":               {&image.Request{Prompt: "a", Seed: ptr(int64(-1))}, "seed"},
		"steps":              {&image.Request{Prompt: "a", Steps: ptr(51)}, "steps"},
		"guidance":           {&image.Request{Prompt: "a", Guidance: ptr(0.5)}, "guidance_scale"},
		"adherence":          {&image.Request{Prompt: "a", Adherence: ptr(1.5)}, "adherence"},
		"model":              {&image.Request{Prompt: "a", Model: "nope"}, "model"},
		"negative, unguided": {&image.Request{Prompt: "a", NegativePrompt: "b", Guidance: ptr(1.0)}, "guidance_scale"},
		"style":              {&image.Request{Prompt: "a", Style: ptr("nope")}, "style"},
	} {
		_, err := submit(t.Context(), w, user, "", c.r)
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != c.field || f.Fields[0].Allowed == "" {
			t.Errorf("%s: %v, want %s refused with what is allowed", name, err, c.field)
		}
	}
	list, _, err := w.Generations.List(t.Context(), user, generation.Page{Limit: 10})
	if err != nil || len(list) != 0 || w.Available(user) != 150 {
		t.Fatalf("after refusals: %d generations, %d available, %v", len(list), w.Available(user), err)
	}
}

func TestSubmit_NotEnoughTokensAndFullQueue(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	user := w.User(plan.Free)
	big := &image.Request{Prompt: "a", Count: ptr(8), Width: ptr(1536), Height: ptr(1536), Steps: ptr(50)}
	if g, err := submit(t.Context(), w, user, "", big); err != nil || g.Price != token.Whole(120) {
		t.Fatalf("the first for 120 of 150: %v", err)
	}
	_, err := submit(t.Context(), w, user, "", big)
	if !errors.Is(err, ledger.ErrInsufficient) || fault.As(err).Details["next_tokens_at"] != "2026-11-24T00:00:00Z" {
		t.Fatalf("err = %v, want insufficient with the time of the next tokens", err)
	}
	var refused error
	for range 10 {
		if _, err := submit(t.Context(), w, user, "", &image.Request{Prompt: "a"}); err != nil {
			refused = err
		}
	}
	if f := fault.As(refused); f == nil || f.Kind != fault.RateLimited || f.RetryAfter == 0 {
		t.Fatalf("ten at once on the free plan: %v, want a full queue", refused)
	}
	w.Verify()
}

func TestCancel_WaitingGivesEverythingBack(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user, stranger := w.User(plan.Free), w.User(plan.Free)
		g := w.Submit(user, "a fox", 2)
		if _, err := w.Generations.Cancel(t.Context(), stranger, g.ID); !errors.Is(err, generation.ErrNotFound) {
			t.Fatalf("a stranger's cancel: %v", err)
		}
		got, err := w.Generations.Cancel(t.Context(), user, g.ID)
		if err != nil || got.State != generation.Cancelled || got.Charged != 0 {
			t.Fatalf("cancel: %v, %+v", err, got)
		}
		if _, err := w.Generations.Cancel(t.Context(), user, g.ID); fault.As(err) == nil {
			t.Fatalf("cancelled twice: %v", err)
		}
		if w.Available(user) != 150 {
			t.Fatalf("%d available, want all 150", w.Available(user))
		}
		w.Verify()
	})
}

func TestCancel_RunningKeepsAndChargesWhatWasDelivered(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	user := w.User(plan.Free)
	gate, started := make(chan struct{}), make(chan struct{}, 8)
	w.Engine.Script(enginetest.Script{Gate: gate, Started: started})
	w.Run()
	g := w.Submit(user, "a fox", 4)
	<-started
	gate <- struct{}{}
	gate <- struct{}{} // both steps of the first picture
	<-started          // the second has begun, so the first is kept
	got, err := w.Generations.Cancel(t.Context(), user, g.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := got.Price / 4
	if got.State != generation.Cancelled || len(got.Images) != 1 || got.Charged != want {
		t.Fatalf("%s with %d pictures for %s, want cancelled with 1 for %s", got.State, len(got.Images), got.Charged, want)
	}
	w.Verify()
}

func TestRun_EngineFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		script enginetest.Script
		code   string
		calls  int
	}{
		{"an error fails it", enginetest.Script{Err: errors.New("boom")}, "engine_error", 1},
		{"a refusal fails it", enginetest.Script{Err: fmt.Errorf("%w: no", engine.ErrRejected)}, "rejected", 1},
		{"a panic fails it", enginetest.Script{Panic: "boom"}, "engine_error", 1},
		{"an engine that is away is tried three times", enginetest.Script{Err: engine.ErrUnavailable}, "engine_unavailable", 3},
		{"rubbish is tried three times", enginetest.Script{Rubbish: enginetest.WrongSize}, "engine_unavailable", 3},
		{"no picture is tried three times", enginetest.Script{Rubbish: enginetest.NilResult}, "engine_unavailable", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := apptest.New(t, apptest.SQLite(t))
			user := w.User(plan.Free)
			w.Engine.Script(c.script)
			w.Run()
			id := w.Submit(user, "a fox", 1).ID
			var g *generation.Generation
			w.Wait(func() error {
				w.Clock.Advance(time.Second) // past the pause between attempts
				var err error
				if g, err = w.Generations.Get(t.Context(), user, id); err != nil {
					return err
				}
				if g.State != generation.Failed {
					return fmt.Errorf("it is %s", g.State)
				}
				return nil
			})
			if g.Failure.Code != c.code || g.Failure.Message == "" || g.Charged != 0 || w.Engine.Calls() != c.calls {
				t.Fatalf("failure %+v, charged %s, %d calls; want %s, nothing, %d", g.Failure, g.Charged, w.Engine.Calls(), c.code, c.calls)
			}
			if w.Available(user) != 150 {
				t.Fatalf("%d available, want all 150", w.Available(user))
			}
			w.Verify()
		})
	}
}

func TestRun_DrainPutsUnfinishedWorkBackWithoutCountingIt(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) { c.Grace = 50 * time.Millisecond })
		user := w.User(plan.Free)
		started := make(chan struct{}, 8)
		w.Engine.Script(enginetest.Script{Hang: true, Started: started})
		stop := w.Run()
		g := w.Submit(user, "a fox", 1)
		<-started
		stop()
		if got := w.WaitState(user, g.ID, generation.Waiting); got.Position != 1 {
			t.Fatalf("position %d after the drain, want 1", got.Position)
		}
		w.Verify()
		w.Engine.Script(enginetest.Script{})
		w.Run()
		w.WaitState(user, g.ID, generation.Complete)
		w.Verify()
	})
}

func TestRun_AnExpiredLeaseMovesOnAndTheLateAnswerIsRefused(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) { c.Lease = time.Hour }) // no renewal in this test's time
		user := w.User(plan.Free)
		gate, started := make(chan struct{}), make(chan struct{}, 8)
		w.Engine.Script(enginetest.Script{Gate: gate, Started: started})
		w.Run()
		g := w.Submit(user, "a fox", 1)
		<-started
		w.Engine.Script(enginetest.Script{}) // the second attempt is quick
		w.Clock.Advance(2 * time.Hour)
		done := w.WaitState(user, g.ID, generation.Complete)
		close(gate) // now the first attempt answers too
		w.Wait(func() error {
			if n := w.Engine.Calls(); n != 2 {
				return fmt.Errorf("%d calls, want 2", n)
			}
			return nil
		})
		got, err := w.Generations.Get(t.Context(), user, g.ID)
		if err != nil || len(got.Images) != 1 || got.Images[0].ID != done.Images[0].ID || got.Charged != g.Price {
			t.Fatalf("after the late answer: %v, %+v", err, got)
		}
		w.Verify()
	})
}

func TestQueue_OneAccountAtATimeOnTheFreePlan(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	user := w.User(plan.Free)
	gate := make(chan struct{})
	w.Engine.Script(enginetest.Script{Gate: gate})
	w.Run()
	var ids []string
	for range 3 {
		ids = append(ids, w.Submit(user, "a fox", 1).ID)
		w.Clock.Advance(time.Millisecond) // of two that came at the same moment either may be first
	}
	w.WaitState(user, ids[0], generation.Running)
	close(gate)
	for _, id := range ids {
		w.WaitState(user, id, generation.Complete)
	}
	if w.Engine.Peak() != 1 {
		t.Fatalf("%d ran at once, the free plan allows 1", w.Engine.Peak())
	}
}

func TestDelete_ForgetsThePictureAndKeepsTheJournal(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user, stranger := w.User(plan.Free), w.User(plan.Free)
		g := w.Submit(user, "a fox", 1)
		if err := w.Generations.Delete(t.Context(), user, g.ID); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
			t.Fatalf("deleting open work: %v, want a conflict", err)
		}
		w.Run()
		g = w.WaitState(user, g.ID, generation.Complete)
		if err := w.Generations.Delete(t.Context(), stranger, g.ID); !errors.Is(err, generation.ErrNotFound) {
			t.Fatalf("a stranger's delete: %v", err)
		}
		if err := w.Generations.Delete(t.Context(), user, g.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Generations.Get(t.Context(), user, g.ID); !errors.Is(err, generation.ErrNotFound) {
			t.Fatalf("deleted and still there: %v", err)
		}
		if _, err := w.Assets.OpenVariant(t.Context(), g.Images[0], "original.png"); err == nil {
			t.Fatal("the file of a deleted picture is still there")
		}
		items, _, err := w.Ledger.Journal(t.Context(), user.AccountID, "", 10)
		if err != nil || len(items) != 3 || items[0].Op != "capture" {
			t.Fatalf("journal: %v, %+v", err, items)
		}
		w.Verify()
	})
}

func TestList_PagesNewestFirstAndShowsNobodyElses(t *testing.T) {
	w := apptest.New(t, apptest.SQLite(t))
	user, other := w.User(plan.Operator), w.User(plan.Free)
	w.Submit(other, "not yours", 1)
	var want []string
	for range 7 {
		w.Clock.Advance(time.Millisecond)
		want = append([]string{w.Submit(user, "a fox", 1).ID}, want...)
	}
	var got []string
	page := generation.Page{Limit: 3}
	for {
		items, next, err := w.Generations.List(t.Context(), user, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range items {
			got = append(got, g.ID)
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("listed %v, want %v", got, want)
	}
	for _, cursor := range []string{"%%%", "MS8A", "MQ", "eC95"} { // not base64, "1/\x00", "1", "x/y"
		if _, _, err := w.Generations.List(t.Context(), user, generation.Page{Limit: 3, Cursor: cursor}); fault.As(err) == nil {
			t.Fatalf("the made-up cursor %q: %v", cursor, err)
		}
	}
}

// TestLedger_ManySubmittersOneWallet: sixty-four at once on one wallet never overdraw it, on either database.
func TestLedger_ManySubmittersOneWallet(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Operator)
		if err := w.Ledger.Grant(t.Context(), user.AccountID, ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(1), Ref: "x"}); err != nil {
			t.Fatal(err)
		}
		if err := w.Ledger.Grant(t.Context(), user.AccountID, ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(1), Ref: "x"}); !errors.Is(err, ledger.ErrGrantTwice) {
			t.Fatalf("the same grant twice: %v", err)
		}
		before := w.Available(user)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if _, err := submit(context.Background(), w, user, "", &image.Request{Prompt: "a fox"}); err != nil {
					t.Errorf("submit: %v", err)
				}
			})
		}
		wg.Wait()
		g := w.Submit(user, "a fox", 1)
		if got := before - w.Available(user); got != 65*g.Price.Tokens() {
			t.Fatalf("%d tokens held, want 65 prices of %s", got, g.Price)
		}
		w.Verify()
	})
}

package plan_test

import (
	"sync"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
)

func begin(name string, c plan.Cycle) plan.Decision {
	return plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) { return s.Start(now, name, c) })
}

// journal lists what arrived, oldest first.
func journal(t *testing.T, w *apptest.World, accountID, op string) []ledger.JournalItem {
	t.Helper()
	var list []ledger.JournalItem
	for cursor := ""; ; {
		items, next, err := w.Ledger.Journal(t.Context(), accountID, cursor, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if it.Op == op && it.Layer == ledger.Plan {
				list = append([]ledger.JournalItem{it}, list...)
			}
		}
		if cursor = next; next == "" {
			return list
		}
	}
}

// A server that was off for a year finds every month of an annual plan, once, in order, at its time; two servers that
// wake up at the same moment and sixteen people who press the button do not change that.
func TestChange_MonthsArriveOnceAfterAYearOff(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		other := apptest.New(t, ref, func(c *app.Config) { c.Clock = w.Clock; c.Data = w.Data })
		user := w.User(plan.Free)
		if _, err := w.Plans.Change(t.Context(), user.AccountID, begin("apprentice", plan.Yearly)); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(340 * 24 * time.Hour)
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				world := []*apptest.World{w, other}[i%2]
				if _, err := world.Generations.Submit(t.Context(), user, generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox"}}); err != nil {
					t.Errorf("submit: %v", err)
				}
			})
		}
		wg.Wait()
		months := journal(t, w, user.AccountID, "grant")
		if len(months) != 12 {
			t.Fatalf("%d months arrived, want 12", len(months))
		}
		for i, m := range months {
			if want := ledger.AddMonths(apptest.Start, i); !m.At.Equal(want) || m.Moved.Tokens() != 8_500 {
				t.Errorf("month %d: %s at %s, want 8500 at %s", i, m.Moved, m.At, want)
			}
		}
		b, err := w.Ledger.Balance(t.Context(), user.AccountID)
		if err != nil || (b.Available+b.Held).Tokens() != 25_500+8_500 {
			t.Errorf("%s + %s, %v; want the bank's cap and a month", b.Available, b.Held, err)
		}
		w.Verify()
	})
}

// Plans change while work is submitted: nobody decides by the old plan, nothing is granted twice.
func TestChange_BesideSubmissions(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User(plan.Operator)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 8 {
					_, err := w.Generations.Submit(t.Context(), user, generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox"}})
					if f := fault.As(err); err != nil && (f == nil || f.Code != "queue_full" && f.Code != "stale_schedule") {
						t.Errorf("submit: %v", err)
					}
				}
			})
		}
		for _, decide := range []plan.Decision{
			begin("apprentice", plan.Monthly),
			plan.Just(func(s plan.Subscription, now time.Time) (plan.Subscription, error) {
				out, _, err := s.Upgrade(now, "maestro")
				return out, err
			}),
			plan.Just(plan.Subscription.Cancel), plan.Just(plan.Subscription.Resume), plan.Just(plan.Subscription.Pay),
		} {
			if _, err := w.Plans.Change(t.Context(), user.AccountID, decide); err != nil {
				t.Errorf("change: %v", err)
			}
		}
		wg.Wait()
		var sum int64
		for _, m := range journal(t, w, user.AccountID, "grant") {
			sum += m.Moved.Tokens()
		}
		if sum != 60_000 {
			t.Errorf("%d plan tokens arrived, want 8500 and the 51500 that the upgrade adds", sum)
		}
		w.Verify()
	})
}

// Relaxed is the last layer: only when tokens do not suffice, only on plans that have it, and never for money.
func TestRelaxed_WorkGoesOnWithoutTokens(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		side, count, steps := 64, 8, 50
		dear := func(lane generation.Lane) generation.SubmitRequest {
			return generation.SubmitRequest{Kind: "image", Lane: lane, Input: &image.Request{
				Prompt: "a fox", Width: &side, Height: &side, Count: &count, Steps: &steps,
			}}
		}
		poor := w.User(plan.Free) // 150 a day, enough for three of these
		var waiting []string
		for range 3 {
			g, err := w.Generations.Submit(t.Context(), poor, dear(""))
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, g.ID)
		}
		for _, lane := range []generation.Lane{"", generation.Fast, generation.Relaxed} {
			if _, err := w.Generations.Submit(t.Context(), poor, dear(lane)); fault.As(err) == nil {
				t.Errorf("lane %q on the free plan: %v", lane, err)
			}
		}
		for _, id := range waiting { // it has done its part, and would take long to paint
			if _, err := w.Generations.Cancel(t.Context(), poor, id); err != nil {
				t.Fatal(err)
			}
		}
		count, steps = 2, 2
		user := w.User("artisan")
		fast, err := w.Generations.Submit(t.Context(), user, dear(""))
		if err != nil || fast.Lane != generation.Fast || fast.Price == 0 {
			t.Fatalf("with tokens: %+v, %v", fast, err)
		}
		asked, err := w.Generations.Submit(t.Context(), user, dear(generation.Relaxed))
		if err != nil || asked.Lane != generation.Relaxed || asked.Price != 0 {
			t.Fatalf("relaxed by wish: %+v, %v", asked, err)
		}
		err = w.Ledger.Change(t.Context(), user.AccountID, func(l *ledger.Wallet) error {
			h, err := l.Hold(ledger.HoldRequest{GenerationID: "elsewhere", Amount: l.Spendable()})
			if err == nil {
				err = l.Capture(h, h.Amount, false)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slow, err := w.Generations.Submit(t.Context(), user, dear(""))
		if err != nil || slow.Lane != generation.Relaxed || slow.Price != 0 {
			t.Fatalf("without tokens: %+v, %v", slow, err)
		}
		if _, err := w.Generations.Submit(t.Context(), user, dear(generation.Fast)); fault.As(err) == nil {
			t.Errorf("fast without tokens: %v", err)
		}
		w.Run()
		if g := w.WaitState(user, slow.ID, generation.Complete); g.Charged != 0 || len(g.Images) != count {
			t.Errorf("relaxed work: charged %s for %d pictures", g.Charged, len(g.Images))
		}
		w.WaitState(user, asked.ID, generation.Complete)
		w.WaitState(user, fast.ID, generation.Complete)
		w.Verify()
	})
}

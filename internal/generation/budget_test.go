package generation_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// program makes a key on the terms and returns the actor that it stands for.
func program(t *testing.T, w *apptest.World, user access.Actor, terms auth.KeyTerms) access.Actor {
	t.Helper()
	key, _, err := w.Auth.CreateKey(t.Context(), user.AccountID, "test", time.Time{}, terms)
	if err != nil {
		t.Fatal(err)
	}
	actor, err := w.Auth.Key(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

func code(err error) string {
	if f := fault.As(err); f != nil {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestCredits_AreAWalletOfTheirOwn(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		user := w.User("artisan") // has a relaxed lane, which is for tokens alone
		actor := program(t, w, user, auth.KeyTerms{Credits: true})
		wallet := ledger.CreditsOf(user.AccountID)
		fox := func() *image.Request { return &image.Request{Prompt: "a fox"} }
		if _, err := submit(t.Context(), w, actor, "", fox()); code(err) != "insufficient_credits" {
			t.Fatalf("without credits: %v", err)
		}
		if err := w.Ledger.Grant(t.Context(), wallet, ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(10), Ref: "pack"}); err != nil {
			t.Fatal(err)
		}
		g, err := submit(t.Context(), w, actor, "", fox())
		if err != nil || g.Lane != generation.Fast {
			t.Fatalf("%+v, %v", g, err)
		}
		w.Run()
		g = w.WaitState(user, g.ID, generation.Complete)
		credits, err := w.Ledger.Balance(t.Context(), wallet)
		if err != nil || credits.Available != token.Whole(10)-g.Charged || credits.Held != 0 || !credits.RenewsAt.IsZero() {
			t.Errorf("credits are %+v, %v after %s", credits, err, g.Charged)
		}
		if got := w.Available(user); got != 25_000 {
			t.Errorf("%d tokens are left of 25000", got)
		}
		if _, err := w.Generations.Submit(t.Context(), actor, generation.SubmitRequest{Kind: "image", Input: fox(), Lane: generation.Relaxed}); code(err) != "no_relaxed_lane" {
			t.Errorf("relaxed with credits: %v", err)
		}
		w.Verify()
	})
}

// A key that was bound to a team while requests were under way spends from both wallets at once, on two servers: they do
// not wait for each other's wallet, and its budget holds all the same.
func TestBudget_HoldsWhileAKeyChangesItsWallet(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		other := apptest.New(t, ref, func(c *app.Config) { c.Clock, c.Data = w.Clock, w.Data })
		user := w.User(plan.Operator)
		made, err := w.Teams.Create(t.Context(), user, "Foxes")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Ledger.Grant(t.Context(), made.Wallet(), ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(1000), Ref: "pool"}); err != nil {
			t.Fatal(err)
		}
		price, err := w.Generations.Quote(t.Context(), user, generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox"}})
		if err != nil || price.Total < 2 {
			t.Fatalf("%+v, %v", price, err)
		}
		for range 10 { // each time the first use of a key, which has no row yet
			before := program(t, w, user, auth.KeyTerms{Budget: price.Total + price.Total/2})
			after := before
			after.Team = made.ID
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					server, actor := w, before
					if i%2 == 1 {
						server, actor = other, after
					}
					if _, err := submit(t.Context(), server, actor, "", &image.Request{Prompt: "a fox"}); err != nil && code(err) != "key_budget_spent" {
						t.Errorf("submit: %v", err)
					}
				})
			}
			wg.Wait()
			if used, err := w.Generations.KeyUsed(t.Context(), before.KeyID); err != nil || used != price.Total {
				t.Errorf("%s are used, %v, want %s once", used, err, price.Total)
			}
			if err := w.Auth.RevokeKey(t.Context(), user.AccountID, before.KeyID); err != nil {
				t.Fatal(err)
			}
		}
		w.Verify()
	})
}

// Two servers, many submitters, one key: its budget is used to the last token it allows and never beyond; what comes
// back can be used again, and a new month begins with all of it.
func TestBudget_HoldsAcrossServers(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		other := apptest.New(t, ref, func(c *app.Config) { c.Clock = w.Clock; c.Data = w.Data })
		user := w.User(plan.Operator)
		actor := program(t, w, user, auth.KeyTerms{Budget: token.Whole(20)})
		price, err := w.Generations.Quote(t.Context(), actor, generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox"}})
		if err != nil {
			t.Fatal(err)
		}
		var accepted atomic.Int64
		var last atomic.Pointer[generation.Generation]
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				g, err := submit(t.Context(), []*apptest.World{w, other}[i%2], actor, "", &image.Request{Prompt: "a fox"})
				switch code(err) {
				case "":
					accepted.Add(1)
					last.Store(g)
				case "key_budget_spent":
					if f := fault.As(err); f.Kind != fault.Insufficient || f.Details["resets_at"] != "2026-12-01T00:00:00Z" {
						t.Errorf("refused with %+v", f.Details)
					}
				default:
					t.Errorf("submit: %v", err)
				}
			})
		}
		wg.Wait()
		if want := int64(token.Whole(20) / price.Total); accepted.Load() != want {
			t.Errorf("%d were accepted at %s each, want %d", accepted.Load(), price.Total, want)
		}
		used, err := w.Generations.KeyUsed(t.Context(), actor.KeyID)
		if err != nil || used != price.Total*token.Amount(accepted.Load()) {
			t.Errorf("%s are used, %v", used, err)
		}
		if _, err := w.Generations.Cancel(t.Context(), user, last.Load().ID); err != nil {
			t.Fatal(err)
		}
		if _, err := submit(t.Context(), w, actor, "", &image.Request{Prompt: "a fox"}); err != nil {
			t.Errorf("after something came back: %v", err)
		}
		if _, err := submit(t.Context(), w, user, "", &image.Request{Prompt: "a fox"}); err != nil {
			t.Errorf("the account itself has no budget: %v", err)
		}
		w.Clock.Advance(10 * 24 * time.Hour)
		if _, err := submit(t.Context(), w, actor, "", &image.Request{Prompt: "a fox"}); err != nil {
			t.Errorf("in the next month: %v", err)
		}
		if err := w.Auth.SetKeyTerms(t.Context(), user.AccountID, actor.KeyID, auth.KeyTerms{Budget: -1}); fault.As(err) == nil {
			t.Errorf("a budget below nothing: %v", err)
		}
		if err := w.Auth.SetKeyTerms(t.Context(), w.User(plan.Free).AccountID, actor.KeyID, auth.KeyTerms{}); !errors.Is(err, auth.ErrNoSuchKey) {
			t.Errorf("a stranger's terms: %v", err)
		}
		w.Verify()
	})
}

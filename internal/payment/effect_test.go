package payment

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// purse is a wallet with its plan, in memory, that a payment's changes are carried out on as Observe does.
type purse struct {
	t     *rapid.T
	p     Payment
	sub   plan.Subscription
	w     *ledger.Wallet
	now   time.Time
	spent token.Amount // as soon as there is so much
}

func newPurse(t *rapid.T, p Payment, spent token.Amount) *purse {
	begin := time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC)
	a := &purse{
		t: t, p: p, spent: spent, now: begin, w: &ledger.Wallet{ID: ledger.CreditsOf("somebody"), Started: -1},
		sub: plan.Subscription{Of: plan.Credits, Terms: []plan.Term{{Plan: plan.PayAsYouGo, From: begin.AddDate(-1, 0, 0), Anchor: begin.AddDate(-1, 0, 0)}}},
	}
	a.follow()
	if p.Kind != Upgrade {
		return a
	}
	var err error
	if a.sub, err = a.sub.Start(begin, "api-basic", plan.Monthly); err != nil {
		t.Fatal(err)
	}
	a.follow()
	a.now = begin.AddDate(0, 0, 12)
	pr, err := a.sub.Prorate(a.now, "api-standard")
	if err != nil {
		t.Fatal(err)
	}
	a.p.Tokens, a.p.Terms = pr.Tokens, Terms{Plan: "api-standard", Cycle: plan.Monthly, From: "api-basic", Until: pr.Until}
	return a
}

func (a *purse) follow() {
	schedule, err := a.sub.Schedule()
	if err == nil {
		err = a.w.Advance(a.now, schedule)
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *purse) see(s Seen) {
	after, changes := Settle(a.p, s)
	for _, c := range changes {
		var err error
		if a.sub, err = after.effect(a.now, a.sub, a.w, c); err != nil {
			a.t.Fatalf("%+v: %v", c, err)
		}
	}
	a.p = after
	a.follow()
	if !a.p.Brought || a.spent == 0 {
		return
	}
	h, err := a.w.Hold(ledger.HoldRequest{GenerationID: "work", Amount: min(a.spent, a.w.Spendable())})
	if err == nil {
		err = a.w.Capture(h, h.Amount, false)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	a.spent = 0
}

// TestEffects_EndWhereTheTruthEnds is TestSettle_EndsWhereTheTruthEnds with a wallet: whatever was told in which order, and
// whatever was missed, as much is there and as much is owed. What was spent is the same each time, and was spent before any
// money went back.
func TestEffects_EndWhereTheTruthEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := Payment{
			ID: "p", Kind: rapid.SampledFrom([]Kind{Pack, TopUp, Start, Upgrade}).Draw(t, "kind"), Of: plan.Credits, State: Open,
			Amount: plan.Money(rapid.Int64Range(2, 100_000).Draw(t, "cents")) * 10_000, Tokens: token.Whole(3500),
		}
		if first.Kind == Start {
			first.Terms = Terms{Plan: "api-basic", Cycle: plan.Monthly}
		}
		spent := token.Amount(rapid.Int64Range(0, int64(token.Whole(4000))).Draw(t, "spent"))
		story := truth(t, first)
		paid := story[:1]
		for _, s := range story {
			if s.Status == Succeeded {
				paid = []Seen{s} // the money, before anything became of it
				break
			}
		}
		inOrder, p := newPurse(t, first, spent), newPurse(t, first, spent)
		for _, s := range story {
			inOrder.see(s)
		}
		p.see(paid[0])
		for range rapid.IntRange(0, 8).Draw(t, "messages") {
			p.see(rapid.SampledFrom(story).Draw(t, "snapshot"))
		}
		p.see(story[len(story)-1])
		if p.w.Available != inOrder.w.Available || p.w.Owed() != inOrder.w.Owed() {
			t.Fatalf("has %s and owes %s, in order %s and %s: %+v", p.w.Available, p.w.Owed(), inOrder.w.Available, inOrder.w.Owed(), p.p)
		}
		if back := p.p.State == Refunded && p.p.Brought; back && p.w.Owed() != 0 {
			t.Fatalf("owes %s for what was given back: %+v", p.w.Owed(), p.p)
		}
		if p.p.State == Refunded && p.p.Kind != Upgrade && p.w.Available != 0 {
			t.Fatalf("has %s and all of its money: %+v", p.w.Available, p.p)
		}
	})
}

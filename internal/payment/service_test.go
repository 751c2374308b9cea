package payment_test

import (
	"errors"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

const day = 24 * time.Hour

// One account, followed by hand: 9 dollars of tokens, a plan by the month, an upgrade on its eleventh day, a renewal, a
// downgrade, a switch to the year, and the end.
func TestService_OneLifeByHand(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		who := s.User(plan.Free) // 150 a day
		s.buy(who, plan.Tokens, "small")
		s.wantHas(who, plan.Tokens, 150+5000, 0)

		sub := s.start(who, plan.Tokens, "apprentice", plan.Monthly)
		s.wantHas(who, plan.Tokens, 150+5000+8500, 0)
		if got := s.bank.Payments[s.bank.Subscriptions[sub].Charges[0]].Seen.Amount; got != 12_000_000 {
			t.Errorf("the first month cost %d", got)
		}

		s.Clock.Advance(10 * day) // of 30: the 23rd of November to the 23rd of December
		s.wantHas(who, plan.Tokens, 5000+8500, 0)
		p, _, err := s.Payments.Preview(t.Context(), who.AccountID, plan.Tokens, change("maestro", plan.Monthly))
		if err != nil || p.Action != plan.Upgrade || p.Exact != 32_000_000 || p.Price != 32_000_000 || p.Tokens != 34_333_334 {
			t.Fatalf("two thirds of 48 dollars and of 51500 tokens: %+v, %v", p, err)
		}
		changed := s.wish(who, plan.Tokens, change("maestro", plan.Monthly))
		if changed.Pay != "" || changed.Payment.State != payment.Paid {
			t.Fatalf("the card on file was not asked: %+v", changed)
		}
		if a, _ := s.has(who, plan.Tokens); a != token.Whole(13_500)+34_333_334 {
			t.Errorf("after the upgrade: %s", a)
		}
		if err := s.Payments.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at := s.bank.Subscriptions[sub]; at.Plan != "maestro" || at.Price != 60_000_000 {
			t.Errorf("the bank renews %s for %d", at.Plan, at.Price)
		}

		s.Clock.Advance(20*day - time.Hour)
		s.bank.Renew(sub)
		s.deliver()
		s.Clock.Advance(2 * time.Hour) // the month's rest goes to the bank, whose cap is 180000
		if a, _ := s.has(who, plan.Tokens); a != token.Whole(13_500+60_000)+34_333_334 {
			t.Errorf("after the renewal: %s", a)
		}
		if st := s.standing(who, plan.Tokens); st.State != plan.Settled || !st.Term.PaidUntil.Equal(apptest.Start.AddDate(0, 2, 0)) {
			t.Errorf("after the renewal: %+v", st)
		}

		s.wish(who, plan.Tokens, change("artisan", plan.Monthly))
		if st := s.standing(who, plan.Tokens); st.State != plan.Changing || st.Plan.Name != "maestro" || st.Next.Plan != "artisan" {
			t.Errorf("after the downgrade: %+v", st)
		}
		s.wish(who, plan.Tokens, change("artisan", plan.Yearly)) // a change of mind
		if err := s.Payments.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at := s.bank.Subscriptions[sub]; at.Plan != "artisan" || at.Price != 288_000_000 || at.Cycle != plan.Yearly {
			t.Errorf("the bank renews %+v", at.SeenSubscription)
		}
		s.Clock.Advance(31 * day)
		s.bank.Renew(sub)
		s.deliver()
		if st := s.standing(who, plan.Tokens); st.Plan.Name != "artisan" || !st.Term.PaidUntil.Equal(apptest.Start.AddDate(0, 14, 0)) {
			t.Errorf("after the switch to the year: %+v", st)
		}

		s.wish(who, plan.Tokens, plan.Wish{Action: plan.Cancel})
		if err := s.Payments.Tell(t.Context()); err != nil || !s.bank.Subscriptions[sub].Ends {
			t.Fatalf("the bank was not told of the end: %v", err)
		}
		s.wish(who, plan.Tokens, plan.Wish{Action: plan.Resume})
		s.wish(who, plan.Tokens, plan.Wish{Action: plan.Cancel})
		s.Clock.Advance(366 * day)
		s.bank.Renew(sub) // it is to end
		if err := s.Payments.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.deliver()
		if st := s.standing(who, plan.Tokens); st.Plan.Name != plan.Free {
			t.Errorf("at the end: %+v", st)
		}
		if !s.bank.Subscriptions[sub].Ended {
			t.Error("the bank still has a subscription")
		}
		if d := s.reconcile(false); len(d) > 0 {
			t.Errorf("differences: %+v", d)
		}
		s.Verify()
	})
}

// Money that goes back takes its share of the tokens along, as far as they are there; what a bank claims becomes a debt.
func TestService_RefundsAndChargebacksByHand(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		who := s.User(plan.Operator) // no plan is sold under it; its day is a million, so packs are counted from credits here
		p := s.buy(who, plan.Credits, "api-small")
		s.wantHas(who, plan.Credits, 5000, 0)
		if _, err := s.Payments.Refund(t.Context(), p.ID, 8_510_000); fault.As(err) == nil {
			t.Errorf("more than was paid: %v", err)
		}
		if _, err := s.Payments.Refund(t.Context(), p.ID, -10_000); fault.As(err) == nil {
			t.Errorf("a negative amount: %v", err)
		}
		if p, err := s.Payments.Refund(t.Context(), p.ID, 1_700_000); err != nil || p.Taken != token.Whole(1000) || p.State != payment.Paid {
			t.Errorf("a fifth: %+v, %v", p, err)
		}
		s.deliver()
		s.wantHas(who, plan.Credits, 4000, 0)
		s.spend(who, plan.Credits, token.Whole(3500))
		if p, err := s.Payments.Refund(t.Context(), p.ID, 0); err != nil || p.State != payment.Refunded || p.Refunded != 8_500_000 {
			t.Errorf("the rest: %+v, %v", p, err)
		}
		s.wantHas(who, plan.Credits, 0, 0) // what was spent is forgiven
		if _, err := s.Payments.Refund(t.Context(), p.ID, 10_000); fault.As(err) == nil {
			t.Errorf("after everything: %v", err)
		}

		q := s.buy(who, plan.Credits, "api-small")
		s.spend(who, plan.Credits, token.Whole(3500))
		s.bank.Dispute(q.Charge, payment.DisputeOpen)
		s.deliver()
		s.wantHas(who, plan.Credits, 0, 3500)
		if _, err := s.Payments.Refund(t.Context(), q.ID, 0); fault.As(err) == nil {
			t.Errorf("a refund of a disputed payment: %v", err)
		}
		s.buy(who, plan.Credits, "api-small")
		s.wantHas(who, plan.Credits, 1500, 0) // the debt is paid off first
		s.bank.Dispute(q.Charge, payment.DisputeWon)
		s.deliver()
		s.wantHas(who, plan.Credits, 6500, 0) // all 5000 come back
		if q := s.find(q.ID); q.State != payment.Paid || q.Claimed != 0 {
			t.Errorf("after it was won: %+v", q)
		}
		if d := s.reconcile(false); len(d) > 0 {
			t.Errorf("differences: %+v", d)
		}
		s.Verify()
	})
}

// A plan whose money goes back ends; an upgrade whose money goes back falls back to the plan before.
func TestService_RefundedPlans(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		who := s.User(plan.Free)
		s.start(who, plan.Tokens, "apprentice", plan.Monthly)
		s.Clock.Advance(15 * day)
		up := s.wish(who, plan.Tokens, change("artisan", plan.Monthly)).Payment
		if up.Amount != 9_000_000 || up.Tokens != token.Whole(8250) {
			t.Errorf("half of 18 dollars and of 16500 tokens: %+v", up)
		}
		s.wantHas(who, plan.Tokens, 8500+8250, 0)
		if _, err := s.Payments.Refund(t.Context(), up.ID, 0); err != nil {
			t.Fatal(err)
		}
		s.deliver()
		s.wantHas(who, plan.Tokens, 8500, 0)
		if st := s.standing(who, plan.Tokens); st.Plan.Name != "apprentice" || st.State != plan.Settled {
			t.Errorf("after the upgrade was given back: %+v", st)
		}
		list, _, err := s.Payments.List(t.Context(), who.AccountID, "", 10)
		if err != nil || len(list) != 2 || list[1].Kind != payment.Start {
			t.Fatalf("%+v, %v", list, err)
		}
		if _, err := s.Payments.Refund(t.Context(), list[1].ID, 6_000_000); err != nil {
			t.Fatal(err)
		}
		if st := s.standing(who, plan.Tokens); st.Plan.Name != "apprentice" {
			t.Errorf("half of the price ended the plan: %+v", st)
		}
		s.spend(who, plan.Tokens, token.Whole(500))
		s.bank.Dispute(list[1].Charge, payment.DisputeLost)
		s.deliver()
		s.wantHas(who, plan.Tokens, 150, 500)
		if st := s.standing(who, plan.Tokens); st.Plan.Name != plan.Free {
			t.Errorf("after the bank took the money: %+v", st)
		}
		if err := s.Payments.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, sub := range s.bank.Subscriptions {
			if !sub.Ended {
				t.Error("the bank would take the next month")
			}
		}
		s.Verify()
	})
}

// The price that was shown is kept for a quarter of an hour, as long as the plan is the same.
func TestChange_KeepsToWhatWasShown(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	s.start(who, plan.Tokens, "apprentice", plan.Monthly)
	s.Clock.Advance(10 * day)
	up := change("maestro", plan.Monthly)
	p, shown, err := s.Payments.Preview(t.Context(), who.AccountID, plan.Tokens, up)
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(14 * time.Minute)
	changed, err := s.Payments.Change(t.Context(), who.AccountID, plan.Tokens, up, shown, "")
	if err != nil || changed.Payment.Amount != p.Price || changed.Payment.Tokens != p.Tokens {
		t.Fatalf("%+v, %v; shown was %+v", changed.Payment, err, p)
	}
	for name, old := range map[string]payment.Shown{
		"used before": shown, "too old": {At: s.Clock.Now().Add(-16 * time.Minute), Version: shown.Version + 1},
		"from the future": {At: s.Clock.Now().Add(time.Minute), Version: shown.Version + 1},
	} {
		if _, err := s.Payments.Change(t.Context(), who.AccountID, plan.Tokens, plan.Wish{Action: plan.Cancel}, old, ""); !errors.Is(err, payment.ErrPriceChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A card that is refused, or asked about by its bank, leads to a page; paying there upgrades at the price that was shown.
func TestChange_ARefusedCardLeadsToAPage(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	s.start(who, plan.Tokens, "apprentice", plan.Monthly)
	s.bank.Decline = true
	first := s.wish(who, plan.Tokens, change("maestro", plan.Monthly))
	if first.Pay == "" || first.Payment.State != payment.Open {
		t.Fatalf("%+v", first)
	}
	second := s.wish(who, plan.Tokens, change("artisan", plan.Monthly)) // a change of mind closes the first page
	if s.bank.Pay(first.Payment.Checkout) {
		t.Error("the first page is still open")
	}
	s.bank.Pay(second.Payment.Checkout)
	s.deliver()
	if st := s.standing(who, plan.Tokens); st.Plan.Name != "artisan" {
		t.Errorf("%+v", st)
	}
	if p := s.find(first.Payment.ID); p.State != payment.Failed || p.Reason != "expired" {
		t.Errorf("the first page: %+v", p)
	}
	s.Verify()
}

// A payment that comes when it cannot be used any more brings nothing, and goes back.
func TestReconcile_GivesBackWhatIsStuck(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		who := s.User(plan.Free)
		late := s.wish(who, plan.Tokens, change("maestro", plan.Monthly)).Payment
		_, err := s.Plans.Change(t.Context(), who.AccountID, plan.Just(func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
			return sub.Start(now, "apprentice", plan.Monthly) // by the operator, in the meantime
		}))
		if err != nil {
			t.Fatal(err)
		}
		s.bank.Pay(late.Checkout)
		s.deliver()
		if p := s.find(late.ID); p.State != payment.Stuck || p.Reason != "already_subscribed" {
			t.Fatalf("%+v", p)
		}
		if err := s.Payments.Tell(t.Context()); err != nil || len(s.bank.Subscriptions) != 1 {
			t.Fatal(err)
		}
		for _, sub := range s.bank.Subscriptions {
			if !sub.Ended {
				t.Error("the bank would take the next month for nothing")
			}
		}
		if d := s.reconcile(false); len(d) != 1 || d[0].Kind != payment.PaidNotGranted || d[0].Fixed {
			t.Errorf("%+v", d)
		}
		if d := s.reconcile(true); len(d) != 1 || !d[0].Fixed {
			t.Errorf("%+v", d)
		}
		if d := s.reconcile(false); len(d) != 0 {
			t.Errorf("%+v", d)
		}
		if p := s.find(late.ID); p.State != payment.Refunded || s.bank.Payments[p.Charge].Seen.Refunded != 60_000_000 {
			t.Errorf("%+v", p)
		}
		s.Verify()
	})
}

// A plan of credits brings its own bounds on what runs and waits at once; a smaller one takes nothing from the plan of tokens.
func TestService_APlanOfCreditsSetsWhatRunsAndWaits(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	for _, c := range []struct {
		tokens, credits  string
		running, waiting int
	}{
		{plan.Free, "", 1, 5}, {plan.Free, "api-pro", 10, 200}, {"maestro", "api-basic", 6, 50},
	} {
		who := s.User(c.tokens)
		if c.credits != "" {
			s.start(who, plan.Credits, c.credits, plan.Monthly)
		}
		if got := s.Generations.Concurrency(t.Context(), who.AccountID); got != c.running {
			t.Errorf("%s with %q: %d at once, want %d", c.tokens, c.credits, got, c.running)
		}
		e, err := s.Generations.Entitlements.Entitlement(t.Context(), who.AccountID)
		if err != nil || e.Queue != c.waiting {
			t.Errorf("%s with %q: %d may wait, want %d: %v", c.tokens, c.credits, e.Queue, c.waiting, err)
		}
	}
}

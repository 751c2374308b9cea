package payment_test

import (
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// TestReconcile_FindsEachKindOfDifference makes one of each, and looks at what is found, what is put right, and what is left.
func TestReconcile_FindsEachKindOfDifference(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		for name, c := range map[string]struct {
			wrong func(s *shop)
			kind  string
			fixed bool
		}{
			"paid, and nobody heard": {func(s *shop) {
				p, _, err := s.Payments.Buy(t.Context(), s.User(plan.Free).AccountID, plan.Tokens, "small", 0, "")
				if err != nil {
					t.Fatal(err)
				}
				s.bank.Pay(p.Checkout)
			}, payment.PaidNotGranted, true},
			"a renewal that nobody heard of": {func(s *shop) {
				sub := s.start(s.User(plan.Free), plan.Tokens, "artisan", plan.Monthly)
				s.bank.Renew(sub)
			}, payment.PaidNotGranted, true},
			"granted, and the bank has no money": {func(s *shop) {
				p := s.buy(s.User(plan.Free), plan.Tokens, "small")
				delete(s.bank.Payments, p.Charge)
			}, payment.GrantedNotPaid, false},
			"another amount": {func(s *shop) {
				p := s.buy(s.User(plan.Free), plan.Tokens, "small")
				s.bank.Payments[p.Charge].Seen.Amount += 1_000_000
			}, payment.AmountDiffers, false},
			"a renewal for the price of before, because the bank was away when the plan was changed": {func(s *shop) {
				who := s.User(plan.Free)
				sub := s.start(who, plan.Tokens, "maestro", plan.Monthly)
				s.wish(who, plan.Tokens, change("artisan", plan.Monthly))
				s.Clock.Advance(31*day + time.Hour)
				s.bank.Renew(sub)
				s.deliver()
				if st := s.standing(who, plan.Tokens); st.Plan.Name != "artisan" || st.State != plan.Settled {
					t.Fatalf("%+v", st)
				}
				if err := s.Payments.Tell(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, payment.AmountDiffers, true},
			"money went back, and nobody heard": {func(s *shop) {
				p := s.buy(s.User(plan.Free), plan.Tokens, "small")
				if err := s.bank.GiveBack(p.Charge, 3_000_000); err != nil {
					t.Fatal(err)
				}
			}, payment.RefundMissing, true},
			"a refund that failed later": {func(s *shop) {
				p := s.buy(s.User(plan.Free), plan.Tokens, "small")
				if _, err := s.Payments.Refund(t.Context(), p.ID, 3_000_000); err != nil {
					t.Fatal(err)
				}
				s.bank.Payments[p.Charge].Seen.Refunded = 0
			}, payment.RefundMissing, false},
			"paid twice": {func(s *shop) {
				p := s.buy(s.User(plan.Free), plan.Tokens, "small")
				s.bank.Intrude(p.ID, p.Amount)
			}, payment.PaidTwice, true},
			"under a name that is not known": {func(s *shop) {
				s.bank.Intrude("0198c0de-0000-4000-8000-000000000000", 9_000_000)
			}, payment.PaidNotGranted, false},
			"no such grant in the ledger": {func(s *shop) {
				p := s.buy(s.User(plan.Free), plan.Tokens, "small")
				err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), "UPDATE payment SET terms = $2 WHERE id = $1", p.ID, `{"pack":"small","grant":"pay:nowhere"}`)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}, payment.GrantMissing, false},
			"a subscription that was changed at the counter": {func(s *shop) {
				sub := s.start(s.User(plan.Free), plan.Tokens, "artisan", plan.Monthly)
				if err := s.Payments.Tell(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.bank.Subscriptions[sub].Price = 1_000_000
			}, payment.SubscriptionDiffers, true},
			"a subscription that was ended at the counter": {func(s *shop) {
				sub := s.start(s.User(plan.Free), plan.Tokens, "artisan", plan.Monthly)
				s.bank.End(sub)
			}, payment.SubscriptionDiffers, true},
			"a dispute that nobody heard of": {func(s *shop) {
				p := s.buy(s.User(plan.Free), plan.Tokens, "small")
				s.bank.Dispute(p.Charge, payment.DisputeOpen)
			}, payment.DisputeDiffers, true},
		} {
			if strings.HasPrefix(ref, "postgres") {
				if name != "paid, and nobody heard" {
					continue // the rest is the same code
				}
			} else {
				ref = apptest.SQLite(t)
			}
			t.Run(name, func(t *testing.T) {
				s := newShop(t, ref)
				if d := s.reconcile(false); len(d) > 0 {
					t.Fatalf("before: %+v", d)
				}
				c.wrong(s)
				for _, fix := range []bool{false, true} {
					d := s.reconcile(fix)
					if len(d) != 1 || d[0].Kind != c.kind || d[0].Fixed != (fix && c.fixed) {
						t.Fatalf("with fix %v: %+v, want one %s", fix, d, c.kind)
					}
				}
				if d := s.reconcile(false); (len(d) == 0) != c.fixed {
					t.Errorf("afterwards: %+v", d)
				}
			})
		}
	})
}

// Messages that were kept can be taken up again, any number of times, and change nothing more.
func TestReplay_ChangesNothingTheSecondTime(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	s.start(who, plan.Tokens, "artisan", plan.Monthly)
	s.buy(who, plan.Credits, "api-small")
	before, _ := s.has(who, plan.Tokens)
	for range 2 {
		n, err := s.Payments.Replay(t.Context(), s.Clock.Now().Add(-time.Hour))
		if err != nil || n < 4 {
			t.Fatalf("%d messages, %v", n, err)
		}
	}
	if after, _ := s.has(who, plan.Tokens); after != before {
		t.Errorf("%s became %s", before, after)
	}
	s.wantHas(who, plan.Credits, 5000, 0)
	if err := s.Payments.Prune(t.Context(), s.Clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Payments.Replay(t.Context(), time.Time{}); err != nil || n != 0 {
		t.Errorf("after they were thrown away: %d, %v", n, err)
	}
	s.Verify()
}

// A trial without a card, once, and then the free plan.
func TestTrial_OnceAndWithoutACard(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	try := plan.Wish{Action: plan.Try, Plan: "maestro"}
	if c := s.wish(who, plan.Tokens, try); c.Payment != nil || c.Preview.Tokens != token.Whole(500) {
		t.Errorf("%+v", c)
	}
	s.wantHas(who, plan.Tokens, 500+150, 0) // the day it begins keeps its own
	if st := s.standing(who, plan.Tokens); st.Plan.Name != "maestro" || st.State != plan.Trying {
		t.Errorf("%+v", st)
	}
	s.Clock.Advance(8 * day)
	s.wantHas(who, plan.Tokens, 150, 0)
	if _, _, err := s.Payments.Preview(t.Context(), who.AccountID, plan.Tokens, try); err == nil {
		t.Error("a second trial")
	}
	s.Verify()
}

package payment_test

import (
	"errors"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/ledger"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// hold sets tokens aside for work and returns how it ends.
func (s *shop) hold(who access.Actor, u plan.Unit, amount token.Amount) (end func(captured token.Amount)) {
	s.t.Helper()
	work := "work:" + amount.String()
	change := func(f func(w *ledger.Wallet, h *ledger.Hold) error) {
		s.t.Helper()
		wallet := u.Wallet(who.AccountID)
		err := s.DB.Tx(s.t.Context(), func(tx *db.Tx) error {
			wallets, holds, err := ledger.Load(s.t.Context(), tx, []string{wallet}, []string{work})
			if err != nil {
				return err
			}
			schedule, err := s.Plans.Schedule(s.t.Context(), wallet)
			if err == nil {
				err = wallets[wallet].Advance(s.Clock.Now(), schedule)
			}
			if err == nil {
				err = f(wallets[wallet], holds[work])
			}
			if err != nil {
				return err
			}
			return ledger.Save(s.t.Context(), tx, wallets)
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	change(func(w *ledger.Wallet, _ *ledger.Hold) error {
		_, err := w.Hold(ledger.HoldRequest{GenerationID: work, Amount: amount})
		return err
	})
	return func(captured token.Amount) {
		s.t.Helper()
		change(func(w *ledger.Wallet, h *ledger.Hold) error { return w.Capture(h, captured, true) })
	}
}

// Two upgrades in one month, and the first one's money goes back: the plan before it goes on, and what the second one brought
// stays until its own money goes back.
func TestUpgrade_TheFirstOfTwoGoesBack(t *testing.T) {
	for name, back := range map[string]func(s *shop, p payment.Payment){
		"refunded": func(s *shop, p payment.Payment) {
			if _, err := s.Payments.Refund(s.t.Context(), p.ID, 0); err != nil {
				s.t.Fatal(err)
			}
		},
		"asked back": func(s *shop, p payment.Payment) { s.disputed(p, payment.DisputeOpen, payment.DisputeLost) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, apptest.SQLite(t))
			who := s.User(plan.Free)
			s.start(who, plan.Tokens, "apprentice", plan.Monthly)
			s.Clock.Advance(10 * day)
			first := *s.wish(who, plan.Tokens, change("artisan", plan.Monthly)).Payment
			s.Clock.Advance(5 * day)
			second := *s.wish(who, plan.Tokens, change("maestro", plan.Monthly)).Payment
			all, _ := s.has(who, plan.Tokens)

			back(s, first)
			if st := s.standing(who, plan.Tokens); st.Plan.Name != "apprentice" {
				t.Errorf("the first upgrade is gone and the plan is %s", st.Plan.Name)
			}
			if has, owed := s.has(who, plan.Tokens); has != all-first.Tokens || owed != 0 {
				t.Errorf("has %s of %s and owes %s; the first upgrade had brought %s", has, all, owed, first.Tokens)
			}
			s.Clock.Advance(day)
			third := *s.wish(who, plan.Tokens, change("maestro", plan.Monthly)).Payment
			back(s, second)
			if st := s.standing(who, plan.Tokens); st.Plan.Name != "maestro" {
				t.Errorf("what was paid for anew went with what it had replaced: the plan is %s", st.Plan.Name)
			}
			back(s, third)
			if st := s.standing(who, plan.Tokens); st.Plan.Name != "apprentice" {
				t.Errorf("the plan is %s in the end", st.Plan.Name)
			}
			s.wantHas(who, plan.Tokens, 8500, 0)
			s.Verify()
		})
	}
}

// Of an upgrade whose month is over a bank's question owes what was used: the rest had expired or is in the bank.
func TestDispute_OfAnUpgradeWhoseMonthIsOver(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	s.start(who, plan.Tokens, "apprentice", plan.Yearly)
	s.Clock.Advance(day)
	up := *s.wish(who, plan.Tokens, change("artisan", plan.Yearly)).Payment
	s.spend(who, plan.Tokens, token.Whole(8500+1500)) // the month's, and 1500 of the upgrade
	s.Clock.Advance(40 * day)
	before, _ := s.has(who, plan.Tokens)
	s.disputed(up, payment.DisputeOpen, payment.DisputeLost)
	if has, owed := s.has(who, plan.Tokens); has != before || owed != token.Whole(1500) {
		t.Errorf("has %s of %s and owes %s", has, before, owed)
	}
	if p := s.find(up.ID); p.State != payment.ChargedBack || p.Claimed != token.Whole(1500) {
		t.Errorf("%+v", p)
	}
	if st := s.standing(who, plan.Tokens); st.Plan.Name != "apprentice" {
		t.Errorf("the plan is %s", st.Plan.Name)
	}
	s.Verify()
}

// What is held when its money goes back goes back with it when the work fails, and is owed when it is done.
func TestRefund_ReachesWhatIsHeld(t *testing.T) {
	for _, c := range []struct {
		captured, has, owed int64
	}{{0, 0, 0}, {3000, 0, 3000}, {1000, 0, 1000}} {
		s := newShop(t, apptest.SQLite(t))
		who := s.User(plan.Free)
		pack := s.buy(who, plan.Credits, "api-small")
		s.spend(who, plan.Credits, token.Whole(500))
		end := s.hold(who, plan.Credits, token.Whole(3000))
		if _, err := s.Payments.Refund(t.Context(), pack.ID, 0); err != nil {
			t.Fatal(err)
		}
		s.wantHas(who, plan.Credits, 0, 0)
		if _, err := s.Ledger.Verify(t.Context(), func(p string) { t.Error(p) }); err != nil {
			t.Fatal(err)
		}
		end(token.Whole(c.captured))
		s.wantHas(who, plan.Credits, c.has, c.owed)
		s.Clock.Advance(time.Minute)
		s.buy(who, plan.Credits, "api-small")
		s.wantHas(who, plan.Credits, 5000-c.owed, 0)
		s.Verify()
	}
}

// The same of a month's tokens: they neither roll nor stay for a day.
func TestRefund_OfAPlanReachesWhatIsHeld(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	s.start(who, plan.Credits, "api-basic", plan.Monthly)
	end := s.hold(who, plan.Credits, token.Whole(2000))
	if _, err := s.Payments.Refund(t.Context(), s.newest(who).ID, 0); err != nil {
		t.Fatal(err)
	}
	end(token.Whole(500))
	s.wantHas(who, plan.Credits, 0, 500)
	s.Verify()
}

// Half of the money goes back while more than the other half is held: of what comes back, the half goes first.
func TestRefund_OfAPartOfWhatIsHeld(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	pack := s.buy(who, plan.Credits, "api-small")
	end := s.hold(who, plan.Credits, token.Whole(4000))
	if _, err := s.Payments.Refund(t.Context(), pack.ID, 4_250_000); err != nil { // 2500: 1000 of what is left, 1500 of what is held
		t.Fatal(err)
	}
	s.wantHas(who, plan.Credits, 0, 0)
	end(token.Whole(2000))
	s.wantHas(who, plan.Credits, 500, 0)
	s.Verify()
}

// Of what the provider cannot give back it is said so.
func TestRefund_OfWhatWasPaidOutside(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	pack := s.buy(who, plan.Credits, "api-small")
	s.bank.Trouble = func(call string, _ bool) error {
		if call == "refund" {
			return payment.ErrOutside
		}
		return nil
	}
	if _, err := s.Payments.Refund(t.Context(), pack.ID, 0); !errors.Is(err, payment.ErrOutside) {
		t.Errorf("%v", err)
	}
	s.wantHas(who, plan.Credits, 5000, 0)
}

package payment_test

import (
	"testing"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/ledger"
	"bottega/internal/payment"
	"bottega/internal/payment/paymenttest"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// shop is an installation that takes payments at a bank.
type shop struct {
	*apptest.World
	bank *paymenttest.Bank
	t    *testing.T
}

func newShop(t *testing.T, ref string) *shop {
	t.Helper()
	s := &shop{t: t}
	s.World = apptest.New(t, ref, func(c *app.Config) {
		s.bank = paymenttest.New(c.Clock)
		c.Provider = s.bank
		c.Trial = plan.Trial{Lasts: 7 * 24 * 3600e9, Tokens: token.Whole(500)}
	})
	return s
}

// deliver hands over what the bank tells.
func (s *shop) deliver() {
	s.t.Helper()
	for _, e := range s.bank.TakeNews() {
		if err := s.Payments.Receive(s.t.Context(), e); err != nil {
			s.t.Fatalf("event %+v: %v", e, err)
		}
	}
}

// wish carries a wish out as its preview shows it.
func (s *shop) wish(who access.Actor, u plan.Unit, w plan.Wish) payment.Changed {
	s.t.Helper()
	_, shown, err := s.Payments.Preview(s.t.Context(), who.AccountID, u, w)
	if err != nil {
		s.t.Fatalf("preview of %+v: %v", w, err)
	}
	changed, err := s.Payments.Change(s.t.Context(), who.AccountID, u, w, shown, "/plans")
	if err != nil {
		s.t.Fatalf("%+v: %v", w, err)
	}
	return changed
}

func change(name string, c plan.Cycle) plan.Wish {
	return plan.Wish{Action: plan.Change, Plan: name, Cycle: c}
}

// start puts somebody on a plan that they pay for, and returns the subscription at the bank.
func (s *shop) start(who access.Actor, u plan.Unit, name string, c plan.Cycle) string {
	s.t.Helper()
	changed := s.wish(who, u, change(name, c))
	if !s.bank.Pay(changed.Payment.Checkout) {
		s.t.Fatalf("no page to pay on: %+v", changed)
	}
	s.deliver()
	for id, sub := range s.bank.Subscriptions {
		if len(sub.Charges) > 0 && s.bank.Payments[sub.Charges[0]].Seen.PaymentID == changed.Payment.ID {
			return id
		}
	}
	s.t.Fatal("the bank has no subscription")
	return ""
}

// buy buys a pack and pays for it.
func (s *shop) buy(who access.Actor, u plan.Unit, pack string) payment.Payment {
	s.t.Helper()
	p, _, err := s.Payments.Buy(s.t.Context(), who.AccountID, u, pack, 0, "/wallet")
	if err != nil {
		s.t.Fatal(err)
	}
	s.bank.Pay(p.Checkout)
	s.deliver()
	return s.find(p.ID)
}

func (s *shop) find(id string) payment.Payment {
	s.t.Helper()
	p, err := s.Payments.Find(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// has is what a wallet can spend and what it owes.
func (s *shop) has(who access.Actor, u plan.Unit) (available, owed token.Amount) {
	s.t.Helper()
	b, err := s.Ledger.Balance(s.t.Context(), u.Wallet(who.AccountID))
	if err != nil {
		s.t.Fatal(err)
	}
	return b.Available, b.Owed
}

func (s *shop) wantHas(who access.Actor, u plan.Unit, available, owed int64) {
	s.t.Helper()
	if a, o := s.has(who, u); a != token.Whole(available) || o != token.Whole(owed) {
		s.t.Errorf("has %s and owes %s, want %d and %d", a, o, available, owed)
	}
}

// spend uses tokens up.
func (s *shop) spend(who access.Actor, u plan.Unit, amount token.Amount) {
	s.t.Helper()
	err := s.Ledger.Change(s.t.Context(), u.Wallet(who.AccountID), func(w *ledger.Wallet) error {
		h, err := w.Hold(ledger.HoldRequest{GenerationID: "spent:" + w.HeadHash, Amount: amount})
		if err == nil {
			err = w.Capture(h, amount, false)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) standing(who access.Actor, u plan.Unit) plan.Standing {
	s.t.Helper()
	st, _, err := s.Plans.Now(s.t.Context(), u.Wallet(who.AccountID))
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// reconcile lists the differences.
func (s *shop) reconcile(fix bool) []payment.Difference {
	s.t.Helper()
	var list []payment.Difference
	err := s.Payments.Reconcile(s.t.Context(), apptest.Start.AddDate(-1, 0, 0), fix, func(d payment.Difference) { list = append(list, d) })
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

package payment_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/payment"
	"bottega/internal/payment/paymenttest"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// scene is something with money that takes several steps, here and at the bank.
type scene struct {
	name string
	// before makes the account ready, undisturbed.
	before func(s *shop, who access.Actor)
	// run does it; it is called again until it ends without trouble, as people, messages and sweeps do.
	run func(s *shop, who access.Actor) error
	// after says what must have come of it, whatever happened on the way.
	available, owed int64
	received        plan.Money // by the bank, less what it gave back
	later           bool       // minutes later it brings and costs a little less
}

// long reports whether there is time: BOTTEGA_TEST_LONG is set (make test-long). Without it the same tests try less.
func long() bool { return os.Getenv("BOTTEGA_TEST_LONG") != "" }

// TestCrash_BetweenAnyTwoStepsOfAPayment ends the process before each statement, each commit, and before and after each call
// to the bank; then the same is done again, as messages and sweeps do. The tokens and the money must be the same each time.
// Without much time it takes every sixth of these moments, other ones on each database and each time.
func TestCrash_BetweenAnyTwoStepsOfAPayment(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		stride := 6
		if long() {
			stride = 1
		}
		for _, c := range scenes() {
			t.Run(c.name, func(t *testing.T) {
				s.t = t
				for point := rand.IntN(stride); s.endAt(c, point); point += stride {
					if point > 300 {
						t.Fatal("it never ends")
					}
				}
			})
		}
		s.Verify()
	})
}

// endAt plays a scene with the process ending at a step; false when it has fewer steps.
func (s *shop) endAt(c scene, point int) (ended bool) {
	s.t.Helper()
	s.bank.News = nil
	who := s.User(plan.Free)
	c.before(s, who)
	steps := 0
	step := func(err error) error {
		steps++
		if !ended && steps > point {
			ended = true
			return err
		}
		return nil
	}
	s.bank.Trouble = func(string, bool) error { return step(paymenttest.ErrAway) }
	s.DB.Disturb(func(string) error { return step(errKilled) })
	err := c.run(s, who)
	s.bank.Trouble = nil
	s.DB.Disturb(nil)
	if err != nil && !ended && fault.As(err) == nil {
		s.t.Fatalf("step %d: %v", point, err)
	}
	for range 2 {
		if err := c.run(s, who); err != nil && fault.As(err) == nil {
			s.t.Fatalf("after step %d, again: %v", point, err)
		}
	}
	s.Clock.Advance(payment.AskAgain)
	if err := errors.Join(s.Payments.Sweep(s.t.Context()), s.receive()); err != nil {
		s.t.Fatal(err)
	}
	if err := c.run(s, who); err != nil && fault.As(err) == nil { // by now nothing is under way any more
		s.t.Fatalf("after step %d, at last: %v", point, err)
	}
	var less token.Amount
	var cheaper plan.Money
	if c.later {
		less, cheaper = token.Whole(5), 100_000
	}
	if a, o := s.has(who, plan.Credits); a > token.Whole(c.available) || a < token.Whole(c.available)-less || o != token.Whole(c.owed) {
		s.t.Fatalf("after step %d: has %s and owes %s, want %d and %d", point, a, o, c.available, c.owed)
	}
	var money plan.Money
	for _, p := range s.bank.Charges() {
		if p.Customer == s.bank.Customers[who.AccountID] {
			money += p.Amount - p.Refunded
		}
	}
	if money > c.received || money < c.received-cheaper {
		s.t.Fatalf("after step %d: the bank kept %d, want %d", point, money, c.received)
	}
	return ended
}

// receive takes up what the bank tells, and leaves what could not be taken up to be sent again.
func (s *shop) receive() error {
	for len(s.bank.News) > 0 {
		if err := s.Payments.Receive(s.t.Context(), s.bank.News[0]); err != nil {
			return err
		}
		s.bank.News = s.bank.News[1:]
	}
	return nil
}

// rule switches the top-up on: one pack a month.
func (s *shop) rule(who access.Actor) {
	s.t.Helper()
	err := s.Payments.SetAutoTopUp(s.t.Context(), payment.TopUpRule{
		Buyer: who.AccountID, Of: plan.Credits, Enabled: true, Pack: "api-small", Threshold: token.Whole(5001), Ceiling: 8_500_000,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// newest is the newest payment of an account.
func (s *shop) newest(who access.Actor) payment.Payment {
	s.t.Helper()
	list, _, err := s.Payments.List(s.t.Context(), who.AccountID, "", 1)
	if err != nil || len(list) == 0 {
		s.t.Fatalf("no payment: %v", err)
	}
	return list[0]
}

func scenes() []scene {
	small := func(s *shop, who access.Actor) { s.buy(who, plan.Credits, "api-small") }
	taken := func(s *shop, _ access.Actor) error { return s.receive() }
	return []scene{
		{
			name: "a pack", received: 8_500_000, available: 5000, run: taken,
			before: func(s *shop, who access.Actor) {
				p, _, err := s.Payments.Buy(s.t.Context(), who.AccountID, plan.Credits, "api-small", 0, "")
				if err != nil || !s.bank.Pay(p.Checkout) {
					s.t.Fatal(err)
				}
			},
		},
		{
			name: "a plan", received: 9_000_000, available: 3500, run: taken,
			before: func(s *shop, who access.Actor) {
				s.bank.Pay(s.wish(who, plan.Credits, change("api-basic", plan.Monthly)).Payment.Checkout)
			},
		},
		{
			name: "an upgrade from the card on file", received: 49_000_000, available: 25_000, later: true,
			before: func(s *shop, who access.Actor) { s.start(who, plan.Credits, "api-basic", plan.Monthly) },
			run: func(s *shop, who access.Actor) error {
				w := change("api-standard", plan.Monthly)
				_, shown, err := s.Payments.Preview(s.t.Context(), who.AccountID, plan.Credits, w)
				if err == nil {
					_, err = s.Payments.Change(s.t.Context(), who.AccountID, plan.Credits, w, shown, "")
				}
				return errors.Join(err, s.receive())
			},
		},
		{
			name: "a renewal", received: 18_000_000, available: 7000,
			before: func(s *shop, who access.Actor) {
				sub := s.start(who, plan.Credits, "api-basic", plan.Monthly)
				s.Clock.Advance(31 * day)
				s.bank.Renew(sub)
			},
			run: taken,
		},
		{
			name: "a top-up", received: 17_000_000, available: 10_000,
			before: func(s *shop, who access.Actor) { small(s, who); s.rule(who) },
			run: func(s *shop, _ access.Actor) error {
				return errors.Join(s.Payments.TopUps(s.t.Context()), s.receive())
			},
		},
		{
			name: "a refund", received: 0, available: 0, before: small,
			run: func(s *shop, who access.Actor) error {
				_, err := s.Payments.Refund(s.t.Context(), s.newest(who).ID, 0)
				return errors.Join(err, s.receive())
			},
		},
		{
			name: "a chargeback", received: 8_500_000, owed: 1200, run: taken,
			before: func(s *shop, who access.Actor) {
				small(s, who)
				s.spend(who, plan.Credits, token.Whole(1200))
				s.bank.Dispute(s.newest(who).Charge, payment.DisputeOpen)
			},
		},
	}
}

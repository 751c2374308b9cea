package stripe_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/ledger"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// A team through Stripe's wire, with every message shuffled and sent twice: it pays for its seats, for more of them at once, for
// fewer with the next period, and for a pack; Stripe bills seats by their number, to a customer of the team's own.
func TestStripe_ATeamAndItsSeats(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		dice := rand.New(rand.NewPCG(11, 12))
		owner := s.User(plan.Free)
		club, err := s.Teams.Create(t.Context(), owner, "Foxes")
		if err != nil {
			t.Fatal(err)
		}
		who := access.Actor{AccountID: ledger.TeamOf(club.ID)}
		seats := func(n int) plan.Wish {
			return plan.Wish{Action: plan.Change, Plan: "team-starter", Cycle: plan.Monthly, Seats: n}
		}
		pool := func() token.Amount {
			b, err := s.Ledger.Balance(t.Context(), club.Wallet())
			if err != nil {
				t.Fatal(err)
			}
			return b.Available
		}
		billed := func(cents, quantity int64) {
			t.Helper()
			if err := s.Payments.Tell(t.Context()); err != nil {
				t.Fatal(err)
			}
			item := s.till.the("subscription")["items"].(object)["data"].([]object)[0]
			if item["quantity"] != quantity || item["price"].(object)["unit_amount"] != cents {
				t.Errorf("Stripe bills %v, want %d times %d cents", item, quantity, cents)
			}
		}

		start := s.wish(who, seats(5))
		s.till.pay(start.Payment.Checkout)
		s.deliver(dice, 0)
		if p := s.find(start.Payment.ID); p.State != payment.Paid || p.Received != plan.Dollars(120) || pool() != token.Whole(125_000) {
			t.Fatalf("%+v, and the pool has %s", p, pool())
		}
		billed(2400, 5)
		s.Clock.Advance(15 * 24 * time.Hour) // of 30
		if up := s.wish(who, seats(8)); up.Payment.State != payment.Paid || up.Payment.Amount != plan.Dollars(36) || up.Pay != "" {
			t.Fatalf("three seats for half a month from the card on file: %+v", up)
		}
		billed(2400, 8)
		s.wish(who, seats(4))
		billed(2400, 4)
		s.Clock.Advance(15*24*time.Hour - time.Hour)
		s.till.renew(s.till.the("subscription")["id"].(string))
		s.deliver(dice, 0)
		list, _, err := s.Payments.List(t.Context(), who.AccountID, "", 10)
		if err != nil || len(list) != 3 || list[0].Kind != payment.Renewal || list[0].Amount != plan.Dollars(96) || list[0].State != payment.Paid {
			t.Fatalf("after the renewal: %+v, %v", list, err)
		}
		pack, _, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Tokens, "small", 0, "https://studio.test/")
		if err != nil {
			t.Fatal(err)
		}
		before := pool()
		s.till.pay(pack.Checkout)
		for _, e := range s.till.take() { // once of another account, which is not believed, then late, and then again
			other := object{}
			for k, v := range e {
				other[k] = v
			}
			other["account"] = "acct_other"
			for _, c := range []struct {
				event object
				at    time.Time
				want  int
			}{{other, time.Now(), 400}, {e, time.Now().Add(-time.Hour), 400}, {e, time.Now(), 200}, {e, time.Now(), 200}} {
				if got := s.post(c.event, secret, c.at); got != c.want {
					t.Errorf("%v: %d, want %d", c.event["type"], got, c.want)
				}
			}
		}
		if got := pool(); got != before+token.Whole(5000) {
			t.Errorf("the pack brought %s", got-before)
		}
		s.till.dispute(s.find(pack.ID).Charge, "lost")
		s.deliver(dice, 0)
		if got := pool(); got != before {
			t.Errorf("the bank took it back, and the pool has %s more", got-before)
		}
		if mine := s.till.the("customer")["metadata"].(object)["bottega_account"]; mine != who.AccountID {
			t.Errorf("the customer is %v", mine)
		}
		if d := s.differences(false); len(d) > 0 {
			t.Errorf("differences: %+v", d)
		}
		if got := s.Available(owner); got != 150 {
			t.Errorf("the owner's own wallet has %d", got)
		}
		s.Verify()
	})
}

package payment_test

import (
	"errors"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/team"
	"bottega/internal/token"
)

// club is a team and the name it buys under.
func (s *shop) club() (*team.Team, access.Actor) {
	s.t.Helper()
	t, err := s.Teams.Create(s.t.Context(), s.User(plan.Free), "Foxes")
	if err != nil {
		s.t.Fatal(err)
	}
	return t, access.Actor{AccountID: ledger.TeamOf(t.ID)}
}

func (s *shop) join(t *team.Team, n int) {
	s.t.Helper()
	for range n {
		if err := s.Teams.Add(s.t.Context(), t.ID, s.User(plan.Free).AccountID, access.TeamMember, access.NoLimit); err != nil {
			s.t.Fatal(err)
		}
	}
}

func seats(name string, n int) plan.Wish {
	return plan.Wish{Action: plan.Change, Plan: name, Cycle: plan.Monthly, Seats: n}
}

// begin pays for a team's first period and returns the subscription at the bank.
func (s *shop) begin(who access.Actor, name string, n int) string {
	s.t.Helper()
	changed := s.wish(who, plan.Tokens, seats(name, n))
	if !s.bank.Pay(changed.Payment.Checkout) {
		s.t.Fatalf("no page to pay on: %+v", changed)
	}
	s.deliver()
	return s.bank.Payments[s.find(changed.Payment.ID).Charge].Subscription
}

func (s *shop) refuses(who access.Actor, w plan.Wish, want error) {
	s.t.Helper()
	if _, _, err := s.Payments.Preview(s.t.Context(), who.AccountID, plan.Tokens, w); !errors.Is(err, want) {
		s.t.Errorf("%+v: %v, want %v", w, err, want)
	}
}

// A team followed by hand: five seats of $24 and 25,000 tokens, three more after a third of the month, a larger plan, fewer
// seats with the next period, a pack, and the end.
func TestTeam_OneLifeByHand(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		club, who := s.club()
		sub := s.begin(who, "team-starter", 5)
		s.wantHas(who, plan.Tokens, 125_000, 0)
		if at := s.bank.Subscriptions[sub]; at.Price != plan.Dollars(120) || at.Customer != s.bank.Customers[who.AccountID] {
			t.Errorf("the bank renews %+v", at)
		}
		s.join(club, 4)

		s.Clock.Advance(10 * day) // of 30
		up := s.wish(who, plan.Tokens, seats("team-starter", 8))
		if up.Preview.Action != plan.Upgrade || up.Preview.Price != plan.Dollars(48) || up.Pay != "" || up.Payment.State != payment.Paid {
			t.Errorf("three seats for two thirds of a month: %+v", up)
		}
		s.wantHas(who, plan.Tokens, 125_000+50_000, 0)
		up = s.wish(who, plan.Tokens, seats("team-growth", 0)) // for the seats there are
		if up.Preview.Seats != 8 || up.Preview.Price != plan.Dollars(128) || up.Preview.Next != plan.Dollars(8*48) {
			t.Errorf("a larger plan for eight: %+v", up.Preview)
		}
		if has, _ := s.has(who, plan.Tokens); has != token.Whole(175_000)+186_666_667 { // two thirds of 8 × 35,000, rounded up
			t.Errorf("after the larger plan: %s", has)
		}

		s.refuses(who, seats("team-growth", 4), team.ErrSeatsTaken)
		less := s.wish(who, plan.Tokens, seats("team-growth", 6))
		if less.Preview.Action != plan.Downgrade || less.Payment != nil || !less.Preview.At.Equal(apptest.Start.AddDate(0, 1, 0)) {
			t.Errorf("fewer seats: %+v", less)
		}
		if st, err := s.Teams.Find(t.Context(), club.ID); err != nil || st.Seats != 6 {
			t.Errorf("nobody may take what is to go: %d seats, %v", st.Seats, err)
		}
		if err := s.Payments.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at := s.bank.Subscriptions[sub]; at.Plan != "team-growth" || at.Price != plan.Dollars(6*48) {
			t.Errorf("the bank renews %+v", at)
		}
		s.Clock.Advance(20*day - time.Hour)
		s.bank.Renew(sub)
		s.deliver()
		s.Clock.Advance(2 * time.Hour)
		if st := s.standing(who, plan.Tokens); st.Term.Seats != 6 || st.State != plan.Settled {
			t.Errorf("after the renewal: %+v", st)
		}
		before, _ := s.has(who, plan.Tokens)
		s.buy(who, plan.Tokens, "small")
		if now, _ := s.has(who, plan.Tokens); now != before+token.Whole(5000) {
			t.Errorf("a pack brought %s", now-before)
		}
		s.wish(who, plan.Tokens, plan.Wish{Action: plan.Cancel})
		if err := s.Payments.Tell(t.Context()); err != nil || !s.bank.Subscriptions[sub].Ends {
			t.Errorf("the bank was not told of the end: %v", err)
		}
		if d := s.reconcile(false); len(d) > 0 {
			t.Errorf("differences: %+v", d)
		}
		s.Verify()
	})
}

// A team buys tokens and nothing else, and what makes no sense is refused by name.
func TestTeam_WrongWishes(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	_, who := s.club()
	for name, w := range map[string]plan.Wish{
		"a plan for one person": seats("artisan", 3), "no seats to speak of": seats("team-starter", -1), "too few": seats("team-starter", 2),
		"too many": seats("team-starter", plan.MaxSeats+1), "an unknown plan": seats("gold", 3), "a trial": {Action: plan.Try, Plan: "team-starter"},
		"by the year": {Action: plan.Change, Plan: "team-starter", Cycle: plan.Yearly, Seats: 3}, "what is not for sale": seats(plan.Team, 3),
	} {
		if _, _, err := s.Payments.Preview(t.Context(), who.AccountID, plan.Tokens, w); fault.As(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	alone := s.User(plan.Free)
	if _, _, err := s.Payments.Preview(t.Context(), alone.AccountID, plan.Tokens, seats("artisan", 5)); fault.As(err) == nil {
		t.Errorf("seats for one person: %v", err)
	}
	if _, _, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Credits, "api-small", 0, ""); fault.As(err) == nil {
		t.Errorf("API credits: %v", err)
	}
	rule := payment.TopUpRule{Buyer: who.AccountID, Of: plan.Credits, Enabled: true, Pack: "api-small", Threshold: token.Whole(1), Ceiling: plan.Dollars(9)}
	if err := s.Payments.SetAutoTopUp(t.Context(), rule); fault.As(err) == nil {
		t.Errorf("credits by themselves: %v", err)
	}
	if n := len(s.bank.Pages); n != 0 {
		t.Errorf("%d pages to pay on", n)
	}
}

// Money that goes back reaches the pool, and what was spent of a payment that a bank took back is owed by the team.
func TestTeam_RefundsAndDisputesReachThePool(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	_, who := s.club()
	pack := s.buy(who, plan.Tokens, "small")
	s.spend(who, plan.Tokens, token.Whole(1000))
	if _, err := s.Payments.Refund(t.Context(), pack.ID, plan.Money(4_500_000)); err != nil {
		t.Fatal(err)
	}
	s.wantHas(who, plan.Tokens, 1500, 0)
	s.disputed(s.find(pack.ID), payment.DisputeOpen, payment.DisputeLost)
	s.wantHas(who, plan.Tokens, 0, 1000)

	s.Clock.Advance(time.Minute)
	s.begin(who, "team-starter", 3)
	s.wantHas(who, plan.Tokens, 74_000, 0)
	if _, err := s.Payments.Refund(t.Context(), s.newest(who).ID, 0); err != nil {
		t.Fatal(err)
	}
	s.wantHas(who, plan.Tokens, 0, 0)
	if st := s.standing(who, plan.Tokens); st.Plan.Name != plan.Team || st.Term.Seats != plan.TeamSeats {
		t.Errorf("after all of it went back: %+v", st)
	}
	s.Verify()
}

// What is paid for a team that was dissolved meanwhile brings nothing and goes back; its subscription ends at the bank, and its
// pool fills itself no more.
func TestTeam_DissolvedBuysNothing(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		club, who := s.club()
		sub := s.begin(who, "team-starter", 3)
		rule := payment.TopUpRule{Buyer: who.AccountID, Of: plan.Tokens, Enabled: true, Pack: "small", Threshold: token.Whole(80_000), Ceiling: plan.Dollars(90)}
		page, _, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Tokens, "small", 0, "")
		if err == nil {
			err = s.Teams.Dissolve(t.Context(), access.Actor{AccountID: club.Owner()}, club.ID)
		}
		if err == nil {
			err = s.Payments.SetAutoTopUp(t.Context(), rule)
		}
		if err == nil {
			err = errors.Join(s.Payments.TopUps(t.Context()), s.Payments.Tell(t.Context()))
		}
		if err != nil {
			t.Fatal(err)
		}
		if !s.bank.Subscriptions[sub].Ended {
			t.Error("the bank goes on billing a team that is no more")
		}
		s.bank.Pay(page.Checkout)
		s.deliver()
		if p := s.find(page.ID); p.State != payment.Stuck || p.Reason != team.ErrNoTeam.Code {
			t.Errorf("%+v", p)
		}
		s.reconcile(true)
		if p := s.find(page.ID); p.State != payment.Refunded {
			t.Errorf("%+v", p)
		}
		if n := len(s.bank.Charges()); n != 2 {
			t.Errorf("%d payments, want the plan's and the pack's", n)
		}
		s.Verify()
	})
}

// Somebody came in while the page was open on which fewer seats were to be paid: the money goes back, nobody is put out.
func TestTeam_SeatsThatWereTakenMeanwhile(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	club, who := s.club()
	given := func(sub plan.Subscription, now time.Time) (plan.Subscription, error) {
		return sub.PutTeam(now, plan.Team, 6)
	}
	if _, err := s.Teams.ChangePlan(t.Context(), club.ID, plan.Just(given)); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(time.Minute)
	changed := s.wish(who, plan.Tokens, seats("team-starter", 3))
	s.join(club, 3)
	s.bank.Pay(changed.Payment.Checkout)
	s.deliver()
	if p := s.find(changed.Payment.ID); p.State != payment.Stuck || p.Reason != team.ErrSeatsTaken.Code {
		t.Errorf("%+v", p)
	}
	s.wantHas(who, plan.Tokens, 0, 0)
	s.Verify()
}

// A team's pool fills itself as an account's wallet does.
func TestTeam_ThePoolFillsItself(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	_, who := s.club()
	s.buy(who, plan.Tokens, "small")
	rule := payment.TopUpRule{Buyer: who.AccountID, Of: plan.Tokens, Enabled: true, Pack: "small", Threshold: token.Whole(2000), Ceiling: plan.Dollars(9)}
	if err := s.Payments.SetAutoTopUp(t.Context(), rule); err != nil {
		t.Fatal(err)
	}
	s.spend(who, plan.Tokens, token.Whole(3500))
	for range 2 { // once: the ceiling is one pack
		if err := s.Payments.TopUps(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.wantHas(who, plan.Tokens, 6500, 0)
	s.Verify()
}

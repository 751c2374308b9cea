package payment_test

import (
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/fault"
	"bottega/internal/payment"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// What a bank let stand is a grant of its own, and money that goes back later takes it along as it takes the first one.
func TestRefund_AfterADisputeThatWasWon(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	pack := s.buy(who, plan.Credits, "api-small")
	s.spend(who, plan.Credits, token.Whole(1000))
	s.disputed(pack, payment.DisputeOpen, payment.DisputeWon)
	s.wantHas(who, plan.Credits, 4000, 0)
	for _, c := range []struct {
		amount plan.Money
		left   int64
	}{{1_700_000, 3000}, {0, 0}} {
		if _, err := s.Payments.Refund(t.Context(), pack.ID, c.amount); err != nil {
			t.Fatal(err)
		}
		s.wantHas(who, plan.Credits, c.left, 0)
	}

	s.Clock.Advance(time.Minute)
	s.start(who, plan.Credits, "api-basic", plan.Monthly)
	month := s.newest(who)
	s.spend(who, plan.Credits, token.Whole(500))
	s.disputed(month, payment.DisputeOpen, payment.DisputeWon)
	s.wantHas(who, plan.Credits, 3000, 0)
	if _, err := s.Payments.Refund(t.Context(), month.ID, 0); err != nil {
		t.Fatal(err)
	}
	s.wantHas(who, plan.Credits, 0, 0)
	s.Verify()
}

// Money that goes back while a bank is asking, at the provider's counter, ends the claim: what was spent is forgiven, and what
// was paid off of it comes back.
func TestRefund_WhileTheBankAsks(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	pack := s.buy(who, plan.Credits, "api-small")
	s.spend(who, plan.Credits, token.Whole(4000))
	s.disputed(pack, payment.DisputeOpen)
	s.wantHas(who, plan.Credits, 0, 4000)
	s.buy(who, plan.Credits, "api-small")
	s.wantHas(who, plan.Credits, 1000, 0)
	for _, c := range []struct {
		amount plan.Money
		has    int64
	}{{4_250_000, 2500}, {4_250_000, 5000}} { // half of a pack of 5000: 2500 may still be owed, then nothing
		if err := s.bank.GiveBack(pack.Charge, c.amount); err != nil {
			t.Fatal(err)
		}
		s.deliver()
		s.wantHas(who, plan.Credits, c.has, 0)
	}
	s.disputed(pack, payment.DisputeLost)
	s.wantHas(who, plan.Credits, 5000, 0)
	if p := s.find(pack.ID); p.State != payment.Refunded || p.Terms.Owed != 0 {
		t.Errorf("%+v", p)
	}
	s.Verify()
}

// A month that is over was had: the bank's question about it takes nothing, and its answer brings nothing.
func TestDispute_OfAMonthThatIsOver(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	sub := s.start(who, plan.Credits, "api-basic", plan.Monthly)
	first := s.newest(who)
	s.Clock.Advance(31 * day)
	s.bank.Renew(sub)
	s.deliver()
	s.wantHas(who, plan.Credits, 7000, 0)
	s.wish(who, plan.Credits, change("api-standard", plan.Monthly))
	up := s.newest(who)
	s.Clock.Advance(31 * day)
	before, _ := s.has(who, plan.Credits)
	for _, p := range []payment.Payment{first, up} {
		s.disputed(p, payment.DisputeOpen, payment.DisputeWon)
		if has, owes := s.has(who, plan.Credits); has != before || owes != 0 {
			t.Errorf("%s: has %s and owes %s, before %s", p.Kind, has, owes, before)
		}
	}
	if st := s.standing(who, plan.Credits); st.Plan.Name != "api-standard" {
		t.Errorf("%+v", st)
	}
	s.Verify()
}

// A card that was asked about is not asked again by itself.
func TestDispute_StopsTopUps(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		who := s.User(plan.Free)
		pack := s.buy(who, plan.Credits, "api-small")
		s.rule(who)
		s.disputed(pack, payment.DisputeOpen)
		if err := s.Payments.TopUps(t.Context()); err != nil {
			t.Fatal(err)
		}
		st, err := s.Payments.AutoTopUp(t.Context(), who.AccountID, plan.Credits)
		if err != nil || st.Verdict != payment.Off || st.Rule.Reason != "disputed" || len(s.bank.Charges()) != 1 {
			t.Errorf("%+v, %v", st, err)
		}
	})
}

// Whoever gets the first payment back has no plan, also when it was upgraded since; and each payment is claimed once.
func TestDispute_OfAPlanThatWasUpgradedSince(t *testing.T) {
	for _, order := range [][2]payment.Kind{{payment.Start, payment.Upgrade}, {payment.Upgrade, payment.Start}} {
		s := newShop(t, apptest.SQLite(t))
		who := s.User(plan.Free)
		s.start(who, plan.Credits, "api-basic", plan.Monthly)
		paid := map[payment.Kind]payment.Payment{payment.Start: s.newest(who)}
		s.Clock.Advance(15 * day)
		paid[payment.Upgrade] = *s.wish(who, plan.Credits, change("api-standard", plan.Monthly)).Payment
		s.wantHas(who, plan.Credits, 3500+10_750, 0)
		s.spend(who, plan.Credits, token.Whole(3500+10_750))
		s.Clock.Advance(time.Minute)
		s.disputed(paid[order[0]], payment.DisputeOpen, payment.DisputeLost)
		want := map[payment.Kind]string{payment.Start: plan.PayAsYouGo, payment.Upgrade: "api-basic"}[order[0]]
		if st := s.standing(who, plan.Credits); st.Plan.Name != want {
			t.Errorf("after the %s was asked back: %+v", order[0], st)
		}
		s.disputed(paid[order[1]], payment.DisputeOpen, payment.DisputeLost)
		s.wantHas(who, plan.Credits, 0, 3500+10_750)
		if st := s.standing(who, plan.Credits); st.Plan.Name != plan.PayAsYouGo {
			t.Errorf("after both were asked back: %+v", st)
		}
		s.Verify()
	}
}

// A plan that was begun anew is not ended by the payment of the one before it.
func TestDispute_OfAnEarlierPlan(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	s.start(who, plan.Credits, "api-basic", plan.Monthly)
	first := s.newest(who)
	if _, err := s.Plans.Change(t.Context(), plan.Credits.Wallet(who.AccountID), plan.Just(plan.Subscription.EndNow)); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(time.Minute)
	s.start(who, plan.Credits, "api-basic", plan.Monthly)
	s.disputed(first, payment.DisputeOpen)
	if st := s.standing(who, plan.Credits); st.Plan.Name != "api-basic" {
		t.Errorf("%+v", st)
	}
	s.Verify()
}

// Money that can be used for nothing has to go back, unless a bank is asked for it: then that decides.
func TestReconcile_LeavesWhatABankIsAskedForToIt(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
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
	stuck := s.find(late.ID)
	s.disputed(stuck, payment.DisputeOpen)
	if err := s.Payments.Tell(t.Context()); err != nil { // the subscription is to end
		t.Fatal(err)
	}
	if _, err := s.Payments.Refund(t.Context(), late.ID, 0); fault.As(err) == nil {
		t.Errorf("a refund of what the bank is asked for: %v", err)
	}
	if d := s.reconcile(true); len(d) != 1 || d[0].Kind != payment.PaidNotGranted || d[0].Fixed {
		t.Errorf("%+v", d)
	}
	s.disputed(stuck, payment.DisputeLost)
	if p := s.find(late.ID); p.State != payment.ChargedBack || p.Refunded != 0 {
		t.Errorf("%+v", p)
	}
	if d := s.reconcile(false); len(d) != 0 {
		t.Errorf("%+v", d)
	}
	s.Verify()
}

// disputed lets a bank's question about a payment come so far, and tells of each stage.
func (s *shop) disputed(p payment.Payment, stages ...payment.Dispute) {
	s.t.Helper()
	for _, d := range stages {
		s.bank.Dispute(p.Charge, d)
		s.deliver()
	}
}

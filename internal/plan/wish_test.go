package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// What each wish comes to, counted by hand: 12 dollars and 8500 tokens a month from the 1st of June 2026.
func TestDecide_SaysWhatAWishComesTo(t *testing.T) {
	first := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	free := Subscription{Terms: []Term{{Plan: Free, From: first, Anchor: first}}}
	paying, err := free.Start(first, "apprentice", Monthly)
	if err != nil {
		t.Fatal(err)
	}
	given, err := free.Put(first, "artisan")
	if err != nil {
		t.Fatal(err)
	}
	credits := Subscription{Of: Credits, Terms: []Term{{Plan: PayAsYouGo, From: first, Anchor: first}}}
	at := first.AddDate(0, 0, 20) // a third of the month is left
	july := first.AddDate(0, 1, 0)
	trial := Trial{Lasts: 7 * 24 * time.Hour, Tokens: token.Whole(500)}
	for name, c := range map[string]struct {
		sub  Subscription
		wish Wish
		want Preview
	}{
		"first plan": {free, Wish{Action: Change, Plan: "artisan", Cycle: Yearly}, Preview{
			Action: Start, Exact: 288_000_000, Price: 288_000_000, Tokens: token.Whole(25_000), At: at, Next: 288_000_000, NextAt: at.AddDate(1, 0, 0),
		}},
		"in place of a gift": {given, Wish{Action: Change, Plan: "apprentice", Cycle: Monthly}, Preview{
			Action: Start, Exact: 12_000_000, Price: 12_000_000, Tokens: token.Whole(8_500), At: at, Next: 12_000_000, NextAt: at.AddDate(0, 1, 0),
		}},
		"upgrade": {paying, Wish{Action: Change, Plan: "maestro", Cycle: Monthly}, Preview{
			Action: Upgrade, Exact: 16_000_000, Price: 16_000_000, Tokens: 17_166_667, At: at, Next: 60_000_000, NextAt: july,
		}},
		"to the year":              {paying, Wish{Action: Change, Plan: "apprentice", Cycle: Yearly}, Preview{Action: Switch, At: july, Next: 120_000_000, NextAt: july}},
		"larger, and to the year":  {paying, Wish{Action: Change, Plan: "maestro", Cycle: Yearly}, Preview{Action: Switch, At: july, Next: 576_000_000, NextAt: july}},
		"cancel":                   {paying, Wish{Action: Cancel}, Preview{Action: Cancel, At: at, Ends: july}},
		"try":                      {free, Wish{Action: Try, Plan: "artisan"}, Preview{Action: Try, Tokens: token.Whole(500), At: at, Ends: at.Add(trial.Lasts)}},
		"a first plan for the API": {credits, Wish{Action: Change, Plan: "api-pro", Cycle: Monthly}, Preview{Action: Start, Exact: 299_000_000, Price: 299_000_000, Tokens: token.Whole(200_000), At: at, Next: 299_000_000, NextAt: at.AddDate(0, 1, 0)}},
	} {
		_, got, err := c.sub.Decide(at, c.wish, trial)
		got.Plan, got.Cycle, got.Until = Plan{}, "", time.Time{}
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	late := july.Add(-time.Hour)
	if _, p, err := paying.Decide(late, Wish{Action: Change, Plan: "artisan", Cycle: Monthly}, trial); err != nil || p.Exact != 25_000 || p.Price != 0 {
		t.Errorf("an hour before the end: %+v, %v; want 2.5 cents, which nobody takes", p, err)
	}
	for name, c := range map[string]struct {
		sub  Subscription
		wish Wish
	}{
		"unknown plan": {free, Wish{Action: Change, Plan: "x", Cycle: Monthly}}, "free": {paying, Wish{Action: Change, Plan: "free", Cycle: Monthly}}, "operator": {free, Wish{Action: Change, Plan: "operator", Cycle: Monthly}},
		"a plan of the other unit": {free, Wish{Action: Change, Plan: "api-pro", Cycle: Monthly}}, "tokens for the API": {credits, Wish{Action: Change, Plan: "maestro", Cycle: Monthly}},
		"a team's plan": {free, Wish{Action: Change, Plan: "team-growth", Cycle: Monthly}}, "unknown cycle": {free, Wish{Action: Change, Plan: "artisan", Cycle: "week"}},
		"the same": {paying, Wish{Action: Change, Plan: "apprentice", Cycle: Monthly}}, "unknown action": {paying, Wish{Action: "sell"}},
		"resume nothing": {paying, Wish{Action: Resume}}, "try beside a plan": {paying, Wish{Action: Try, Plan: "maestro"}},
		"try the API": {credits, Wish{Action: Try, Plan: "api-pro"}}, "try nothing": {free, Wish{Action: Try, Plan: "free"}},
	} {
		if out, _, err := c.sub.Decide(at, c.wish, trial); fault.As(err) == nil || out.Version != c.sub.Version {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := free.Decide(at, Wish{Action: Try, Plan: "artisan"}, Trial{}); fault.As(err) == nil {
		t.Error("a trial where none is offered")
	}
}

// A year after a month, a month after a year: what follows is counted from the first anchor, and an upgrade within it
// costs its share of that cycle.
func TestFollow_TheOtherCycle(t *testing.T) {
	first := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	sub, err := Subscription{Terms: []Term{{Plan: Free, From: first, Anchor: first}}}.Start(first, "apprentice", Monthly)
	if err != nil {
		t.Fatal(err)
	}
	if sub, err = sub.Follow(first.AddDate(0, 0, 3), "apprentice", Yearly); err != nil {
		t.Fatal(err)
	}
	if sub, err = sub.Pay(time.Date(2026, 2, 27, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2027, 2, 28, 0, 0, 0, 0, time.UTC); !sub.PaidUntil().Equal(want) {
		t.Errorf("paid until %s, want %s", sub.PaidUntil(), want)
	}
	half := time.Date(2026, 8, 29, 12, 0, 0, 0, time.UTC) // 182.5 of 365 days
	if pr, err := sub.Prorate(half, "artisan"); err != nil || pr.Money != 84_000_000 {
		t.Errorf("half of 168 dollars: %+v, %v", pr, err)
	}
	up, pr, err := sub.Upgrade(half, "artisan")
	if err != nil {
		t.Fatal(err)
	}
	if back, err := up.Undo(half.Add(time.Hour), up.FirstGrant(half), "apprentice", 0); err != nil || back.Now(half.Add(time.Hour)).Plan != "apprentice" || !back.PaidUntil().Equal(sub.PaidUntil()) {
		t.Errorf("taken back: %+v, %v", back, err)
	}
	if out, err := sub.UpgradeFor(half.Add(10*time.Minute), "artisan", 0, pr); err != nil || out.Now(half.Add(10*time.Minute)).First != pr.Tokens {
		t.Errorf("ten minutes after it was shown: %+v, %v", out, err)
	}
	if _, err := sub.UpgradeFor(half.AddDate(0, 2, 0), "artisan", 0, pr); fault.As(err) == nil {
		t.Errorf("two months after it was shown: %v", err)
	}
}

// What is paid is never above what is shown, which is never a share too small; whole cents; never below what a card takes.
func TestPayable_RoundsDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money(rapid.Int64Range(0, 10_000_000_000).Draw(t, "exact"))
		p := payable(m)
		if p > m || p%10_000 != 0 || p != 0 && p < leastPayment || m >= leastPayment && m-p >= 10_000 {
			t.Fatalf("%d is paid as %d", m, p)
		}
	})
}

// A wallet of API credits from before API plans goes on as it was.
func TestSchedule_OldWalletsOfCreditsStayAsTheyAre(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	w := &ledger.Wallet{ID: ledger.CreditsOf("ada"), Started: -1}
	if err := w.Advance(at, ledger.Schedule{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Grant(ledger.GrantRequest{Kind: ledger.TopUp, Amount: token.Whole(10), Ref: "old"}); err != nil {
		t.Fatal(err)
	}
	first, err := (&Service{}).First(t.Context(), w.ID)
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := first.Schedule()
	if err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Time{at, at.AddDate(0, 3, 0)} {
		if err := w.Advance(later, schedule); err != nil || w.Available != token.Whole(10) || len(w.Grants) != 1 {
			t.Fatalf("at %s: %s in %d grants, %v", later, w.Available, len(w.Grants), err)
		}
	}
	bought, err := first.Start(at.AddDate(0, 3, 0), "api-basic", Monthly)
	if err != nil {
		t.Fatal(err)
	}
	if schedule, err = bought.Schedule(); err != nil {
		t.Fatal(err)
	}
	if err := w.Advance(at.AddDate(0, 3, 1), schedule); err != nil || w.Available != token.Whole(3_510) {
		t.Fatalf("with a plan: %s, %v", w.Available, err)
	}
	if err := w.Advance(at.AddDate(0, 6, 0), schedule); err != nil || bought.Now(at.AddDate(0, 6, 0)).Plan != PayAsYouGo {
		t.Fatalf("after it: %s, %v", w.Available, err)
	}
}

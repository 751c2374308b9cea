package plan

import (
	"testing"
	"time"

	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

func day(s string) time.Time {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return t
}

// book follows one account by hand.
type book struct {
	t   *testing.T
	sub Subscription
	w   *ledger.Wallet
}

func newBook(t *testing.T, since string) *book {
	b := &book{t: t, w: &ledger.Wallet{ID: "w", Started: -1}}
	b.sub = Subscription{Terms: []Term{{Plan: Free, From: day(since), Anchor: day(since)}}}
	return b
}

func (b *book) on(date string, f func(s Subscription, now time.Time) (Subscription, error)) *book {
	b.t.Helper()
	b.follow(date)
	s, err := f(b.sub, day(date))
	if err != nil {
		b.t.Fatalf("%s: %v", date, err)
	}
	b.sub = s
	return b.follow(date)
}

func (b *book) follow(date string) *book {
	b.t.Helper()
	s, err := b.sub.Schedule()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.w.Advance(day(date), s); err != nil {
		b.t.Fatal(err)
	}
	return b
}

func (b *book) spend(tokens int64) *book {
	b.t.Helper()
	h, err := b.w.Hold(ledger.HoldRequest{GenerationID: "g", Amount: token.Whole(tokens)})
	if err == nil {
		err = b.w.Capture(h, h.Amount, false)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return b
}

func (b *book) has(date string, tokens int64, plan string, state State) *book {
	b.t.Helper()
	b.follow(date)
	if got := b.w.Spendable(); got != token.Whole(tokens) {
		b.t.Fatalf("%s: %s can be spent, want %d", date, got, tokens)
	}
	if now := b.sub.Now(day(date)); now.Plan != plan || b.sub.State(day(date)) != state {
		b.t.Fatalf("%s: %s and %s, want %s and %s", date, now.Plan, b.sub.State(day(date)), plan, state)
	}
	return b
}

func start(plan string, c Cycle) func(Subscription, time.Time) (Subscription, error) {
	return func(s Subscription, now time.Time) (Subscription, error) { return s.Start(now, plan, c) }
}

func to(f func(Subscription, time.Time, string) (Subscription, error), plan string) func(Subscription, time.Time) (Subscription, error) {
	return func(s Subscription, now time.Time) (Subscription, error) { return f(s, now, plan) }
}

func upgrade(plan string) func(Subscription, time.Time) (Subscription, error) {
	return func(s Subscription, now time.Time) (Subscription, error) {
		out, _, err := s.Upgrade(now, plan)
		return out, err
	}
}

// The figures are worked out by hand. On the first day the free plan's 150 are there as well, and are spent first.
func TestSubscription_AccountsFollowedByHand(t *testing.T) {
	pay, cancel, resume := Subscription.Pay, Subscription.Cancel, Subscription.Resume
	t.Run("a month, spent in part, rolls; the third bank month stops at the cap", func(t *testing.T) {
		newBook(t, "2026-01-31").on("2026-01-31", start("apprentice", Monthly)).spend(650).
			has("2026-02-27", 8_000, "apprentice", Settled).
			on("2026-02-28", pay).has("2026-02-28", 16_500, "apprentice", Settled). // 8000 rolled + 8500
			on("2026-03-31", pay).has("2026-03-31", 25_000, "apprentice", Settled).
			on("2026-04-30", pay).has("2026-04-30", 33_500, "apprentice", Settled).
			on("2026-05-31", pay).has("2026-05-31", 34_000, "apprentice", Settled) // bank 25500, 8000 of 8500 did not all fit
	})
	t.Run("an upgrade brings the difference for the rest of the month", func(t *testing.T) {
		// 15 of June's 30 days are left: (25000-8500)/2 = 8250, and half of 18 dollars.
		b := newBook(t, "2026-06-01").on("2026-06-01", start("apprentice", Monthly)).spend(8_650)
		pr, err := b.sub.Prorate(day("2026-06-16"), "artisan")
		if err != nil || pr.Tokens != token.Whole(8_250) || pr.Money != Dollars(9) || !pr.Until.Equal(day("2026-07-01")) {
			t.Fatalf("%+v, %v", pr, err)
		}
		b.on("2026-06-16", upgrade("artisan")).has("2026-06-16", 8_250, "artisan", Settled).
			has("2026-07-01", 8_250, "artisan", PastDue). // all of it rolled; July waits for its payment
			on("2026-07-03", pay).has("2026-07-03", 33_250, "artisan", Settled)
	})
	t.Run("a downgrade waits for the period's end", func(t *testing.T) {
		newBook(t, "2026-06-01").on("2026-06-01", start("maestro", Monthly)).on("2026-06-10", to(downgrade, "artisan")).
			has("2026-06-30", 60_000, "maestro", Changing).
			on("2026-07-01", pay).has("2026-07-01", 85_000, "artisan", Settled). // 60000 rolled under the old cap
			on("2026-08-01", pay).has("2026-08-01", 100_000, "artisan", Settled) // cap 75000: 15000 fit
	})
	t.Run("a cancelled plan runs out, its bank freezes and thaws", func(t *testing.T) {
		newBook(t, "2026-06-01").on("2026-06-01", start("apprentice", Monthly)).spend(1_650).on("2026-06-05", cancel).
			has("2026-06-30", 7_000, "apprentice", Cancelled).has("2026-07-01", 150, Free, Settled).
			on("2026-07-20", start("apprentice", Monthly)).has("2026-07-20", 8_500+7_000+150, "apprentice", Settled)
	})
	t.Run("a bank is given up after 30 days", func(t *testing.T) {
		newBook(t, "2026-06-01").on("2026-06-01", start("apprentice", Monthly)).on("2026-06-05", cancel).
			on("2026-08-01", start("apprentice", Monthly)).has("2026-08-01", 8_500+150, "apprentice", Settled)
	})
	t.Run("who changes their mind keeps the plan", func(t *testing.T) {
		newBook(t, "2026-06-01").on("2026-06-01", start("apprentice", Monthly)).on("2026-06-05", cancel).on("2026-06-06", resume).
			has("2026-06-30", 8_500, "apprentice", Settled).on("2026-07-01", pay).has("2026-07-01", 17_000, "apprentice", Settled)
	})
	t.Run("nobody pays: a week's grace, then the free plan", func(t *testing.T) {
		newBook(t, "2026-06-01").on("2026-06-01", start("apprentice", Monthly)).spend(8_650).
			has("2026-07-07", 0, "apprentice", PastDue).has("2026-07-08", 150, Free, Settled)
	})
	t.Run("a year is paid once and arrives month by month", func(t *testing.T) {
		b := newBook(t, "2026-03-31").on("2026-03-31", start("artisan", Yearly)).spend(25_150)
		for i, date := range []string{
			"2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30",
			"2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28",
		} {
			b.follow(date)
			if got := b.w.Spendable(); got != token.Whole(25_000) {
				t.Fatalf("month %d: %s", i+2, got)
			}
			b.spend(25_000)
		}
		b.has("2027-03-31", 0, "artisan", PastDue)
	})
	t.Run("a trial ends with its tokens", func(t *testing.T) {
		try := func(s Subscription, now time.Time) (Subscription, error) {
			return s.Try(now, "maestro", 7*24*time.Hour, token.Whole(2_000))
		}
		newBook(t, "2026-06-01").on("2026-06-01", try).has("2026-06-01", 2_150, "maestro", Trying).
			has("2026-06-08", 150, Free, Settled)
	})
	t.Run("money given back ends the plan and takes the month's rest", func(t *testing.T) {
		b := newBook(t, "2026-06-01").on("2026-06-01", start("apprentice", Monthly)).spend(650)
		b.w.EndMonth("paid back")
		b.on("2026-06-10", Subscription.EndNow).has("2026-06-10", 150, Free, Settled)
	})
}

func downgrade(s Subscription, now time.Time, plan string) (Subscription, error) {
	return s.Downgrade(now, plan)
}

func TestSubscription_RefusesWhatMakesNoSense(t *testing.T) {
	now := day("2026-06-10")
	free := Subscription{Terms: []Term{{Plan: Free, From: day("2026-01-01"), Anchor: day("2026-01-01")}}}
	paying, err := free.Start(day("2026-06-01"), "artisan", Monthly)
	if err != nil {
		t.Fatal(err)
	}
	ahead, err := paying.Downgrade(now, "apprentice")
	if err == nil {
		ahead, err = ahead.Pay(now)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() (Subscription, error){
		"unknown plan":         func() (Subscription, error) { return free.Start(now, "gold", Monthly) },
		"not for sale":         func() (Subscription, error) { return free.Start(now, Operator, Monthly) },
		"no cycle":             func() (Subscription, error) { return free.Start(now, "artisan", ByHand) },
		"twice":                func() (Subscription, error) { return paying.Start(now, "maestro", Monthly) },
		"pay for nothing":      func() (Subscription, error) { return free.Pay(now) },
		"upgrade of nothing":   func() (Subscription, error) { s, _, err := free.Upgrade(now, "artisan"); return s, err },
		"upgrade downwards":    func() (Subscription, error) { s, _, err := paying.Upgrade(now, "apprentice"); return s, err },
		"downgrade upwards":    func() (Subscription, error) { return paying.Downgrade(now, "maestro") },
		"cancel nothing":       func() (Subscription, error) { return free.Cancel(now) },
		"resume nothing":       func() (Subscription, error) { return paying.Resume(now) },
		"trial beside a plan":  func() (Subscription, error) { return paying.Try(now, "maestro", time.Hour, 0) },
		"endless trial":        func() (Subscription, error) { return free.Try(now, "maestro", 1e9*time.Second, 0) },
		"huge trial":           func() (Subscription, error) { return free.Try(now, "maestro", time.Hour, token.Max) },
		"end nothing":          func() (Subscription, error) { return free.EndNow(now) },
		"put nothing":          func() (Subscription, error) { return free.Put(now, "") },
		"upgrade past due":     func() (Subscription, error) { s, _, err := paying.Upgrade(day("2026-07-02"), "maestro"); return s, err },
		"cancel what was paid": func() (Subscription, error) { return ahead.Cancel(now) },
	} {
		if s, err := f(); fault.As(err) == nil || s.Version > ahead.Version {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A second payment for a change that was paid for already would bring nothing.
func TestPay_AChangeThatWasPaidTakesNoSecondPayment(t *testing.T) {
	b := newBook(t, "2026-01-01")
	b.on("2026-01-01", start("artisan", Monthly))
	b.on("2026-01-10", to(Subscription.Downgrade, "apprentice"))
	b.on("2026-01-20", Subscription.Pay)
	before := b.sub
	after, err := b.sub.Pay(day("2026-01-21"))
	if f := fault.As(err); f == nil || f.Code != "paid_ahead" || after.Version != before.Version {
		t.Fatalf("paying twice for one period: %v, version %d after %d", err, after.Version, before.Version)
	}
	b.on("2026-02-01", Subscription.Pay)
	b.follow("2026-03-01")
	months := 0
	for _, g := range b.w.Grants {
		if g.Kind == ledger.Plan && g.Amount == token.Whole(8_500) {
			months++
		}
	}
	if months != 2 {
		t.Errorf("two months of the smaller plan were paid, %d arrived", months)
	}
}

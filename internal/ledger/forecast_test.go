package ledger

import (
	"testing"
	"time"

	"bottega/internal/token"
)

func TestPace_SaysNothingBeforeItMeansSomething(t *testing.T) {
	whole := func(days ...int64) []token.Amount {
		out := make([]token.Amount, len(days))
		for i, d := range days {
			out[i] = token.Whole(d)
		}
		return out
	}
	for _, c := range []struct {
		name string
		days []token.Amount
		want string // empty = none
	}{
		{"a new account", nil, ""},
		{"two days old", whole(10, 10), ""},
		{"never spent", whole(0, 0, 0, 0, 0, 0, 0, 0), ""},
		{"spent on one day", whole(0, 0, 500, 0), ""},
		{"steady", whole(10, 10, 10), "10"},
		{"a burst counts as the day after it in size", whole(10, 10, 5000, 10), "10"},
		{"two bursts are a habit", whole(0, 3000, 3000, 0), "1500"},
		{"weekends only", whole(0, 0, 0, 0, 0, 70, 70), "20"},
		{"rounded up", whole(1, 1, 0), "0.667"},
		{"what lies longer back does not count", append(whole(9000, 9000, 9000), whole(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)...), "1"},
	} {
		got, ok := Pace(c.days)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s: %s a day, %v, want %q", c.name, got, ok, c.want)
		}
	}
}

func TestRunsOut_KnowsWhatArrivesAndWhatExpires(t *testing.T) {
	after := func(days float64) time.Time { return start.Add(time.Duration(days * float64(24*time.Hour))) }
	for _, c := range []struct {
		name     string
		schedule Schedule
		topUp    int64
		promo    int64 // until the third day
		pace     int64
		want     time.Time
	}{
		{"a top-up alone", Schedule{}, 90, 0, 10, after(9)},
		{"nothing", Schedule{}, 0, 0, 10, start},
		{"the day's tokens suffice", daily(150), 0, 0, 100, time.Time{}},
		{"more than the day's tokens takes of the top-up", daily(150), 500, 0, 200, time.Time{}.Add(1)},
		{"a month's tokens come again", monthly(300, 900), 0, 0, 9, time.Time{}},
		{"a month's tokens end before the next come", monthly(300, 900), 0, 0, 30, after(10)},
		{"a gift ends before it is used up", Schedule{}, 10, 1000, 10, after(4)},
		{"far away is not said", Schedule{}, 100_000, 0, 1, time.Time{}},
	} {
		w := &Wallet{ID: "w"}
		w.advance(start, c.schedule)
		for _, g := range []GrantRequest{
			{Kind: TopUp, Amount: token.Whole(c.topUp), Ref: "a"},
			{Kind: Promo, Amount: token.Whole(c.promo), Ref: "b", ExpiresAt: after(3)},
		} {
			if g.Amount == 0 {
				continue
			}
			if err := w.Grant(g); err != nil {
				t.Fatal(err)
			}
		}
		got, err := w.RunsOut(c.schedule, token.Whole(c.pace))
		if err != nil {
			t.Fatal(err)
		}
		if c.want.Equal(time.Time{}.Add(1)) { // beginning at nine in the morning, each whole day takes 50 of the 500
			if lasts := got.Sub(start); lasts < 9*24*time.Hour || lasts > 12*24*time.Hour {
				t.Errorf("%s: until %s", c.name, got)
			}
			continue
		}
		if !got.Equal(c.want) {
			t.Errorf("%s: until %s, want %s", c.name, got, c.want)
		}
	}
}

package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/fault"
	"bottega/internal/token"
)

func teamOn(t *testing.T, plan string, seats int, at time.Time) Subscription {
	t.Helper()
	sub, err := ForTeam().StartTeam(at, plan, Monthly, seats)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// What each wish of a team comes to, counted by hand: five seats of $24 and 25,000 tokens from the 1st of June 2026, with a third
// of the month left.
func TestDecide_SaysWhatAWishOfATeamComesTo(t *testing.T) {
	first := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	at, july := first.AddDate(0, 0, 20), first.AddDate(0, 1, 0)
	paying := teamOn(t, "team-starter", 5, first)
	for name, c := range map[string]struct {
		plan   string
		seats  int
		action Action
		price  int64 // dollars
		tokens int64
		next   int64
		at     time.Time
	}{
		"three more seats":              {"team-starter", 8, Upgrade, 24, 25_000, 8 * 24, at},
		"a larger plan":                 {"team-growth", 0, Upgrade, 40, 58_334, 5 * 48, at}, // rounded up
		"both":                          {"team-growth", 8, Upgrade, 88, 118_334, 8 * 48, at},
		"fewer seats":                   {"team-starter", 3, Downgrade, 0, 0, 3 * 24, july},
		"a larger plan for fewer seats": {"team-growth", 3, Switch, 0, 0, 3 * 48, july},
	} {
		_, p, err := paying.Decide(at, Wish{Action: Change, Plan: c.plan, Cycle: Monthly, Seats: c.seats}, Trial{})
		if err != nil || p.Action != c.action || p.Price != Dollars(c.price) || p.Next != Dollars(c.next) || !p.At.Equal(c.at) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if got := (p.Tokens + token.One - 1) / token.One; int64(got) != c.tokens {
			t.Errorf("%s brings %s, want %d", name, p.Tokens, c.tokens)
		}
	}
	growing := teamOn(t, "team-growth", 5, first)
	if _, p, err := growing.Decide(at, Wish{Action: Change, Plan: "team-starter", Cycle: Monthly, Seats: 20}, Trial{}); err != nil || p.Action != Switch || p.Price != 0 {
		t.Errorf("a smaller plan for more seats comes at once: %+v, %v", p, err)
	}
	for name, w := range map[string]Wish{
		"the same": {Action: Change, Plan: "team-starter", Cycle: Monthly, Seats: 5}, "one seat too few": {Action: Change, Plan: "team-starter", Cycle: Monthly, Seats: 2},
		"negative": {Action: Change, Plan: "artisan", Cycle: Monthly, Seats: -3}, "for one person": {Action: Change, Plan: "artisan", Cycle: Monthly},
		"by the year": {Action: Change, Plan: "team-growth", Cycle: Yearly}, "a trial": {Action: Try, Plan: "team-starter"},
	} {
		if out, _, err := paying.Decide(at, w, Trial{Lasts: time.Hour, Tokens: 1}); fault.As(err) == nil || out.Version != paying.Version {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever was upgraded to and taken back in one month, an upgrade rests under the term in force exactly when neither it nor one
// before it was taken back: a list of levels, shortened with each one that goes.
func TestUndo_TakesBackWhatCameAfter(t *testing.T) {
	first := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	type level struct {
		grant, plan string
		seats       int
	}
	rapid.Check(t, func(t *rapid.T) {
		sub, err := ForTeam().StartTeam(first, "team-starter", Monthly, 3)
		if err != nil {
			t.Fatal(err)
		}
		now := first
		levels := []level{{plan: "team-starter", seats: 3}}
		var made []level // every upgrade, and what it was upgraded from
		var from []level
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Hour)
			top := levels[len(levels)-1]
			if rapid.Bool().Draw(t, "up") || len(made) == 0 {
				seats := top.seats + rapid.IntRange(1, 3).Draw(t, "more")
				out, _, err := sub.upgrade(now, top.plan, seats)
				if err != nil {
					t.Fatal(err)
				}
				sub = out
				up := level{sub.FirstGrant(now), top.plan, seats}
				levels, made, from = append(levels, up), append(made, up), append(from, top)
				continue
			}
			i := rapid.IntRange(0, len(made)-1).Draw(t, "which")
			at := -1
			for j, l := range levels {
				if l.grant == made[i].grant {
					at = j
				}
			}
			out, err := sub.Undo(now, made[i].grant, from[i].plan, from[i].seats)
			if (err == nil) != (at > 0) {
				t.Fatalf("undo of %+v among %+v: %v", made[i], levels, err)
			}
			if err == nil {
				sub, levels = out, levels[:at]
			}
			if got := sub.Now(now); got.Seats != levels[len(levels)-1].seats {
				t.Fatalf("%d seats, want those of %+v", got.Seats, levels)
			}
		}
	})
}

package alert

import (
	"strings"
	"testing"
	"time"

	"bottega/internal/ledger"
	"bottega/internal/token"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func pool(left int64) Facts {
	return Facts{Now: now, Plan: "Artisan", Tokens: ledger.Balance{Pools: []ledger.Pool{
		{Kind: ledger.Plan, Amount: token.Whole(1000), Unused: token.Whole(left), Ends: now.Add(10 * 24 * time.Hour)},
	}}}
}

func TestDue_SaysEachThingOnce(t *testing.T) {
	gift := func(hours int, amount token.Amount, kind ledger.GrantKind) Facts {
		return Facts{Now: now, Tokens: ledger.Balance{Layers: []ledger.Layer{{Kind: kind, Available: amount, ExpiresAt: now.Add(time.Duration(hours) * time.Hour)}}}}
	}
	credits := func(available token.Amount, topUp string) Facts {
		return Facts{Now: now, Credits: ledger.Balance{Available: available, NewestTopUp: topUp}}
	}
	daily := Facts{Now: now, Tokens: ledger.Balance{Pools: []ledger.Pool{{Kind: ledger.Daily, Amount: token.Whole(150), Ends: now.Add(12 * time.Hour)}}}}
	below := Choice{CreditsBelow: token.Whole(100)}
	for _, c := range []struct {
		name   string
		facts  Facts
		choice Choice
		told   string // names, with commas between
		want   string
	}{
		{"plenty", pool(201), Choice{}, "", ""},
		{"20 %", pool(200), Choice{}, "", "pool 2026-12-03T12:00:00Z:20"},
		{"20 % again", pool(199), Choice{}, "pool 2026-12-03T12:00:00Z:20", ""},
		{"20 % told last month", pool(199), Choice{}, "pool 2026-11-03T12:00:00Z:20", "pool 2026-12-03T12:00:00Z:20"},
		{"5 % at once", pool(50), Choice{}, "", "pool 2026-12-03T12:00:00Z:5"},
		{"back above 5 %", pool(60), Choice{}, "pool 2026-12-03T12:00:00Z:5", ""},
		{"none left", pool(0), Choice{}, "pool 2026-12-03T12:00:00Z:5,pool 2026-12-03T12:00:00Z:20", "pool 2026-12-03T12:00:00Z:0"},
		{"none left, and nobody wants to know", pool(0), Choice{Ways: map[Kind]Way{Pool: Off}}, "", ""},
		{"the day's tokens", daily, Choice{}, "", "daily 2026-11-23"},
		{"the day's tokens again", daily, Choice{}, "daily 2026-11-23", ""},
		{"credits, and no mark", credits(5, "a"), Choice{}, "", ""},
		{"credits above the mark", credits(token.Whole(100), "a"), below, "", ""},
		{"credits below the mark", credits(token.Whole(99), "a"), below, "", "credits 100000:a"},
		{"credits, told", credits(token.Whole(9), "a"), below, "credits 100000:a", ""},
		{"credits, bought since", credits(token.Whole(99), "b"), below, "credits 100000:a", "credits 100000:b"},
		{"credits that never were", credits(0, ""), below, "", ""},
		{"a gift that ends in three days", gift(72, token.Whole(5), ledger.Promo), Choice{}, "", "expiring promo:2026-11-26T12:00:00Z"},
		{"a gift that ends later", gift(73, token.Whole(5), ledger.Promo), Choice{}, "", ""},
		{"a rest of a gift", gift(5, token.One-1, ledger.Promo), Choice{}, "", ""},
		{"the day's tokens end every day", gift(5, token.Whole(100), ledger.Daily), Choice{}, "", ""},
		{"a frozen bank", Facts{Now: now, Tokens: ledger.Balance{Frozen: token.Whole(9), FrozenUntil: now.Add(time.Hour)}}, Choice{}, "", "expiring bank:2026-11-23T13:00:00Z"},
		{"an hour late", Facts{Now: now, Unpaid: now.Add(-time.Hour)}, Choice{}, "", ""},
		{"unpaid", Facts{Now: now, Unpaid: now.Add(-6 * time.Hour)}, Choice{}, "", "payment 2026-11-23T06:00:00Z"},
	} {
		told := map[string]bool{}
		for _, n := range strings.Split(c.told, ",") {
			told[n] = true
		}
		var got []string
		for _, a := range Due(c.facts, c.choice, told) {
			got = append(got, name(a.Kind, a.Period))
			if w := a.Words(); w.Title == "" || w.Text == "" || strings.ContainsAny(w.Title, "\r\n") || strings.Contains(w.Text, "%!") {
				t.Errorf("%s: the words are %+v", c.name, w)
			}
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: due are %q, want %q", c.name, got, c.want)
		}
	}
}

// A renewal that the provider refused is told at once, and a team's is told apart from one's own.
func TestDue_RefusedAndOfATeam(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	late := Facts{Now: now, Plan: "Team Starter", Unpaid: now.Add(-time.Minute)}
	if due := Due(late, Choice{}, nil); len(due) != 0 {
		t.Errorf("a minute late: %+v", due)
	}
	late.Refused = true
	own := Due(late, Choice{}, nil)
	late.Team, late.TeamID = "Foxes", "t1"
	team := Due(late, Choice{}, map[string]bool{name(Payment, own[0].Period): true})
	if len(own) != 1 || len(team) != 1 {
		t.Fatalf("told are %+v and %+v", own, team)
	}
	if w := own[0].Words(); !strings.Contains(w.Text, "was refused") {
		t.Errorf("%+v", w)
	}
	if w := team[0].Words(); !strings.HasPrefix(w.Title, "Foxes: ") {
		t.Errorf("%+v", w)
	}
	if again := Due(late, Choice{}, map[string]bool{name(Payment, team[0].Period): true}); len(again) != 0 {
		t.Errorf("told twice: %+v", again)
	}
}

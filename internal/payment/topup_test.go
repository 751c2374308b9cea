package payment

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bottega/internal/plan"
	"bottega/internal/token"
)

// TestDecide_NeverSpendsMoreThanTheMonthMay lets a wallet be used and fill itself over years of random use.
func TestDecide_NeverSpendsMoreThanTheMonthMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pack := rapid.SampledFrom(Packs(plan.Credits)).Draw(t, "pack")
		r := TopUpRule{
			Of: plan.Credits, Enabled: true, Pack: pack.Name, Threshold: token.Amount(rapid.Int64Range(1, int64(pack.Amount)).Draw(t, "threshold")),
			Ceiling: pack.Price() * plan.Money(rapid.IntRange(1, 5).Draw(t, "packs")),
		}
		if err := r.check(); err != nil {
			t.Skip(err)
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var have token.Amount
		var spent plan.Money
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			next := now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "minutes")) * time.Minute)
			if !monthOf(next).Equal(monthOf(now)) {
				spent = 0
			}
			now = next
			have -= min(have, token.Amount(rapid.Int64Range(0, int64(pack.Amount)).Draw(t, "use")))
			f := Facts{Now: now, Available: have, Spent: spent, HasMethod: true, UnderWay: rapid.IntRange(0, 9).Draw(t, "busy") == 0}
			verdict, got := r.Decide(f)
			switch {
			case verdict == BuyNow && (f.UnderWay || have >= r.Threshold || now.Before(r.RetryAt) || !r.Enabled):
				t.Fatalf("bought for %+v with %+v", r, f)
			case verdict == BuyNow:
				if spent += got.Price(); spent > r.Ceiling {
					t.Fatalf("spent %d of at most %d", spent, r.Ceiling)
				}
				if rapid.IntRange(0, 3).Draw(t, "declined") == 0 {
					spent -= got.Price()
					r = r.after(now, "card_declined")
				} else {
					have += got.Amount
					r = r.after(now, "")
				}
			case verdict == AtCeiling && spent+got.Price() <= r.Ceiling:
				t.Fatalf("the ceiling of %d is not reached by %d", r.Ceiling, spent)
			}
		}
		if r.Failures > mostFailures || r.Failures == mostFailures && r.Enabled {
			t.Fatalf("%d failures in a row and still on", r.Failures)
		}
	})
}

func TestDecide_SaysWhy(t *testing.T) {
	now := time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC)
	on := TopUpRule{Of: plan.Tokens, Enabled: true, Pack: "small", Threshold: token.Whole(100), Ceiling: 20_000_000}
	low := Facts{Now: now, Available: token.Whole(99), HasMethod: true}
	for name, c := range map[string]struct {
		rule func(*TopUpRule)
		fact func(*Facts)
		want Verdict
	}{
		"low":                {want: BuyNow},
		"off":                {rule: func(r *TopUpRule) { r.Enabled = false }, want: Off},
		"at the threshold":   {fact: func(f *Facts) { f.Available = token.Whole(100) }, want: Enough},
		"one more fits":      {fact: func(f *Facts) { f.Spent = 11_000_000 }, want: BuyNow},
		"one more does not":  {fact: func(f *Facts) { f.Spent = 11_000_001 }, want: AtCeiling},
		"under way":          {fact: func(f *Facts) { f.UnderWay = true }, want: Waiting},
		"after a failure":    {rule: func(r *TopUpRule) { r.RetryAt = now.Add(time.Minute) }, want: Waiting},
		"later":              {rule: func(r *TopUpRule) { r.RetryAt = now }, want: BuyNow},
		"nobody paid before": {fact: func(f *Facts) { f.HasMethod = false }, want: NoMethod},
		"the pack is gone":   {rule: func(r *TopUpRule) { r.Pack = "tiny" }, want: NotPossible},
	} {
		r, f := on, low
		if c.rule != nil {
			c.rule(&r)
		}
		if c.fact != nil {
			c.fact(&f)
		}
		if got, _ := r.Decide(f); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestRule_RefusesNonsense(t *testing.T) {
	for name, r := range map[string]TopUpRule{
		"no threshold":          {Of: plan.Tokens, Pack: "small", Ceiling: 9_000_000},
		"negative threshold":    {Of: plan.Tokens, Pack: "small", Threshold: -1, Ceiling: 9_000_000},
		"ceiling below a pack":  {Of: plan.Tokens, Pack: "small", Threshold: 1000, Ceiling: 8_999_999},
		"ceiling beyond reason": {Of: plan.Tokens, Pack: "small", Threshold: 1000, Ceiling: mostCeiling + 1},
		"unknown pack":          {Of: plan.Tokens, Pack: "x", Threshold: 1000, Ceiling: 9_000_000},
	} {
		if err := r.check(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

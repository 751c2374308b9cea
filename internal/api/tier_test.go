package api_test

import (
	"context"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/api"
	"bottega/internal/clock"
	"bottega/internal/fault"
)

// byAccount are bounds of requests and starts by account.
type byAccount map[string][2]int

func (b byAccount) Rates(_ context.Context, a access.Actor) (int, int, error) {
	return b[a.AccountID][0], b[a.AccountID][1], nil
}

func TestTiers_BoundAnAccountByItsPlan(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	plans := byAccount{"small": {6, 2}, "large": {60, 20}, "operator": {0, 0}}
	tiers := api.NewTiers(now, plans)
	ask := func(account, key string, starts bool) *fault.Error {
		return fault.As(tiers.Allow(t.Context(), access.Actor{AccountID: account, KeyID: key}, starts))
	}
	for i := range 2 {
		if f := ask("small", "one", true); f != nil {
			t.Fatalf("start %d: %v", i, f)
		}
	}
	f := ask("small", "another", true) // another key of the same account
	if f == nil || f.Kind != fault.RateLimited || f.RetryAfter <= 0 || f.RetryAfter > 30*time.Second || f.Details["per_minute"] != 2 {
		t.Fatalf("the third start: %+v", f)
	}
	for range 3 { // the refused one was a request, too
		if f := ask("small", "one", false); f != nil {
			t.Fatal(f)
		}
	}
	if f := ask("small", "one", false); f == nil || f.Details["per_minute"] != 6 {
		t.Errorf("the seventh request: %+v", f)
	}
	for _, account := range []string{"large", "operator"} {
		for range 20 {
			if f := ask(account, "one", true); f != nil {
				t.Fatalf("%s: %v", account, f)
			}
		}
	}
	plans["small"] = [2]int{60, 20} // a larger plan counts at once
	if f := ask("small", "one", true); f != nil {
		t.Errorf("after the upgrade: %v", f)
	}
	now.Advance(time.Minute)
	plans["small"] = [2]int{6, 2}
	if f := ask("small", "one", true); f != nil {
		t.Errorf("a minute later: %v", f)
	}
	if err := (*api.Tiers)(nil).Allow(t.Context(), access.Actor{}, true); err != nil {
		t.Errorf("without tiers: %v", err)
	}
}

package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bottega/internal/access"
	"bottega/internal/clock"
	"bottega/internal/fault"
)

// Rates tells how many requests of the API an account may make a minute, and how many of them may begin work; 0 = no bound.
type Rates interface {
	Rates(ctx context.Context, actor access.Actor) (requests, starts int, err error)
}

// Tiers bounds what API keys ask for by the plan of their account: all keys of an account share one allowance. A nil Tiers
// allows everything.
type Tiers struct {
	clock clock.Clock
	rates Rates

	mu     sync.Mutex
	limits map[tier]*Limiter
}

// tier is a bound and what it counts.
type tier struct {
	perMinute int
	starts    bool
}

// NewTiers returns bounds by plan.
func NewTiers(c clock.Clock, r Rates) *Tiers {
	return &Tiers{clock: c, rates: r, limits: map[tier]*Limiter{}}
}

// Allow counts one request, or returns a RateLimited fault that says when to come back. starts says that it begins work.
func (t *Tiers) Allow(ctx context.Context, actor access.Actor, starts bool) error {
	if t == nil {
		return nil
	}
	requests, begin, err := t.rates.Rates(ctx, actor)
	if err != nil {
		return err
	}
	if err := t.allow(tier{perMinute: requests}, actor); err != nil {
		return err
	}
	if starts {
		return t.allow(tier{begin, true}, actor)
	}
	return nil
}

func (t *Tiers) allow(of tier, actor access.Actor) error {
	t.mu.Lock()
	limit, known := t.limits[of]
	if !known { // there are as many as plans have bounds
		limit = NewLimiter(t.clock, of.perMinute, time.Minute)
		t.limits[of] = limit
	}
	t.mu.Unlock()
	err := limit.Allow(actor.AccountID)
	f := fault.As(err)
	if f == nil {
		return err
	}
	what := "requests"
	if of.starts {
		what = "requests that begin work"
	}
	out := fault.New(fault.RateLimited, f.Code, fmt.Sprintf("your API plan allows %d %s a minute: wait a moment and try again", of.perMinute, what))
	out.RetryAfter = f.RetryAfter
	out.Details = map[string]any{"per_minute": of.perMinute, "starts": of.starts, "retry_after_ms": f.RetryAfter.Milliseconds()}
	return out
}

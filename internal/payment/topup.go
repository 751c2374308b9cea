package payment

import (
	"fmt"
	"time"

	"bottega/internal/fault"
	"bottega/internal/plan"
	"bottega/internal/token"
)

// TopUpRule is when a wallet fills itself, with what, and how much money that may cost.
type TopUpRule struct {
	Buyer     string
	Of        plan.Unit
	Enabled   bool
	Threshold token.Amount // a balance below it asks for a pack
	Pack      string       // empty = Amount of one's own
	Amount    token.Amount
	Ceiling   plan.Money // most a UTC month
	Failures  int        // in a row
	RetryAt   time.Time  // after a failure; zero = at once
	Reason    string     // of the last failure, or why it was switched off
}

// Wallet is the wallet that the rule fills.
func (r TopUpRule) Wallet() string { return r.Of.Wallet(r.Buyer) }

// mostFailures in a row switch a rule off; the pause after each is longer.
const mostFailures = 4

var pauses = [mostFailures]time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 0}

// Facts are what the decision about a top-up looks at.
type Facts struct {
	Now       time.Time
	Available token.Amount
	Spent     plan.Money // by top-ups in this UTC month, with what is under way and without what was given back
	UnderWay  bool       // one was asked for and has not ended
	Closed    bool       // a team that was dissolved
	HasMethod bool       // somebody who paid before, whose card is on file
}

// Verdict is what is decided about a top-up.
type Verdict string

// The verdicts.
const (
	Off         Verdict = "off"
	Enough      Verdict = "enough"  // the balance is at the threshold or above
	Waiting     Verdict = "waiting" // one is under way, or failed a while ago
	AtCeiling   Verdict = "ceiling" // one more would cost more than the month may
	NoMethod    Verdict = "no_method"
	BuyNow      Verdict = "buy"
	NotPossible Verdict = "not_possible" // the pack is gone, or who buys
)

// Decide says whether to buy now. It is pure.
func (r TopUpRule) Decide(f Facts) (Verdict, PackOffer) {
	pack, err := PackOf(r.Of, r.Pack, r.Amount)
	switch {
	case !r.Enabled:
		return Off, pack
	case err != nil, f.Closed:
		return NotPossible, pack
	case !f.HasMethod:
		return NoMethod, pack
	case f.UnderWay, f.Now.Before(r.RetryAt):
		return Waiting, pack
	case f.Available >= r.Threshold:
		return Enough, pack
	case f.Spent+pack.Price() > r.Ceiling:
		return AtCeiling, pack
	}
	return BuyNow, pack
}

// after is the rule after a top-up ended.
func (r TopUpRule) after(now time.Time, failure string) TopUpRule {
	if failure == "" {
		r.Failures, r.RetryAt, r.Reason = 0, time.Time{}, ""
		return r
	}
	r.Reason = failure
	r.Failures++
	if r.Failures >= mostFailures {
		r.Enabled, r.RetryAt = false, time.Time{}
		return r
	}
	r.RetryAt = now.Add(pauses[r.Failures-1])
	return r
}

// mostCeiling is what a rule may be allowed to spend in a month.
const mostCeiling = plan.Money(10_000_000_000)

// check refuses a rule that makes no sense.
func (r TopUpRule) check() error {
	pack, err := PackOf(r.Of, r.Pack, r.Amount)
	if err != nil {
		return err
	}
	var wrong []fault.Field
	if r.Threshold < token.One || r.Threshold > MostPack {
		wrong = append(wrong, fault.Field{
			Name: "threshold_mt", Value: int64(r.Threshold), Message: "is out of range", Allowed: fmt.Sprintf("%d to %d", token.One, MostPack),
		})
	}
	if r.Ceiling < pack.Price() || r.Ceiling > mostCeiling {
		wrong = append(wrong, fault.Field{
			Name: "ceiling_micros", Value: int64(r.Ceiling), Message: "is out of range",
			Allowed: fmt.Sprintf("%d, the price of one pack, to %d", pack.Price(), mostCeiling),
		})
	}
	if wrong != nil {
		return fault.Bad(wrong...)
	}
	return nil
}

// monthOf is the first moment of a UTC month.
func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

package plan

import (
	"fmt"
	"time"

	"bottega/internal/fault"
	"bottega/internal/token"
)

// Wish is what somebody wants of their subscription.
type Wish struct {
	Action Action
	Plan   string // with Change and Try
	Cycle  Cycle  // with Change
}

// Action is what a wish asks for, and what it comes to.
type Action string

// The actions. Change is asked for and comes to one of Start, Upgrade, Downgrade and Switch.
const (
	Change    Action = "change"
	Start     Action = "start"     // the first payment of a plan
	Upgrade   Action = "upgrade"   // now, for the difference
	Downgrade Action = "downgrade" // with the next period
	Switch    Action = "switch"    // to another cycle with the next period
	Cancel    Action = "cancel"
	Resume    Action = "resume" // what was planned is taken back
	Try       Action = "try"
)

// Preview says what a wish would bring and cost, before anybody agrees to it. What it says is what happens.
type Preview struct {
	Action Action
	Plan   Plan
	Cycle  Cycle

	Exact  Money        // the difference to the micro-unit; what is left of it as whole cents is Price
	Price  Money        // to be paid now
	Tokens token.Amount // that arrive now
	At     time.Time    // when it takes effect
	Next   Money        // of the payment that follows
	NextAt time.Time    // when that is due; zero = none follows
	Ends   time.Time    // when the plan ends; zero = it does not
}

// leastPayment is what is not worth a payment of its own: card networks take no less. An upgrade that costs less is free.
const leastPayment = Money(500_000)

// payable rounds an amount to what can be paid, in the payer's favour.
func payable(m Money) Money {
	if m < leastPayment {
		return 0
	}
	return m - m%10_000
}

// Trial is what trying a plan brings. The zero Trial offers none.
type Trial struct {
	Lasts  time.Duration
	Tokens token.Amount
}

// errNoTrial is the fault of trying a plan where none is offered.
var errNoTrial = fault.New(fault.Conflict, "no_trial", "this studio offers no trial")

// Decide says what a wish comes to at a moment: what the subscription would be, and what is to be paid for it. It refuses
// what cannot be; it changes nothing.
func (s Subscription) Decide(now time.Time, w Wish, trial Trial) (Subscription, Preview, error) {
	switch w.Action {
	case Cancel:
		out, err := s.Cancel(now)
		return out, s.ending(now, out), err
	case Resume:
		out, err := s.Resume(now)
		return out, s.resumed(now, out), err
	case Try:
		return s.decideTrial(now, w, trial)
	case Change:
		return s.decideChange(now, w)
	}
	return s, Preview{}, fault.Bad(fault.Field{
		Name: "action", Value: string(w.Action), Message: "is not known", Allowed: "change, cancel, resume, try",
	})
}

func (s Subscription) decideChange(now time.Time, w Wish) (Subscription, Preview, error) {
	to, ok := s.find(w.Plan, 0)
	if !ok {
		return s, Preview{}, fault.Bad(fault.Field{Name: "plan", Value: w.Plan, Message: "is not a plan of " + string(s.unit()), Allowed: s.sold()})
	}
	if w.Cycle != Monthly && w.Cycle != Yearly {
		return s, Preview{}, fault.Bad(fault.Field{Name: "cycle", Value: string(w.Cycle), Message: "is not known", Allowed: "month, year"})
	}
	t := s.Now(now)
	if !s.paying(now) {
		out, err := s.Start(now, w.Plan, w.Cycle)
		price := to.Price(w.Cycle)
		return out, Preview{
			Action: Start, Plan: to, Cycle: w.Cycle, Exact: price, Price: price, Tokens: to.Monthly, At: now,
			Next: price, NextAt: cycleEnd(now, now, w.Cycle),
		}, err
	}
	from, _ := Find(t.Plan)
	if to.Monthly > from.Monthly && w.Cycle == t.Cycle {
		out, pr, err := s.Upgrade(now, w.Plan)
		return out, Preview{
			Action: Upgrade, Plan: to, Cycle: t.Cycle, Exact: pr.Money, Price: payable(pr.Money), Tokens: pr.Tokens, At: now,
			Next: to.Price(t.Cycle), NextAt: t.PaidUntil,
		}, err
	}
	out, err := s.Follow(now, w.Plan, w.Cycle)
	p := Preview{
		Action: Downgrade, Plan: to, Cycle: w.Cycle, At: t.periodEnd(now), Next: to.Price(w.Cycle), NextAt: t.periodEnd(now),
	}
	if to.Monthly >= from.Monthly {
		p.Action = Switch
	}
	return out, p, err
}

func (s Subscription) decideTrial(now time.Time, w Wish, trial Trial) (Subscription, Preview, error) {
	p, ok := s.find(w.Plan, 0)
	switch {
	case trial.Lasts <= 0 || s.Of == Credits:
		return s, Preview{}, errNoTrial
	case !ok || !p.ForSale():
		return s, Preview{}, fault.Bad(fault.Field{Name: "plan", Value: w.Plan, Message: "cannot be tried", Allowed: s.sold()})
	}
	gift := min(trial.Tokens, p.Monthly)
	out, err := s.Try(now, w.Plan, trial.Lasts, gift)
	return out, Preview{Action: Try, Plan: p, Tokens: gift, At: now, Ends: now.Add(trial.Lasts)}, err
}

// ending describes a cancellation.
func (s Subscription) ending(now time.Time, out Subscription) Preview {
	t := s.Now(now)
	p, _ := Find(t.Plan)
	v := Preview{Action: Cancel, Plan: p, Cycle: t.Cycle, At: now, Ends: now}
	if next, ok := out.Next(now); ok && next.From.After(now) {
		v.Ends = next.From
	}
	return v
}

// resumed describes what goes on when a planned change or cancellation is taken back.
func (s Subscription) resumed(now time.Time, out Subscription) Preview {
	t := out.Now(now)
	p, _ := Find(t.Plan)
	return Preview{Action: Resume, Plan: p, Cycle: t.Cycle, At: now, Next: p.Price(t.Cycle), NextAt: t.PaidUntil}
}

func (s Subscription) unit() Unit {
	if s.Of == Credits {
		return Credits
	}
	return Tokens
}

// sold names the plans that can be bought, for error texts.
func (s Subscription) sold() string {
	names := ""
	for _, p := range Of(s.unit()) {
		if p.ForSale() {
			names += fmt.Sprintf(", %s", p.Name)
		}
	}
	return names[2:]
}

// UpgradeFor is Upgrade at the terms that were shown and paid, a while ago. It refuses when they no longer fit: the plan,
// the cycle or the paid time has changed meanwhile.
func (s Subscription) UpgradeFor(now time.Time, plan string, shown Proration) (Subscription, error) {
	current, err := s.Prorate(now, plan)
	if err != nil {
		return s, err
	}
	if !current.Until.Equal(shown.Until) || current.Tokens > shown.Tokens {
		return s, conflict("offer_over", "the plan or its period has changed since the price was shown")
	}
	out, _, err := s.Upgrade(now, plan)
	if err == nil {
		for i := range out.Terms {
			if out.Terms[i].From.Equal(now) && out.Terms[i].Plan == plan {
				out.Terms[i].First = shown.Tokens
			}
		}
	}
	return out, err
}

// Renewal is the price of the payment that comes next, as the subscription stands; zero when none comes.
func (s Subscription) Renewal(now time.Time) (plan Plan, c Cycle, price Money) {
	t := s.Now(now)
	if !s.paying(now) || s.State(now) == Cancelled {
		return Plan{}, "", 0
	}
	if next, ok := s.Next(now); ok && !next.Lapse {
		t = next
	}
	plan, _ = Find(t.Plan)
	return plan, t.Cycle, plan.Price(t.Cycle)
}

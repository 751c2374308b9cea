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
	Seats  int    // with Change, of a team; 0 = those there are
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
	Plan   Plan // of a team: for its seats together
	Cycle  Cycle
	Seats  int // of a team; 0 = one person

	Exact  Money        // the difference to the micro-unit; what is left of it as whole cents is Price
	Price  Money        // to be paid now
	Tokens token.Amount // that arrive now
	Until  time.Time    // of an upgrade: end of the month that Tokens are for
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
	seats, err := s.seatsFor(now, w)
	if err != nil {
		return s, Preview{}, err
	}
	to, _ := s.find(w.Plan, seats)
	if w.Cycle != Monthly && w.Cycle != Yearly {
		return s, Preview{}, fault.Bad(fault.Field{Name: "cycle", Value: string(w.Cycle), Message: "is not known", Allowed: "month, year"})
	}
	t := s.Now(now)
	if !s.paying(now) {
		out, err := s.start(now, w.Plan, w.Cycle, seats)
		price := to.Price(w.Cycle)
		return out, Preview{
			Action: Start, Plan: to, Cycle: w.Cycle, Seats: seats, Exact: price, Price: price, Tokens: to.Monthly, At: now,
			Next: price, NextAt: cycleEnd(now, now, w.Cycle),
		}, err
	}
	from, _ := find(t.Plan, t.Seats)
	if w.Cycle == t.Cycle && grows(t, w.Plan, seats) {
		out, pr, err := s.upgrade(now, w.Plan, seats)
		return out, Preview{
			Action: Upgrade, Plan: to, Cycle: t.Cycle, Seats: seats, Exact: pr.Money, Price: payable(pr.Money), Tokens: pr.Tokens, Until: pr.Until,
			At: now, Next: to.Price(t.Cycle), NextAt: t.PaidUntil,
		}, err
	}
	out, err := s.follow(now, w.Plan, w.Cycle, seats)
	p := Preview{
		Action: Downgrade, Plan: to, Cycle: w.Cycle, Seats: seats, At: t.periodEnd(now), Next: to.Price(w.Cycle), NextAt: t.periodEnd(now),
	}
	if to.Monthly >= from.Monthly {
		p.Action = Switch
	}
	return out, p, err
}

// seatsFor is how many seats a change is for, when the plan it names is one of those that can be had: none for one person,
// and for a team those that are wished, or as many as there are.
func (s Subscription) seatsFor(now time.Time, w Wish) (int, error) {
	have := s.Now(now).Seats
	to, ok := s.find(w.Plan, have)
	switch {
	case !ok:
		return 0, fault.Bad(fault.Field{Name: "plan", Value: w.Plan, Message: "is not a plan of " + string(s.unit()), Allowed: s.sold(have > 0)})
	case have == 0 && w.Seats != 0:
		return 0, fault.Bad(fault.Field{Name: "seats", Value: w.Seats, Message: "is for plans of teams: leave it out"})
	case have == 0:
		return 0, nil
	case w.Seats == 0:
		return max(have, to.MinSeats), nil
	}
	return w.Seats, checkSeats(w.Plan, w.Seats)
}

// grows reports whether a change gives more and takes nothing away: it comes at once, every other one with the next period.
func grows(t Term, plan string, seats int) bool {
	from, _ := Find(t.Plan)
	to, _ := Find(plan)
	return to.Monthly >= from.Monthly && seats >= t.Seats && (to.Monthly > from.Monthly || seats > t.Seats)
}

func (s Subscription) decideTrial(now time.Time, w Wish, trial Trial) (Subscription, Preview, error) {
	p, ok := s.find(w.Plan, 0)
	switch {
	case trial.Lasts <= 0 || s.Of == Credits || s.Now(now).Seats > 0:
		return s, Preview{}, errNoTrial
	case !ok || !p.ForSale():
		return s, Preview{}, fault.Bad(fault.Field{Name: "plan", Value: w.Plan, Message: "cannot be tried", Allowed: s.sold(false)})
	}
	gift := min(trial.Tokens, p.Monthly)
	out, err := s.Try(now, w.Plan, trial.Lasts, gift)
	return out, Preview{Action: Try, Plan: p, Tokens: gift, At: now, Ends: now.Add(trial.Lasts)}, err
}

// ending describes a cancellation.
func (s Subscription) ending(now time.Time, out Subscription) Preview {
	t := s.Now(now)
	p, _ := find(t.Plan, t.Seats)
	v := Preview{Action: Cancel, Plan: p, Cycle: t.Cycle, Seats: t.Seats, At: now, Ends: now}
	if next, ok := out.Next(now); ok && next.From.After(now) {
		v.Ends = next.From
	}
	return v
}

// resumed describes what goes on when a planned change or cancellation is taken back.
func (s Subscription) resumed(now time.Time, out Subscription) Preview {
	t := out.Now(now)
	p, _ := find(t.Plan, t.Seats)
	return Preview{Action: Resume, Plan: p, Cycle: t.Cycle, Seats: t.Seats, At: now, Next: p.Price(t.Cycle), NextAt: t.PaidUntil}
}

func (s Subscription) unit() Unit {
	if s.Of == Credits {
		return Credits
	}
	return Tokens
}

// sold names the plans that can be bought, for error texts.
func (s Subscription) sold(toTeams bool) string {
	plans, names := Of(s.unit()), ""
	if toTeams {
		plans = ForTeams()
	}
	for _, p := range plans {
		if p.ForSale() {
			names += fmt.Sprintf(", %s", p.Name)
		}
	}
	return names[2:]
}

// UpgradeFor is an upgrade at the terms that were shown and paid, a while ago. It refuses when they no longer fit: the plan,
// the cycle or the paid time has changed meanwhile.
func (s Subscription) UpgradeFor(now time.Time, plan string, seats int, shown Proration) (Subscription, error) {
	current, err := s.prorate(now, plan, seats)
	if err != nil {
		return s, err
	}
	if !current.Until.Equal(shown.Until) || current.Tokens > shown.Tokens {
		return s, conflict("offer_over", "the plan or its period has changed since the price was shown")
	}
	out, _, err := s.upgrade(now, plan, seats)
	if err == nil {
		for i := range out.Terms {
			if out.Terms[i].From.Equal(now) && out.Terms[i].Plan == plan {
				out.Terms[i].First = shown.Tokens
			}
		}
	}
	return out, err
}

// Due is the term that the next payment is for, as the subscription stands; one without a plan when none comes.
func (s Subscription) Due(now time.Time) Term {
	t := s.Now(now)
	if !s.paying(now) || s.State(now) == Cancelled {
		return Term{}
	}
	if next, ok := s.Next(now); ok && !next.Lapse {
		t = next
	}
	return t
}

// Renewal is the plan that the next payment is for, of a team for its seats together, and its price; zero when none comes.
func (s Subscription) Renewal(now time.Time) (plan Plan, c Cycle, price Money) {
	t := s.Due(now)
	if t.Plan == "" {
		return Plan{}, "", 0
	}
	plan, _ = find(t.Plan, t.Seats)
	return plan, t.Cycle, plan.Price(t.Cycle)
}

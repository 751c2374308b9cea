package plan

import (
	"math/bits"
	"slices"
	"time"

	"bottega/internal/ledger"
	"bottega/internal/token"
)

// paidAhead refuses a change of what is planned when it was paid for already.
func (s Subscription) paidAhead(now time.Time) error {
	if next, ok := s.Next(now); ok && next.PaidUntil.After(next.From) {
		return conflict("paid_ahead", "the plan %s from %s on is paid for already", next.Plan, next.From.Format(time.DateOnly))
	}
	return nil
}

// Proration is what a change within a period brings and costs.
type Proration struct {
	Tokens token.Amount // added now, rounded up
	Money  Money        // to be paid now, rounded up
	Until  time.Time    // end of the period it is for
}

// Prorate says what an upgrade would bring and cost now.
func (s Subscription) Prorate(now time.Time, plan string) (Proration, error) {
	return s.prorate(now, plan, s.Now(now).Seats)
}

func (s Subscription) prorate(now time.Time, plan string, seats int) (Proration, error) {
	from, to, t, err := s.pair(now, plan, seats)
	if err != nil {
		return Proration{}, err
	}
	if to.Monthly <= from.Monthly {
		return Proration{}, conflict("not_an_upgrade", "the plan %s brings no more than %s: it can follow at the end of the period", to.Title, from.Title)
	}
	if s.State(now) == PastDue {
		return Proration{}, conflict("past_due", "the plan %s is not paid: pay first", from.Title)
	}
	if err := s.paidAhead(now); err != nil {
		return Proration{}, err
	}
	month := ledger.Term{Anchor: t.Anchor}
	begins, ends := month.ThisMonth(now), month.NextMonth(now)
	pr := Proration{
		Tokens: token.Amount(share(int64(to.Monthly-from.Monthly), ends.Sub(now), ends.Sub(begins))), Until: ends,
	}
	if t.Cycle != ByHand {
		period := t.PaidUntil.Sub(periodBegin(t))
		pr.Money = Money(share(int64(to.Price(t.Cycle)-from.Price(t.Cycle)), t.PaidUntil.Sub(now), period))
	}
	return pr, nil
}

// periodBegin is when the last paid cycle of a term began.
func periodBegin(t Term) time.Time {
	return ledger.AddMonths(t.Anchor, ledger.MonthsBetween(t.Anchor, t.PaidUntil)-t.Cycle.months())
}

// share is amount × part ÷ whole, rounded up, in 128 bits.
func share(amount int64, part, whole time.Duration) int64 {
	hi, lo := bits.Mul64(uint64(amount), uint64(part))
	lo, carry := bits.Add64(lo, uint64(whole)-1, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(whole))
	return int64(q)
}

// pair returns the plan in force and another one, each for its seats.
func (s Subscription) pair(now time.Time, plan string, seats int) (from, to Plan, t Term, err error) {
	t = s.Now(now)
	to, ok := s.find(plan, seats)
	if !ok {
		return from, to, t, ErrUnknownPlan
	}
	from, _ = find(t.Plan, t.Seats)
	if t.Lapse || t.Trial || from.Monthly == 0 {
		return from, to, t, ErrNotPaid
	}
	if t.Cycle != ByHand && to.Price(t.Cycle) == 0 {
		return from, to, t, conflict("not_for_sale", "the plan %s is not sold", to.Title)
	}
	return from, to, t, nil
}

// Upgrade moves to a larger plan now: the difference for the rest of the month arrives at once, the period keeps its
// end. A planned change or cancellation is forgotten.
func (s Subscription) Upgrade(now time.Time, plan string) (Subscription, Proration, error) {
	return s.upgrade(now, plan, s.Now(now).Seats)
}

func (s Subscription) upgrade(now time.Time, plan string, seats int) (Subscription, Proration, error) {
	pr, err := s.prorate(now, plan, seats)
	if err != nil {
		return s, pr, err
	}
	t := s.Now(now)
	next := Term{Plan: plan, Seats: seats, Cycle: t.Cycle, From: now, Anchor: t.Anchor, PaidUntil: t.PaidUntil, First: pr.Tokens}
	out := s.change(now, next)
	if t.Cycle != ByHand {
		out = out.then(t.lapse(t.PaidUntil.Add(Grace)))
	}
	return out, pr, nil
}

// Downgrade plans a smaller plan for the end of the paid period.
func (s Subscription) Downgrade(now time.Time, plan string) (Subscription, error) {
	return s.downgrade(now, plan, s.Now(now).Seats)
}

func (s Subscription) downgrade(now time.Time, plan string, seats int) (Subscription, error) {
	from, to, t, err := s.pair(now, plan, seats)
	if err != nil {
		return s, err
	}
	if to.Monthly >= from.Monthly || to.Monthly == 0 {
		return s, conflict("not_a_downgrade", "the plan %s is not smaller than %s", to.Title, from.Title)
	}
	return s.follow(now, plan, t.Cycle, seats)
}

// Follow plans another plan or another cycle for the end of the paid period, when it is to be paid. What is planned takes
// the place of what was planned before. A larger plan can follow too, for those who do not want it now.
func (s Subscription) Follow(now time.Time, plan string, c Cycle) (Subscription, error) {
	return s.follow(now, plan, c, s.Now(now).Seats)
}

func (s Subscription) follow(now time.Time, plan string, c Cycle, seats int) (Subscription, error) {
	from, to, t, err := s.pair(now, plan, seats)
	switch {
	case err != nil:
		return s, err
	case to.Monthly == 0:
		return s, conflict("not_for_sale", "the plan %s is not sold: cancel instead", to.Title)
	case c != t.Cycle && (t.Cycle == ByHand || to.Price(c) == 0):
		return s, conflict("not_for_sale", "the plan %s is not sold by the %s here", to.Title, c)
	case plan == t.Plan && c == t.Cycle && seats == t.Seats:
		return s, conflict("same_plan", "this is the plan %s already", from.Title)
	case s.State(now) == PastDue:
		return s, conflict("past_due", "the plan %s is not paid: pay first", from.Title)
	}
	if err := s.paidAhead(now); err != nil {
		return s, err
	}
	at := t.periodEnd(now)
	next := Term{Plan: plan, Seats: seats, Cycle: c, From: at, Anchor: t.Anchor, First: to.Monthly}
	if t.Cycle == ByHand {
		return s.change(later(now), next), nil
	}
	next.PaidUntil = at // waits for its payment
	return s.change(later(now), next, t.lapse(at.Add(Grace))), nil
}

// Cancel ends the plan with its paid period; what is in force until then stays.
func (s Subscription) Cancel(now time.Time) (Subscription, error) {
	t := s.Now(now)
	p, _ := find(t.Plan, t.Seats)
	if t.Lapse || p.Monthly == 0 {
		return s, ErrNotPaid
	}
	if s.State(now) == Cancelled {
		return s, conflict(ErrCancelled.Code, "the plan ends on %s already", t.periodEnd(now).Format(time.DateOnly))
	}
	if err := s.paidAhead(now); err != nil {
		return s, err
	}
	at := t.periodEnd(now)
	if !at.After(now) { // the payment is late: it ends now
		return s.change(now, t.lapse(now)), nil
	}
	return s.change(later(now), t.lapse(at)), nil
}

// later keeps what has begun: what is planned begins after now.
func later(now time.Time) time.Time { return now.Add(time.Microsecond) }

// Resume takes a planned change or cancellation back, as long as it has not happened.
func (s Subscription) Resume(now time.Time) (Subscription, error) {
	t := s.Now(now)
	if st := s.State(now); t.Trial || st != Cancelled && st != Changing {
		return s, conflict("nothing_planned", "no change of the plan is planned")
	}
	if err := s.paidAhead(now); err != nil {
		return s, err
	}
	out := s.change(later(now))
	if t.Cycle != ByHand {
		out = out.then(t.lapse(t.PaidUntil.Add(Grace)))
	}
	return out, nil
}

// EndNow ends the plan at once, because its payment was given back.
func (s Subscription) EndNow(now time.Time) (Subscription, error) {
	t := s.Now(now)
	if t.Lapse || t.Plan == s.base() || t.Plan == Team {
		return s, ErrNotPaid
	}
	return s.change(now, t.lapse(now)), nil
}

// Undo takes an upgrade back that the term in force rests on, by the grant it began with, and with it those that came after
// it in the same paid time: the plan before it goes on until the end of that time, with what it brought before.
func (s Subscription) Undo(now time.Time, grant, plan string, seats int) (Subscription, error) {
	undone, ok := s.restsOn(now, grant)
	if _, known := s.find(plan, seats); !ok || !known || !s.paying(now) {
		return s, ErrNotPaid
	}
	if err := s.paidAhead(now); err != nil {
		return s, err
	}
	t := s.Now(now)
	before := Term{Plan: plan, Seats: seats, Cycle: t.Cycle, From: now, Anchor: t.Anchor, PaidUntil: t.PaidUntil, Undoes: undone.N}
	return s.change(now, before, t.lapse(t.PaidUntil.Add(Grace))), nil
}

// restsOn finds the upgrade that began with a grant among those that led to the term in force. An upgrade that was taken
// back led nowhere, and neither did those after it.
func (s Subscription) restsOn(now time.Time, grant string) (Term, bool) {
	for i := s.index(now); i > 0; i-- {
		t := s.Terms[i]
		switch {
		case t.Undoes > 0:
			if j := slices.IndexFunc(s.Terms, func(u Term) bool { return u.N == t.Undoes }); j >= 0 {
				i = j
			}
		case t.firstGrant() == grant:
			return t, true
		case !s.upgraded(i):
			return Term{}, false
		}
	}
	return Term{}, false
}

// upgraded reports whether a term is an upgrade within the paid time of the one before.
func (s Subscription) upgraded(i int) bool {
	t := s.Terms[i]
	return i > 0 && t.First > 0 && t.Anchor.Equal(s.Terms[i-1].Anchor) && t.From.Before(s.Terms[i-1].PaidUntil)
}

// FirstGrant names, in the ledger, the grant that the term in force began with.
func (s Subscription) FirstGrant(now time.Time) string { return s.Now(now).firstGrant() }

func (t Term) firstGrant() string {
	return ledger.Term{N: t.N, Plan: t.Plan, From: t.From, Anchor: t.Anchor}.FirstGrant()
}

// UpgradeGrants names, in the ledger, what upgrades within a paid period brought at once.
func (s Subscription) UpgradeGrants() []string {
	var refs []string
	for i, t := range s.Terms {
		if s.upgraded(i) {
			refs = append(refs, t.firstGrant())
		}
	}
	return refs
}

// PaidUntil is how far the subscription is paid, the newest payment included; zero when nothing is.
func (s Subscription) PaidUntil() time.Time {
	var last time.Time
	for _, t := range s.Terms {
		if !t.Lapse && t.PaidUntil.After(last) {
			last = t.PaidUntil
		}
	}
	return last
}

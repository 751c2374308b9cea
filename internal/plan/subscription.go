package plan

import (
	"fmt"
	"strings"
	"time"

	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// Cycle is how a plan is paid.
type Cycle string

// The cycles.
const (
	ByHand  Cycle = ""      // the operator gave it: it goes on until somebody changes it
	Monthly Cycle = "month" //
	Yearly  Cycle = "year"  // paid once, granted month by month
)

// Grace is how long a plan stays in force after a payment was due: what it allows goes on, its tokens wait.
const Grace = 7 * 24 * time.Hour

// Term is a stretch of time on one plan. It lasts until the next one begins.
type Term struct {
	N         int // in the order of making
	Plan      string
	Cycle     Cycle
	From      time.Time
	Anchor    time.Time // months are counted from here
	PaidUntil time.Time // zero for ByHand
	First     token.Amount
	Trial     bool
	Lapse     bool // what comes when nobody pays or the plan was cancelled: not a wish, a consequence
	Seats     int  `json:",omitempty"` // of a team; 0 = one person
	Undoes    int  `json:",omitempty"` // number of the upgrade that this term took back; 0 = none
}

// Subscription is an account's terms in the order of their beginning. The zero Subscription has none. Every method
// that changes it is a pure decision: it returns a fault and changes nothing, or gives what holds from now on.
type Subscription struct {
	Version int64 // grows with each change
	LastN   int   // of the newest term ever made
	Terms   []Term
	Of      Unit `json:"-"` // what its plans bring; empty = Tokens
}

// base is the plan without payment.
func (s Subscription) base() string {
	if s.Of == Credits {
		return PayAsYouGo
	}
	return Free
}

// find finds a plan that this subscription can be on, as it is for so many seats: a team finds no plan for one person, and
// nobody alone a plan for teams.
func (s Subscription) find(name string, seats int) (Plan, bool) {
	p, ok := FindOf(s.unit(), name)
	return p.For(seats), ok && (p.MinSeats > 0) == (seats > 0)
}

// The faults of this package.
var (
	ErrUnknownPlan = fault.New(fault.Invalid, "unknown_plan", "there is no such plan")
	ErrCancelled   = fault.New(fault.Conflict, "cancelled_before", "the plan is to end already")
	ErrNotPaid     = fault.New(fault.Conflict, "no_paid_plan", "there is no paid plan in force")
)

func conflict(code, format string, args ...any) error {
	return fault.New(fault.Conflict, code, fmt.Sprintf(format, args...))
}

// State says how a subscription stands.
type State string

// The states.
const (
	Settled   State = "settled"   // nothing is due
	Trying    State = "trial"     //
	PastDue   State = "past_due"  // the payment is late: tokens wait, the plan still counts
	Cancelled State = "cancelled" // ends with the paid time
	Changing  State = "changing"  // another plan follows with the next period
)

func (s Subscription) index(at time.Time) int {
	for i := len(s.Terms) - 1; i >= 0; i-- {
		if !s.Terms[i].From.After(at) {
			return i
		}
	}
	return -1
}

// Now is the term in force; the first one before it begins.
func (s Subscription) Now(at time.Time) Term {
	if i := s.index(at); i >= 0 {
		return s.Terms[i]
	}
	if len(s.Terms) > 0 {
		return s.Terms[0]
	}
	return Term{Plan: s.base()}
}

// Next is the term that is planned to follow, and whether there is one.
func (s Subscription) Next(at time.Time) (Term, bool) {
	if i := s.index(at) + 1; i < len(s.Terms) {
		return s.Terms[i], true
	}
	return Term{}, false
}

// State says how the subscription stands.
func (s Subscription) State(at time.Time) State {
	now := s.Now(at)
	next, follows := s.Next(at)
	switch {
	case now.Trial:
		return Trying
	case follows && !next.Lapse:
		return Changing
	case follows && next.From.Equal(now.PaidUntil), follows && now.Cycle == ByHand:
		return Cancelled
	case !now.PaidUntil.IsZero() && !at.Before(now.PaidUntil):
		return PastDue
	}
	return Settled
}

// Schedule is the subscription as the ledger follows it.
func (s Subscription) Schedule() (ledger.Schedule, error) {
	out := ledger.Schedule{Version: s.Version, Terms: make([]ledger.Term, 0, len(s.Terms))}
	for _, t := range s.Terms {
		p, ok := find(t.Plan, t.Seats)
		if !ok {
			return out, fmt.Errorf("the plan %q for %d seats does not exist (have %s)", t.Plan, t.Seats,
				strings.Join(append(Names(), TeamNames()...), ", "))
		}
		out.Terms = append(out.Terms, t.ledger(p))
	}
	return out, nil
}

// Expected is the subscription as it goes on by itself when each payment is made: what nobody cancelled does not lapse.
func (s Subscription) Expected(now time.Time) Subscription {
	switch s.State(now) {
	case Settled, Changing:
	default:
		return s
	}
	out := s
	out.Terms = nil
	for _, t := range s.Terms {
		if t.Lapse && t.From.After(now) {
			continue
		}
		if !t.Trial {
			t.PaidUntil = time.Time{}
		}
		out.Terms = append(out.Terms, t)
	}
	return out
}

func (t Term) ledger(p Plan) ledger.Term {
	return ledger.Term{
		N: t.N, Plan: t.Plan, From: t.From, Anchor: t.Anchor, PaidUntil: t.PaidUntil, First: t.First, Trial: t.Trial,
		Daily: p.Daily, Monthly: p.Monthly, BankCap: p.BankCap,
	}
}

// change cuts the terms off at a moment and appends others.
func (s Subscription) change(at time.Time, more ...Term) Subscription {
	out := Subscription{Version: s.Version + 1, LastN: s.LastN, Of: s.Of}
	for _, t := range s.Terms {
		if t.From.Before(at) {
			out.Terms = append(out.Terms, t)
		}
	}
	for _, t := range more {
		out.LastN++
		t.N = out.LastN
		out.Terms = append(out.Terms, t)
	}
	return out
}

// lapse is what is left without a plan, from a moment on. No payment stands behind it.
func (t Term) lapse(from time.Time) Term {
	out := Term{Plan: Free, From: from, Anchor: from, Lapse: true}
	if t.Seats > 0 {
		out.Plan, out.Seats = Team, TeamSeats
	} else if p, _ := Find(t.Plan); p.Of == Credits {
		out.Plan = PayAsYouGo
	}
	return out
}

// find returns a plan as it is for so many seats; 0 = for one person.
func find(name string, seats int) (Plan, bool) {
	p, ok := Find(name)
	return p.For(seats), ok
}

// end of a term's running period: of the paid time, or of the month for a plan given by hand.
func (t Term) periodEnd(now time.Time) time.Time {
	if t.Cycle != ByHand || t.Trial {
		return t.PaidUntil
	}
	return ledger.Term{Anchor: t.Anchor}.NextMonth(now)
}

func (c Cycle) months() int {
	if c == Yearly {
		return 12
	}
	return 1
}

// cycleEnd is the end of the cycle that begins at a moment. It is counted from the anchor: a month after the 28th of
// February may be the 31st of March.
func cycleEnd(anchor, from time.Time, c Cycle) time.Time {
	return ledger.AddMonths(anchor, ledger.MonthsBetween(anchor, from)+c.months())
}

// Put sets a plan by hand, from now on: the operator's way. Months are counted anew.
func (s Subscription) Put(now time.Time, plan string) (Subscription, error) {
	return s.put(now, plan, s.Now(now).Seats)
}

func (s Subscription) put(now time.Time, plan string, seats int) (Subscription, error) {
	p, ok := s.find(plan, seats)
	if !ok {
		return s, ErrUnknownPlan
	}
	return s.change(now, Term{Plan: plan, Seats: seats, From: now, Anchor: now, First: p.Monthly}), nil
}

// Start begins a paid plan whose first cycle was paid for.
func (s Subscription) Start(now time.Time, plan string, c Cycle) (Subscription, error) {
	return s.start(now, plan, c, s.Now(now).Seats)
}

func (s Subscription) start(now time.Time, plan string, c Cycle, seats int) (Subscription, error) {
	p, ok := s.find(plan, seats)
	switch {
	case !ok:
		return s, ErrUnknownPlan
	case p.Price(c) == 0:
		return s, conflict("not_for_sale", "the plan %s is not sold by the %s", p.Title, c)
	case s.paying(now):
		return s, conflict("already_subscribed", "the plan %s is paid for already: change it instead", s.Now(now).Plan)
	}
	t := Term{Plan: plan, Seats: seats, Cycle: c, From: now, Anchor: now, PaidUntil: cycleEnd(now, now, c), First: p.Monthly}
	return s.change(now, t, t.lapse(t.PaidUntil.Add(Grace))), nil
}

// paying reports whether a plan is in force that payments keep up.
func (s Subscription) paying(now time.Time) bool {
	t := s.Now(now)
	return t.Cycle != ByHand && !t.Trial && !t.Lapse
}

// Try begins a trial: tokens that end with it, then the free plan, unless Start comes first. An account tries once.
func (s Subscription) Try(now time.Time, plan string, lasts time.Duration, gift token.Amount) (Subscription, error) {
	p, ok := s.find(plan, 0)
	switch {
	case !ok || !p.ForSale() || s.Now(now).Seats > 0:
		return s, ErrUnknownPlan
	case lasts <= 0 || lasts > 92*24*time.Hour:
		return s, fault.Bad(fault.Field{Name: "lasts", Value: lasts.String(), Message: "is out of range", Allowed: "up to 92 days"})
	case gift < 0 || gift > p.Monthly:
		return s, fault.Bad(fault.Field{Name: "tokens", Value: gift.String(), Message: "is out of range", Allowed: "up to " + p.Monthly.String()})
	case s.paying(now):
		return s, conflict("already_subscribed", "a plan is paid for already")
	}
	if !s.MayTry(now) {
		return s, conflict("tried_before", "this account has had its trial")
	}
	t := Term{Plan: plan, From: now, Anchor: now, PaidUntil: now.Add(lasts), First: gift, Trial: true}
	return s.change(now, t, t.lapse(t.PaidUntil)), nil
}

// MayTry says that a plan can be tried: none was before, and none is paid for.
func (s Subscription) MayTry(now time.Time) bool {
	for _, t := range s.Terms {
		if t.Trial {
			return false
		}
	}
	return !s.paying(now)
}

// Pay notes that the next cycle was paid for. Paid late, its tokens arrive now, and the period keeps its end.
func (s Subscription) Pay(now time.Time) (Subscription, error) {
	i := s.index(now)
	if i < 0 || !s.paying(now) {
		return s, ErrNotPaid
	}
	t := s.Terms[i]
	for j := i + 1; j < len(s.Terms); j++ { // a planned change is what the payment is for
		if next := s.Terms[j]; !next.Lapse {
			if next.PaidUntil.After(next.From) {
				return s, conflict("paid_ahead", "the plan %s is paid until %s already", next.Plan, next.PaidUntil.Format(time.DateOnly))
			}
			return s.payNext(j), nil
		}
	}
	if t.PaidUntil.Sub(now) > 370*24*time.Hour {
		return s, conflict("paid_ahead", "this plan is paid until %s already", t.PaidUntil.Format(time.DateOnly))
	}
	due := t.PaidUntil
	end := cycleEnd(t.Anchor, due, t.Cycle)
	if now.Before(due) || !end.After(now) {
		own := t
		own.PaidUntil = end
		out := s.change(t.From, own)
		out.Terms[len(out.Terms)-1].N = t.N
		return out.then(t.lapse(end.Add(Grace))), nil
	}
	p, _ := find(t.Plan, t.Seats)
	late := Term{Plan: t.Plan, Seats: t.Seats, Cycle: t.Cycle, From: now, Anchor: t.Anchor, PaidUntil: end, First: p.Monthly}
	return s.change(now, late, t.lapse(end.Add(Grace))), nil
}

// payNext pays for the term at an index, which has not begun.
func (s Subscription) payNext(index int) Subscription {
	t := s.Terms[index]
	t.PaidUntil = cycleEnd(t.Anchor, t.From, t.Cycle)
	out := s.change(t.From, t)
	out.Terms[len(out.Terms)-1].N = s.Terms[index].N
	return out.then(t.lapse(t.PaidUntil.Add(Grace)))
}

// then appends a term to a changed subscription, within the same change.
func (s Subscription) then(t Term) Subscription {
	s.LastN++
	t.N = s.LastN
	s.Terms = append(s.Terms, t)
	return s
}

package ledger

import (
	"fmt"
	"time"

	"bottega/internal/fault"
	"bottega/internal/token"
)

// Term is a stretch of time on one plan, as far as the ledger needs to know. It lasts until the next one begins.
type Term struct {
	N         int // counts an account's terms, with gaps where one was taken back before it began
	Plan      string
	From      time.Time
	Anchor    time.Time // months are counted from here
	PaidUntil time.Time // what begins later waits for its payment; zero = not by payment, everything arrives
	First     token.Amount
	Trial     bool // First is a gift that ends with the paid time, and no months follow
	Daily     token.Amount
	Monthly   token.Amount
	BankCap   token.Amount // 0 = no bank: what is in it is frozen
}

// Schedule is what an account's plans bring in, past and planned. It is plain data: the ledger follows it through time,
// however long nobody looked.
type Schedule struct {
	Version int64 // grows with each change, so that nothing is decided by an old one
	Terms   []Term
}

// Always is the schedule of one plan for good.
func Always(t Term) Schedule {
	if t.Anchor.IsZero() {
		t.Anchor = t.From
	}
	t.First = t.Monthly
	return Schedule{Terms: []Term{t}}
}

// ErrStale says that a schedule is older than one the wallet has followed already: read it again.
var ErrStale = fault.New(fault.Unavailable, "stale_schedule", "the plan changed at this moment: try again")

// at returns the index of the term in force, -1 before the first.
func (s Schedule) at(t time.Time) int {
	for i := len(s.Terms) - 1; i >= 0; i-- {
		if !s.Terms[i].From.After(t) {
			return i
		}
	}
	return -1
}

// At is the term in force; the zero Term, which brings nothing, before the first.
func (s Schedule) At(t time.Time) Term {
	if i := s.at(t); i >= 0 {
		return s.Terms[i]
	}
	return Term{N: -1}
}

// until is when the term of that index ends; zero = it is the last.
func (s Schedule) until(i int) time.Time {
	if i+1 < len(s.Terms) {
		return s.Terms[i+1].From
	}
	return time.Time{}
}

// month returns the first month of the term in force at a moment that begins after it and is paid; false when none is.
func (s Schedule) month(after time.Time) (time.Time, bool) {
	i := s.at(after)
	if i < 0 || s.Terms[i].Monthly == 0 || s.Terms[i].Trial {
		return time.Time{}, false
	}
	t := s.Terms[i]
	begins := t.NextMonth(after)
	if end := s.until(i); !end.IsZero() && !begins.Before(end) {
		return time.Time{}, false
	}
	return begins, t.paid(begins)
}

func (t Term) paid(at time.Time) bool { return t.PaidUntil.IsZero() || at.Before(t.PaidUntil) }

// Months are counted from the anchor; one on the 31st falls on the last day of short months.

// NextMonth is the first beginning of a month after a moment.
func (t Term) NextMonth(after time.Time) time.Time {
	if after.Before(t.Anchor) {
		return t.Anchor
	}
	return AddMonths(t.Anchor, MonthsBetween(t.Anchor, after)+1)
}

// ThisMonth is the beginning of the month that a moment lies in.
func (t Term) ThisMonth(at time.Time) time.Time {
	return AddMonths(t.Anchor, MonthsBetween(t.Anchor, at))
}

// ref names the month's grant. The table refuses a second one of the same name. An account's first term has the form
// of the time when there was only one.
func (t Term) ref(at time.Time) string {
	n := MonthsBetween(t.Anchor, at)
	if t.N == 0 {
		return fmt.Sprintf("plan:%s:%d:%d", t.Plan, t.Anchor.UnixMicro(), n)
	}
	return fmt.Sprintf("term:%d:%d", t.N, n)
}

// FirstGrant names the grant that the term begins with.
func (t Term) FirstGrant() string { return t.ref(t.From) }

// AddMonths adds n months; the 31st becomes the last day of a short month.
func AddMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// MonthsBetween counts the whole months from one moment to a later one, as AddMonths adds them.
func MonthsBetween(since, now time.Time) int {
	n := max(0, (now.Year()-since.Year())*12+int(now.Month())-int(since.Month()))
	for n > 0 && AddMonths(since, n).After(now) {
		n--
	}
	return n
}

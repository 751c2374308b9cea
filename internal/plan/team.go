package plan

import (
	"fmt"
	"time"

	"bottega/internal/fault"
)

// ForTeam is the subscription of a team that never had a plan. It brings nothing, so it does not matter since when.
func ForTeam() Subscription {
	always := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	return Subscription{Terms: []Term{{Plan: Team, Seats: TeamSeats, From: always, Anchor: always}}}
}

// Seats is how many seats a team may fill: those of the plan in force, or those of a smaller one that is to follow.
func (s Subscription) Seats(now time.Time) int {
	seats := s.Now(now).Seats
	if next, ok := s.Next(now); ok && !next.Lapse {
		seats = min(seats, next.Seats)
	}
	return seats
}

func checkSeats(plan string, seats int) error {
	p, ok := Find(plan)
	if !ok || p.MinSeats == 0 {
		return ErrUnknownPlan
	}
	if seats < p.MinSeats || seats > MaxSeats {
		return fault.Bad(fault.Field{
			Name: "seats", Value: seats, Message: "is out of range", Allowed: fmt.Sprintf("%d to %d", p.MinSeats, MaxSeats),
		})
	}
	return nil
}

// PutTeam is Put for a team, with so many seats.
func (s Subscription) PutTeam(now time.Time, plan string, seats int) (Subscription, error) {
	if err := checkSeats(plan, seats); err != nil {
		return s, err
	}
	return s.put(now, plan, seats)
}

// StartTeam is Start for a team, with so many seats.
func (s Subscription) StartTeam(now time.Time, plan string, c Cycle, seats int) (Subscription, error) {
	if err := checkSeats(plan, seats); err != nil {
		return s, err
	}
	return s.start(now, plan, c, seats)
}

// ProrateSeats says what more seats would bring and cost now.
func (s Subscription) ProrateSeats(now time.Time, seats int) (Proration, error) {
	plan := s.Now(now).Plan
	if err := checkSeats(plan, seats); err != nil {
		return Proration{}, err
	}
	return s.prorate(now, plan, seats)
}

// Resize changes the number of seats as plans change: more of them come now, with their share of the month; fewer of
// them with the next period.
func (s Subscription) Resize(now time.Time, seats int) (Subscription, Proration, error) {
	t := s.Now(now)
	if err := checkSeats(t.Plan, seats); err != nil {
		return s, Proration{}, err
	}
	if seats == t.Seats {
		return s, Proration{}, conflict("same_seats", "the team has %d seats already", seats)
	}
	if seats > t.Seats {
		return s.upgrade(now, t.Plan, seats)
	}
	out, err := s.downgrade(now, t.Plan, seats)
	return out, Proration{}, err
}

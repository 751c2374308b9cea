package generation

import (
	"context"
	"strconv"
	"time"

	"bottega/internal/access"
	"bottega/internal/queue"
	"bottega/internal/token"
)

// Wait is how long relaxed work probably takes until it is finished, as a rounded range. The lower end is what the line
// of this moment takes; the upper end is twice that, because paid work that comes later goes first.
type Wait struct{ From, To time.Duration }

// String writes "2 to 4 min", "30 s to 2 min".
func (w Wait) String() string {
	from, fromUnit := inUnits(w.From)
	to, unit := inUnits(w.To)
	switch {
	case w.From == w.To:
		return to + " " + unit
	case fromUnit == unit:
		return from + " to " + to + " " + unit
	}
	return from + " " + fromUnit + " to " + to + " " + unit
}

func inUnits(d time.Duration) (number, unit string) {
	switch {
	case d >= time.Hour:
		return strconv.Itoa(int(d / time.Hour)), "h"
	case d >= time.Minute:
		return strconv.Itoa(int(d / time.Minute)), "min"
	}
	return strconv.Itoa(int(d / time.Second)), "s"
}

// step is how finely a wait of a length is said.
func step(d time.Duration) time.Duration {
	switch {
	case d < 10*time.Second:
		return 5 * time.Second
	case d < time.Minute:
		return 10 * time.Second
	case d < 10*time.Minute:
		return time.Minute
	case d < time.Hour:
		return 5 * time.Minute
	}
	return time.Hour
}

func roundDown(d time.Duration) time.Duration { return max(5*time.Second, d.Truncate(step(d))) }

func roundUp(d time.Duration) time.Duration {
	s := step(d)
	return max(5*time.Second, (d + s - 1).Truncate(s))
}

// wait estimates how long relaxed work of the actor would take until it is done; nil when that is not known: nothing was
// measured yet, nobody works, or the line is kept back.
func (s *Service) wait(ctx context.Context, actor access.Actor, planned Planned, weight token.Amount) (*Wait, error) {
	if s.line == nil {
		return nil, nil
	}
	starts, takes, err := s.line.Estimate(ctx, queue.Ticket{
		AccountID: actor.AccountID, Share: queue.ShareOf(actor.AccountID, actor.Team), Lane: queue.LaneRelaxed,
		Weight: weight, Needs: planned.Engine, Model: planned.Model,
	})
	if err != nil || starts.At.IsZero() {
		return nil, err
	}
	least := max(0, starts.At.Sub(s.Clock.Now())) + takes
	return &Wait{From: roundDown(least), To: roundUp(2 * least)}, nil
}

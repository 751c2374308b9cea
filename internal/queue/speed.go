package queue

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// How fast the lanes' times go by the clock, as they went lately while something waited in them. The work ahead counts what
// stands in line; whoever comes back every few seconds does not stand there yet, and takes turns all the same. The lane's time
// has gone slower for that, so it tells those in a long line of their own when their turn comes. Every process sees the same
// times and measures by itself.

// laneSpeeds is safe for concurrent use. The zero value has seen nothing.
type laneSpeeds struct {
	mu    sync.Mutex
	lanes map[string]*laneSpeed
}

type laneSpeed struct {
	at     time.Time // when it was last looked at, zero = never
	now    int64     // the lane's time then
	waits  bool      // something waited then
	passed float64   // seconds in which something waited, the later the more
	turns  float64   // how far the lane's time went in them
	steps  float64   // looks after which it had gone on
}

const (
	speedNeeded = 10.0             // steps that a speed is measured over at least: a few long runs say nothing
	speedLately = 10 * time.Minute // what is so old counts by 1/e
	speedGap    = 2 * time.Minute  // between two looks at most: nobody knows what was between
)

// see looks at a lane: its time, and whether anything waits in it that may start.
func (s *laneSpeeds) see(at time.Time, lane string, now int64, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[lane]
	if l == nil {
		if s.lanes == nil {
			s.lanes = map[string]*laneSpeed{}
		}
		l = &laneSpeed{}
		s.lanes[lane] = l
	}
	gap := at.Sub(l.at)
	if l.waits && waits && gap > 0 && gap <= speedGap && now >= l.now {
		old := math.Exp(-gap.Seconds() / speedLately.Seconds())
		l.passed, l.turns, l.steps = l.passed*old+gap.Seconds(), l.turns*old+float64(now-l.now), l.steps*old
		if now > l.now {
			l.steps++
		}
	}
	if gap != 0 {
		l.at, l.now, l.waits = at, now, waits
	}
}

// of is virtual time a second; 0 = not known.
func (s *laneSpeeds) of(lane string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[lane]
	if l == nil || l.steps < speedNeeded {
		return 0
	}
	return l.turns / l.passed
}

// lookAtLanes measures how fast they go. Indexes ticket_next and queue_share_waiting.
func (d *Dispatcher) lookAtLanes(ctx context.Context) error {
	rows, err := d.db.Query(ctx, `SELECT lane, now, CASE WHEN paused = 0 AND (EXISTS (SELECT 1 FROM ticket t WHERE t.lane = queue_lane.lane AND t.admitted = 1 AND t.lease_owner = '')
		OR EXISTS (SELECT 1 FROM queue_share s WHERE s.lane = queue_lane.lane AND s.waiting > 0 AND s.paused = 0 AND s.stopped = '')) THEN 1 ELSE 0 END
		FROM queue_lane WHERE lane <> ''`)
	if err != nil {
		return fmt.Errorf("look how fast lanes go: %w", err)
	}
	defer func() { _ = rows.Close() }()
	at := d.clock.Now()
	for rows.Next() {
		var lane string
		var now int64
		var waits bool
		if err := rows.Scan(&lane, &now, &waits); err != nil {
			return fmt.Errorf("look how fast lanes go: %w", err)
		}
		d.past.speeds.see(at, lane, now, waits)
	}
	return rows.Err()
}

// turnIn is how long it takes, at the speed of the lane lately, until its time comes to a turn; 0 = not known, or it has come.
func (f *Forecast) turnIn(lane string, turn int64) time.Duration {
	l := f.lanes[lane]
	if l.speed <= 0 || turn <= l.now {
		return 0
	}
	return time.Duration(min(float64(turn-l.now)/l.speed, (1000*time.Hour).Seconds()) * float64(time.Second))
}

// laneGoing is a lane's time, and how fast it goes.
type laneGoing struct {
	now   int64
	speed float64
}

// goings are the lanes as a forecast sees them.
func (p *past) goings(m *machine) map[string]laneGoing {
	lanes := map[string]laneGoing{}
	for name, l := range m.lanes {
		lanes[name] = laneGoing{l.Now, p.speeds.of(name)}
	}
	return lanes
}

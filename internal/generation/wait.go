package generation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"bottega/internal/db"
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

// Measured is what a finished generation tells about a model's speed on this installation.
type Measured struct {
	Took   time.Duration
	Weight token.Amount // its price: the compute it took, by the sheet
}

const (
	measuredLately = 31 // newest generations of a model that count
	measuredLeast  = 3  // fewer say nothing
)

// Pace is the median time a token of work takes; false when too little was measured. The median does not see the one
// that waited for a swapping machine.
func Pace(measured []Measured) (perToken time.Duration, ok bool) {
	var all []time.Duration
	for _, m := range measured {
		if m.Weight > 0 && m.Took > 0 {
			all = append(all, time.Duration(int64(m.Took/time.Microsecond)*int64(token.One)/int64(m.Weight))*time.Microsecond)
		}
	}
	if len(all) < measuredLeast {
		return 0, false
	}
	slices.Sort(all)
	return all[len(all)/2], true
}

// Ahead is what relaxed work of a weight has to wait for.
type Ahead struct {
	Own   token.Amount // its weight
	Mine  token.Amount // of the account's own relaxed work, which runs one after the other
	Line  token.Amount // of everything in the line
	Slots int
}

// EstimateWait is the time of the longer of two lines, its own work included: everything in the line over the slots, and
// the account's own relaxed work one after the other.
func EstimateWait(perToken time.Duration, a Ahead) Wait {
	took := func(weight token.Amount) time.Duration {
		const longest = 7 * 24 * time.Hour
		if perToken > 0 && weight/token.One > token.Amount(longest/perToken) {
			return longest
		}
		return time.Duration(int64(weight)) * perToken / time.Duration(token.One)
	}
	least := took(a.Own) + max(took(a.Mine), took(a.Line)/time.Duration(max(1, a.Slots)))
	return Wait{From: roundDown(least), To: roundUp(2 * least)}
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

// waits remembers for moments what everybody's price button asks for.
type waits struct {
	mu     sync.Mutex
	load   queue.Sum
	loadAt time.Time
	paces  map[string]pace // by model; as many as the catalogue has
}

type pace struct {
	perToken time.Duration
	known    bool
	at       time.Time
}

// How long an answer is good for.
const (
	loadFresh = 2 * time.Second
	paceFresh = 30 * time.Second
)

// wait estimates how long relaxed work of an account would take; nil when the model was not measured here yet.
func (s *Service) wait(ctx context.Context, accountID, model string, weight token.Amount) (*Wait, error) {
	p, err := s.pace(ctx, model)
	if err != nil || !p.known {
		return nil, err
	}
	load, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	mine, err := queue.RelaxedOf(ctx, s.DB, accountID)
	if err != nil {
		return nil, err
	}
	slots := load.Running // of all processes
	if s.line != nil {
		slots = max(slots, s.line.Slots())
	}
	w := EstimateWait(p.perToken, Ahead{Own: weight, Mine: mine, Line: load.Weight, Slots: slots})
	return &w, nil
}

func (s *Service) load(ctx context.Context) (queue.Sum, error) {
	now := s.Clock.Now()
	s.waits.mu.Lock()
	defer s.waits.mu.Unlock() // one asks, the others wait for its answer
	if !s.waits.loadAt.IsZero() && now.Sub(s.waits.loadAt) < loadFresh {
		return s.waits.load, nil
	}
	l, err := queue.SumOf(ctx, s.DB, now)
	if err == nil {
		s.waits.load, s.waits.loadAt = l, now
	}
	return l, err
}

func (s *Service) pace(ctx context.Context, model string) (pace, error) {
	now := s.Clock.Now()
	s.waits.mu.Lock()
	defer s.waits.mu.Unlock()
	if p, ok := s.waits.paces[model]; ok && now.Sub(p.at) < paceFresh {
		return p, nil
	}
	measured, err := readMeasured(ctx, s.DB, model)
	if err != nil {
		return pace{}, err
	}
	p := pace{at: now}
	p.perToken, p.known = Pace(measured)
	if s.waits.paces == nil {
		s.waits.paces = map[string]pace{}
	}
	s.waits.paces[model] = p
	return p, nil
}

// readMeasured reads the newest paid generations of a model that finished. Partial index on (model, finished_at).
func readMeasured(ctx context.Context, q db.Queryer, model string) ([]Measured, error) {
	rows, err := q.Query(ctx, `SELECT finished_at - started_at, price FROM generation
		WHERE model = $1 AND state = 'complete' AND price > 0 AND started_at > 0 ORDER BY finished_at DESC LIMIT $2`, model, measuredLately)
	if err != nil {
		return nil, fmt.Errorf("read how fast %s is: %w", model, err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	var out []Measured
	for rows.Next() {
		var micros int64
		var m Measured
		if err := rows.Scan(&micros, &m.Weight); err != nil {
			return nil, fmt.Errorf("read how fast %s is: %w", model, err)
		}
		m.Took = time.Duration(micros) * time.Microsecond
		out = append(out, m)
	}
	return out, rows.Err()
}

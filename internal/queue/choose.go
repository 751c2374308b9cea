package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bottega/internal/db"
)

// Choose tells which tickets would start now if so many slots were free. It changes nothing.
func (d *Dispatcher) Choose(ctx context.Context, free int) ([]Ticket, error) {
	next, _, err := d.choose(ctx, d.clock.Now(), free)
	return next, err
}

// choose reads the limits of accounts before any transaction opens: on SQLite nothing else may be asked while it is.
func (d *Dispatcher) choose(ctx context.Context, now time.Time, free int) ([]Ticket, view, error) {
	v := view{ahead: free + lookAhead, cold: d.loader.cold()}
	for {
		c, err := d.candidates(ctx, d.db, now, v)
		if err != nil {
			return nil, v, err
		}
		v.limits = d.limitsOf(ctx, c)
		d.leaveToOthers(c, v.limits, now)
		chosen := c.pick(free, v.limits)
		if len(chosen) == free || !c.more || v.ahead >= lookMost {
			return chosen, v, nil
		}
		v.ahead *= 8 // what was looked at may not start now: look further
	}
}

// view is how much of the line a choice looked at, what the accounts in it may run at once, and which models are not in
// memory here.
type view struct {
	ahead  int
	limits map[string]int
	cold   map[modelKey]bool
}

// lookAhead is how many tickets of a lane are looked at beside one for each free slot, at first, and lookMost how many at
// most. Nearly always the first may start; only accounts that run all they may through another lane are passed over.
const lookAhead, lookMost = 8, 20_000

// candidates is what a choice is made from.
type candidates struct {
	machine *machine
	leased  []Ticket            // what runs, here and elsewhere
	lost    []Ticket            // whose lease ran out
	heads   map[string][]Ticket // by lane
	running map[string]load
	more    bool            // a lane has more than was read
	swapped map[string]swap // by the warm ticket; see warm.go
}

// candidates reads the lanes, the first tickets of each, and what runs. Indexes ticket_next and ticket_lease.
func (d *Dispatcher) candidates(ctx context.Context, q db.Queryer, now time.Time, v view) (*candidates, error) {
	m, err := readMachine(ctx, q)
	if err != nil {
		return nil, err
	}
	c := &candidates{machine: m, heads: map[string][]Ticket{}, running: map[string]load{}, swapped: map[string]swap{}}
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM ticket WHERE lease_owner <> '' ORDER BY lease_until")
	if err != nil {
		return nil, fmt.Errorf("read what runs: %w", err)
	}
	if c.leased, err = scan(rows); err != nil {
		return nil, err
	}
	engines, trying := d.breakers.ready(d.worker.Engines(), now)
	for _, t := range c.leased {
		switch {
		case d.credible(t.Until, now):
			on := c.running[t.AccountID]
			on.add(t)
			c.running[t.AccountID] = on
		case slices.Contains(engines, t.Needs) && !v.cold[t.key()] && (d.only == "" || t.AccountID == d.only):
			c.lost = append(c.lost, t)
		}
	}
	if c.heads, err = d.headsOf(ctx, q, engines, v, now); err != nil {
		return nil, err
	}
	for _, head := range c.heads {
		c.more = c.more || len(head) == v.ahead
	}
	if err := c.warmFirst(ctx, q, v.cold, now, now.Add(d.farthest())); err != nil {
		return nil, err
	}
	c.oneEach(trying)
	return c, nil
}

// What this process may start of a lane: admitted, nobody's, not told to wait, and of no model that is not in memory; and the
// first n of that.
const (
	mayStart = ` AND admitted = 1 AND lease_owner = '' AND (lease_until <= $2 OR lease_until > $3) AND ($4 = '' OR account_id = $4) AND needs IN `
	notCold  = " AND (needs || ' ' || model) NOT IN "
	firstOf  = " ORDER BY start, id LIMIT $1)"
)

// headsOf reads the first tickets of each lane that this process may run, in one round trip. Index ticket_next.
func (d *Dispatcher) headsOf(ctx context.Context, q db.Queryer, engines []string, v view, now time.Time) (map[string][]Ticket, error) {
	heads := map[string][]Ticket{}
	if len(engines) == 0 {
		return heads, nil
	}
	args := append([]any{v.ahead, db.Micros(now), db.Micros(now.Add(d.farthest())), d.only}, anys(engines)...)
	these, warm := db.In(5, len(engines)), ""
	if len(v.cold) > 0 { // else nothing is asked of each row
		names := coldNames(v.cold)
		warm, args = notCold+db.In(len(args)+1, len(names)), append(args, anys(names)...)
	}
	rows, err := q.Query(ctx, "SELECT * FROM (SELECT "+columns+" FROM ticket WHERE lane = '"+LaneFast+"'"+mayStart+these+warm+firstOf+
		" AS fast UNION ALL SELECT * FROM (SELECT "+columns+" FROM ticket WHERE lane = '"+LaneAPI+"'"+mayStart+these+warm+firstOf+
		" AS api UNION ALL SELECT * FROM (SELECT "+columns+" FROM ticket WHERE lane = '"+LaneRelaxed+"'"+mayStart+these+warm+firstOf+" AS relaxed", args...)
	if err != nil {
		return nil, fmt.Errorf("read the line: %w", err)
	}
	list, err := scan(rows)
	for _, t := range list {
		heads[t.Lane] = append(heads[t.Lane], t)
	}
	return heads, err
}

// farthest is how far ahead a lease or a pause can end. What ends later was written by a clock that went wrong, and is
// over.
func (d *Dispatcher) farthest() time.Duration { return max(2*d.opt.Lease, 10*time.Minute) }

// credible reports whether a lease still runs.
func (d *Dispatcher) credible(until, now time.Time) bool {
	return until.After(now) && !until.After(now.Add(d.farthest()))
}

// oneEach leaves only the first ticket for each of these engines.
func (c *candidates) oneEach(engines map[string]bool) {
	if len(engines) == 0 {
		return
	}
	taken := map[string]bool{}
	first := func(list []Ticket) []Ticket {
		return slices.DeleteFunc(list, func(t Ticket) bool {
			again := engines[t.Needs] && taken[t.Needs]
			taken[t.Needs] = true
			return again
		})
	}
	c.lost = first(c.lost)
	for _, lane := range Lanes() {
		if l := c.machine.lanes[lane]; l == nil || !l.Paused {
			c.heads[lane] = first(c.heads[lane])
		}
	}
}

// lostOf is what of the chosen tickets another run had.
func lostOf(chosen []Ticket) []*Ticket {
	var lost []*Ticket
	for i := range chosen {
		if chosen[i].Owner != "" {
			lost = append(lost, &chosen[i])
		}
	}
	return lost
}

// pick chooses what to start: first what another worker lost, which has waited its turn already.
func (c *candidates) pick(free int, limits map[string]int) []Ticket {
	limit := func(account string) int { return max(1, limits[account]) }
	var chosen []Ticket
	for _, t := range c.lost {
		if on := c.running[t.AccountID]; len(chosen) < free && on.fits(t, limit(t.AccountID)) {
			on.add(t)
			c.running[t.AccountID] = on
			chosen = append(chosen, t)
		}
	}
	return append(chosen, c.machine.pick(c.heads, c.running, free-len(chosen), limit)...)
}

// limitsOf asks how much the accounts of the candidates may run at once.
func (d *Dispatcher) limitsOf(ctx context.Context, c *candidates) map[string]int {
	limits := map[string]int{}
	ask := func(list []Ticket) {
		for _, t := range list {
			if _, ok := limits[t.AccountID]; !ok {
				limits[t.AccountID] = d.limits.Concurrency(ctx, t.AccountID)
			}
		}
	}
	ask(c.lost)
	for _, head := range c.heads {
		ask(head)
	}
	return limits
}

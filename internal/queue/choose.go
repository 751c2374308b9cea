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
	v := view{ahead: free + lookAhead}
	for {
		c, err := d.candidates(ctx, d.db, now, v.ahead)
		if err != nil {
			return nil, v, err
		}
		v.limits = d.limitsOf(ctx, c)
		chosen := c.pick(free, now, v.limits)
		if len(chosen) == free || !c.more || v.ahead >= lookMost {
			return chosen, v, nil
		}
		v.ahead *= 8 // what was looked at may not start now: look further
	}
}

// view is how much of the line a choice looked at, and what the accounts in it may run at once.
type view struct {
	ahead  int
	limits map[string]int
}

// lookAhead is how many tickets of a lane are looked at beside one for each free slot, at first, and lookMost how many at
// most. Nearly always the first may start; only accounts that run all they may through another lane are passed over.
const lookAhead, lookMost = 16, 20_000

// candidates is what a choice is made from.
type candidates struct {
	machine *machine
	lost    []Ticket            // whose lease ran out
	heads   map[string][]Ticket // by lane
	running map[string]load
	more    bool // a lane has more than was read
}

// candidates reads the lanes, the first tickets of each, and what runs. Indexes ticket_next and ticket_lease.
func (d *Dispatcher) candidates(ctx context.Context, q db.Queryer, now time.Time, ahead int) (*candidates, error) {
	m, err := readMachine(ctx, q)
	if err != nil {
		return nil, err
	}
	c := &candidates{machine: m, heads: map[string][]Ticket{}, running: map[string]load{}}
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM ticket WHERE lease_owner <> '' ORDER BY lease_until")
	if err != nil {
		return nil, fmt.Errorf("read what runs: %w", err)
	}
	leased, err := scan(rows)
	if err != nil {
		return nil, err
	}
	engines := d.worker.Engines()
	for _, t := range leased {
		switch {
		case t.Until.After(now):
			on := c.running[t.AccountID]
			on.add(t)
			c.running[t.AccountID] = on
		case slices.Contains(engines, t.Needs) && (d.only == "" || t.AccountID == d.only):
			c.lost = append(c.lost, t)
		}
	}
	for _, lane := range Lanes() {
		if c.heads[lane], err = d.head(ctx, q, lane, engines, ahead, now); err != nil {
			return nil, err
		}
		c.more = c.more || len(c.heads[lane]) == ahead
	}
	return c, nil
}

// head reads the first tickets of a lane that this process may run. Index ticket_next.
func (d *Dispatcher) head(ctx context.Context, q db.Queryer, lane string, engines []string, n int, now time.Time) ([]Ticket, error) {
	if len(engines) == 0 {
		return nil, nil
	}
	args := append([]any{n, lane, db.Micros(now), d.only}, anys(engines)...)
	rows, err := q.Query(ctx, "SELECT "+columns+` FROM ticket WHERE lane = $2 AND admitted = 1 AND lease_owner = '' AND lease_until <= $3
		AND ($4 = '' OR account_id = $4) AND needs IN `+db.In(5, len(engines))+` ORDER BY start, id LIMIT $1`, args...)
	if err != nil {
		return nil, fmt.Errorf("read the line: %w", err)
	}
	return scan(rows)
}

// pick chooses what to start: first what another worker lost, which has waited its turn already.
func (c *candidates) pick(free int, now time.Time, limits map[string]int) []Ticket {
	limit := func(account string) int { return max(1, limits[account]) }
	var chosen []Ticket
	for _, t := range c.lost {
		if on := c.running[t.AccountID]; len(chosen) < free && on.fits(t, limit(t.AccountID)) {
			on.add(t)
			c.running[t.AccountID] = on
			chosen = append(chosen, t)
		}
	}
	return append(chosen, c.machine.pick(c.heads, c.running, free-len(chosen), now, limit)...)
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

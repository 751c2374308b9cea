package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"bottega/internal/db"
)

// Where a model is not in memory, its tickets wait for the load, and a later ticket of the same account whose model is here
// may take their turn: the two change places. Other accounts notice nothing, because the turns of the account stay the same
// ones; and over the same ticket it happens warmPlaces times at most, so that its account does not overtake it for ever.

// warmPlaces is how many later tickets of its account may go before one that waits for its model.
const warmPlaces = 4

// swap is a warm ticket that took the turn of a cold one of its account.
type swap struct {
	cold  Ticket // with its turn after
	start int64  // of the warm one after
}

// swaps gives warm tickets, which come in the order of their turns, those of cold ones before them of the same share. It
// returns what changed, by the id of the warm one, and puts the warm ones into their new order.
func swaps(warm, cold []Ticket) map[string]swap {
	waiting := map[string][]*Ticket{}
	for i := range cold {
		waiting[cold[i].Share] = append(waiting[cold[i].Share], &cold[i])
	}
	changed := map[string]swap{}
	for i := range warm {
		w := &warm[i]
		for _, c := range waiting[w.Share] {
			if c.Passed >= warmPlaces || c.Start >= w.Start {
				continue
			}
			c.Start, w.Start = w.Start, c.Start
			c.Passed++
			changed[w.ID] = swap{*c, w.Start}
			break
		}
		slices.SortFunc(waiting[w.Share], func(a, b *Ticket) int { return compareTurns(*a, *b) })
	}
	slices.SortFunc(warm, compareTurns)
	return changed
}

func compareTurns(a, b Ticket) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
}

// coldMost is how many cold tickets of a lane are looked at for one that gives its turn to another.
const coldMost = 500

// warmFirst lets warm tickets take the turns of cold ones of their accounts. Index ticket_next.
func (c *candidates) warmFirst(ctx context.Context, q db.Queryer, cold map[modelKey]bool, now, farthest time.Time) error {
	if len(cold) == 0 {
		return nil
	}
	names := coldNames(cold)
	for _, lane := range Lanes() {
		warm := c.heads[lane]
		if len(warm) == 0 {
			continue
		}
		last := warm[len(warm)-1].Start
		args := append([]any{coldMost, lane, last, db.Micros(now), db.Micros(farthest), warmPlaces}, anys(names)...)
		rows, err := q.Query(ctx, "SELECT "+columns+` FROM ticket WHERE lane = $2 AND start < $3 AND admitted = 1 AND lease_owner = ''
			AND (lease_until <= $4 OR lease_until > $5) AND passed < $6 AND (needs || ' ' || model) IN `+db.In(7, len(names))+" ORDER BY start, id LIMIT $1", args...)
		if err != nil {
			return fmt.Errorf("read what waits for models: %w", err)
		}
		waits, err := scan(rows)
		if err != nil {
			return err
		}
		for id, s := range swaps(warm, waits) {
			c.swapped[id] = s
		}
	}
	return nil
}

// coldNames lists models as the line is asked about them; never nothing.
func coldNames(cold map[modelKey]bool) []string {
	names := []string{" "}
	for k := range cold {
		names = append(names, k.engine+" "+k.model)
	}
	slices.Sort(names)
	return names
}

// saveSwaps writes the turns that changed with what was started.
func (c *candidates) saveSwaps(ctx context.Context, tx *db.Tx, started []Ticket) error {
	for _, t := range started {
		s, ok := c.swapped[t.ID]
		if !ok {
			continue
		}
		if err := tx.Later(ctx, "UPDATE ticket SET start = $1, passed = $2 WHERE id = $3 AND lease_owner = ''", s.cold.Start, s.cold.Passed, s.cold.ID); err != nil {
			return fmt.Errorf("give the turn of %s to %s: %w", s.cold.ID, t.ID, err)
		}
		if err := tx.Later(ctx, "UPDATE ticket SET start = $1 WHERE id = $2", s.start, t.ID); err != nil {
			return fmt.Errorf("give the turn of %s to %s: %w", s.cold.ID, t.ID, err)
		}
	}
	return nil
}

package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"bottega/internal/db"
)

// freesMost bounds how much of a share's work Frees looks at: each ticket that waits costs it a question.
const freesMost = 24

// Frees tells when one generation of a share, and so many pixels of its work, are expected to have ended. The zero time:
// not known, because nobody works, nothing was measured, all of it is kept back, or it is further than Frees looks.
func (d *Dispatcher) Frees(ctx context.Context, account, share string, pixels int64) (time.Time, error) {
	f, err := d.Forecast(ctx)
	if err != nil || f.typical == 0 {
		return time.Time{}, err
	}
	tickets, err := nextOf(ctx, d.db, account, share)
	if err != nil {
		return time.Time{}, err
	}
	var runs []ending
	var ids []string
	for _, t := range tickets {
		if t.Owner != "" {
			runs = append(runs, ending{d.clock.Now().Add(f.left(t, d.clock.Now())), t.Pixels})
		} else {
			ids = append(ids, t.ID)
		}
	}
	if at := freed(runs, pixels); !at.IsZero() || len(ids) == 0 {
		return at, nil // what runs makes the room: no need to ask for places
	}
	places, err := d.Places(ctx, ids)
	if err != nil {
		return time.Time{}, err
	}
	for _, t := range tickets {
		if p := places[t.ID]; t.Owner == "" && !p.Wait.At.IsZero() && p.Stopped == "" {
			runs = append(runs, ending{p.Wait.At.Add(f.takes(t.Needs, t.Model, t.Weight)), t.Pixels})
		}
	}
	return freed(runs, pixels), nil
}

// ending is a ticket's expected end, and the room it leaves.
type ending struct {
	at     time.Time
	pixels int64
}

// freed is when so many pixels, and at least one ticket, have ended; zero = these are not enough.
func freed(ends []ending, pixels int64) time.Time {
	slices.SortFunc(ends, func(a, b ending) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(b.pixels, a.pixels)) })
	for _, e := range ends {
		if pixels -= e.pixels; pixels <= 0 {
			return e.at
		}
	}
	return time.Time{}
}

// nextOf reads the first of a share that runs or will: what runs, then the window, then by its own order. Index on
// account_id, whose plan bounds how much there is.
func nextOf(ctx context.Context, q db.Queryer, account, share string) ([]Ticket, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+` FROM ticket WHERE account_id = $1 AND share = $2 AND paused = 0
		ORDER BY CASE WHEN lease_owner <> '' THEN 0 ELSE 1 END, admitted DESC, place, id LIMIT $3`, account, share, freesMost)
	if err != nil {
		return nil, fmt.Errorf("read what %s has next: %w", share, err)
	}
	return scan(rows)
}

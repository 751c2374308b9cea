package queue

import (
	"context"
	"fmt"
	"slices"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Places tells where the waiting tickets among these stand. Indexes: primary key, ticket_wait.
func (d *Dispatcher) Places(ctx context.Context, ids []string) (map[string]Place, error) {
	tickets, err := ByID(ctx, d.db, ids)
	if err != nil || len(tickets) == 0 {
		return nil, err
	}
	f, err := d.Forecast(ctx)
	if err != nil {
		return nil, err
	}
	var shares []string
	for _, t := range tickets {
		if !slices.Contains(shares, t.Share) {
			shares = append(shares, t.Share)
		}
	}
	back, err := stoppedAmong(ctx, d.db, shares)
	if err != nil {
		return nil, err
	}
	places := map[string]Place{}
	for id, t := range tickets {
		if t.Owner != "" {
			continue
		}
		by := back[t.Share]
		if t.Paused || by.paused || by.stopped {
			places[id] = Place{Paused: t.Paused, Stopped: by.stop()}
			continue
		}
		var own int
		var behind token.Amount
		if !t.Admitted {
			if own, behind, err = before(ctx, d.db, t); err != nil {
				return nil, err
			}
			t.Start = f.turn(t, behind)
		}
		p := f.Place(t, own, behind)
		if f.held[t.Lane] {
			p.Stopped = StoppedLane
		}
		places[id] = p
	}
	return places, nil
}

// PlacesOf tells where the first waiting tickets of an account stand.
func (d *Dispatcher) PlacesOf(ctx context.Context, account string, most int) (map[string]Place, error) {
	tickets, err := WaitingOf(ctx, d.db, account, most)
	if err != nil || len(tickets) == 0 {
		return nil, err
	}
	ids := make([]string, len(tickets))
	for i, t := range tickets {
		ids[i] = t.ID
	}
	return d.Places(ctx, ids)
}

// turn is the virtual time at which a ticket outside its window is expected to start.
func (f *Forecast) turn(t Ticket, behind token.Amount) int64 {
	for _, s := range f.shares[t.Lane] {
		if s.ID == t.Share {
			return s.Finish + turns(behind, t.Rate)
		}
	}
	return t.Start
}

// before counts the share's own tickets outside the window that stand before this one. Index ticket_wait.
func before(ctx context.Context, q db.Queryer, t Ticket) (n int, weight token.Amount, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(weight), 0) FROM ticket WHERE share = $1 AND lane = $2 AND admitted = 0
		AND paused = 0 AND (place < $3 OR (place = $3 AND id < $4))`, t.Share, t.Lane, t.Place, t.ID).Scan(&n, &weight)
	if err != nil {
		return 0, 0, fmt.Errorf("count tickets before %s: %w", t.ID, err)
	}
	return n, weight, nil
}

// Who may let nothing start beside the owner: the operator, of an account or of a lane. What is stopped keeps its place.
const (
	StoppedAccount = "account"
	StoppedLane    = "lane"
)

// back is who keeps a share back.
type back struct{ paused, stopped bool }

func (b back) stop() string {
	if b.stopped {
		return StoppedAccount
	}
	return ""
}

// stoppedAmong tells which shares are kept back as a whole, and by whom. Primary key.
func stoppedAmong(ctx context.Context, q db.Queryer, shares []string) (map[string]back, error) {
	rows, err := q.Query(ctx, "SELECT share, paused, stopped FROM queue_share WHERE (paused = 1 OR stopped <> '') AND share IN "+db.In(1, len(shares)), anys(shares)...)
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]back{}
	for rows.Next() {
		var share, stopped string
		var paused bool
		if err := rows.Scan(&share, &paused, &stopped); err != nil {
			return nil, fmt.Errorf("read shares: %w", err)
		}
		b := out[share]
		out[share] = back{paused: b.paused || paused, stopped: b.stopped || stopped != ""}
	}
	return out, rows.Err()
}

// kept is what an owner keeps back one by one.
type kept struct {
	n      int
	weight token.Amount
}

// readKept counts what owners keep back by itself. Partial index ticket_kept.
func (f *Forecast) readKept(ctx context.Context, q db.Queryer) error {
	rows, err := q.Query(ctx, "SELECT lane, share, COUNT(*), CAST(SUM(weight) AS BIGINT) FROM ticket WHERE paused = 1 AND admitted = 0 GROUP BY lane, share")
	if err != nil {
		return fmt.Errorf("count what is kept back: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k shareKey
		var v kept
		if err := rows.Scan(&k.lane, &k.share, &v.n, &v.weight); err != nil {
			return fmt.Errorf("count what is kept back: %w", err)
		}
		f.kept[k] = v
	}
	return rows.Err()
}

// ready is what of a share waits outside its window and would run when its turn came.
func (f *Forecast) ready(s Share) (waiting int, behind token.Amount) {
	if s.Paused || s.Stopped != "" {
		return 0, 0
	}
	back := f.kept[shareKey{s.ID, s.Lane}]
	return max(0, s.Waiting-back.n), max(0, s.Behind-back.weight)
}

// Joining tells the place of a ticket that joins the line now, with so many of its share before it outside the window.
// What its owner keeps back is not before it.
func (f *Forecast) Joining(t Ticket, own int, behind token.Amount) Place {
	back := f.kept[shareKey{t.Share, t.Lane}]
	if !t.Admitted && back.n > 0 {
		t.Start = max(t.Start-turns(back.weight, t.Rate), 0)
	}
	return f.Place(t, max(0, own-back.n), max(0, behind-back.weight))
}

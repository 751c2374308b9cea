package queue

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/token"
)

// Estimate tells when a ticket would start that joined the line now, and how long it would run. Of the ticket its share,
// lane, weight, engine and model count. The zero Wait: not known, or kept back.
func (d *Dispatcher) Estimate(ctx context.Context, t Ticket) (Wait, time.Duration, error) {
	f, err := d.Forecast(ctx)
	if err != nil {
		return Wait{}, 0, err
	}
	s, err := d.share(ctx, t)
	if err != nil || s.Paused || s.Stopped != "" {
		return Wait{}, 0, err
	}
	m, err := readMachine(ctx, d.db)
	if err != nil {
		return Wait{}, 0, err
	}
	t.ID, t.Start = "~", s.Finish // after all that have the same turn
	if l := m.lanes[t.Lane]; l != nil {
		t.Start = max(t.Start, l.Now)
	}
	t.Rate = s.Rate
	waiting, behind := f.ready(s)
	t.Start += turns(behind, t.Rate)
	starts := f.Place(t, waiting, behind).Wait
	takes := f.takes(t.Needs, t.Model, t.Weight)
	if t.Lane != LaneRelaxed || starts.At.IsZero() {
		return starts, takes, nil
	}
	// An account's relaxed work runs one after the other, however many slots are free.
	var mine token.Amount
	err = d.db.QueryRow(ctx, "SELECT CAST(COALESCE(SUM(weight), 0) AS BIGINT) FROM ticket WHERE share = $1 AND lane = $2", t.Share, t.Lane).Scan(&mine)
	if err != nil {
		return Wait{}, 0, fmt.Errorf("sum up the relaxed work of %s: %w", t.Share, err)
	}
	serial := f.at.Add(f.takes(t.Needs, t.Model, mine))
	return Wait{At: later(starts.At, serial), Low: starts.Low, High: later(starts.High, serial), Work: starts.Work}, takes, nil
}

// share reads what the ticket's account has in its lane; the zero Share when it never had anything. Primary key.
func (d *Dispatcher) share(ctx context.Context, t Ticket) (Share, error) {
	rows, err := d.db.Query(ctx, "SELECT "+shareColumns+" FROM queue_share WHERE share = $1 AND lane = $2", t.Share, t.Lane)
	if err != nil {
		return Share{}, fmt.Errorf("read share %s: %w", t.Share, err)
	}
	list, err := scanShares(rows)
	if err != nil || len(list) == 0 {
		return Share{}, err
	}
	return list[0], nil
}

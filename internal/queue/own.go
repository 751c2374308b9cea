package queue

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/db"
)

// Own is an account's part of the line at one moment.
type Own struct {
	Paused  bool   // all of it is kept back
	Stopped string // why the operator lets nothing of it start; empty = it may
	Running int
	Waiting int  // of them, what the account keeps back one by one is not
	Kept    int  // kept back one by one
	Done    Wait // when the last of it is expected to be done; zero = not known, or nothing is
}

// Own tells what an account has in the line, and when that is expected to be done. What is kept back does not count.
func (d *Dispatcher) Own(ctx context.Context, account string) (Own, error) {
	o, err := readOwn(ctx, d.db, account)
	if err != nil || o.Running+o.Waiting == 0 {
		return o, err
	}
	f, err := d.Forecast(ctx)
	if err != nil || f.typical == 0 {
		return o, err
	}
	ends, err := d.ends(ctx, f, account, o)
	for _, w := range ends {
		if w.At.IsZero() {
			return o, err // one that is not known: neither is the last
		}
	}
	for _, w := range ends {
		o.Done = Wait{At: later(o.Done.At, w.At), Low: later(o.Done.Low, w.Low), High: later(o.Done.High, w.High)}
	}
	return o, err
}

// ends is when what the account runs, and the last that waits of each lane, are expected to end.
func (d *Dispatcher) ends(ctx context.Context, f *Forecast, account string, o Own) ([]Wait, error) {
	running, err := runningOf(ctx, d.db, account)
	if err != nil {
		return nil, err
	}
	var ends []Wait
	for _, t := range running {
		left := f.left(t, f.at)
		ends = append(ends, Wait{At: f.at.Add(left), Low: f.at.Add(left / 2), High: f.at.Add(2 * left)})
	}
	if o.Paused || o.Stopped != "" || o.Waiting == 0 {
		return ends, nil
	}
	last := map[string]Ticket{}
	var ids []string
	for _, lane := range Lanes() {
		t, err := lastOf(ctx, d.db, account, lane)
		if err != nil {
			return nil, err
		}
		for _, t := range t {
			last[t.ID], ids = t, append(ids, t.ID)
		}
	}
	places, err := d.Places(ctx, ids)
	for id, p := range places {
		w, takes := p.Wait, f.takes(last[id].Needs, last[id].Model, last[id].Weight)
		if !w.At.IsZero() {
			w = Wait{At: w.At.Add(takes), Low: w.Low.Add(takes), High: w.High.Add(takes)}
		}
		ends = append(ends, w)
	}
	return ends, err
}

// left is how long a run is expected to go on, which is never nothing.
func (f *Forecast) left(t Ticket, now time.Time) time.Duration {
	whole := f.takes(t.Needs, t.Model, t.Weight)
	return max(whole/10, whole-now.Sub(t.LeasedAt))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// readOwn counts an account's tickets. Index on account_id.
func readOwn(ctx context.Context, q db.Queryer, account string) (o Own, err error) {
	err = q.QueryRow(ctx, `SELECT COALESCE(SUM(CASE WHEN lease_owner <> '' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN lease_owner = '' AND paused = 0 THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN lease_owner = '' AND paused = 1 THEN 1 ELSE 0 END), 0)
		FROM ticket WHERE account_id = $1`, account).Scan(&o.Running, &o.Waiting, &o.Kept)
	if err != nil {
		return Own{}, fmt.Errorf("count the tickets of %s: %w", account, err)
	}
	err = q.QueryRow(ctx, "SELECT COALESCE(MAX(paused), 0), COALESCE(MAX(stopped), '') FROM queue_share WHERE share = $1", account).Scan(&o.Paused, &o.Stopped)
	if err != nil {
		return Own{}, fmt.Errorf("read the shares of %s: %w", account, err)
	}
	return o, nil
}

// runningOf reads what an account runs, which its plan bounds. Index on account_id.
func runningOf(ctx context.Context, q db.Queryer, account string) ([]Ticket, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM ticket WHERE account_id = $1 AND lease_owner <> ''", account)
	if err != nil {
		return nil, fmt.Errorf("read what %s runs: %w", account, err)
	}
	return scan(rows)
}

// lastOf reads the account's last ticket of a lane that will run, if there is one. Index on account_id.
func lastOf(ctx context.Context, q db.Queryer, account, lane string) ([]Ticket, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+` FROM ticket WHERE account_id = $1 AND lane = $2 AND lease_owner = '' AND paused = 0
		ORDER BY admitted, place DESC, id DESC LIMIT 1`, account, lane)
	if err != nil {
		return nil, fmt.Errorf("read the last ticket of %s: %w", account, err)
	}
	return scan(rows)
}

// Forget drops the forecast that is kept for a second, because the line was changed by hand: who changed it looks at once.
func (d *Dispatcher) Forget() {
	d.telling.Lock()
	defer d.telling.Unlock()
	d.told = nil
}

package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bottega/internal/db"
)

// How what was chosen gets its lease.

// claimLock lets one dispatcher choose at a time, so that several servers together respect an account's limit.
const claimLock = 0x717565 // "que"

// claim chooses again under the lock and writes the leases. An account that came in between may run one at a time.
func (d *Dispatcher) claim(ctx context.Context, now time.Time, free int, v view) (started []Ticket, err error) {
	err = d.db.Tx(ctx, func(tx *db.Tx) error {
		started = nil
		if tx.Dialect() == db.Postgres {
			if err := tx.Later(ctx, "SELECT pg_advisory_xact_lock($1)", claimLock); err != nil {
				return err
			}
		}
		if d.drained, err = drained(ctx, tx, d.opt.Owner); err != nil || d.drained {
			return err
		}
		c, err := d.candidates(ctx, tx, now, v)
		if err != nil {
			return err
		}
		d.leaveToOthers(c, v.limits, now)
		if started, err = d.lease(ctx, tx, c.pick(free, v.limits), now); err != nil {
			return err
		}
		if err := c.saveSwaps(ctx, tx, started); err != nil {
			return err
		}
		if err := saveMachine(ctx, tx, c.machine); err != nil {
			return err
		}
		return d.worker.Started(ctx, tx, started, now)
	})
	return started, err
}

// lease gives this process the chosen tickets that are still to be had.
func (d *Dispatcher) lease(ctx context.Context, tx *db.Tx, chosen []Ticket, now time.Time) ([]Ticket, error) {
	if len(chosen) == 0 {
		return nil, nil
	}
	ids := make([]string, len(chosen))
	for i, t := range chosen {
		ids[i] = t.ID
	}
	until := now.Add(d.opt.Lease)
	args := append([]any{d.opt.Owner, db.Micros(now), db.Micros(until), db.Micros(now.Add(d.farthest()))}, anys(ids)...)
	mine, err := db.Set(ctx, tx, `UPDATE ticket SET attempt = attempt + 1, lease_owner = $1, leased_at = $2, lease_until = $3
		WHERE (lease_until <= $2 OR lease_until > $4) AND admitted = 1 AND id IN `+db.In(5, len(ids))+" RETURNING id", args...)
	if err != nil {
		return nil, fmt.Errorf("lease %d tickets: %w", len(ids), err)
	}
	started := slices.DeleteFunc(chosen, func(t Ticket) bool { return !mine[t.ID] })
	if err := d.buryLost(ctx, tx, lostOf(started), now); err != nil {
		return nil, err
	}
	for i := range started {
		t := &started[i]
		t.Attempt, t.Owner, t.LeasedAt, t.Until = t.Attempt+1, d.opt.Owner, now, until
	}
	return started, nil
}

// settleEvery is how often windows are looked at that may have room without anybody having noticed.
const settleEvery = 5 * time.Second

// settle lets tickets into windows that have room though nothing of their account has come or gone: after an upgrade
// of the database, or when something was resumed. Index queue_share_waiting.
func (d *Dispatcher) settle(ctx context.Context, now time.Time) error {
	if now.Sub(d.settled) < settleEvery && !now.Before(d.settled) {
		return nil
	}
	d.settled = now
	if err := d.endRates(ctx, now); err != nil {
		return err
	}
	const waiting = "SELECT DISTINCT share FROM queue_share WHERE waiting > 0 AND admitted < room AND paused = 0 AND stopped = ''"
	shares, err := db.Set(ctx, d.db, waiting)
	if err != nil {
		return fmt.Errorf("look for windows with room: %w", err)
	}
	for share := range shares {
		err := d.db.Tx(ctx, func(tx *db.Tx) error {
			l, err := Load(ctx, tx, []string{share})
			if err != nil {
				return err
			}
			l.AsOf(now)
			return l.promoteAll(ctx, tx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

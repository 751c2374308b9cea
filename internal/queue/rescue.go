package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bottega/internal/db"
)

// How work that does not end moves on: it is given back by whoever cannot finish it, and a lease that nobody renews
// runs out, after which the ticket is chosen again, before all others.

// giveBack ends the lease of unfinished work. A shutdown is not the work's fault and does not count as an attempt;
// otherwise the next attempt waits a little longer each time.
func (d *Dispatcher) giveBack(ctx context.Context, t Ticket, cause error) error {
	attempt, notBefore := t.Attempt, d.clock.Now().Add(time.Duration(t.Attempt)*time.Second)
	if errors.Is(cause, ErrDraining) {
		attempt, notBefore = t.Attempt-1, time.Time{}
	}
	return d.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE ticket SET attempt = $1, lease_owner = '', lease_until = $2
			WHERE id = $3 AND lease_owner = $4 AND attempt = $5`, attempt, db.Micros(notBefore), t.ID, t.Owner, t.Attempt)
		if err != nil || n == 0 {
			return err // ended or moved on meanwhile: nothing to give back
		}
		return d.worker.Returned(ctx, tx, []string{t.ID}, d.clock.Now())
	})
}

// heartbeat renews the leases of this process's runs, and ends the runs whose ticket is gone or somebody else's.
func (d *Dispatcher) heartbeat(ctx context.Context) {
	tick := time.NewTicker(d.opt.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := errors.Join(d.renew(ctx), d.announce(ctx)); err != nil && ctx.Err() == nil {
			d.log.Error("renewing leases failed; trying again", "error", err)
		}
	}
}

func (d *Dispatcher) renew(ctx context.Context) error {
	d.mu.Lock()
	ids := make([]string, 0, len(d.running))
	for id := range d.running {
		ids = append(ids, id)
	}
	d.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	var mine map[string]Ticket
	err := d.db.Tx(ctx, func(tx *db.Tx) error {
		args := append([]any{db.Micros(d.clock.Now().Add(d.opt.Lease)), d.opt.Owner}, anys(ids)...)
		_, err := tx.Exec(ctx, "UPDATE ticket SET lease_until = $1 WHERE lease_owner = $2 AND id IN "+db.In(3, len(ids)), args...)
		if err != nil {
			return err
		}
		mine, err = ByID(ctx, tx, ids)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if t, ok := mine[id]; !ok || t.Owner != d.opt.Owner {
			d.end(id, ErrLostLease) // not Cancel: it may run beside by now
		}
	}
	return nil
}

// Abandon puts everything that runs back into the line, without counting it as an attempt, and takes all workers off: for
// a database that was just brought back from a backup or moved, on which nobody works. Index ticket_lease.
func Abandon(ctx context.Context, tx *db.Tx, w Worker, at time.Time) (returned int, err error) {
	rows, err := tx.Query(ctx, "SELECT id FROM ticket WHERE lease_owner <> ''")
	if err != nil {
		return 0, fmt.Errorf("list what ran: %w", err)
	}
	ids, err := db.Set(rows)
	if err != nil {
		return 0, fmt.Errorf("list what ran: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE ticket SET lease_owner = '', lease_until = 0,
		attempt = CASE WHEN attempt > 0 THEN attempt - 1 ELSE 0 END WHERE lease_owner <> ''`)
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM worker")
	}
	if err != nil {
		return 0, fmt.Errorf("put what ran back into the line: %w", err)
	}
	return len(ids), w.Returned(ctx, tx, slices.Sorted(maps.Keys(ids)), at)
}

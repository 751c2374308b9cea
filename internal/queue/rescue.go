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

const backoffMost = time.Minute

// backoff is how long work waits after its n-th attempt: a second, four, sixteen, and never more than a minute.
func backoff(attempt int) time.Duration {
	return min(time.Second<<min(2*max(0, attempt-1), 10), backoffMost)
}

// giveBack ends the lease of unfinished work. A shutdown is not the work's fault and does not count as an attempt;
// otherwise the next attempt waits, longer each time, and lets the account's next work into the window meanwhile.
func (d *Dispatcher) giveBack(ctx context.Context, t Ticket, cause error) error {
	now := d.clock.Now()
	attempt, notBefore := t.Attempt, now.Add(backoff(t.Attempt))
	draining := errors.Is(cause, ErrDraining)
	if draining {
		attempt, notBefore = t.Attempt-1, time.Time{}
	}
	return d.db.Tx(ctx, func(tx *db.Tx) error {
		l, err := Load(ctx, tx, []string{t.Share}) // shares are locked before tickets
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE ticket SET attempt = $1, lease_owner = '', lease_until = $2
			WHERE id = $3 AND lease_owner = $4 AND attempt = $5`, attempt, db.Micros(notBefore), t.ID, t.Owner, t.Attempt)
		if err != nil || n == 0 {
			return err // ended or moved on meanwhile: nothing to give back
		}
		if !draining {
			l.AsOf(now)
			if err := l.stepAside(ctx, tx, t); err != nil {
				return err
			}
		}
		return d.worker.Returned(ctx, tx, []string{t.ID}, now)
	})
}

// stepAside takes a ticket that has to wait for its next attempt out of the window when others of its account wait
// behind it. It has had its turn and takes another one when it comes back, in its own place among the account's work.
func (l *Line) stepAside(ctx context.Context, tx *db.Tx, t Ticket) error {
	s := l.shares[shareKey{t.Share, t.Lane}]
	if s == nil || s.Waiting == 0 || s.Paused {
		return nil
	}
	s.Admitted--
	s.Waiting++
	s.Behind += t.Weight
	if _, err := tx.Exec(ctx, "UPDATE ticket SET admitted = 0 WHERE id = $1", t.ID); err != nil {
		return fmt.Errorf("take %s out of its window: %w", t.ID, err)
	}
	return l.promoteAll(ctx, tx)
}

// EngineWorked says that a run showed that its engine works.
func (d *Dispatcher) EngineWorked(ctx context.Context, t Ticket) {
	d.tempo.note(t, d.clock.Now())
	if d.breakers.worked(t) {
		d.tellEngines(ctx)
		d.Wake()
	}
}

// EngineFailed says that a run failed by its engine's own fault.
func (d *Dispatcher) EngineFailed(ctx context.Context, t Ticket, err error) {
	if d.breakers.fail(t, d.clock.Now(), err) {
		d.tellEngines(ctx)
	}
}

// tellEngines tells the others at once which engines work here, so that nobody is promised a time.
func (d *Dispatcher) tellEngines(ctx context.Context) {
	if err := d.announce(context.WithoutCancel(ctx)); err != nil {
		d.log.Error("saying which engines work failed; trying again with the next heartbeat", "error", err)
	}
	d.Forget()
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
		if err := errors.Join(d.renew(ctx), d.announce(ctx), d.learn(ctx)); err != nil && ctx.Err() == nil {
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

// EndLeases ends the leases of everybody who has one: of work and of loads. What ran is taken up at once, as if its lease had
// run out; that it may be its own work which ends processes is counted as ever. Only for whoever knows that nobody works.
func EndLeases(ctx context.Context, d *db.DB, at time.Time) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		for _, statement := range []string{
			"UPDATE ticket SET lease_until = $1 WHERE lease_owner <> '' AND lease_until > $1",
			"UPDATE model_load SET lease_until = $1 WHERE ended_at = 0 AND lease_until > $1",
			"UPDATE worker SET lease = CASE WHEN seen_at < $1 THEN 0 ELSE $1 - seen_at - 1 END",
		} {
			if _, err := tx.Exec(ctx, statement, db.Micros(at)); err != nil {
				return fmt.Errorf("end the leases of those who are gone: %w", err)
			}
		}
		return nil
	})
}

// Abandon puts everything that runs back into the line, without counting it as an attempt, and takes all workers off: for
// a database that was just brought back from a backup or moved, on which nobody works. Index ticket_lease.
func Abandon(ctx context.Context, tx *db.Tx, w Worker, at time.Time) (returned int, err error) {
	ids, err := db.Set(ctx, tx, "SELECT id FROM ticket WHERE lease_owner <> ''")
	if err != nil {
		return 0, fmt.Errorf("list what ran: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE ticket SET lease_owner = '', lease_until = 0,
		attempt = CASE WHEN attempt > 0 THEN attempt - 1 ELSE 0 END WHERE lease_owner <> ''`)
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM worker_model")
	}
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM model_load WHERE ended_at = 0") // whoever waits asks again
	}
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM worker")
	}
	if err != nil {
		return 0, fmt.Errorf("put what ran back into the line: %w", err)
	}
	return len(ids), w.Returned(ctx, tx, slices.Sorted(maps.Keys(ids)), at)
}

// StuckWork is work that does not move.
type StuckWork struct {
	Leases  int            // given out, and over since the moment that was asked for
	Waiting map[string]int // tickets that wait for an engine, by its name
}

// Stuck counts work that nobody takes up. Index ticket_lease, and all waiting tickets: for people, not for the road.
func Stuck(ctx context.Context, q db.Queryer, before time.Time) (StuckWork, error) {
	s := StuckWork{Waiting: map[string]int{}}
	err := q.QueryRow(ctx, "SELECT COUNT(*) FROM ticket WHERE lease_owner <> '' AND lease_until < $1", db.Micros(before)).Scan(&s.Leases)
	if err != nil {
		return s, fmt.Errorf("count leases that are over: %w", err)
	}
	rows, err := q.Query(ctx, "SELECT needs, COUNT(*) FROM ticket WHERE lease_owner = '' GROUP BY needs")
	if err != nil {
		return s, fmt.Errorf("count what waits: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var engine string
		var n int
		if err := rows.Scan(&engine, &n); err != nil {
			return s, fmt.Errorf("count what waits: %w", err)
		}
		s.Waiting[engine] = n
	}
	return s, rows.Err()
}

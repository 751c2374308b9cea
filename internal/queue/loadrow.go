package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/token"
)

// What the loader reads and writes.

// readStaging reads all that is known when it is decided what is loaded. Of this machine, me is truer than its row.
func (d *Dispatcher) readStaging(ctx context.Context, me host, now time.Time) (*staging, error) {
	fleet, err := readFleet(ctx, d.db, now)
	if err != nil {
		return nil, err
	}
	known := false
	for i := range fleet {
		if fleet[i].owner == me.owner {
			fleet[i], known = me, true
		}
	}
	if !known {
		fleet = append(fleet, me)
	}
	f := &Forecast{at: now}
	if err := f.readPaces(ctx, d.db); err != nil {
		return nil, err
	}
	leased, err := leasedTickets(ctx, d.db)
	if err != nil {
		return nil, err
	}
	s := &staging{now: now, failed: map[modelKey]time.Time{}}
	s.hosts = withRuns(fleet, leased, func(t Ticket) time.Duration { return f.left(t, now) })
	if s.demand, err = d.readDemand(ctx, f, now); err != nil {
		return nil, err
	}
	if s.open, err = openLoads(ctx, d.db); err != nil {
		return nil, err
	}
	if err := d.readEnded(ctx, now); err != nil {
		return nil, err
	}
	s.took = loadTimes(d.loader.ended)
	for _, l := range d.loader.ended {
		if l.State == LoadFailed && now.Sub(l.EndedAt) < backoffMost && !s.failed[l.key()].After(l.EndedAt) {
			s.failed[l.key()] = l.EndedAt.Add(backoffMost)
		}
	}
	return s, nil
}

// endedAge is how old what is known about ended loads may be.
const endedAge = 5 * time.Second

func (d *Dispatcher) readEnded(ctx context.Context, now time.Time) (err error) {
	l := d.loader
	if age := now.Sub(l.readAt); age >= 0 && age < endedAge {
		return nil
	}
	if l.ended, err = endedLoads(ctx, d.db, loadsKept); err == nil {
		l.readAt = now
	}
	return err
}

// leasedTickets reads what runs. Index ticket_lease.
func leasedTickets(ctx context.Context, q db.Queryer) ([]Ticket, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM ticket WHERE lease_owner <> '' ORDER BY lease_until LIMIT $1", forecastWindow)
	if err != nil {
		return nil, fmt.Errorf("read what runs: %w", err)
	}
	return scan(rows)
}

// readDemand reads what is inside windows and may start, by model; and what ran in a process that is gone, which nothing but
// a load may bring on. All of that: indexes ticket_next and ticket_lease.
func (d *Dispatcher) readDemand(ctx context.Context, f *Forecast, now time.Time) (map[modelKey]demand, error) {
	const asked = "SELECT lane, needs, model, account_id, queued_at, start, lease_until, weight FROM ticket WHERE "
	rows, err := d.db.Query(ctx, `SELECT t.needs, t.model, COUNT(*), MIN(t.queued_at), MAX(CASE WHEN t.start < l.now THEN 1 ELSE 0 END), CAST(SUM(t.weight) AS BIGINT)
		FROM (`+asked+"admitted = 1 AND lease_owner = '' UNION ALL "+asked+`lease_owner <> '') t
		JOIN queue_lane l ON l.lane = t.lane WHERE l.paused = 0
		AND (t.lease_until <= $1 OR t.lease_until > $2) AND ($3 = '' OR t.account_id = $3) GROUP BY t.needs, t.model`,
		db.Micros(now), db.Micros(now.Add(d.farthest())), d.only)
	if err != nil {
		return nil, fmt.Errorf("read what waits for models: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := map[modelKey]demand{}
	for rows.Next() {
		var k modelKey
		var x demand
		var oldest int64
		var weight token.Amount
		if err := rows.Scan(&k.engine, &k.model, &x.tickets, &oldest, &x.due, &weight); err != nil {
			return nil, fmt.Errorf("read what waits for models: %w", err)
		}
		x.oldest, x.work = db.Time(oldest), f.takes(k.engine, k.model, weight)
		all[k] = x
	}
	return all, rows.Err()
}

// demandEvery is how often the demand of open loads is written down again.
const demandEvery = 2 * time.Second

// writeAsked writes down the loads that somebody waits for, drops those that nobody needs, and notes whose turn has come. It
// changes what is open accordingly.
func (d *Dispatcher) writeAsked(ctx context.Context, s *staging) error {
	asked := s.asks()
	again := s.now.Sub(d.loader.wrote) >= demandEvery || s.now.Before(d.loader.wrote)
	var dropped, noted []ModelLoad
	kept := s.open[:0]
	for _, l := range s.open {
		if s.drops(l) {
			dropped = append(dropped, l)
			continue
		}
		before := l
		if l.DueAt.IsZero() && s.due(l.key()) {
			l.DueAt = s.now
		}
		x := s.demand[l.key()]
		l.Tickets, l.Oldest = x.tickets, x.oldest
		if why := s.stuck(l.key()); why != "" && !s.held(l) {
			l.Failure = why
		}
		if again && l.Tickets != before.Tickets || !l.DueAt.Equal(before.DueAt) || l.Failure != before.Failure {
			noted = append(noted, l)
		}
		kept = append(kept, l)
	}
	s.open = kept
	for _, k := range asked {
		x := s.demand[k]
		l := ModelLoad{
			ID: id.New(), Engine: k.engine, Model: k.model, State: LoadWaiting, Tickets: x.tickets, Oldest: x.oldest, AskedAt: s.now, Failure: s.stuck(k),
		}
		if s.due(k) {
			l.DueAt = s.now
		}
		s.open = append(s.open, l)
	}
	if len(asked)+len(dropped)+len(noted) == 0 {
		return nil
	}
	if again {
		d.loader.wrote = s.now
	}
	err := d.db.Tx(ctx, func(tx *db.Tx) error {
		for _, l := range dropped {
			if err := dropLoad(ctx, tx, l, s.now); err != nil {
				return err
			}
		}
		for _, l := range noted {
			err := tx.Later(ctx, "UPDATE model_load SET tickets = $1, oldest_at = $2, due_at = $3, failure = $4 WHERE id = $5 AND ended_at = 0",
				l.Tickets, db.Micros(l.Oldest), db.Micros(l.DueAt), l.Failure, l.ID)
			if err != nil {
				return fmt.Errorf("note what waits for load %s: %w", l.ID, err)
			}
		}
		return insertLoads(ctx, tx, s.open[len(kept):])
	})
	if err != nil {
		return err
	}
	for _, l := range dropped {
		switch j := d.loader.job; {
		case j != nil && j.load.ID == l.ID:
			j.cancel(errNotNeeded)
		case !s.held(l): // else whoever holds it counts it
			d.loader.counts.ended(l.key(), OutcomeDropped, 0)
		}
	}
	return nil
}

func dropLoad(ctx context.Context, tx *db.Tx, l ModelLoad, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE model_load SET state = 'dropped', ended_at = $1, lease_until = 0 WHERE id = $2 AND ended_at = 0", db.Micros(now), l.ID)
	if err != nil {
		return fmt.Errorf("drop load %s: %w", l.ID, err)
	}
	return nil
}

// insertLoads writes new loads. One that somebody else has just asked for is not asked for twice.
func insertLoads(ctx context.Context, tx *db.Tx, loads []ModelLoad) error {
	rows := make([][]any, len(loads))
	for i, l := range loads {
		rows[i] = []any{
			l.ID, l.Engine, l.Model, string(l.State), l.Attempt, l.Owner, db.Micros(l.Until), 0, l.Tickets, db.Micros(l.Oldest), db.Micros(l.AskedAt),
			db.Micros(l.DueAt), 0, 0, 0, 0, l.Failure,
		}
	}
	err := tx.Insert(ctx, `INSERT INTO model_load (id, engine, model, state, attempt, owner, lease_until, not_before, tickets, oldest_at, asked_at,
		due_at, started_at, ended_at, done, total, failure) VALUES `, rows, " ON CONFLICT DO NOTHING")
	if err != nil {
		return fmt.Errorf("write loads: %w", err)
	}
	return nil
}

// begin takes a load for this machine and carries it out, unless somebody else was faster.
func (d *Dispatcher) begin(ctx context.Context, s *staging, o order) error {
	l := o.load
	x := s.demand[l.key()]
	l.Owner, l.Until, l.Attempt, l.State, l.StartedAt = d.opt.Owner, s.now.Add(d.opt.Lease), l.Attempt+1, LoadWaiting, time.Time{}
	l.Tickets, l.Oldest = x.tickets, x.oldest
	var mine int64
	err := d.db.Tx(ctx, func(tx *db.Tx) (err error) {
		mine, err = tx.Exec(ctx, `UPDATE model_load SET owner = $1, lease_until = $2, attempt = $3, state = 'waiting', tickets = $4, oldest_at = $5, done = 0
			WHERE id = $6 AND ended_at = 0 AND attempt = $7 AND (lease_until <= $8 OR lease_until > $9)`,
			l.Owner, db.Micros(l.Until), l.Attempt, l.Tickets, db.Micros(l.Oldest), l.ID, l.Attempt-1, db.Micros(s.now), db.Micros(s.now.Add(d.farthest())))
		return err
	})
	if err != nil {
		return fmt.Errorf("take load %s: %w", l.ID, err)
	}
	if mine == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	job := &loading{load: l, cancel: cancel, over: make(chan struct{})}
	d.loader.job = job
	go func() {
		defer d.loader.look()
		defer close(job.over)
		defer cancel(nil)
		d.carry(ctx, l, o.evict)
	}()
	return nil
}

// renewEvery is how often a load under way is written down.
const renewEvery = time.Second

// renewLoad keeps the lease of a load and writes how far it is, and ends it when it is somebody else's or not needed.
func (d *Dispatcher) renewLoad(ctx context.Context, end context.CancelCauseFunc, l ModelLoad, p *progress) {
	tick := time.NewTicker(min(renewEvery, d.opt.Lease/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		done, total := p.get()
		var mine int64
		err := d.db.Tx(ctx, func(tx *db.Tx) (err error) {
			mine, err = tx.Exec(ctx, "UPDATE model_load SET lease_until = $1, done = $2, total = $3 WHERE id = $4 AND owner = $5 AND attempt = $6 AND ended_at = 0",
				db.Micros(d.clock.Now().Add(d.opt.Lease)), done, total, l.ID, l.Owner, l.Attempt)
			return err
		})
		switch {
		case err != nil && ctx.Err() == nil:
			d.log.Error("renewing a load failed; trying again", "load", l.ID, "error", err)
		case err == nil && mine == 0:
			end(d.whyEnded(ctx, l))
			return
		}
	}
}

// whyEnded tells why a load is not this machine's any more.
func (d *Dispatcher) whyEnded(ctx context.Context, l ModelLoad) error {
	var state string
	if err := d.db.QueryRow(ctx, "SELECT state FROM model_load WHERE id = $1", l.ID).Scan(&state); err == nil && state == string(LoadDropped) {
		return errNotNeeded
	}
	return ErrLostLease
}

func (d *Dispatcher) writeLoading(ctx context.Context, l ModelLoad) error {
	var mine int64
	err := d.db.Tx(ctx, func(tx *db.Tx) (err error) {
		mine, err = tx.Exec(ctx, "UPDATE model_load SET state = 'loading', started_at = $1 WHERE id = $2 AND owner = $3 AND attempt = $4 AND ended_at = 0",
			db.Micros(l.StartedAt), l.ID, l.Owner, l.Attempt)
		return err
	})
	if err != nil {
		return fmt.Errorf("begin load %s: %w", l.ID, err)
	}
	if mine == 0 {
		return d.whyEnded(ctx, l)
	}
	return nil
}

// endLoad writes what became of a load: err is what it ended with, why the cause that its context ended with.
func (d *Dispatcher) endLoad(ctx context.Context, l ModelLoad, err, why error) error {
	now, k := d.clock.Now(), l.key()
	next, outcome := l, OutcomeFailed
	next.Until, next.NotBefore = time.Time{}, time.Time{}
	switch {
	case err == nil:
		next.State, next.EndedAt, next.Failure, outcome = LoadDone, now, "", OutcomeDone
	case errors.Is(why, errNotNeeded):
		next.State, next.EndedAt, outcome = LoadDropped, now, OutcomeDropped
	case errors.Is(why, ErrLostLease):
		d.loader.counts.ended(k, OutcomeLost, 0)
		return nil // it is somebody else's
	case why != nil: // this process ends, or was drained: somebody else begins again
		next.State, next.Owner, next.Attempt, outcome = LoadWaiting, "", l.Attempt-1, OutcomeLost
	default:
		next.State, next.NotBefore, next.Failure = LoadWaiting, now.Add(backoff(l.Attempt)), err.Error()
		if l.Attempt >= loadAttempts {
			next.State, next.EndedAt = LoadFailed, now
		}
		d.log.Error("loading a model failed", "engine", l.Engine, "model", l.Model, "load", l.ID, "attempt", l.Attempt, "error", err)
		if d.breakers.fail(l.ticket(), now, err) {
			d.tellEngines(ctx)
		}
	}
	d.loader.counts.ended(k, outcome, l.spent(now))
	if err == nil {
		d.loader.came(k, now)
		if err := d.tellModels(ctx, d.here(now).models, now); err != nil {
			return err
		}
		d.log.Info("model loaded", "engine", l.Engine, "model", l.Model, "load", l.ID, "seconds", now.Sub(l.StartedAt).Seconds(), "bytes", l.Done)
		d.Wake()
	}
	return d.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE model_load SET state = $1, owner = $2, lease_until = 0, not_before = $3, ended_at = $4, done = $5, total = $6,
			failure = $7, attempt = $8 WHERE id = $9 AND owner = $10 AND attempt = $11`,
			string(next.State), next.Owner, db.Micros(next.NotBefore), db.Micros(next.EndedAt), next.Done, next.Total, next.Failure, next.Attempt,
			l.ID, l.Owner, l.Attempt)
		return err
	})
}

// spent is how long the load went on.
func (l ModelLoad) spent(now time.Time) time.Duration {
	if l.StartedAt.IsZero() {
		return 0
	}
	return max(0, now.Sub(l.StartedAt))
}

// came notes that a model came into memory.
func (l *loader) came(k modelKey, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since[k] = now
}

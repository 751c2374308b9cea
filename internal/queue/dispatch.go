package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bottega/internal/clock"
	"bottega/internal/db"
)

// Worker is what the dispatcher drives.
type Worker interface {
	// Started is called in the transaction that gives out the leases; it marks the work as running.
	Started(ctx context.Context, tx *db.Tx, tickets []Ticket, at time.Time) error
	// Returned is called in the transaction that puts work back into the line unfinished.
	Returned(ctx context.Context, tx *db.Tx, ids []string, at time.Time) error
	// Run does the work and ends it. It returns false when the work should go back into the line.
	Run(ctx context.Context, t Ticket) (ended bool)
	// Spent ends work that was started as often as is allowed and never came to an end.
	Spent(ctx context.Context, t Ticket) error
	// Has reports whether an engine is here.
	Has(engine string) bool
}

// Limits says how much an account may run at once.
type Limits interface {
	Concurrency(ctx context.Context, accountID string) int
}

// Options of a dispatcher.
type Options struct {
	Owner       string        // unique per process
	Slots       int           // tickets run at once
	Lease       time.Duration // a lease is renewed three times before it ends
	MaxAttempts int
	Poll        time.Duration // how often the line is looked at without being woken
}

// Causes of a run's context ending; see context.Cause.
var (
	ErrDraining  = errors.New("the server is shutting down")
	ErrLostLease = errors.New("the lease was lost")
)

// Dispatcher starts waiting tickets while there are free slots.
type Dispatcher struct {
	db     *db.DB
	clock  clock.Clock
	worker Worker
	limits Limits
	opt    Options
	log    *slog.Logger
	wake   chan struct{}
	only   string // account; empty = everybody's work

	mu      sync.Mutex
	running map[string]context.CancelCauseFunc
	runs    sync.WaitGroup
}

// New returns a dispatcher; Run starts it.
func New(d *db.DB, c clock.Clock, w Worker, l Limits, opt Options, log *slog.Logger) *Dispatcher {
	return &Dispatcher{
		db: d, clock: c, worker: w, limits: l, opt: opt, log: log,
		wake: make(chan struct{}, 1), running: map[string]context.CancelCauseFunc{},
	}
}

// Only leaves the work of every other account to other processes. Call it before Run.
func (d *Dispatcher) Only(accountID string) { d.only = accountID }

// Slots is how many tickets this process runs at once.
func (d *Dispatcher) Slots() int { return d.opt.Slots }

// ours reports whether this process may run the ticket.
func (d *Dispatcher) ours(t Ticket) bool {
	return (d.only == "" || t.AccountID == d.only) && d.worker.Has(t.Needs)
}

// Wake says that the line or the slots changed.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Cancel ends the context of a run of this process with the cause. It reports whether there was one.
func (d *Dispatcher) Cancel(id string, cause error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	cancel, ok := d.running[id]
	if ok {
		cancel(cause)
	}
	return ok
}

// Run dispatches until ctx ends, then drains: it starts nothing more, gives running work the grace to finish, sends
// back what did not, and returns.
func (d *Dispatcher) Run(ctx context.Context, grace time.Duration) error {
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	beat := make(chan struct{})
	go func() { defer close(beat); d.heartbeat(work) }()
	d.loop(ctx, work)
	d.drain(stop, grace)
	stop(ErrDraining)
	<-beat
	return nil
}

func (d *Dispatcher) loop(ctx, work context.Context) {
	tick := time.NewTicker(d.opt.Poll)
	defer tick.Stop()
	var said string // the failure that is in the log already: a full disk stays full for many steps
	for {
		switch err := d.step(work); {
		case err == nil:
			said = ""
		case err.Error() != said && ctx.Err() == nil:
			said = err.Error()
			d.log.Error("dispatch failed; trying again until it works", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-tick.C:
		}
	}
}

// drain waits for the runs; when the grace is over it ends their contexts, and they go back into the line.
func (d *Dispatcher) drain(stop context.CancelCauseFunc, grace time.Duration) {
	done := make(chan struct{})
	go func() { d.runs.Wait(); close(done) }()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
		stop(ErrDraining)
		<-done
	}
}

// step starts what may start now.
func (d *Dispatcher) step(work context.Context) error {
	d.mu.Lock()
	free := d.opt.Slots - len(d.running)
	d.mu.Unlock()
	if free <= 0 {
		return nil
	}
	now := d.clock.Now()
	line, err := d.line(work, d.db)
	if err != nil {
		return err
	}
	if len(d.choose(work, line, now, free)) == 0 {
		return nil // nothing to do: no write transaction
	}
	started, err := d.claim(work, now, free)
	if err != nil {
		return err
	}
	for _, t := range started {
		if t.Attempt > d.opt.MaxAttempts {
			if err := d.worker.Spent(work, t); err != nil { // the others have their leases and must start
				d.log.Error("giving up work failed; trying again when its lease ends", "generation", t.ID, "error", err)
			}
			continue
		}
		d.start(work, t)
	}
	return nil
}

// lineWindow bounds how much of the line one step looks at.
const lineWindow = 2000

// line reads the oldest tickets, those of the relaxed lane last. Index on (lane, queued_at, id).
func (d *Dispatcher) line(ctx context.Context, q db.Queryer) ([]Ticket, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM ticket ORDER BY lane, queued_at, id LIMIT $1", lineWindow)
	if err != nil {
		return nil, fmt.Errorf("read the line: %w", err)
	}
	return scan(rows)
}

func (d *Dispatcher) choose(ctx context.Context, line []Ticket, now time.Time, free int) []Ticket {
	limits := map[string]int{}
	limit := func(account string) int {
		if _, ok := limits[account]; !ok {
			limits[account] = d.limits.Concurrency(ctx, account)
		}
		return limits[account]
	}
	return pick(line, now, free, limit, d.ours)
}

// claimLock lets one dispatcher choose at a time, so that several servers together respect an account's limit.
const claimLock = 0x717565 // "que"

// claim chooses again under the lock and writes the leases.
func (d *Dispatcher) claim(ctx context.Context, now time.Time, free int) (started []Ticket, err error) {
	// The limits are read before the transaction opens: on SQLite nothing else may be asked while it is.
	line, err := d.line(ctx, d.db)
	if err != nil {
		return nil, err
	}
	limits := map[string]int{}
	for _, t := range line {
		if _, ok := limits[t.AccountID]; !ok {
			limits[t.AccountID] = d.limits.Concurrency(ctx, t.AccountID)
		}
	}
	err = d.db.Tx(ctx, func(tx *db.Tx) error {
		started = nil
		if tx.Dialect() == db.Postgres {
			if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", claimLock); err != nil {
				return err
			}
		}
		line, err := d.line(ctx, tx)
		if err != nil {
			return err
		}
		chosen := pick(line, now, free, func(account string) int { return limits[account] }, d.ours)
		for _, t := range chosen {
			t.Attempt, t.Owner, t.Until = t.Attempt+1, d.opt.Owner, now.Add(d.opt.Lease)
			n, err := tx.Exec(ctx, `UPDATE ticket SET attempt = $1, lease_owner = $2, lease_until = $3
				WHERE id = $4 AND lease_until <= $5`, t.Attempt, t.Owner, db.Micros(t.Until), t.ID, db.Micros(now))
			if err != nil {
				return fmt.Errorf("lease %s: %w", t.ID, err)
			}
			if n == 1 {
				started = append(started, t)
			}
		}
		return d.worker.Started(ctx, tx, started, now)
	})
	return started, err
}

// start runs a ticket in its own goroutine.
func (d *Dispatcher) start(work context.Context, t Ticket) {
	ctx, cancel := context.WithCancelCause(work)
	d.mu.Lock()
	d.running[t.ID] = cancel
	d.mu.Unlock()
	d.runs.Add(1)
	go func() {
		defer d.runs.Done()
		defer d.Wake()
		defer func() {
			d.mu.Lock()
			delete(d.running, t.ID)
			d.mu.Unlock()
			cancel(nil)
		}()
		if d.worker.Run(ctx, t) {
			return
		}
		if err := d.giveBack(context.WithoutCancel(work), t, context.Cause(ctx)); err != nil {
			d.log.Error("could not put work back into the line; it moves on when its lease ends", "generation", t.ID, "error", err)
		}
	}()
}

package queue

import (
	"context"
	"errors"
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
	// Spent ends work that was started as often as is allowed and never came to an end, or whose processes died as
	// often as is allowed.
	Spent(ctx context.Context, t Ticket) error
	// Engines are here, by name.
	Engines() []string
}

// Limits says how much an account may run at once.
type Limits interface {
	Concurrency(ctx context.Context, accountID string) int
}

// Options of a dispatcher.
type Options struct {
	Owner       string        // unique per dispatcher
	Slots       int           // tickets run at once; 0 = none, work is only asked about here
	Lease       time.Duration // a lease is renewed three times before it ends
	MaxAttempts int
	MaxDeaths   int           // after which work is given up, however few its attempts; 0 = no bound
	Poll        time.Duration // how often the line is looked at without being woken
	Machine     Machine       // told to people
	Returned    func()        // tells other processes that work went back into the line; nil = there are none
	ModelMemory int64         // bytes for models that are loaded; 0 = no bound
	ModelIdle   time.Duration // a model that nobody asked for that long is evicted; 0 = never
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

	settled  time.Time // when windows were last looked at; the loop's own
	drained  bool      // the operator wants nothing started here; the loop's own
	past     *past
	learns   bool // it keeps past in the database; one of a process does
	breakers *breakers
	tempo    *tempo
	loader   *loader // nil = every model is ready
	counts   *modelCounts
	fleet    fleet // the loop's own

	stepping sync.Mutex // held while something is chosen and started

	telling sync.Mutex
	told    *Forecast // the last one, for a second

	mu      sync.Mutex
	running map[string]running
	beside  map[*Dispatcher]bool // of the same process, while they run
	runs    sync.WaitGroup
}

// running is a run of these slots.
type running struct {
	ticket Ticket
	cancel context.CancelCauseFunc
}

// New returns a dispatcher; Run starts it. A worker that is a Stage has its models loaded and evicted.
func New(d *db.DB, c clock.Clock, w Worker, l Limits, opt Options, log *slog.Logger) *Dispatcher {
	counts := &modelCounts{}
	return &Dispatcher{
		db: d, clock: c, worker: w, limits: l, opt: opt, log: log,
		wake: make(chan struct{}, 1), past: &past{}, learns: true, breakers: newBreakers(log), tempo: &tempo{}, counts: counts, loader: newLoader(w, counts),
		running: map[string]running{}, beside: map[*Dispatcher]bool{},
	}
}

// Only leaves the work of every other account to other processes. Call it before Run.
func (d *Dispatcher) Only(accountID string) { d.only = accountID }

// Beside returns a dispatcher for other slots of this process, which another worker has. It shares what is known about
// waits, and is woken and cancelled through d while RunBeside runs it.
func (d *Dispatcher) Beside(w Worker, change func(*Options)) *Dispatcher {
	opt := d.opt
	change(&opt)
	other := New(d.db, d.clock, w, d.limits, opt, d.log)
	other.past, other.counts, other.learns = d.past, d.counts, false
	if other.loader != nil {
		other.loader.counts = d.counts
	}
	return other
}

// RunBeside runs a dispatcher that Beside returned; see Run.
func (d *Dispatcher) RunBeside(ctx context.Context, other *Dispatcher, grace time.Duration) error {
	d.mu.Lock()
	d.beside[other] = true
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.beside, other)
	}()
	return other.Run(ctx, grace)
}

// Wake says that the line or the slots changed.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for other := range d.beside {
		other.Wake()
	}
}

// Cancel ends the context of a run of this process with the cause. It reports whether there was one.
func (d *Dispatcher) Cancel(id string, cause error) bool {
	if d.end(id, cause) {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for other := range d.beside {
		if other.Cancel(id, cause) {
			return true
		}
	}
	return false
}

// end is Cancel for a run of these slots alone.
func (d *Dispatcher) end(id string, cause error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.running[id]
	if ok {
		r.cancel(cause)
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
	if err := d.announce(work); err != nil {
		d.log.Error("saying that this process works failed; trying again with the next heartbeat", "error", err)
	}
	if err := d.learn(work); err != nil {
		d.log.Error("reading how right forecasts were failed; trying again with the next heartbeat", "error", err)
	}
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		if d.loader != nil {
			d.keepModels(ctx)
		}
	}()
	d.loop(ctx, work)
	<-kept
	d.drain(stop, grace)
	stop(ErrDraining)
	<-beat
	last := context.WithoutCancel(ctx)
	return errors.Join(d.learn(last), d.db.Tx(last, func(tx *db.Tx) error { return leave(last, tx, d.opt.Owner) }))
}

// announce writes down that this process works, and what for: an engine whose breaker is open is not among it.
func (d *Dispatcher) announce(ctx context.Context) error {
	now := d.clock.Now()
	err := d.db.Tx(ctx, func(tx *db.Tx) error {
		return announce(ctx, tx, d.opt, d.breakers.closed(d.worker.Engines()), now)
	})
	if err != nil {
		return err
	}
	return d.tellModels(ctx, d.modelsHere(now), now)
}

func (d *Dispatcher) loop(ctx, work context.Context) {
	tick := time.NewTicker(d.opt.Poll)
	defer tick.Stop()
	var said string        // the failure that is in the log already: a full disk stays full for many steps
	for ctx.Err() == nil { // looked at before each step: a wake-up may come with the end, and nothing must start then
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
func (d *Dispatcher) step(work context.Context) (err error) {
	now := d.clock.Now()
	d.stepping.Lock()
	defer d.stepping.Unlock()
	if err := d.settle(work, now); err != nil {
		return err
	}
	if err := d.lookAtFleet(work, now); err != nil {
		return err
	}
	d.mu.Lock()
	free := d.opt.Slots - len(d.running)
	d.mu.Unlock()
	if free <= 0 {
		return nil
	}
	if d.drained { // seen when something was to be started
		if d.drained, err = drained(work, d.db, d.opt.Owner); err != nil || d.drained {
			return err
		}
	}
	next, view, err := d.choose(work, now, free)
	if len(view.cold) > 0 && len(next) < free {
		d.loader.look()
	}
	if err != nil || len(next) == 0 {
		return err // nothing to do: no write transaction
	}
	started, err := d.claim(work, now, free, view)
	if err != nil {
		return err
	}
	for _, t := range started {
		d.past.note(t, now)
		if t.Attempt > d.opt.MaxAttempts || d.opt.MaxDeaths > 0 && t.Deaths >= d.opt.MaxDeaths {
			if err := d.worker.Spent(work, t); err != nil { // the others have their leases and must start
				d.log.Error("giving up work failed; trying again when its lease ends", "generation", t.ID, "error", err)
			}
			continue
		}
		d.start(work, t, now)
	}
	return nil
}

// start runs a ticket, which was chosen at that time, in its own goroutine.
func (d *Dispatcher) start(work context.Context, t Ticket, now time.Time) {
	ctx, cancel := context.WithCancelCause(work)
	d.mu.Lock()
	d.running[t.ID] = running{t, cancel}
	d.mu.Unlock()
	d.breakers.begin(t, now)
	d.runs.Add(1)
	go func() {
		defer d.runs.Done()
		defer d.Wake()
		defer func() {
			d.mu.Lock()
			delete(d.running, t.ID)
			d.mu.Unlock()
			d.breakers.end(t)
			d.loader.worked(t.key(), d.clock.Now())
			cancel(nil)
		}()
		if d.worker.Run(ctx, t) {
			return
		}
		if err := d.giveBack(context.WithoutCancel(work), t, context.Cause(ctx)); err != nil {
			d.log.Error("could not put work back into the line; it moves on when its lease ends", "generation", t.ID, "error", err)
			return
		}
		if d.opt.Returned != nil {
			d.opt.Returned()
		}
	}()
}

// Owner is this process's name among the workers.
func (d *Dispatcher) Owner() string { return d.opt.Owner }

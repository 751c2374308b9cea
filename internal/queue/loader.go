package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// The loader of a dispatcher keeps the models of a Stage: it writes down what somebody waits for, takes the loads that
// load.go gives this machine, makes room, loads, and says what is in memory. Work for other models goes on meanwhile.

// loader is of one dispatcher whose worker is a Stage; a nil one has every model ready.
type loader struct {
	stage  Stage
	wake   chan struct{}
	counts *modelCounts // shared with the dispatchers beside

	mu       sync.Mutex
	changed  chan struct{}     // closed, and replaced, when a run has ended
	leaving  map[modelKey]bool // being evicted: nothing more of these starts here
	since    map[modelKey]time.Time
	used     map[modelKey]time.Time
	resident map[modelKey]bool // as it was last looked at

	ended  []ModelLoad // the last ones, as they were read at endedAt; the loop's own
	readAt time.Time
	wrote  time.Time // when demand was last written down; the loop's own
	job    *loading  // under way; the loop's own
}

// loading is a load under way.
type loading struct {
	load   ModelLoad
	cancel context.CancelCauseFunc
	over   chan struct{}
}

func newLoader(w Worker, counts *modelCounts) *loader {
	stage, ok := w.(Stage)
	if !ok {
		return nil
	}
	return &loader{
		stage: stage, counts: counts, wake: make(chan struct{}, 1), changed: make(chan struct{}),
		leaving: map[modelKey]bool{}, since: map[modelKey]time.Time{}, used: map[modelKey]time.Time{}, resident: map[modelKey]bool{},
	}
}

// cold lists the models that have to be loaded before anything of them starts here.
func (l *loader) cold() map[modelKey]bool {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var cold map[modelKey]bool
	for _, m := range l.stage.Models() {
		if k := (modelKey{m.Engine, m.Name}); !m.Resident || l.leaving[k] {
			if cold == nil {
				cold = map[modelKey]bool{}
			}
			cold[k] = true
		}
	}
	return cold
}

// look says that somebody may wait for a cold model.
func (l *loader) look() {
	if l == nil {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// worked notes that a model works or worked, and that a slot may be free of it.
func (l *loader) worked(k modelKey, now time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used[k] = now
	close(l.changed)
	l.changed = make(chan struct{})
}

// change returns what is closed when the next run ends.
func (l *loader) change() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// here is what the models are like on this machine, as they are now.
func (l *loader) here(now time.Time, pace func(modelKey) time.Duration) map[modelKey]onHost {
	models := map[modelKey]onHost{}
	l.mu.Lock()
	defer l.mu.Unlock()
	first := len(l.resident) == 0
	for _, m := range l.stage.Models() {
		k := modelKey{m.Engine, m.Name}
		if was, known := l.resident[k]; m.Resident && !was && (known || !first) && l.since[k].IsZero() {
			l.since[k] = now
		}
		if first && m.Resident {
			l.used[k] = now // there from the start: it is idle from now on
		}
		if !m.Resident {
			delete(l.since, k)
		}
		l.resident[k] = m.Resident
		models[k] = onHost{loads: true, resident: m.Resident, memory: m.Memory, since: l.since[k], used: l.used[k], pace: pace(k)}
	}
	return models
}

// lookPause is how long at least lies between two looks.
const lookPause = 100 * time.Millisecond

// keepModels runs the loader until ctx ends and what it began is put back.
func (d *Dispatcher) keepModels(ctx context.Context) {
	l := d.loader
	defer func() {
		if l.job != nil {
			l.job.cancel(ErrDraining)
			<-l.job.over
		}
	}()
	tick, pause := time.NewTicker(d.opt.Poll), time.NewTimer(0)
	defer tick.Stop()
	defer pause.Stop()
	var said string
	for {
		switch err := d.lookAtModels(ctx); {
		case err == nil:
			said = ""
		case err.Error() != said && ctx.Err() == nil:
			said = err.Error()
			d.log.Error("looking after the models failed; trying again until it works", "error", err)
		}
		pause.Reset(lookPause)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-tick.C:
		}
	}
}

// lookAtModels does what has to be done now.
func (d *Dispatcher) lookAtModels(ctx context.Context) error {
	l, now := d.loader, d.clock.Now()
	if j := l.job; j != nil {
		select {
		case <-j.over:
			l.job, l.readAt = nil, time.Time{}
		default:
		}
	}
	me := d.here(now)
	if len(me.models) == 0 {
		return nil
	}
	if err := d.tellModels(ctx, me.models, now); err != nil {
		return err
	}
	out, err := drained(ctx, d.db, d.opt.Owner)
	if err != nil {
		return err
	}
	if out {
		return d.evictAll(ctx, me)
	}
	if len(l.cold()) == 0 && len((&staging{now: now}).idle(me, d.opt.ModelIdle)) == 0 {
		return nil
	}
	s, err := d.readStaging(ctx, me, now)
	if err != nil {
		return err
	}
	for _, h := range s.hosts {
		if h.owner != d.opt.Owner {
			continue
		}
		for _, k := range s.idle(h, d.opt.ModelIdle) {
			if err := d.evict(ctx, k, EvictedIdle); err != nil {
				return err
			}
		}
	}
	if err := d.writeAsked(ctx, s); err != nil {
		return err
	}
	for _, o := range s.decide() {
		if o.host == d.opt.Owner && l.job == nil {
			return d.begin(ctx, s, o)
		}
	}
	return nil
}

// here is this machine as it is now.
func (d *Dispatcher) here(now time.Time) host {
	h := host{owner: d.opt.Owner, slots: d.opt.Slots, memory: d.opt.ModelMemory, engines: map[string]bool{}}
	ready, _ := d.breakers.ready(d.worker.Engines(), now)
	for _, e := range ready {
		h.engines[e] = true
	}
	h.models = d.loader.here(now, d.tempo.of)
	return h
}

// evictAll takes everything out of memory that nothing works on: the operator has drained this machine.
func (d *Dispatcher) evictAll(ctx context.Context, me host) error {
	if d.loader.job != nil {
		d.loader.job.cancel(ErrDraining)
	}
	if d.busy() {
		return nil
	}
	for _, k := range slices.SortedFunc(maps.Keys(me.models), compareModels) {
		if me.models[k].resident {
			if err := d.evict(ctx, k, EvictedDrain); err != nil {
				return err
			}
		}
	}
	return nil
}

// busy reports whether anything runs here, of these models or, without any, at all.
func (d *Dispatcher) busy(models ...modelKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.running {
		if len(models) == 0 || slices.Contains(models, r.ticket.key()) {
			return true
		}
	}
	return false
}

// evict takes a model out of memory after what works on it, and says so.
func (d *Dispatcher) evict(ctx context.Context, k modelKey, reason string) error {
	free := d.leave(k)
	defer free()
	if err := d.finish(ctx, k); err != nil {
		return err
	}
	if err := d.loader.stage.Evict(ctx, k.engine, k.model); err != nil {
		return fmt.Errorf("evict model %s of %s: %w", k.model, k.engine, err)
	}
	d.loader.counts.evicted(k, reason)
	d.log.Info("model evicted", "engine", k.engine, "model", k.model, "reason", reason)
	now := d.clock.Now()
	return d.tellModels(ctx, d.here(now).models, now)
}

// leave lets nothing more of these models start here until the returned function is called.
func (d *Dispatcher) leave(models ...modelKey) (back func()) {
	set := func(leaving bool) {
		d.loader.mu.Lock()
		defer d.loader.mu.Unlock()
		for _, k := range models {
			if leaving {
				d.loader.leaving[k] = true
			} else {
				delete(d.loader.leaving, k)
			}
		}
	}
	set(true)
	d.stepping.Lock()   // what was chosen before has begun now, or never will
	d.stepping.Unlock() //nolint:staticcheck // to wait was all
	return func() { set(false); d.Wake() }
}

// finish waits for what works on these models here.
func (d *Dispatcher) finish(ctx context.Context, models ...modelKey) error {
	for {
		ended := d.loader.change() // before it is asked who works
		if !d.busy(models...) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ended:
		}
	}
}

// errNotNeeded is why a load ends that nobody waits for any more.
var errNotNeeded = errors.New("nobody waits for the model any more")

// carry makes room for a load that this machine holds, loads, and writes down what became of it.
func (d *Dispatcher) carry(ctx context.Context, l ModelLoad, evict []modelKey) {
	progress := &progress{}
	beat := make(chan struct{})
	ctx, cancel := context.WithCancelCause(ctx)
	held := l // what changes of it below is nothing that a renewal needs
	go func() { defer close(beat); d.renewLoad(ctx, cancel, held, progress) }()
	err := d.makeRoom(ctx, evict)
	if err == nil {
		l.StartedAt = d.clock.Now()
		if err = d.writeLoading(ctx, l); err == nil {
			d.log.Info("loading a model", "engine", l.Engine, "model", l.Model, "load", l.ID, "attempt", l.Attempt, "tickets", l.Tickets)
			err = d.bring(ctx, l, progress)
		}
	}
	why := context.Cause(ctx)
	cancel(nil)
	<-beat
	l.Done, l.Total = progress.get()
	if err := d.endLoad(context.WithoutCancel(ctx), l, err, why); err != nil {
		d.log.Error("writing the end of a load failed; it moves on when its lease ends", "load", l.ID, "error", err)
	}
}

func (d *Dispatcher) makeRoom(ctx context.Context, evict []modelKey) error {
	if len(evict) == 0 {
		return nil
	}
	back := d.leave(evict...) // all at once: none of them starts anything while another one finishes
	defer back()
	for _, k := range evict {
		if err := d.evict(ctx, k, EvictedRoom); err != nil {
			return err
		}
	}
	return nil
}

// bring loads the model. A panic of an engine is a failure like any other.
func (d *Dispatcher) bring(ctx context.Context, l ModelLoad, p *progress) (err error) {
	d.breakers.begin(l.ticket(), l.StartedAt)
	defer d.breakers.end(l.ticket())
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("loading model %s of %s panicked: %v", l.Model, l.Engine, r)
		}
	}()
	return d.loader.stage.Load(ctx, l.Engine, l.Model, p.set)
}

// ticket stands for the load where engines are judged.
func (l ModelLoad) ticket() Ticket {
	return Ticket{ID: "load " + l.ID, Needs: l.Engine, Model: l.Model}
}

// progress is how much of a load was read.
type progress struct {
	mu          sync.Mutex
	done, total int64
}

func (p *progress) set(done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = max(0, done), max(0, total)
}

func (p *progress) get() (done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done, p.total
}

package tempera

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"bottega/internal/engine"
)

// The model is resident when every worker process is there and has loaded it. This file is engine.Loader.

// Models implements engine.Loader.
func (e *Engine) Models() []engine.Model {
	m := engine.Model{Name: e.manifest.Name, Resident: e.resident(), Memory: e.manifest.memory()}
	if len(e.workers) > 0 {
		m.Memory = 0
	}
	for _, w := range e.workers {
		m.Memory += w.memory(e.manifest.memory())
	}
	return []engine.Model{m}
}

// What a worker process takes: itself with ONNX Runtime and the drawings, and so many times its networks. Two processes
// on Linux were fitted: one with networks of 31 MiB held 344 MiB when it was ready and 444 after its largest pictures, one
// with networks of next to nothing 150 and 201.
const (
	memoryBase  = 192 << 20 // bytes
	memoryTimes = 8
)

// memory is what a worker process probably takes, in bytes, until it was seen to.
func (m *manifest) memory() int64 {
	return memoryBase + memoryTimes*(m.Files[networkFile].Bytes+m.Files[lookFile].Bytes+m.Files[renderFile].Bytes)
}

func (e *Engine) resident() bool {
	for _, w := range e.workers {
		if p := w.current(); p == nil || !p.ready() {
			return false
		}
	}
	return true
}

// Load implements engine.Loader: it starts the worker processes that are not there. What they report is every byte of the
// weights and of ONNX Runtime; they are not ready at once after the last one.
func (e *Engine) Load(ctx context.Context, model string, report func(done, total int64)) error {
	if model != e.manifest.Name {
		return fmt.Errorf("load %q: this engine has %s: %w", model, e.manifest.Name, engine.ErrUnavailable)
	}
	if err := e.change(ctx); err != nil {
		return fmt.Errorf("load %s: %w", model, err)
	}
	defer e.changed()
	total := max(1, int64(len(e.workers))) * e.size
	if !e.resident() {
		if err := e.wake(ctx, func(done int64) { report(done, total) }); err != nil {
			e.dismiss()
			return fmt.Errorf("load %s: %w", model, err)
		}
	}
	report(total, total)
	return nil
}

// wake starts the workers at once and tells how much they have read.
func (e *Engine) wake(ctx context.Context, report func(done int64)) error {
	waking, stop := context.WithCancel(ctx)
	defer stop()
	results := make(chan error, len(e.workers))
	for _, w := range e.workers {
		go func() {
			_, err := w.awake(waking)
			if err != nil {
				stop() // one that is missing is too many
			}
			results <- err
		}()
	}
	told := int64(0)
	report(told)
	var failed error
	for left := len(e.workers); left > 0; {
		select {
		case err := <-results:
			left--
			if err != nil && (failed == nil || errors.Is(err, engine.ErrUnavailable)) { // not what stopped the others
				failed = err
			}
		case <-e.reading:
			if done := e.read(); done > told && waking.Err() == nil {
				told = done
				report(told)
			}
		}
	}
	if failed != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return failed
}

// read is how much of the model all workers have read, in bytes.
func (e *Engine) read() (all int64) {
	for _, w := range e.workers {
		switch p := w.current(); {
		case p == nil:
		case p.ready():
			all += e.size
		default:
			all += min(max(p.read.Load(), 0), e.size)
		}
	}
	return all
}

// dismiss ends the processes of workers that nobody has a request for.
func (e *Engine) dismiss() {
	for _, w := range e.workers {
		if w.room.TryAcquire(mostTogether) {
			w.dismiss()
			w.room.Release(mostTogether)
		}
	}
}

// Evict implements engine.Loader: it ends the worker processes. Requests that come meanwhile wait, and start them again.
func (e *Engine) Evict(ctx context.Context, model string) error {
	switch {
	case model != e.manifest.Name:
		return nil
	case e.local != nil:
		return fmt.Errorf("evict %s: it is a part of this process", model)
	}
	if err := e.change(ctx); err != nil {
		return fmt.Errorf("evict %s: %w", model, err)
	}
	defer e.changed()
	for _, w := range e.workers { // in one order, and requests take one room alone: none waits for another
		if err := w.room.Acquire(ctx, mostTogether); err != nil {
			return fmt.Errorf("evict %s: wait for what it works on: %w", model, err)
		}
		defer w.room.Release(mostTogether)
	}
	var all sync.WaitGroup
	for _, w := range e.workers {
		all.Go(w.dismiss)
	}
	all.Wait()
	return nil
}

// change waits for loads and evictions that are under way; changed ends it.
func (e *Engine) change(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case e.changing <- struct{}{}:
		return nil
	}
}

func (e *Engine) changed() { <-e.changing }

// memory is what the process was seen to hold at most, or the one before it, or what is probable. What it shares with
// other processes counts for each of them.
func (w *worker) memory(probably int64) int64 {
	if p := w.current(); p != nil {
		if held := p.held.Load(); held > 0 {
			return held
		}
	}
	if held := w.held.Load(); held > 0 {
		return held
	}
	return probably
}

// remember keeps what a process has held, for the time in which there is none.
func (w *worker) remember(p *process) {
	if held := p.held.Load(); held > 0 {
		w.held.Store(held)
	}
}

// dismiss ends the process, if there is one. The caller has all of the room, so that it works on nothing.
func (w *worker) dismiss() {
	w.mu.Lock()
	p := w.proc
	w.proc = nil
	w.mu.Unlock()
	switch {
	case p == nil:
	case p.ready():
		w.remember(p)
		p.close(closePatience)
	default:
		p.kill("it is not wanted any more")
		<-p.ended
	}
}

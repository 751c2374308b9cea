package tempera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bottega/internal/engine"
)

const (
	cancelPatience   = 2 * time.Second        // between a polite cancel and the kill
	overrunPatience  = 300 * time.Millisecond // the same after the time limit
	closePatience    = 2 * time.Second
	firstBackoff     = 100 * time.Millisecond
	longestBackoff   = 5 * time.Second
	backoffDoublings = 6
)

var errClosed = fmt.Errorf("the engine was closed: %w", engine.ErrUnavailable)

// worker keeps one worker process going and talks to it about one request at a time. Only kill and close may be called
// while a request is under way.
type worker struct {
	command []string
	with    *setup
	log     *slog.Logger

	lastID uint64
	deaths int // since the last answer

	mu     sync.Mutex
	proc   *process // nil before the first request and after a death
	closed bool
}

func (w *worker) current() *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.proc
}

// kill ends the process as kill -9 from outside would.
func (w *worker) kill() {
	if p := w.current(); p != nil {
		p.kill("")
	}
}

func (w *worker) close() {
	w.mu.Lock()
	p := w.proc
	w.closed, w.proc = true, nil
	w.mu.Unlock()
	if p != nil {
		p.close(closePatience)
	}
}

// do sends a request and returns the final answer's frame; progress goes to report. A worker found dead before it said
// a word about the request died while it rested, so a fresh one gets the request.
func (w *worker) do(ctx context.Context, f *frame, report func(*frame)) (*frame, error) {
	rested, heard := w.current() != nil, false
	answer, err := w.once(ctx, f, func(f *frame) {
		heard = true
		report(f)
	})
	if rested && !heard && w.current() == nil && errors.Is(err, engine.ErrUnavailable) && ctx.Err() == nil {
		answer, err = w.once(ctx, f, report)
	}
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("paint: %w", err)
	}
	if answer.Type == frameFailed && answer.Fault != nil {
		return nil, answer.Fault.err()
	}
	return answer, nil
}

// once is do with one process.
func (w *worker) once(ctx context.Context, f *frame, report func(*frame)) (*frame, error) {
	p, err := w.awake(ctx)
	if err != nil {
		return nil, err
	}
	w.lastID++
	f.ID = w.lastID
	if err := writeFrame(p.stdin, f); err != nil {
		return nil, w.buried(ctx, p)
	}
	answer, err := w.listen(ctx, p, f.ID, report)
	if err != nil {
		return nil, err
	}
	w.deaths = 0
	return answer, nil
}

// listen passes progress on until the request's answer. When ctx ends it asks the worker to stop, and kills it when it
// does not.
func (w *worker) listen(ctx context.Context, p *process, id uint64, report func(*frame)) (*frame, error) {
	over := ctx.Done()
	var grace <-chan time.Time
	for {
		select {
		case f, ok := <-p.frames:
			switch {
			case !ok:
				return nil, w.buried(ctx, p)
			case f.ID != id: // of an earlier request that was given up
			case f.Type == frameProgress:
				if ctx.Err() == nil {
					report(f)
				}
			default:
				return f, nil
			}
		case <-over:
			over = nil
			patience := cancelPatience
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				patience = overrunPatience
			}
			timer := time.NewTimer(patience)
			defer timer.Stop()
			grace = timer.C
			_ = writeFrame(p.stdin, &frame{Type: frameCancel, ID: id}) // a dead worker shows itself on frames
		case <-grace:
			p.kill("it did not stop in time")
		}
	}
}

// buried forgets a process that died and says why, or that the request was over anyway.
func (w *worker) buried(ctx context.Context, p *process) error {
	p.kill("")
	<-p.ended
	w.deaths++
	w.mu.Lock()
	if w.proc == p {
		w.proc = nil
	}
	closed := w.closed
	w.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("paint: %w", ctx.Err())
	case closed:
		return errClosed
	}
	return fmt.Errorf("%s: %w", p.died, engine.ErrUnavailable)
}

// awake returns a process that is ready, after starting one if need be.
func (w *worker) awake(ctx context.Context) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	if p := w.current(); p != nil {
		select {
		case <-p.ended: // it died between two requests; that is no failure of this one
			w.mu.Lock()
			w.proc = nil
			w.mu.Unlock()
		default:
			return p, w.greet(ctx, p)
		}
	}
	if err := w.rest(ctx); err != nil {
		return nil, err
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil, errClosed
	}
	p, err := startProcess(w.command, w.with, w.log)
	w.proc = p
	w.mu.Unlock()
	if err != nil {
		w.deaths++
		return nil, fmt.Errorf("%w: %w", err, engine.ErrUnavailable)
	}
	return p, w.greet(ctx, p)
}

// rest waits longer the more often the worker died without an answer, so that a broken one does not eat the machine.
func (w *worker) rest(ctx context.Context) error {
	if w.deaths == 0 {
		return nil
	}
	timer := time.NewTimer(min(firstBackoff<<min(w.deaths-1, backoffDoublings), longestBackoff))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to start worker again: %w", ctx.Err())
	}
}

// greet waits until the worker has loaded its model. A request that ends earlier leaves it loading for the next.
func (w *worker) greet(ctx context.Context, p *process) error {
	if p.ready {
		return nil
	}
	patience, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	f, err := p.wait(patience)
	switch {
	case ctx.Err() != nil:
		if f != nil {
			p.kill("its first word came too late to be understood")
		}
		return fmt.Errorf("start worker: %w", ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		p.kill("it did not start in time")
		return w.buried(ctx, p)
	case err != nil:
		return w.buried(ctx, p)
	case f.Type == frameReady:
		p.ready = true
		return nil
	}
	reason := "it did not say that it is ready"
	if f.Type == frameFailed && f.Fault != nil {
		reason = f.Fault.Text
	}
	p.kill(reason)
	_ = w.buried(ctx, p) // its reason is the one given here
	return fmt.Errorf("%s: %w", reason, engine.ErrUnavailable)
}

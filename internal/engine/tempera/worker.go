package tempera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

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

// worker keeps one worker process going and talks to it about one request or, when that is faster, about several at
// once. It is safe for concurrent use.
type worker struct {
	command []string
	with    *setup
	log     *slog.Logger
	grown   func(together int) // told how many requests a process that is ready takes at once
	reading func()             // told that a process has read more of its model

	lastID atomic.Uint64
	room   *semaphore.Weighted // mostTogether places; a request that wants to be alone takes all
	start  chan struct{}       // held while a process is being started
	held   atomic.Int64        // memory that the process before this one held at most, in bytes

	mu     sync.Mutex
	proc   *process // nil before the first request and after a death
	deaths int      // since the last answer
	closed bool
}

func newWorker(command []string, with *setup, log *slog.Logger) *worker {
	return &worker{command: command, with: with, log: log, grown: func(int) {}, reading: func() {}, start: make(chan struct{}, 1), room: semaphore.NewWeighted(mostTogether)}
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
		return nil, answer.Fault.Err()
	}
	return answer, nil
}

// once is do with one process.
func (w *worker) once(ctx context.Context, f *frame, report func(*frame)) (*frame, error) {
	p, err := w.awake(ctx)
	if err != nil {
		return nil, err
	}
	sent := *f
	sent.ID = w.lastID.Add(1)
	h := p.hear(sent.ID)
	defer p.forget(sent.ID)
	if err := w.tell(ctx, p, &sent); err != nil {
		return nil, err
	}
	answer, err := w.listen(ctx, p, h, sent.ID, report)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.deaths = 0
	w.mu.Unlock()
	return answer, nil
}

// tell sends a request. One with large pictures takes a while, and forever when the worker does not read.
func (w *worker) tell(ctx context.Context, p *process, f *frame) error {
	sent := make(chan error, 1)
	go func() { sent <- p.send(f) }()
	var err error
	select {
	case err = <-sent:
	case <-ctx.Done():
		timer := time.NewTimer(overrunPatience)
		defer timer.Stop()
		select {
		case err = <-sent:
		case <-timer.C:
			p.kill("it did not listen in time")
			err = <-sent
		}
	}
	switch {
	case errors.Is(err, errFrame):
		return fmt.Errorf("%w: %w", err, engine.ErrRejected)
	case err != nil:
		return w.buried(ctx, p)
	}
	return nil
}

// listen passes progress on until the request's answer. When ctx ends it asks the worker to stop, and kills it when it
// does not.
func (w *worker) listen(ctx context.Context, p *process, h *hearer, id uint64, report func(*frame)) (*frame, error) {
	over := ctx.Done()
	var grace <-chan time.Time
	for {
		select {
		case f := <-h.progress:
			if ctx.Err() == nil {
				report(f)
			}
		case f := <-h.answer:
			return f, w.rest(ctx, h, report)
		case <-p.ended:
			select {
			case f := <-h.answer: // its last words
				return f, w.rest(ctx, h, report)
			default:
				return nil, w.buried(ctx, p)
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
			go func() { _ = p.send(&frame{Type: frameCancel, ID: id}) }() // a dead worker shows itself otherwise
		case <-grace:
			p.kill("it did not stop in time")
		}
	}
}

// rest passes on the progress that came before an answer.
func (w *worker) rest(ctx context.Context, h *hearer, report func(*frame)) error {
	for {
		select {
		case f := <-h.progress:
			if ctx.Err() == nil {
				report(f)
			}
		default:
			return nil
		}
	}
}

// buried forgets a process that died and says why, or that the request was over anyway.
func (w *worker) buried(ctx context.Context, p *process) error {
	p.kill("")
	<-p.ended
	w.remember(p)
	w.mu.Lock()
	if w.proc == p {
		w.proc = nil
		w.deaths++
	}
	closed := w.closed
	w.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("paint: %w", ctx.Err())
	case closed:
		return errClosed
	}
	return &engine.Death{How: p.died, Said: p.said, Beside: p.beside}
}

// stillborn is buried for a process that had no request yet: none is to blame for its death.
func (w *worker) stillborn(ctx context.Context, p *process) error {
	err := w.buried(ctx, p)
	var death *engine.Death
	if errors.As(err, &death) {
		return fmt.Errorf("%s: %w", death.How, engine.ErrUnavailable)
	}
	return err
}

// awake returns a process that is ready, after starting one if need be.
func (w *worker) awake(ctx context.Context) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	select {
	case w.start <- struct{}{}:
		defer func() { <-w.start }()
	case <-ctx.Done():
		return nil, fmt.Errorf("start worker: %w", ctx.Err())
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
	if err := w.pause(ctx); err != nil {
		return nil, err
	}
	p, err := startProcess(w.command, w.with, w.reading, w.log)
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.proc = p
	}
	if err != nil {
		w.deaths++
	}
	w.mu.Unlock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", err, engine.ErrUnavailable)
	case closed:
		p.kill("")
		<-p.ended
		return nil, errClosed
	}
	return p, w.greet(ctx, p)
}

// pause waits longer the more often the worker died without an answer, so that a broken one does not eat the machine.
func (w *worker) pause(ctx context.Context) error {
	w.mu.Lock()
	deaths := w.deaths
	w.mu.Unlock()
	if deaths == 0 {
		return nil
	}
	timer := time.NewTimer(min(firstBackoff<<min(deaths-1, backoffDoublings), longestBackoff))
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
	if err := w.hello(ctx, p); err != nil {
		return err
	}
	f := p.hello
	if f.Type == frameReady && f.Ready != nil {
		w.settled(p, f.Ready)
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

// hello waits for the worker's first word that is not about how much it has read. One that reads on may take its time.
func (w *worker) hello(ctx context.Context, p *process) error {
	patience := time.NewTimer(startPatience)
	defer patience.Stop()
	for read := int64(0); ; {
		select {
		case <-p.greeted:
			return nil
		case <-p.ended:
			select {
			case <-p.greeted: // its last words say why
				return nil
			default:
				return w.stillborn(ctx, p)
			}
		case <-ctx.Done():
			return fmt.Errorf("start worker: %w", ctx.Err())
		case <-patience.C:
			if now := p.read.Load(); now > read {
				read = now
				patience.Reset(startPatience)
				continue
			}
			p.kill("it did not start in time")
			return w.stillborn(ctx, p)
		}
	}
}

// settled says once what a process runs on.
func (w *worker) settled(p *process, r *readyHeader) {
	if p.settled {
		return
	}
	p.settled = true
	p.held.Store(residentBytes(p.cmd.Process.Pid))
	log := w.log.With("device", r.Device, "together", r.Together)
	switch {
	case w.with.Device == DeviceCUDA && r.Device != DeviceCUDA:
		log.Warn("tempera worker was to use CUDA and paints on the CPU", "reason", r.Missed)
	default:
		log.Info("tempera worker is ready", "cuda_missed", r.Missed)
	}
	w.grown(r.Together)
}

package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/engine/wire"
	"bottega/internal/telemetry"
)

// Worker is a worker that makes pictures for a server. It comes back whenever the connection was lost, to whichever server
// answers, until its context ends or a server says that asking again changes nothing.
type Worker struct {
	Engines engine.Set
	Hello   Hello // Protocol and Engines are filled in, each time it connects
	Log     *slog.Logger
	Clock   clock.Clock              // nil = the system's
	Traces  *telemetry.Traces        // where the spans of this process go; nil = nowhere
	Metrics *telemetry.WorkerMetrics // what this process counts; nil = nothing
	// Dial opens a connection to a server; a *Refusal with Final set ends the worker.
	Dial func(ctx context.Context) (io.ReadWriteCloser, error)

	connected atomic.Bool
}

// Connected reports whether a server has let this worker in.
func (w *Worker) Connected() bool { return w.connected.Load() }

// How long a worker waits before it dials again, doubled from the first to the last, and how long it stays at most
// after it has said that it leaves: the server lets work finish for as long as its own grace.
const (
	firstDial = 250 * time.Millisecond
	lastDial  = 15 * time.Second
	leaveMost = 10 * time.Minute
)

// Run works until ctx ends and what was under way is finished, or returns why no server wants this worker.
func (w *Worker) Run(ctx context.Context) error {
	if w.Clock == nil {
		w.Clock = clock.System{}
	}
	pause, said := firstDial, ""
	for ctx.Err() == nil {
		joined, err := w.once(ctx)
		if joined {
			pause, said = firstDial, ""
		}
		var r *Refusal
		if errors.As(err, &r) {
			w.refused(r)
			if r.Final {
				return r
			}
		}
		if err != nil && ctx.Err() == nil && err.Error() != said { // a server that is away stays away for many attempts
			said = err.Error()
			w.Log.Warn("not connected to a server; trying again until it works", "error", err)
		}
		timer := time.NewTimer(pause/2 + rand.N(pause)) // not all workers at once after a restart
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		pause = min(2*pause, lastDial)
	}
	return nil
}

func (w *Worker) refused(r *Refusal) { w.Metrics.Refused(r.Code, slices.Contains(codes, r.Code)) }

// once works over one connection until it ends.
func (w *Worker) once(ctx context.Context) (joined bool, err error) {
	conn, err := w.Dial(ctx)
	if err != nil {
		return false, err
	}
	var silent atomic.Bool
	c := &connection{worker: w, works: map[uint64]context.CancelFunc{}, orders: map[uint64]context.CancelFunc{}}
	c.line = newLine(conn, helloWithin, func(time.Duration) { silent.Store(true) })
	defer c.line.close()
	hello, err := c.greet()
	if err != nil {
		return false, err
	}
	w.connected.Store(true)
	defer w.connected.Store(false)
	defer w.Metrics.Connected()()
	w.Log.Info("working for a server", "session", hello.Session, "slots", w.Hello.Slots)
	if err = c.work(ctx, hello); silent.Load() {
		err = errors.New("the server was not heard of for too long")
	}
	return true, err
}

// connection is a worker's side of one connection.
type connection struct {
	worker *Worker
	line   *line

	mu     sync.Mutex
	works  map[uint64]context.CancelFunc
	orders map[uint64]context.CancelFunc
	jobs   sync.WaitGroup

	saying sync.Mutex         // over said: what was read first is said first
	said   map[string][]Model // of each engine.Loader, the last time
}

func (c *connection) greet() (*welcome, error) {
	if err := c.line.send(&frame{Type: sayHello, Hello: c.hello()}); err != nil {
		return nil, fmt.Errorf("say hello: %w", err)
	}
	f, err := c.line.read(0)
	switch {
	case err != nil:
		return nil, fmt.Errorf("wait for the server's answer: %w", err)
	case f.Type == sayRefused && f.Refusal != nil:
		return nil, f.Refusal
	case f.Type != sayWelcome || f.Welcome == nil || f.Welcome.BeatMS < 1 || f.Welcome.LeaseMS < f.Welcome.BeatMS:
		return nil, fmt.Errorf("the server answered %.20q to hello: %w", f.Type, wire.ErrFrame)
	}
	c.line.patient(time.Duration(f.Welcome.LeaseMS) * time.Millisecond)
	return f.Welcome, nil
}

// work paints what comes until the connection ends. When ctx ends it says so, and the server closes the connection after
// the last picture.
func (c *connection) work(ctx context.Context, w *welcome) error {
	painting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer c.jobs.Wait() // what nobody waits for any more stops soon
	defer stop()
	ended := make(chan struct{})
	defer close(ended)
	go c.beat(ctx, time.Duration(w.BeatMS)*time.Millisecond, ended)
	for {
		f, err := c.line.read(mostRequest)
		if err != nil {
			if ctx.Err() != nil {
				return nil // left
			}
			return fmt.Errorf("listen to the server: %w", err)
		}
		switch {
		case f.Type == sayPaint && f.Request != nil:
			c.begin(painting, f)
		case f.Type == sayLoad || f.Type == sayEvict:
			c.order(painting, f)
		case f.Type == sayCancel:
			c.cancel(f.ID)
		case f.Type == sayRefused && f.Refusal != nil:
			c.worker.refused(f.Refusal)
			c.worker.Log.Warn("the server did not take what this worker said", "code", f.Refusal.Code, "reason", f.Refusal.Text)
		}
	}
}

// beat says that the worker lives, and once that it leaves.
func (c *connection) beat(ctx context.Context, every time.Duration, ended <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	leave := ctx.Done()
	var late <-chan time.Time
	for {
		f := &frame{Type: sayBeat}
		select {
		case <-ended:
			return
		case <-tick.C:
			c.announce() // a model also dies, and its memory grows
		case <-leave:
			leave = nil
			f.Type = sayLeaving
			timer := time.NewTimer(leaveMost)
			defer timer.Stop()
			late = timer.C
		case <-late:
			c.line.close()
			return
		}
		if c.line.send(f) != nil {
			return // the reader learns it too
		}
	}
}

// begin paints in a goroutine of its own. The server asks for no more at once than there are slots.
func (c *connection) begin(ctx context.Context, f *frame) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	full := len(c.works) >= c.worker.Hello.Slots
	if !full {
		c.works[f.ID] = cancel
	}
	c.mu.Unlock()
	if full {
		cancel()
		fault := wire.FaultOf(fmt.Errorf("all %d slots are taken: %w", c.worker.Hello.Slots, engine.ErrUnavailable))
		_ = c.line.send(&frame{Type: sayFailed, ID: f.ID, Fault: fault})
		return
	}
	c.jobs.Go(func() {
		defer cancel()
		answer := c.paint(ctx, f)
		answer.ID = f.ID
		c.announce() // it may have loaded the model
		c.mu.Lock()
		delete(c.works, f.ID) // before the answer: the next request may follow it at once
		c.mu.Unlock()
		_ = c.line.send(answer) // over a line that is gone nobody waits for it
	})
}

func (c *connection) cancel(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, under := range []map[uint64]context.CancelFunc{c.works, c.orders} {
		if cancel := under[id]; cancel != nil {
			cancel()
		}
	}
}

var errPanicked = errors.New("the engine panicked")

// paint asks the engine and returns what is to be said about it. A panic of an engine is a failure of its picture.
func (c *connection) paint(ctx context.Context, f *frame) (answer *frame) {
	failed := func(err error) *frame { return &frame{Type: sayFailed, Fault: wire.FaultOf(err)} }
	defer func() {
		if p := recover(); p != nil {
			answer = failed(fmt.Errorf("the engine %s panicked: %v", f.Engine, p))
		}
	}()
	req, err := f.Request.Unpack(f.payload, mostShown)
	if err != nil {
		return failed(fmt.Errorf("%w: %w", err, engine.ErrUnavailable))
	}
	imager, err := c.worker.Engines.Imager(f.Engine)
	if err != nil {
		return failed(err)
	}
	ctx, span := c.worker.Traces.Continue(ctx, f.Trace, "worker.paint", attribute.String("bottega.engine", f.Engine))
	defer func() { span.End(err) }()
	report, finish := relay(func(p engine.Progress) { c.say(f.ID, p) })
	defer finish() // also when the engine panics
	begun, ended := c.worker.Clock.Now(), c.worker.Metrics.Paints(f.Engine, req.Model)
	err = errPanicked // unless it returns
	defer func() { ended(err, c.worker.Clock.Now().Sub(begun)) }()
	picture, err := imager.GenerateImage(ctx, *req, report)
	finish()
	switch {
	case err != nil:
		return failed(err)
	case picture == nil || picture.Image == nil:
		err = fmt.Errorf("the engine %s returned no picture: %w", f.Engine, engine.ErrUnavailable)
		return failed(err)
	}
	return &frame{Type: sayPicture, Picture: wire.PictureOf(picture), pieces: [][]byte{wire.Bytes(picture.Image)}}
}

// relay returns where an engine reports to, which never blocks, and what waits until all of it was said.
func relay[T any](say func(T)) (report func(T), finish func()) {
	waiting := make(chan T, progressKept)
	var said sync.WaitGroup
	said.Go(func() {
		for p := range waiting {
			say(p)
		}
	})
	return func(p T) {
			select {
			case waiting <- p:
			default:
			}
		}, sync.OnceFunc(func() {
			close(waiting)
			said.Wait()
		})
}

func (c *connection) say(id uint64, p engine.Progress) {
	f := &frame{Type: sayProgress, ID: id, Progress: &wire.Progress{Step: p.Step, Steps: p.Steps}}
	if p.Preview != nil && p.Preview.Rect.Dx() <= mostPreview && p.Preview.Rect.Dy() <= mostPreview {
		f.Progress.Width, f.Progress.Height = p.Preview.Rect.Dx(), p.Preview.Rect.Dy()
		f.pieces = [][]byte{wire.Bytes(p.Preview)}
	}
	_ = c.line.send(f) // progress over a line that is gone is nobody's
}

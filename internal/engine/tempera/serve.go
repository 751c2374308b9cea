package tempera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"bottega/internal/engine"
	"bottega/internal/engine/wire"
	"bottega/internal/telemetry"
	weights "bottega/tempera"
)

// WorkerCommand is the hidden subcommand under which the binary is a worker.
const WorkerCommand = "tempera-worker"

// WorkerOptions are what a worker has of its own; the rest its parent tells it.
type WorkerOptions struct {
	Weights fs.FS             // used when the parent names no folder; nil = the embedded weights
	Traces  *telemetry.Traces // where the spans of this process go; nil = nowhere

	crowd func(forwarder) *crowd // of tests: in place of what was measured
}

// WorkerMain is the worker process: it makes pictures for the parent at the other end of stdin and stdout, one at a time
// or as many as share forwards. It returns nil when stdin closes, which is how a worker ends when its parent is gone.
func WorkerMain(ctx context.Context, stdin io.Reader, stdout io.Writer, opts WorkerOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{opts: opts, out: stdout, stops: map[uint64]context.CancelFunc{}}
	defer s.leave(cancel)
	for {
		f, err := readFrame(stdin)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("worker: %w", err)
		}
		if err := s.handle(ctx, f); err != nil {
			return fmt.Errorf("worker: %w", err)
		}
	}
}

// server is the worker's side of the pipe.
type server struct {
	opts    WorkerOptions
	painter *painter
	jobs    sync.WaitGroup
	places  chan struct{} // one for each picture that may be under way

	running sync.Mutex                    // over stops
	stops   map[uint64]context.CancelFunc // by request

	mu  sync.Mutex // over out: progress and answers come from the jobs' goroutines
	out io.Writer
}

const leavePatience = time.Second

// leave stops the jobs and gives them a moment; a run that does not listen ends with the process.
func (s *server) leave(cancel context.CancelFunc) {
	cancel()
	done := make(chan struct{})
	go func() {
		s.jobs.Wait()
		close(done)
	}()
	select {
	case <-done:
		if s.painter != nil {
			s.painter.close()
		}
	case <-time.After(leavePatience):
	}
}

func (s *server) send(f *frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return writeFrame(s.out, f)
}

func (s *server) handle(ctx context.Context, f *frame) error {
	switch {
	case f.Type == frameStart && f.Setup != nil:
		return s.start(f.Setup)
	case f.Type == frameCancel:
		s.cancel(f.ID)
		return nil
	case s.painter == nil:
		return fmt.Errorf("%s before start: %w", f.Type, errFrame)
	case (f.Type == frameGenerate || f.Type == frameBench) && f.Request != nil:
		s.begin(ctx, f)
		return nil
	}
	return fmt.Errorf("%q: %w", f.Type, errFrame)
}

func (s *server) cancel(id uint64) {
	s.running.Lock()
	defer s.running.Unlock()
	if stop := s.stops[id]; stop != nil {
		stop()
	}
}

// begin answers a request as soon as there is a place for it. The parent asks for no more than there are.
func (s *server) begin(ctx context.Context, f *frame) {
	ctx, stop := context.WithCancel(ctx)
	s.running.Lock()
	s.stops[f.ID] = stop
	s.running.Unlock()
	s.jobs.Go(func() {
		defer func() {
			s.running.Lock()
			defer s.running.Unlock()
			delete(s.stops, f.ID)
			stop()
		}()
		s.places <- struct{}{}
		defer func() { <-s.places }()
		s.work(ctx, f)
	})
}

// start loads the model. A model that cannot be loaded is told to the parent, which ends this process.
func (s *server) start(with *setup) error {
	if with.MemoryLimit > 0 {
		debug.SetMemoryLimit(with.MemoryLimit / 2) // the network's memory is not Go's
	}
	files := s.opts.Weights
	if files == nil {
		files = weights.Weights()
	}
	if with.WeightsDir != "" {
		files = os.DirFS(with.WeightsDir)
	}
	p, err := openPainter(files, painterOptions{with.DataDir, with.Runtime, with.Threads, with.Device, s.reading()})
	if err != nil {
		return s.send(&frame{Type: frameFailed, Fault: wire.FaultOf(err)})
	}
	runtime.GC() // the weights were read twice over: once here, once into the session
	debug.FreeOSMemory()
	if s.opts.crowd != nil {
		p.crowd = s.opts.crowd(p.net)
	}
	s.painter, s.places = p, make(chan struct{}, p.crowd.together())
	return s.send(&frame{Type: frameReady, Ready: &readyHeader{
		Device: p.device.name(), Missed: p.device.missed, Together: p.crowd.together(),
	}})
}

// saidEvery is how much a worker reads between two words about it, in bytes.
const saidEvery = 1 << 20

// reading returns what tells the parent how much was read. A parent that does not listen has gone: stdin says so.
func (s *server) reading() func(n int64) {
	done, said := int64(0), int64(0)
	return func(n int64) {
		if done += n; done-said >= saidEvery {
			said = done
			_ = s.send(&frame{Type: frameReading, Reading: &reading{Done: done}})
		}
	}
}

// work answers one request. What cannot be sent has no reader any more: stdin will close too.
func (s *server) work(ctx context.Context, f *frame) {
	answer, err := s.answer(ctx, f)
	if err != nil {
		answer = &frame{Type: frameFailed, Fault: wire.FaultOf(err)}
	}
	answer.ID = f.ID
	_ = s.send(answer)
}

func (s *server) answer(ctx context.Context, f *frame) (_ *frame, err error) {
	if f.Type == frameBench {
		if f.Request.Bench == nil {
			return nil, fmt.Errorf("nothing to measure: %w", engine.ErrRejected)
		}
		result, err := s.painter.bench(ctx, f.Request.Bench)
		return &frame{Type: frameBench, Bench: result}, err
	}
	req, err := f.unpacked()
	if err != nil {
		return nil, err
	}
	ctx, span := s.opts.Traces.Continue(ctx, f.Trace, "tempera.paint")
	defer func() { span.End(err) }()
	picture, err := s.painter.paint(ctx, req, func(p engine.Progress) {
		b := p.Preview.Bounds()
		_ = s.send(&frame{
			Type: frameProgress, ID: f.ID, payload: wire.Bytes(p.Preview),
			Progress: &progress{Step: p.Step, Steps: p.Steps, Width: b.Dx(), Height: b.Dy()},
		})
	})
	if err != nil {
		return nil, err
	}
	return &frame{Type: framePicture, payload: wire.Bytes(picture.Image), Picture: wire.PictureOf(picture)}, nil
}

// Package tempera runs the house model: it reads the prompt into a scene, composes a rough reference from licensed
// drawings, and paints the picture with a small diffusion network that looks at it. It promises that every delivered
// pixel comes out of the network, that the same request gives the same pixels on the same build, and that a worker
// which dies or hangs fails its request and nothing else. Queueing, prices and storing are left to others.
//
// The painting happens in worker processes of the same binary (WorkerMain), because ONNX Runtime is a large C library
// that no Go program can contain when it goes wrong.
package tempera

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sync"

	"bottega/internal/engine"
	"bottega/internal/engine/wire"
	"bottega/internal/telemetry"
	weights "bottega/tempera"
)

// DefaultMemoryLimit is what a worker may hold.
const DefaultMemoryLimit = 2 << 30

// Options of an engine. The zero value is what a small machine wants.
type Options struct {
	WeightsDir  string   // folder with weights; empty = those embedded in the binary
	DataDir     string   // folder to unpack ONNX Runtime into; empty = the user's cache folder
	Runtime     string   // an ONNX Runtime library to load; empty = the one in the binary, which knows no CUDA
	Device      Device   // empty = DeviceCPU
	Workers     int      // processes, each painting as many pictures at a time as is faster than one by one; 0 = 1
	Threads     int      // of each; 0 = all processors, shared out among the workers
	MemoryLimit int64    // bytes a worker may hold; 0 = DefaultMemoryLimit
	InProcess   bool     // paint in this process: for benchmarks only, a crash of the runtime ends the program
	Command     []string // how to start a worker; empty = this binary with WorkerCommand
	Logger      *slog.Logger
}

// Engine implements engine.Imager and engine.Loader. It is safe for concurrent use; requests beyond the number of workers wait.
type Engine struct {
	manifest *manifest
	free     chan *worker  // workers that take another request, once for each
	local    chan *painter // instead of workers when in process
	workers  []*worker

	size     int64         // bytes that a worker reads to be ready
	reading  chan struct{} // one has read more of them
	changing chan struct{} // held by a load or an eviction

	closing sync.Once
	closed  chan struct{}
}

// New checks that the weights can be read and prepares the workers. They start with their first request, or with Load.
func New(opts Options) (*Engine, error) {
	files := weights.Weights()
	if opts.WeightsDir != "" {
		files = os.DirFS(opts.WeightsDir)
	}
	m, err := openManifest(files)
	if err != nil {
		return nil, err
	}
	if opts.Workers < 1 || opts.InProcess {
		opts.Workers = 1
	}
	if opts.Threads < 1 {
		opts.Threads = max(runtime.NumCPU()/opts.Workers, 1)
	}
	if opts.MemoryLimit == 0 {
		opts.MemoryLimit = DefaultMemoryLimit
	}
	if !slices.Contains([]Device{"", DeviceAuto, DeviceCPU, DeviceCUDA}, opts.Device) {
		return nil, fmt.Errorf("engine device %q (there are auto, cpu and cuda)", opts.Device)
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	e := &Engine{
		manifest: m, size: m.bytes() + runtimeSize(opts.Runtime), reading: make(chan struct{}, 1), changing: make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
	if opts.InProcess {
		return e, e.hire(files, &opts)
	}
	if len(opts.Command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program to start workers: %w", err)
		}
		opts.Command = []string{self, WorkerCommand}
	}
	e.free = make(chan *worker, opts.Workers*mostTogether)
	for range opts.Workers {
		e.employ(&opts)
	}
	return e, nil
}

// employ adds a worker. It takes one request at a time until its process says that it takes more.
func (e *Engine) employ(opts *Options) {
	w := newWorker(opts.Command, &setup{
		WeightsDir: opts.WeightsDir, DataDir: opts.DataDir, Runtime: opts.Runtime, Threads: opts.Threads,
		MemoryLimit: opts.MemoryLimit, Device: opts.Device,
	}, opts.Logger)
	places := 1
	w.grown = func(together int) { // called by one request at a time
		for ; places < min(together, mostTogether); places++ {
			e.free <- w
		}
	}
	w.reading = func() {
		select {
		case e.reading <- struct{}{}:
		default: // told already
		}
	}
	e.workers = append(e.workers, w)
	e.free <- w
}

// hire prepares painting in this process.
func (e *Engine) hire(files fs.FS, opts *Options) error {
	p, err := openPainter(files, painterOptions{opts.DataDir, opts.Runtime, opts.Threads, opts.Device, nil})
	if err != nil {
		return err
	}
	e.local = make(chan *painter, 1)
	e.local <- p
	return nil
}

// GenerateImage implements engine.Imager.
func (e *Engine) GenerateImage(ctx context.Context, req engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	if err := e.manifest.check(&req); err != nil {
		return nil, err
	}
	if report == nil {
		report = func(engine.Progress) {}
	}
	w, p, err := e.acquire(ctx)
	if err != nil {
		return nil, err
	}
	if p != nil {
		defer func() { e.local <- p }()
		return p.paint(ctx, &req, report)
	}
	defer func() { e.free <- w }()
	places := int64(1)
	if req.Alone {
		places = mostTogether
	}
	if err := w.room.Acquire(ctx, places); err != nil {
		return nil, fmt.Errorf("wait for a worker: %w", err)
	}
	defer w.room.Release(places)
	ask := packed(req)
	ask.Trace = telemetry.Carry(ctx)
	answer, err := w.do(ctx, ask, func(f *frame) {
		if f.Progress != nil {
			small := wire.Pixels(f.payload, f.Progress.Width, f.Progress.Height)
			report(engine.Progress{Step: f.Progress.Step, Steps: f.Progress.Steps, Preview: small})
		}
	})
	if err != nil {
		return nil, err
	}
	return pictureIn(answer, &req)
}

// pictureIn checks the worker's answer.
func pictureIn(f *frame, req *engine.ImageRequest) (*engine.Picture, error) {
	var p *engine.Picture
	if f.Type == framePicture && f.Picture != nil {
		p = f.Picture.With(f.payload)
	}
	if p == nil || p.Image.Rect.Dx() != req.Width || p.Image.Rect.Dy() != req.Height {
		return nil, fmt.Errorf("worker answered %q without the picture: %w", f.Type, engine.ErrUnavailable)
	}
	return p, nil
}

// acquire takes a worker, or the painter of this process, when one is free.
func (e *Engine) acquire(ctx context.Context) (*worker, *painter, error) {
	select {
	case <-e.closed: // looked at first: select picks at random
		return nil, nil, errClosed
	default:
	}
	select {
	case <-e.closed:
		return nil, nil, errClosed
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("wait for a worker: %w", ctx.Err())
	case w := <-e.free:
		return w, nil, nil
	case p := <-e.local:
		return nil, p, nil
	}
}

// Versions implements engine.Versioned.
func (e *Engine) Versions() []string { return []string{e.manifest.exact()} }

// Bench measures how fast a worker runs the network.
func (e *Engine) Bench(ctx context.Context, b Bench) (*BenchResult, error) {
	w, p, err := e.acquire(ctx)
	if err != nil {
		return nil, err
	}
	if p != nil {
		defer func() { e.local <- p }()
		return p.bench(ctx, &b)
	}
	defer func() { e.free <- w }()
	if err := w.room.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for a worker: %w", err)
	}
	defer w.room.Release(1)
	answer, err := w.do(ctx, &frame{Type: frameBench, Request: &request{Bench: &b}}, func(*frame) {})
	if err != nil {
		return nil, err
	}
	if answer.Bench == nil {
		return nil, fmt.Errorf("worker answered %q without a measurement: %w", answer.Type, engine.ErrUnavailable)
	}
	return answer.Bench, nil
}

// Kill ends every worker process at once, as kill -9 would: for tests and drills. Requests under way fail with
// ErrUnavailable; the next ones start new workers.
func (e *Engine) Kill() {
	for _, w := range e.workers {
		w.kill()
	}
}

// Close ends the workers. Requests under way fail with ErrUnavailable, as do all later ones.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		close(e.closed)
		var all sync.WaitGroup
		for _, w := range e.workers {
			all.Go(w.close)
		}
		all.Wait()
		if e.local != nil {
			p := <-e.local // waits for the picture under way
			p.close()
		}
	})
	return nil
}

// Style is a named look of the model.
type Style struct{ ID, Title string }

// Description is what the catalogue wants to know.
type Description struct {
	Name         string
	Version      string // "0.1.0"
	ModelVersion string // exact: name, version and a hash over everything that decides over pixels
	Preview      bool
	Grid         int     // pixels of a square picture's side before resampling
	Styles       []Style // without "none"
	ReadsStyle   bool    // it takes style references
	Steps        int     // defaults
	Guidance     float64
	Adherence    float64
	NetworkHash  string // SHA-256 of network.onnx
}

// Describe says what the weights are.
func (e *Engine) Describe() Description {
	m := e.manifest
	d := Description{
		Name: m.Name, Version: m.Version, ModelVersion: m.exact(), Preview: m.Preview, Grid: m.Grid,
		Steps: m.Defaults.Steps, Guidance: m.Defaults.Guidance,
		Adherence: m.Defaults.Adherence, NetworkHash: m.Files[networkFile].SHA256,
	}
	_, d.ReadsStyle = m.Files[lookFile]
	for _, id := range m.Styles[1:] {
		title := m.StyleTitles[id]
		if title == "" {
			title = id
		}
		d.Styles = append(d.Styles, Style{id, title})
	}
	return d
}

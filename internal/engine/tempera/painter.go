package tempera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"go.opentelemetry.io/otel/attribute"

	"bottega/internal/clock"
	"bottega/internal/engine"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/telemetry"
)

const previewSide = 96 // pixels of a progress picture's longer side

// painter makes pictures in this process: it reads, composes and paints. It is safe for concurrent use.
type painter struct {
	*model
	net     *network
	crowd   *crowd
	looker  *looker   // nil when the weights have none
	renders *renderer // the same
	device  *device
	habit   habit
	threads int
}

// painterOptions say how a painter works.
type painterOptions struct {
	LibraryDir string // folder to unpack ONNX Runtime into
	Runtime    string // an ONNX Runtime library of the operator's own; empty = the one in this binary
	Threads    int
	Device     Device
	Read       func(n int64) // told of every piece of the weights and of the runtime that was read, in bytes; nil = nobody
}

// openPainter loads the weights and starts ONNX Runtime.
func openPainter(files fs.FS, opts painterOptions) (*painter, error) {
	if opts.Read == nil {
		opts.Read = func(int64) {}
	}
	m, err := loadModel(files, opts.Read)
	if err != nil {
		return nil, err
	}
	library, err := startRuntime(opts.Runtime, opts.LibraryDir, opts.Read)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, engine.ErrUnavailable)
	}
	p := &painter{model: m, device: findDevice(opts.Device, library, opts.Threads), threads: opts.Threads}
	if err := p.open(); err != nil && p.device.cuda {
		p.device = &device{threads: opts.Threads, missed: err.Error()} // it was found and does not work
		err = p.open()
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	m.network, m.look, m.render = nil, nil, nil // the sessions have their own copy
	if p.habit, err = measureHabit(p.net, m.manifest, p.device, clock.System{}); err != nil {
		p.close()
		return nil, weightsError(networkFile, "cannot be used (%v)", err)
	}
	p.crowd = newCrowd(p.net, p.habit)
	return p, nil
}

// open starts the sessions on the device.
func (p *painter) open() (err error) {
	if p.net, err = openNetwork(p.network, p.manifest, p.device); err != nil {
		return weightsError(networkFile, "cannot be used (%v)", err)
	}
	if p.look != nil {
		if p.looker, err = openLooker(p.look, p.manifest.LookWidth, p.device); err != nil {
			p.close()
			return weightsError(lookFile, "cannot be used (%v)", err)
		}
	}
	if p.render != nil {
		if p.renders, err = openRenderer(p.render, p.device); err != nil {
			p.close()
			return weightsError(renderFile, "cannot be used (%v)", err)
		}
		p.composer.Library.SetRenderer(p.renders)
	}
	return nil
}

func (p *painter) close() {
	p.net.close()
	if p.looker != nil {
		p.looker.close()
	}
	if p.renders != nil {
		p.renders.close()
	}
}

// paint makes one picture.
func (p *painter) paint(ctx context.Context, req *engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	if err := p.manifest.check(req); err != nil {
		return nil, err
	}
	pl, err := p.planned(ctx, req)
	if err != nil {
		return nil, err
	}
	job := &pl.job
	leave := p.crowd.enter(job.Height, job.Width)
	defer leave()
	sampling, span := telemetry.Start(ctx, "tempera.sample", attribute.Int("bottega.steps", job.Steps),
		attribute.Int("bottega.width", job.Width), attribute.Int("bottega.height", job.Height))
	planes, err := paint.Sample(sampling, p.crowd, job, func(i int, x []float32) {
		if report != nil {
			report(engine.Progress{Step: i + 1, Steps: job.Steps, Preview: pl.preview(x)})
		}
	})
	span.End(err)
	if err != nil {
		return nil, fmt.Errorf("paint: %w", err)
	}
	return &engine.Picture{
		Image:           pl.deliver(planes),
		ModelVersion:    p.manifest.exact(),
		GeneratedWidth:  job.Width,
		GeneratedHeight: job.Height,
		Sources:         pl.sources,
		Notes:           pl.notes,
	}, nil
}

// planned is plan with a span of its own.
func (p *painter) planned(ctx context.Context, req *engine.ImageRequest) (_ *plan, err error) {
	ctx, span := telemetry.Start(ctx, "tempera.compose")
	defer func() { span.End(err) }()
	return p.plan(ctx, req)
}

var errNothingMarked = errors.New("mask: it marks nothing to paint")

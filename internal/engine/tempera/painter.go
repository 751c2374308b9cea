package tempera

import (
	"context"
	"fmt"
	"image"
	"io/fs"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/compose"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
)

const previewSide = 96 // pixels of a progress picture's longer side

// painter makes pictures in this process: it reads, composes and paints. It is used by one goroutine at a time.
type painter struct {
	*model
	net     *network
	threads int
}

// openPainter loads the weights and starts ONNX Runtime.
func openPainter(files fs.FS, libraryDir string, threads int) (*painter, error) {
	m, err := loadModel(files)
	if err != nil {
		return nil, err
	}
	if err := startRuntime(libraryDir); err != nil {
		return nil, fmt.Errorf("%w: %w", err, engine.ErrUnavailable)
	}
	net, err := openNetwork(m.network, threads)
	if err != nil {
		return nil, weightsError(networkFile, "cannot be used (%v)", err)
	}
	m.network = nil // the session has its own copy
	return &painter{model: m, net: net, threads: threads}, nil
}

func (p *painter) close() { p.net.close() }

// paint makes one picture.
func (p *painter) paint(ctx context.Context, req *engine.ImageRequest, report func(engine.Progress)) (*engine.Picture, error) {
	if err := p.manifest.check(req); err != nil {
		return nil, err
	}
	pl, err := p.plan(req)
	if err != nil {
		return nil, err
	}
	job := &pl.job
	planes, err := paint.Sample(ctx, p.net, job, func(i int, x []float32) {
		if report != nil {
			small := paint.Preview(x, job.Width, job.Height, req.Width, req.Height, previewSide)
			report(engine.Progress{Step: i + 1, Steps: job.Steps, Preview: small})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("paint: %w", err)
	}
	return &engine.Picture{
		Image:           paint.Deliver(planes, job.Width, job.Height, req.Width, req.Height, req.Transparent),
		ModelVersion:    p.manifest.exact(),
		GeneratedWidth:  job.Width,
		GeneratedHeight: job.Height,
		Sources:         pl.sources,
		Notes:           pl.notes,
	}, nil
}

// plan is everything decided about a picture before the network runs.
type plan struct {
	job     paint.Job
	sources []engine.Source
	notes   []string
	canvas  *compose.Canvas // the composed reference; nil without one. It is never delivered
}

func (p *painter) plan(req *engine.ImageRequest) (*plan, error) {
	m := p.manifest
	w, h := paint.Grid(req.Width, req.Height, m.Grid, m.Multiple)
	scene := p.reader.Read(req.Prompt)
	style, _ := m.style(req.Style)
	if style == 0 {
		style, _ = m.style(scene.Style)
		style = max(style, 0) // a lexicon may know styles this network does not
	}
	none := make([]float32, 5*h*w)
	pl := &plan{notes: notes(&scene), job: paint.Job{
		Temperature: p.manifest.Sampler.Temperature, Finish: p.manifest.Sampler.Finish,
		Height: h, Width: w, Seed: uint64(req.Seed), Steps: req.Steps, Guidance: req.Guidance, Adherence: req.Adherence,
		Asked:   paint.Branch{Reference: none, Tokens: p.tokenizer.Encode(req.Prompt), Style: style},
		Avoided: paint.Branch{Reference: none, Tokens: p.tokenizer.Encode(req.NegativePrompt), Style: style},
	}}
	if req.Adherence < 0 {
		return pl, nil
	}
	layout, err := p.composer.Arrange(&scene, req.Seed, req.Width, req.Height)
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	for _, phrase := range layout.Missing {
		pl.notes = append(pl.notes, fmt.Sprintf("There is no drawing of “%s” to look at; it was left to the text.", phrase))
	}
	if layout.Empty() {
		pl.notes = append(pl.notes, "Nothing in the prompt has a drawing to look at; the picture was painted from the text alone.")
		return pl, nil
	}
	if pl.canvas, err = layout.Reference(w, h, m.Styles[style]); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	pl.job.Asked.Reference = paint.Planes(pl.canvas.Pix)
	for _, e := range layout.Used {
		pl.sources = append(pl.sources, e.Source())
	}
	return pl, nil
}

// notes tell people how their words were read.
func notes(s *read.Scene) []string {
	var found []string
	for _, r := range s.ReadAs {
		found = append(found, fmt.Sprintf("“%s” was read as %s.", r[0], r[1]))
	}
	for _, w := range s.Unknown {
		found = append(found, fmt.Sprintf("“%s” is unknown and was left to the text.", w))
	}
	return found
}

// bytesOf returns the pixels without padding between rows.
func bytesOf(m *image.NRGBA) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if m.Stride == 4*w {
		return m.Pix[:4*w*h]
	}
	out := make([]byte, 0, 4*w*h)
	for y := range h {
		out = append(out, m.Pix[y*m.Stride:y*m.Stride+4*w]...)
	}
	return out
}

// pictureOf is the inverse of bytesOf; nil when the bytes are not such a picture.
func pictureOf(pixels []byte, w, h int) *image.NRGBA {
	if w < 1 || h < 1 || w > 1<<15 || h > 1<<15 || len(pixels) != 4*w*h {
		return nil
	}
	return &image.NRGBA{Pix: pixels, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

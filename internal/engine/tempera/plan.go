package tempera

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"

	"golang.org/x/image/draw"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/compose"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
	"bottega/internal/engine/tempera/shown"
	"bottega/internal/engine/wire"
)

// plan is everything decided about a picture before the network runs.
type plan struct {
	job     paint.Job
	how     paint.Delivery // of what is painted: the picture, or the window around a mask
	sources []engine.Source
	notes   []string
	canvas  *compose.Canvas // the reference; nil without one. It is never delivered

	calm   float32       // the change from what was shown that counts as noise, see paint.Calmed
	celled string        // a style of square cells that what is painted is brought into; "" for none
	init   *image.NRGBA  // fitted to the asked size; nil without one
	window *shown.Window // nil without a mask
}

// planner works one plan out.
type planner struct {
	*painter
	req   *engine.ImageRequest
	plan  *plan
	part  image.Rectangle // of the picture: what the grid covers
	scene read.Scene
	style string // the style's id, for backdrops
	guide *paint.Guide
	held  bool // there is a reference beside content references

	filtered bool    // the composition is in its programmatic style already
	styled   float64 // share of the composition that has its style already, see compose.Layout.Styled
}

func (p *painter) plan(ctx context.Context, req *engine.ImageRequest) (*plan, error) {
	m := p.manifest
	w := &planner{painter: p, req: tidied(req), plan: &plan{}}
	if err := w.frame(); err != nil {
		return nil, err
	}
	gw, gh := paint.Grid(w.part.Dx(), w.part.Dy(), m.Grid, m.Multiple)
	w.guide = paint.NewGuide(gh, gw)
	if !req.Erase {
		w.scene = p.reader.Read(req.Prompt)
	}
	w.plan.notes = notes(&w.scene)
	w.plan.job = paint.Job{
		Height: gh, Width: gw, Seed: uint64(req.Seed), Steps: req.Steps, Guidance: req.Guidance,
		GuidanceFrom: m.Sampler.GuidanceFrom, Temperature: m.Sampler.Temperature, Finish: m.Sampler.Finish,
	}
	if req.Tile {
		w.plan.job.Roll = m.Multiple
	}
	if err := w.tell(ctx); err != nil {
		return nil, err
	}
	if err := w.show(); err != nil {
		return nil, err
	}
	w.branches()
	return w.plan, nil
}

// tidied returns the request with pictures that begin at 0,0 and have no gaps between rows.
func tidied(req *engine.ImageRequest) *engine.ImageRequest {
	q := *req
	colour := func(m *image.NRGBA) *image.NRGBA { return wire.Pixels(wire.Bytes(m), m.Rect.Dx(), m.Rect.Dy()) }
	if q.Init != nil {
		q.Init = colour(q.Init)
	}
	if m := q.Mask; m != nil {
		w, h := m.Rect.Dx(), m.Rect.Dy()
		q.Mask = &image.Gray{Pix: wire.Tight(m.Pix, m.Stride, w, h), Stride: w, Rect: image.Rect(0, 0, w, h)}
	}
	q.References = slices.Clone(q.References)
	for i := range q.References {
		q.References[i].Image = colour(q.References[i].Image)
	}
	return &q
}

// frame settles what is painted: the whole picture, or the window around the mask.
func (w *planner) frame() error {
	q := w.req
	w.part = image.Rect(0, 0, q.Width, q.Height)
	w.plan.how = paint.Delivery{
		Width: q.Width, Height: q.Height, Transparent: q.Transparent, Background: q.Background, Tile: q.Tile,
	}
	if q.Init == nil {
		return nil
	}
	w.plan.init = shown.Cover(q.Init, q.Width, q.Height)
	if q.Mask == nil {
		return nil
	}
	window, ok := shown.NewWindow(shown.CoverMask(q.Mask, q.Width, q.Height), w.manifest.Grid)
	if !ok {
		return fmt.Errorf("%w: %w", errNothingMarked, engine.ErrRejected)
	}
	w.plan.window, w.part = window, window.Rect
	w.plan.how.Width, w.plan.how.Height = w.part.Dx(), w.part.Dy()
	return nil
}

// chosenStyle is the style asked for. With none asked for the prompt's own word decides ("a fox, pixel art"), then the
// model's default.
func (w *planner) chosenStyle() int64 {
	m := w.manifest
	if w.req.Style != "" && w.req.Style != AutoStyle {
		style, _ := m.style(w.req.Style)
		return style
	}
	// A lexicon may know styles this network does not.
	if style, ok := m.style(w.scene.Style); ok && style > 0 {
		w.plan.notes = append(w.plan.notes, fmt.Sprintf("The prompt asks for the style “%s”.", m.title(style)))
		return style
	}
	style, _ := m.style(m.Defaults.Style)
	return max(style, 0)
}

// tell fills in what the network is told in words, style and look.
func (w *planner) tell(ctx context.Context) error {
	q, m := w.req, w.manifest
	style := w.chosenStyle()
	w.style = m.Styles[style]
	w.scene.Style = w.style // whoever asked for it
	weights := make([]float32, len(m.Styles))
	look, share, err := w.look(ctx)
	if err != nil {
		return err
	}
	weights[style] = float32(1 - share)
	if share == 0 && w.plan.window == nil && compose.Celled(w.style) {
		w.plan.celled, w.plan.how.Cells = w.style, true
	}
	words := ""
	if !q.Erase {
		words = w.words()
	}
	w.plan.job.Asked = paint.Branch{Tokens: w.tokenizer.Encode(words), Style: weights, Look: look}
	avoided := paint.Branch{Tokens: w.tokenizer.Encode(q.NegativePrompt), Style: weights, Look: look}
	if !m.Sampler.StyleAvoided {
		avoided.Style, avoided.Look = make([]float32, len(weights)), make([]float32, len(look))
	}
	w.plan.job.Avoided = avoided
	return nil
}

// words are the prompt and what stands in the boxes, with unknown words replaced by what they were read as.
func (w *planner) words() string {
	text := w.req.Prompt
	for _, b := range w.req.Boxes {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(b.Prompt)) {
			text += ", " + b.Prompt
		}
	}
	return read.Replace(text, w.scene.Likened)
}

// look adds up what the style references look like, and says how much of the style they take over. Strengths that add
// up to more than 1 are scaled down together.
func (w *planner) look(ctx context.Context) (look []float32, share float64, err error) {
	look = make([]float32, w.manifest.LookWidth)
	for _, r := range w.req.References {
		if r.Kind == engine.StyleReference {
			share += r.Strength
		}
	}
	for _, r := range w.req.References {
		if r.Kind != engine.StyleReference {
			continue
		}
		one, err := w.looker.look(ctx, paint.Planes(shown.Square(r.Image, lookSide).Pix))
		if err != nil {
			return nil, 0, err
		}
		for i, v := range one {
			look[i] += float32(r.Strength/max(share, 1)) * v
		}
	}
	return look, min(share, 1), nil
}

// branches finishes what the network is told.
func (w *planner) branches() {
	job := &w.plan.job
	job.Asked.Guide = w.guide.Planes
	job.Avoided.Guide = w.guide.Planes
	if !w.manifest.Sampler.GuideAvoided {
		job.Avoided.Guide = w.guide.Avoided().Planes
	}
}

// deliver is what becomes of the painted planes.
func (pl *plan) deliver(planes []float32) *image.NRGBA {
	if pl.calm > 0 {
		planes = paint.Calmed(planes, pl.job.Asked.Guide, pl.calm)
	}
	if pl.celled != "" {
		canvas := &compose.Canvas{Width: pl.job.Width, Height: pl.job.Height, Pix: paint.Pixels(planes)}
		compose.Filter(canvas, pl.celled, pl.how.Tile)
		planes = paint.Planes(canvas.Pix)
	}
	patch := paint.Deliver(planes, pl.job.Width, pl.job.Height, pl.how)
	if pl.window == nil {
		return patch
	}
	return pl.window.Paste(pl.init, patch, float64(pl.how.Width)/float64(pl.job.Width))
}

// preview is a small opaque picture of where the painting is.
func (pl *plan) preview(x []float32) *image.NRGBA {
	if pl.window == nil {
		return paint.Preview(x, pl.job.Width, pl.job.Height, pl.how, previewSide)
	}
	b, r := pl.init.Rect, pl.window.Rect
	scale := float64(previewSide) / float64(max(b.Dx(), b.Dy()))
	at := func(v int) int { return int(float64(v) * scale) }
	small := image.NewNRGBA(image.Rect(0, 0, max(at(b.Dx()), 1), max(at(b.Dy()), 1)))
	draw.Draw(small, small.Rect, image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(small, small.Rect, pl.init, b, draw.Over, nil)
	patch := paint.Preview(x, pl.job.Width, pl.job.Height, pl.how, previewSide)
	spot := image.Rect(at(r.Min.X), at(r.Min.Y), max(at(r.Max.X), at(r.Min.X)+1), max(at(r.Max.Y), at(r.Min.Y)+1))
	draw.ApproxBiLinear.Scale(small, spot, patch, patch.Rect, draw.Src, nil)
	return small
}

// notes tell people how their words were read.
func notes(s *read.Scene) []string {
	var found []string
	for _, r := range slices.Concat(s.ReadAs, s.Likened) {
		found = append(found, fmt.Sprintf("“%s” was read as %s.", r[0], r[1]))
	}
	for _, r := range s.Parts {
		found = append(found, fmt.Sprintf("“%s” is part of the drawing of %s.", r[0], r[1]))
	}
	for _, w := range s.Left {
		found = append(found, fmt.Sprintf("“%s” was not drawn on its own and left to the text.", w))
	}
	for _, w := range s.Unknown {
		found = append(found, fmt.Sprintf("“%s” is unknown and was left to the text.", w))
	}
	return found
}

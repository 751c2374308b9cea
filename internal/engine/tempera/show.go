package tempera

import (
	"fmt"
	"image"
	"math"
	"slices"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/compose"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
	"bottega/internal/engine/tempera/shown"
)

// A character of strength 1 is kept at least this close, whatever the adherence: it has to stay who it is.
const characterCloseness = 0.6

// A composition in a programmatic style went through that style's rule and needs no more than to be kept: an adherence of 0
// counts as this much. Less, and the network applies the rule to what it was applied to already.
const leastFiltered = 0.45

// See kept.
const ownHand, ownHandChanged = 0.95, 0.5

// calmUnder is the change of planes (of their 2) that counts as noise where a drawing of a hand of few colours is kept, hardCalm that
// in styles of hard edges.
const calmUnder, hardCalm = 0.08, 0.4

// What is erased starts this close to what surrounds it: a network that is shown nothing, or starts from nothing, likes to
// fill a hole inside a thing with white.
const erasedCloseness = 0.55

// show settles what the network looks at, and what the picture starts from.
func (w *planner) show() error {
	canvas, err := w.reference()
	if err != nil {
		return err
	}
	w.held = canvas != nil
	canvas = w.blend(canvas)
	w.plan.canvas = canvas
	job := &w.plan.job
	if canvas != nil {
		w.guide.Show(paint.Planes(canvas.Pix))
		job.Start = w.start()
	}
	if w.plan.window != nil {
		job.Truth = paint.Planes(w.seen(w.plan.init).Pix)
		job.Known = w.plan.window.Known(job.Width, job.Height)
		w.guide.Keep(job.Truth, job.Known)
	}
	job.From = w.guide.Planes[:4*job.Height*job.Width]
	for _, r := range w.req.References {
		if r.Kind == engine.EdgeReference {
			w.guide.Trace(shown.Contours(r.Image, w.place(r.Image), job.Width, job.Height), r.Strength)
		}
	}
	return nil
}

// place is the part of a picture that lies where the grid lies when the picture covers what is asked for.
func (w *planner) place(m *image.NRGBA) image.Rectangle {
	return shown.Inside(shown.Part(m.Rect, w.req.Width, w.req.Height), w.part, w.req.Width, w.req.Height)
}

// seen is a picture on the grid.
func (w *planner) seen(m *image.NRGBA) *compose.Canvas {
	c := shown.Canvas(m, w.place(m), w.plan.job.Width, w.plan.job.Height)
	if w.req.Tile {
		shown.Wrap(c)
	}
	return c
}

// starting reports whether the picture to start from is the reference.
func (w *planner) starting() bool { return w.plan.init != nil && w.req.Strength < 1 && !w.req.Erase }

// reference is what the network looks at before content references: the picture to start from, what surrounds the part to
// erase, or what is composed; nil when there is none of them.
func (w *planner) reference() (*compose.Canvas, error) {
	switch {
	case w.req.Erase:
		canvas, _ := w.ground()
		return canvas, nil
	case w.starting():
		return w.seen(w.plan.init), nil
	case len(w.req.Boxes) > 0:
		return w.composeBoxes()
	case w.plan.window != nil && w.plan.window.Around():
		// What is in the middle stays and would hide what is composed there.
		w.note("The mask goes around the picture: what is outside was painted from the text and from what it touches.")
		return nil, nil //nolint:nilnil // no reference is a fine answer
	}
	figures, err := w.cast()
	if err != nil {
		return nil, err
	}
	if w.req.Adherence < 0 {
		if len(figures) == 0 {
			return nil, nil //nolint:nilnil // as above
		}
		w.scene.Groups, w.scene.Backdrop = w.scene.Groups[:len(figures)], ""
	}
	return w.compose(figures)
}

// compose lays the scene out, on the whole picture or where the mask is.
func (w *planner) compose(figures []*compose.Figure) (*compose.Canvas, error) {
	width, height := w.req.Width, w.req.Height
	if w.plan.window != nil {
		width, height = w.plan.window.Hole.Dx(), w.plan.window.Hole.Dy()
	}
	layout, err := w.composer.Arrange(&w.scene, w.req.Seed, width, height, figures...)
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	w.missing(layout)
	if layout.Empty() {
		w.note("Nothing in the prompt has a drawing to look at; the picture was painted from the text alone.")
		return nil, nil //nolint:nilnil // no reference is a fine answer
	}
	w.repeat(layout)
	canvas, box := w.ground()
	if err := layout.PaintOver(canvas, box, w.style); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	w.settle(canvas, layout)
	w.credit(layout)
	return canvas, nil
}

// ground is what is composed on, and where: a clear canvas, or the picture around the mask, which goes on where it has
// a hole.
func (w *planner) ground() (*compose.Canvas, compose.Box) {
	gw, gh := w.plan.job.Width, w.plan.job.Height
	if w.plan.window == nil {
		return compose.NewCanvas(gw, gh), compose.Box{Width: float64(gw), Height: float64(gh)}
	}
	canvas := w.seen(w.plan.init)
	shown.Fill(canvas, w.plan.window.Known(gw, gh))
	return canvas, w.plan.window.Box(gw, gh)
}

// composeBoxes puts what each box says into it, in their order; the prompt gives the backdrop.
func (w *planner) composeBoxes() (*compose.Canvas, error) {
	ground := w.scene
	ground.Groups = nil
	back, err := w.composer.Arrange(&ground, w.req.Seed, w.req.Width, w.req.Height)
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	canvas, box := w.ground()
	layouts, boxes := []*compose.Layout{back}, []compose.Box{box}
	sx, sy := float64(canvas.Width)/float64(w.part.Dx()), float64(canvas.Height)/float64(w.part.Dy())
	for i, b := range w.req.Boxes {
		scene := w.reader.Read(b.Prompt)
		scene.Style = w.style
		for _, n := range notes(&scene) {
			w.note(n)
		}
		width, height := b.Width*float64(w.req.Width), b.Height*float64(w.req.Height)
		// Each box has dice of its own: two boxes of one phrase are two drawings.
		layout, err := w.composer.ArrangeBox(&scene, w.req.Seed+int64(i), width, height)
		if err != nil {
			return nil, fmt.Errorf("compose: %w", err)
		}
		layouts = append(layouts, layout)
		boxes = append(boxes, compose.Box{
			X: (b.X*float64(w.req.Width) - float64(w.part.Min.X)) * sx, Width: width * sx,
			Y: (b.Y*float64(w.req.Height) - float64(w.part.Min.Y)) * sy, Height: height * sy,
		})
	}
	empty := true
	for i, l := range layouts {
		w.missing(l)
		empty = empty && l.Empty()
		w.repeat(l)
		if err := l.PaintOver(canvas, boxes[i], w.style); err != nil {
			return nil, fmt.Errorf("compose: %w", err)
		}
		w.credit(l)
	}
	if empty {
		w.note("Nothing in the boxes has a drawing to look at; the picture was painted from the text alone.")
		return nil, nil //nolint:nilnil // no reference is a fine answer
	}
	w.settle(canvas, layouts...)
	return canvas, nil
}

// settle brings what was composed into a programmatic style, and notes how much of it has its style already.
func (w *planner) settle(canvas *compose.Canvas, layouts ...*compose.Layout) {
	compose.Filter(canvas, w.style, w.req.Tile)
	w.filtered = compose.Filtered(w.style)
	var own, all float64
	for _, l := range layouts {
		o, a := l.Styled(w.style)
		own, all = own+o, all+a
	}
	w.styled = 1
	if all > 0 {
		w.styled = own / all
	}
}

// cast cuts out the character references; the scene gets a group for each that it does not name.
func (w *planner) cast() ([]*compose.Figure, error) {
	var figures []*compose.Figure
	for i, r := range w.req.References {
		if r.Kind != engine.CharacterReference {
			continue
		}
		drawing, found := shown.CutOut(r.Image)
		if !found {
			w.note("No figure stands out from the ground of the character reference; all of it was used.")
		}
		figure, err := compose.NewFigure(drawing)
		if err != nil {
			return nil, fmt.Errorf("references[%d]: %w", i, err)
		}
		if len(w.scene.Groups) == len(figures) {
			group := read.Group{Count: 1, Size: 1}
			if len(figures) > 0 {
				group.Relation = read.Beside
			}
			w.scene.Groups = append(w.scene.Groups, group)
		}
		figures = append(figures, figure)
	}
	return figures, nil
}

// blend lays the content references over the canvas, each as strongly as it is asked to be.
func (w *planner) blend(canvas *compose.Canvas) *compose.Canvas {
	for _, r := range w.req.References {
		if r.Kind != engine.ContentReference {
			continue
		}
		content := w.seen(r.Image)
		if canvas == nil {
			canvas = content
			continue
		}
		shown.Mix(canvas, content, r.Strength)
	}
	return canvas
}

// start is the level to start from. A picture to start from says itself how much of it stays; what is composed or shown
// follows the adherence.
func (w *planner) start() float64 {
	if w.starting() {
		return paint.Start(1-w.req.Strength, paint.ClosestInit)
	}
	if w.req.Erase {
		return paint.Start(erasedCloseness, paint.ClosestReference)
	}
	adherence := w.req.Adherence
	if adherence < 0 {
		adherence = w.manifest.Defaults.Adherence // nothing was composed but what was shown
	}
	weakest := 1.0
	for _, r := range w.req.References {
		switch r.Kind {
		case engine.CharacterReference:
			adherence = max(adherence, characterCloseness*r.Strength)
		case engine.ContentReference:
			weakest *= 1 - r.Strength
		}
	}
	kept := w.kept()
	if w.filtered {
		adherence = leastFiltered + (1-leastFiltered)*adherence
	} else {
		adherence = math.Pow(adherence, 1-kept*w.styled*w.styled)
	}
	switch {
	case kept < ownHand:
	case w.filtered && compose.HardEdged(w.style):
		w.plan.calm = float32(hardCalm * adherence)
	case compose.FewColours(w.style):
		w.plan.calm = float32(calmUnder * adherence * w.styled)
	}
	if !w.held { // only the content references hold it
		adherence *= 1 - weakest
	}
	return paint.Start(adherence, paint.ClosestReference)
}

// kept is how far the adherence goes to 1 for what has its style already: nothing is left to be done about it, and less noise
// keeps its small things and colours. Guidance, edges and style references ask for something to be done all the same.
func (w *planner) kept() float64 {
	asks := w.req.Guidance > 1 || slices.ContainsFunc(w.req.References, func(r engine.Reference) bool {
		return r.Kind == engine.EdgeReference || r.Kind == engine.StyleReference
	})
	if asks {
		return ownHandChanged
	}
	return ownHand
}

// repeat makes a layout repeat where that is asked for.
func (w *planner) repeat(l *compose.Layout) {
	if w.req.Tile && l.Repeat() {
		w.note("The backdrop cannot repeat without a seam; its colour was kept.")
	}
}

func (w *planner) missing(l *compose.Layout) {
	for _, phrase := range l.Missing {
		w.note(fmt.Sprintf("There is no drawing of “%s” to look at; it was left to the text.", phrase))
	}
}

// credit names the drawings that were looked at, each once.
func (w *planner) credit(l *compose.Layout) {
	for _, e := range l.Used {
		if source := e.Source(); !slices.Contains(w.plan.sources, source) {
			w.plan.sources = append(w.plan.sources, source)
		}
	}
}

// note tells people something, once.
func (w *planner) note(text string) {
	if !slices.Contains(w.plan.notes, text) {
		w.plan.notes = append(w.plan.notes, text)
	}
}

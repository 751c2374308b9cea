package tempera

import (
	"fmt"
	"image"
	"math"
	"slices"

	"bottega/internal/engine"
)

// Limits of one request. The catalogue may offer less.
const (
	LeastSide      = 16
	MostSide       = 2048
	MostSteps      = 100
	MostPrompt     = 16 << 10 // bytes, also of a box
	MostReferences = 8
	MostBoxes      = 16
	MostShownSide  = 8192     // of a picture that a request brings
	MostShown      = 48 << 20 // pixels of all its pictures together

	mostGuide = 20
)

// check rejects a request that can never be done.
func (m *manifest) check(req *engine.ImageRequest) error {
	for _, look := range []func(*engine.ImageRequest) string{
		m.checkNumbers, checkShown, m.checkReferences, checkMask, checkBoxes, checkTogether,
	} {
		if wrong := look(req); wrong != "" {
			return fmt.Errorf("%s: %w", wrong, engine.ErrRejected)
		}
	}
	return nil
}

func within(v, low, high float64) bool { return v >= low && v <= high } // false for NaN

// checkNumbers and the other checks say what is wrong, or nothing.
func (m *manifest) checkNumbers(req *engine.ImageRequest) string {
	known := []string{"", m.Name, m.Name + "@" + m.Version, m.exact()}
	_, styled := m.style(req.Style)
	switch {
	case !slices.Contains(known, req.Model):
		return fmt.Sprintf("unknown model %q (this is %s)", req.Model, m.exact())
	case !styled:
		return fmt.Sprintf("unknown style %q (there are %v)", req.Style, m.Styles)
	case min(req.Width, req.Height) < LeastSide || max(req.Width, req.Height) > MostSide:
		return fmt.Sprintf("size %d×%d (sides are %d to %d pixels)", req.Width, req.Height, LeastSide, MostSide)
	case req.Steps < 1 || req.Steps > MostSteps:
		return fmt.Sprintf("%d steps (1 to %d)", req.Steps, MostSteps)
	case !within(req.Guidance, 0, mostGuide):
		return fmt.Sprintf("guidance %v (0 to %d)", req.Guidance, mostGuide)
	case math.IsNaN(req.Adherence) || req.Adherence > 1:
		return fmt.Sprintf("adherence %v (0 to 1, or below 0 for none)", req.Adherence)
	case req.Seed < 0 || req.Seed > math.MaxUint32:
		return fmt.Sprintf("seed %d (0 to %d)", req.Seed, uint32(math.MaxUint32))
	case len(req.Prompt) > MostPrompt || len(req.NegativePrompt) > MostPrompt:
		return fmt.Sprintf("a prompt of %d bytes (at most %d)", max(len(req.Prompt), len(req.NegativePrompt)), MostPrompt)
	case req.Init != nil && !within(req.Strength, 0, 1):
		return fmt.Sprintf("strength %v (0 to 1)", req.Strength)
	case req.Background.A != 255 && req.Background.A != 0:
		return fmt.Sprintf("background with alpha %d (it is opaque)", req.Background.A)
	}
	return ""
}

// checkShown looks at the pictures themselves: none is worked with whose pixels are not what it says.
func checkShown(req *engine.ImageRequest) string {
	if len(req.References) > MostReferences {
		return fmt.Sprintf("references: %d (at most %d)", len(req.References), MostReferences)
	}
	pixels := 0
	for _, p := range shownIn(req) {
		w, h := p.rect.Dx(), p.rect.Dy()
		switch {
		case p.rect.Empty() || w < 1 || h < 1 || p.stride > 8*MostShownSide:
			return p.field + ": an empty picture"
		case max(w, h) > MostShownSide:
			return fmt.Sprintf("%s: %d × %d (sides are up to %d pixels)", p.field, w, h, MostShownSide)
		case p.stride < p.channels*w || len(p.pix) < p.stride*(h-1)+p.channels*w:
			return fmt.Sprintf("%s: %d bytes are not a picture of %d × %d", p.field, len(p.pix), w, h)
		}
		pixels += w * h
	}
	if pixels > MostShown {
		return fmt.Sprintf("init, mask and references: %d megapixels together (at most %d)", pixels>>20, MostShown>>20)
	}
	return ""
}

// shownPicture is one of the pictures of a request.
type shownPicture struct {
	field            string
	rect             image.Rectangle
	pix              []uint8
	stride, channels int
}

// shownIn lists the pictures of a request in a fixed order.
func shownIn(req *engine.ImageRequest) []shownPicture {
	var all []shownPicture
	colour := func(field string, m *image.NRGBA) {
		if m == nil {
			m = &image.NRGBA{}
		}
		all = append(all, shownPicture{field, m.Rect, m.Pix, m.Stride, 4})
	}
	if req.Init != nil {
		colour("init", req.Init)
	}
	if m := req.Mask; m != nil {
		all = append(all, shownPicture{"mask", m.Rect, m.Pix, m.Stride, 1})
	}
	for i, r := range req.References {
		colour(fmt.Sprintf("references[%d].image", i), r.Image)
	}
	return all
}

func (m *manifest) checkReferences(req *engine.ImageRequest) string {
	for i, r := range req.References {
		if !within(r.Strength, math.SmallestNonzeroFloat64, 1) {
			return fmt.Sprintf("references[%d].strength %v (above 0 to 1)", i, r.Strength)
		}
		switch r.Kind {
		case engine.ContentReference, engine.CharacterReference, engine.EdgeReference:
		case engine.StyleReference:
			if _, ok := m.Files[lookFile]; !ok {
				return fmt.Sprintf("references[%d].kind style: these weights cannot read the style of a picture", i)
			}
		default:
			return fmt.Sprintf("references[%d].kind %q (style, content, character or edge)", i, r.Kind)
		}
	}
	return ""
}

func checkMask(req *engine.ImageRequest) string {
	switch {
	case req.Mask == nil && req.Erase:
		return "erase without a mask"
	case req.Mask == nil:
	case req.Init == nil:
		return "mask without init"
	case req.Mask.Rect.Size() != req.Init.Rect.Size():
		return fmt.Sprintf("mask of %v for init of %v (they have one size)", req.Mask.Rect.Size(), req.Init.Rect.Size())
	case req.Tile:
		return "tile with a mask: what is around the mask cannot be made to repeat"
	}
	return ""
}

func checkBoxes(req *engine.ImageRequest) string {
	if len(req.Boxes) > MostBoxes {
		return fmt.Sprintf("boxes: %d (at most %d)", len(req.Boxes), MostBoxes)
	}
	const slack = 1e-6 // of sums of fractions
	for i, b := range req.Boxes {
		inside := within(b.X, -slack, 1) && within(b.Y, -slack, 1) && within(b.Width, 0.01, 1+slack) &&
			within(b.Height, 0.01, 1+slack) && b.X+b.Width <= 1+slack && b.Y+b.Height <= 1+slack
		switch {
		case !inside:
			return fmt.Sprintf("boxes[%d]: %v, %v, %v × %v is not within the picture, or too small", i, b.X, b.Y, b.Width, b.Height)
		case len(b.Prompt) > MostPrompt:
			return fmt.Sprintf("boxes[%d].prompt of %d bytes (at most %d)", i, len(b.Prompt), MostPrompt)
		}
	}
	return ""
}

// checkTogether rejects wishes that would be forgotten beside others.
func checkTogether(req *engine.ImageRequest) string {
	kept := req.Init != nil && req.Mask == nil && req.Strength < 1
	free := req.Adherence < 0
	for i, r := range req.References {
		if req.Erase && r.Kind != engine.StyleReference {
			return fmt.Sprintf("references[%d].kind %s: not with erase", i, r.Kind)
		}
		if r.Kind == engine.CharacterReference && (kept || len(req.Boxes) > 0) {
			return fmt.Sprintf("references[%d].kind character: not with init (unless its strength is 1) or boxes", i)
		}
	}
	if len(req.Boxes) > 0 && (kept || req.Erase || free) {
		return "boxes: not with init (unless its strength is 1), erase or an adherence below 0"
	}
	return ""
}

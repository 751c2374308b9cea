package image

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/engine"
)

// pictures finds and checks the pictures that a request names, and with them what depends on their sizes. The error is
// one of the store; what is wrong with the request is collected like everything else.
func (c *checker) pictures(ctx context.Context, from Pictures, accountID string, req *Request, p *Params) error {
	f := finder{checker: c, from: from, accountID: accountID}
	init := f.find(ctx, "init_image", req.InitImage)
	mask := f.find(ctx, "mask", req.Mask)
	c.start(req, p, init)
	c.rest(req, p, init, mask)
	p.References = f.references(ctx, req.References)
	c.size(req, p, init)
	c.alpha(req, p, init)
	c.together(req, p)
	return f.err
}

// together refuses wishes about what is where that would be forgotten beside others.
func (c *checker) together(req *Request, p *Params) {
	if !c.model.Image.OneLayout {
		return
	}
	kept := req.InitImage != "" && !p.keepsARest() && p.Strength < 1
	boxes := len(req.Boxes) > 0
	switch {
	case boxes && kept:
		c.bad("boxes", len(req.Boxes), "have no meaning beside init_image, which says what is where", "leave them out, or strength 1")
	case boxes && p.Adherence < 0:
		c.bad("boxes", len(req.Boxes), "need the composed reference", "leave them out, or an adherence of 0 or more")
	}
	for i, r := range req.References {
		if r.Kind == string(engine.CharacterReference) && (kept || boxes) {
			c.bad(fmt.Sprintf("references[%d].kind", i), r.Kind, "cannot be combined with boxes, or with init_image below strength 1",
				"another kind, or the character alone")
		}
	}
}

// finder looks pictures up for one request.
type finder struct {
	*checker
	from      Pictures
	accountID string
	err       error // of the store
}

// find returns the picture of that id, or nil after noting what is wrong with it.
func (f *finder) find(ctx context.Context, field, pictureID string) *asset.Source {
	if pictureID == "" || f.err != nil {
		return nil
	}
	if f.from == nil {
		f.bad(field, pictureID, "is not supported here", "leave it out")
		return nil
	}
	s, err := f.from.Source(ctx, f.accountID, pictureID)
	switch {
	case errors.Is(err, asset.ErrNotFound):
		f.bad(field, pictureID, "is no picture of yours", "the id of an upload or of a generated picture")
		return nil
	case err != nil:
		f.err = fmt.Errorf("look for %s: %w", field, err)
		return nil
	}
	return &s
}

func named(s *asset.Source) *Picture {
	if s == nil {
		return nil
	}
	return &Picture{s.ID, s.Origin}
}

// start checks the picture to start from and how much of it stays.
func (c *checker) start(req *Request, p *Params, init *asset.Source) {
	can := c.model.Image.Strength.Max > 0 || c.model.Image.Masks
	if req.InitImage != "" && !can {
		c.bad("init_image", req.InitImage, "is not supported by "+c.model.Name, "leave it out")
		return
	}
	p.Init = named(init)
	if req.InitImage == "" {
		if req.Strength != nil {
			c.bad("strength", *req.Strength, "is the strength of init_image, which is missing", "leave it out, or init_image")
		}
		return
	}
	if req.Strength == nil && (req.Mask != "" || req.Expand != nil) {
		p.Strength = 1
		return
	}
	if req.Erase && req.Strength != nil {
		c.bad("strength", *req.Strength, "has no meaning when something is erased", "leave it out")
		return
	}
	p.Strength = c.number("strength", req.Strength, c.model.Image.Strength)
}

// rest checks what says which part of the start is painted.
func (c *checker) rest(req *Request, p *Params, init, mask *asset.Source) {
	if req.Mask == "" && req.Expand == nil && !req.Erase {
		return
	}
	need := func(field string, value any, capable bool) {
		switch {
		case !capable:
			c.bad(field, value, "is not supported by "+c.model.Name, "leave it out")
		case req.InitImage == "":
			c.bad(field, value, "needs init_image", "init_image, or leave it out")
		case req.Tile:
			c.bad("tile", true, "cannot be combined with "+field, "false")
		}
	}
	if req.Mask != "" {
		need("mask", req.Mask, c.model.Image.Masks)
		p.Mask = named(mask)
		if init != nil && mask != nil && (init.Width != mask.Width || init.Height != mask.Height) {
			c.bad("mask", req.Mask, fmt.Sprintf("is %d × %d and init_image is %d × %d", mask.Width, mask.Height, init.Width, init.Height),
				"a mask of init_image's size")
		}
	}
	if req.Expand != nil {
		need("expand", nil, c.model.Image.Masks)
		c.expand(req.Expand)
		p.Expand = req.Expand
	}
	if !req.Erase {
		return
	}
	need("erase", true, c.model.Image.Erase)
	if req.Mask == "" {
		c.bad("erase", true, "needs a mask of what to erase", "mask, or false")
	}
	if len(req.References) > 0 {
		c.bad("references", nil, "have no meaning when something is erased", "leave them out")
	}
	if len(req.Boxes) > 0 {
		c.bad("boxes", nil, "have no meaning when something is erased", "leave them out")
	}
}

func (c *checker) expand(e *asset.Expansion) {
	most := int(c.model.Image.Width.Max)
	sum := 0
	for _, side := range []struct {
		name   string
		pixels int
	}{{"left", e.Left}, {"top", e.Top}, {"right", e.Right}, {"bottom", e.Bottom}} {
		if side.pixels < 0 || side.pixels > most {
			c.bad("expand."+side.name, side.pixels, "is out of range", fmt.Sprintf("0 to %d pixels", most))
		}
		sum += max(0, side.pixels)
	}
	if sum == 0 {
		c.bad("expand", nil, "adds nothing", "at least one pixel on one side")
	}
}

// size settles the delivered size: what was asked for, what a start with a rest dictates, or the shape of the start.
func (c *checker) size(req *Request, p *Params, init *asset.Source) {
	r := c.model.Image
	if init == nil || (!p.keepsARest() && (req.Width != nil || req.Height != nil)) {
		p.Width, p.Height = c.whole("width", req.Width, r.Width), c.whole("height", req.Height, r.Height)
		return
	}
	if !p.keepsARest() {
		p.Width, p.Height = fitted(init.Width, init.Height, r.Width, r.Height)
		return
	}
	p.Width, p.Height = init.Width, init.Height
	if e := p.Expand; e != nil {
		p.Width, p.Height = p.Width+e.Left+e.Right, p.Height+e.Top+e.Bottom
	}
	if float64(p.Width) < r.Width.Min || float64(p.Width) > r.Width.Max || float64(p.Height) < r.Height.Min || float64(p.Height) > r.Height.Max {
		field := "init_image"
		if p.Expand != nil {
			field = "expand"
		}
		c.bad(field, nil, fmt.Sprintf("gives a picture of %d × %d", p.Width, p.Height), fmt.Sprintf("%g to %g pixels a side", r.Width.Min, r.Width.Max))
	}
	for _, side := range []struct {
		name  string
		asked *int
		is    int
	}{{"width", req.Width, p.Width}, {"height", req.Height, p.Height}} {
		if side.asked != nil && *side.asked != side.is {
			c.bad(side.name, *side.asked, "does not fit init_image", fmt.Sprintf("%d, or leave it out", side.is))
		}
	}
}

// fitted is the size of a start, scaled down into the model's range and rounded to its steps.
func fitted(width, height int, rw, rh catalog.Range) (int, int) {
	scale := min(1, rw.Max/float64(width), rh.Max/float64(height))
	side := func(n int, r catalog.Range) int {
		step := max(1, r.Step)
		return int(min(r.Max, max(r.Min, math.Round(float64(n)*scale/step)*step)))
	}
	return side(width, rw), side(height, rh)
}

// alpha settles transparency where a part of the start stays byte for byte: it brings its own.
func (c *checker) alpha(req *Request, p *Params, init *asset.Source) {
	if init == nil || !p.keepsARest() {
		return
	}
	switch {
	case init.HasAlpha && !c.model.Image.Transparent:
		c.bad("init_image", init.ID, "has transparent parts, which "+c.model.Name+" cannot keep", "an opaque picture")
	case init.HasAlpha && req.Transparent != nil && !*req.Transparent:
		c.bad("transparent", false, "would lose the transparent parts of init_image that are kept", "true, or leave it out")
	case init.HasAlpha && req.Background != "":
		c.bad("background", req.Background, "would fill the transparent parts of init_image that are kept", "leave it out")
	case req.Transparent == nil:
		p.Transparent = init.HasAlpha
	}
}

// references checks the pictures to look at.
func (f *finder) references(ctx context.Context, list []Reference) []Look {
	r := f.model.Image
	if len(list) == 0 {
		return nil
	}
	if len(list) > r.MaxReferences {
		allowed := "leave them out"
		if r.MaxReferences > 0 {
			allowed = fmt.Sprintf("up to %d", r.MaxReferences)
		}
		f.bad("references", len(list), "are more than "+f.model.Name+" looks at", allowed)
		return nil
	}
	looks := make([]Look, 0, len(list))
	for i, ref := range list {
		at := fmt.Sprintf("references[%d].", i)
		can, ok := r.Reference(engine.ReferenceKind(ref.Kind))
		if !ok {
			f.bad(at+"kind", ref.Kind, "is not a kind of reference of "+f.model.Name, kinds(r.References))
			continue
		}
		look := Look{Kind: ref.Kind, Strength: f.number(at+"strength", ref.Strength, can.Strength)}
		if ref.Strength != nil && *ref.Strength == 0 {
			f.bad(at+"strength", 0, "would look at nothing", "above 0 to 1, or no reference")
		}
		if ref.Image == "" {
			f.bad(at+"image", nil, "is missing", "the id of an upload or of a generated picture")
		}
		if s := f.find(ctx, at+"image", ref.Image); s != nil {
			look.Picture = *named(s)
		}
		looks = append(looks, look)
	}
	return looks
}

func kinds(list []catalog.ReferenceUse) string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = string(r.Kind)
	}
	return strings.Join(names, ", ")
}

// Bounds of a box: smaller than a thirtieth of the picture nothing is to be seen, and words beyond these have no place.
const (
	minBoxSide   = 1.0 / 32
	maxBoxPrompt = 200  // characters
	boxSlack     = 1e-6 // of fractions that were computed
)

func (c *checker) boxes(list []asset.Box) []asset.Box {
	if len(list) > c.model.Image.MaxBoxes {
		allowed := "leave them out"
		if c.model.Image.MaxBoxes > 0 {
			allowed = fmt.Sprintf("up to %d", c.model.Image.MaxBoxes)
		}
		c.bad("boxes", len(list), "are more than "+c.model.Name+" lays out", allowed)
		return nil
	}
	out := make([]asset.Box, 0, len(list))
	for i, b := range list {
		at := fmt.Sprintf("boxes[%d]", i)
		c.boxSide(at+".x", at+".width", b.X, b.Width)
		c.boxSide(at+".y", at+".height", b.Y, b.Height)
		before := len(c.fields)
		b.Prompt = c.text(at+".prompt", b.Prompt, true)
		if n := len([]rune(b.Prompt)); n > maxBoxPrompt && len(c.fields) == before {
			c.bad(at+".prompt", b.Prompt, fmt.Sprintf("has %d characters", n), fmt.Sprintf("1 to %d characters", maxBoxPrompt))
		}
		b.Width, b.Height = min(b.Width, 1-b.X), min(b.Height, 1-b.Y)
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// boxSide checks where a box begins on one axis and how long it is there.
func (c *checker) boxSide(from, length string, at, long float64) {
	if !(at >= 0 && at < 1) {
		c.bad(from, at, "is outside the picture", "0 up to 1")
		return
	}
	if !(long >= minBoxSide && at+long <= 1+boxSlack) {
		c.bad(length, long, "does not fit into the picture", fmt.Sprintf("%.3g to %.3g", minBoxSide, 1-at))
	}
}

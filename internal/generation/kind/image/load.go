package image

import (
	"context"
	"errors"
	"fmt"

	goimage "image"

	"bottega/internal/asset"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/imaging"
)

// lookSide is the longest side at which references are handed to an engine, in pixels: no model looks closer.
const lookSide = 1024

// request makes the engine's request that all pictures of a job share, all but the seed. The pictures that were there
// when the job was accepted are read now; one that was deleted since ends the job with that reason.
func (k *Kind) request(ctx context.Context, job generation.Job, p Params) (engine.ImageRequest, error) {
	req := engine.ImageRequest{
		Model: p.Model, Prompt: p.Prompt, NegativePrompt: p.NegativePrompt, Style: p.Style,
		Width: p.Width, Height: p.Height, Steps: p.Steps, Guidance: p.Guidance, Adherence: p.Adherence,
		Transparent: p.Transparent, Background: colourOf(p.Background), Tile: p.Tile,
		Strength: p.Strength, Erase: p.Erase, Alone: job.Suspect,
	}
	for _, b := range p.Boxes {
		req.Boxes = append(req.Boxes, engine.Box{X: b.X, Y: b.Y, Width: b.Width, Height: b.Height, Prompt: b.Prompt})
	}
	for i, look := range p.References {
		img, err := k.pixels(ctx, fmt.Sprintf("references[%d]", i), look.Picture)
		if err != nil {
			return req, err
		}
		req.References = append(req.References, engine.Reference{
			Kind: engine.ReferenceKind(look.Kind), Image: imaging.Fit(img, lookSide), Strength: look.Strength,
		})
	}
	if p.Init == nil {
		return req, nil
	}
	return req, k.loadInit(ctx, p, &req)
}

// loadInit reads the start and, where a part of it stays, says which.
func (k *Kind) loadInit(ctx context.Context, p Params, req *engine.ImageRequest) error {
	init, err := k.pixels(ctx, "init_image", *p.Init)
	if err != nil {
		return err
	}
	if !p.keepsARest() {
		req.Init = imaging.Cover(init, p.Width, p.Height)
		return nil
	}
	mask := goimage.NewGray(init.Bounds())
	if p.Mask != nil {
		drawn, err := k.pixels(ctx, "mask", *p.Mask)
		if err != nil {
			return err
		}
		mask = imaging.Mask(drawn)
	}
	if e := p.Expand; e != nil {
		init, mask = imaging.Extend(init, mask, e.Left, e.Top, e.Right, e.Bottom)
	}
	if blank(mask) {
		return fault.New(fault.Invalid, "nothing_to_paint", "the mask is black everywhere: nothing would be painted")
	}
	req.Init, req.Mask = init, mask
	return nil
}

func blank(mask *goimage.Gray) bool {
	for _, v := range mask.Pix {
		if v != 0 {
			return false
		}
	}
	return true
}

func (k *Kind) pixels(ctx context.Context, field string, p Picture) (*goimage.NRGBA, error) {
	s, err := k.Pictures.Accepted(ctx, p.ID)
	if err == nil {
		var img *goimage.NRGBA
		if img, err = k.Pictures.Pixels(ctx, s); err == nil {
			return img, nil
		}
	}
	if errors.Is(err, asset.ErrNotFound) {
		return nil, fault.Wrap(fault.NotFound, "source_deleted", "the picture for "+field+" was deleted before the work began", err)
	}
	return nil, fmt.Errorf("read %s: %w", field, err)
}

// keepRest puts back what the mask keeps. Engines promise it; with this it holds for all of them, byte for byte.
func keepRest(out, init *goimage.NRGBA, mask *goimage.Gray) {
	if mask == nil {
		return
	}
	for y := range mask.Rect.Dy() {
		for x := range mask.Rect.Dx() {
			if mask.GrayAt(x, y).Y == 0 {
				to, from := out.PixOffset(x, y), init.PixOffset(x, y)
				copy(out.Pix[to:to+4], init.Pix[from:from+4])
			}
		}
	}
}

package enginetest

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"

	"golang.org/x/image/draw"

	"bottega/internal/engine"
)

// refusePictures says what is wrong with the pictures and places of a request.
func refusePictures(req engine.ImageRequest) error {
	switch {
	case req.Mask != nil && (req.Init == nil || req.Init.Rect.Size() != req.Mask.Rect.Size()):
		return fmt.Errorf("a mask without a start of its size: %w", engine.ErrRejected)
	case req.Mask != nil && req.Tile:
		return fmt.Errorf("what is around a mask cannot be made to repeat: %w", engine.ErrRejected)
	case req.Erase && req.Mask == nil:
		return fmt.Errorf("nothing says what to erase: %w", engine.ErrRejected)
	case req.Init != nil && !(req.Strength >= 0 && req.Strength <= 1):
		return fmt.Errorf("strength %g: %w", req.Strength, engine.ErrRejected)
	}
	for _, r := range req.References {
		switch r.Kind {
		case engine.StyleReference, engine.ContentReference, engine.CharacterReference, engine.EdgeReference:
		default:
			return fmt.Errorf("reference kind %q: %w", r.Kind, engine.ErrRejected)
		}
		if r.Image == nil || !(r.Strength > 0 && r.Strength <= 1) {
			return fmt.Errorf("reference of strength %g: %w", r.Strength, engine.ErrRejected)
		}
	}
	for _, b := range req.Boxes {
		if !(b.X >= 0 && b.Y >= 0 && b.Width > 0 && b.Height > 0 && b.X+b.Width <= 1 && b.Y+b.Height <= 1) {
			return fmt.Errorf("box %+v: %w", b, engine.ErrRejected)
		}
	}
	return nil
}

// hash is over everything in the request that changes pixels, those of its pictures included.
func hash(req engine.ImageRequest) uint64 {
	h := fnv.New64a()
	req.Alone = false
	pixels := func(rect image.Rectangle, pix []byte) {
		fmt.Fprintf(h, "%v ", rect)
		_, _ = h.Write(pix) // a hash does not fail
	}
	if req.Init != nil {
		pixels(req.Init.Rect, req.Init.Pix)
	}
	if req.Mask != nil {
		pixels(req.Mask.Rect, req.Mask.Pix)
	}
	for _, r := range req.References {
		fmt.Fprintf(h, "%s %g ", r.Kind, r.Strength)
		pixels(r.Image.Rect, r.Image.Pix)
	}
	if req.Erase { // the words say nothing then
		req.Prompt, req.NegativePrompt = "", ""
	}
	req.Init, req.Mask, req.References = nil, nil, nil // pointers: other ones each time
	fmt.Fprintf(h, "%+v", req)
	return h.Sum64()
}

// draw16 paints sixteen by sixteen tiles from the hash of the request.
func draw16(req engine.ImageRequest, width, height int) *image.NRGBA {
	state := hash(req)
	ground := req.Background
	if ground == (color.NRGBA{}) {
		ground = color.NRGBA{255, 255, 255, 255}
	}
	if req.Transparent {
		ground = color.NRGBA{}
	}
	var tiles [256]color.NRGBA
	for i := range tiles {
		state = state*6364136223846793005 + 1442695040888963407
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], state)
		tiles[i] = color.NRGBA{b[7], b[6], b[5], 255}
		if b[4] < 64 {
			tiles[i] = ground
		}
	}
	if req.Tile { // the last row and column are the first ones
		for i := range 16 {
			tiles[i*16+15] = tiles[i*16]
		}
		copy(tiles[240:], tiles[:16])
	}
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.SetNRGBA(x, y, tiles[y*16/height*16+x*16/width])
		}
	}
	return picture
}

// paint draws the picture of a request: the pattern, mixed with the start by its strength, only where the mask says.
func paint(req engine.ImageRequest) *image.NRGBA {
	out := draw16(req, req.Width, req.Height)
	if req.Init == nil {
		return out
	}
	init, mask := req.Init, req.Mask
	if init.Rect.Size() != out.Rect.Size() {
		init = image.NewNRGBA(out.Rect)
		draw.NearestNeighbor.Scale(init, init.Rect, req.Init, req.Init.Rect, draw.Src, nil)
		if mask != nil {
			mask = image.NewGray(out.Rect)
			draw.NearestNeighbor.Scale(mask, mask.Rect, req.Mask, req.Mask.Rect, draw.Src, nil)
		}
	}
	for i, v := range init.Pix {
		share := req.Strength
		if mask != nil {
			share *= float64(mask.Pix[i/4]) / 255
		}
		out.Pix[i] = uint8(float64(out.Pix[i])*share + float64(v)*(1-share) + 0.5)
		if i%4 == 3 && !req.Transparent && mask == nil {
			out.Pix[i] = 255
		}
	}
	return out
}

package enginetest

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"bottega/internal/engine"
)

// pictures are the tests of engines that take pictures and places.
func (r *runner) pictures(t *testing.T) {
	t.Run("outside the mask byte for byte", r.outside)
	t.Run("erased whatever the prompt says", r.erased)
	t.Run("strength leads away from the start", r.strength)
	t.Run("references are looked at", r.references)
	t.Run("boxes are looked at", r.boxes)
	t.Run("tiles repeat without a seam", r.tile)
	t.Run("wrong pictures are rejected", r.wrongPictures)
}

// start draws something to begin from: soft colours, a dark bar, and where holes is set transparent parts whose hidden
// colour must survive too.
func start(width, height int, holes bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{uint8(x * 255 / width), uint8(y * 255 / height), 120, 255}
			if x > width/3 && x < width/2 {
				c = color.NRGBA{20, 30, 40, 255}
			}
			if holes && (x+y)%7 == 0 {
				c.A = uint8(x * 251 % 256)
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// marked is a mask with a soft disc in the middle.
func marked(width, height int) *image.Gray {
	mask := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			d := math.Hypot(float64(x-width/2)/float64(width), float64(y-height/2)/float64(height))
			mask.SetGray(x, y, color.Gray{Y: uint8(255 * min(1, max(0, (0.35-d)*20)))})
		}
	}
	return mask
}

func (r *runner) outside(t *testing.T) {
	for _, c := range []struct {
		width, height int
		holes         bool
	}{{64, 64, false}, {77, 45, false}, {256, 130, true}, {32, 200, true}} {
		t.Run(fmt.Sprintf("%dx%d holes %v", c.width, c.height, c.holes), func(t *testing.T) {
			req := r.base
			req.Width, req.Height, req.Transparent = c.width, c.height, c.holes
			req.Init, req.Mask, req.Strength = start(c.width, c.height, c.holes), marked(c.width, c.height), 1
			before := bytes.Clone(req.Init.Pix)
			out := r.must(t, req).Image
			if !bytes.Equal(before, req.Init.Pix) {
				t.Error("the start itself was changed")
			}
			changed := 0
			for i, m := range req.Mask.Pix {
				same := bytes.Equal(out.Pix[4*i:4*i+4], before[4*i:4*i+4])
				if m == 0 && !same {
					t.Fatalf("pixel %d, %d outside the mask is %v, was %v", i%c.width, i/c.width, out.Pix[4*i:4*i+4], before[4*i:4*i+4])
				}
				if m == 255 && !same {
					changed++
				}
			}
			if changed == 0 {
				t.Error("nothing was painted inside the mask")
			}
		})
	}
}

func (r *runner) erased(t *testing.T) {
	req := r.base
	req.Init, req.Mask, req.Strength, req.Erase = start(req.Width, req.Height, false), marked(req.Width, req.Height), 1, true
	a := r.must(t, req).Image
	req.Prompt = "a purple submarine"
	if b := r.must(t, req).Image; !bytes.Equal(a.Pix, b.Pix) {
		t.Error("another prompt erases differently")
	}
}

func (r *runner) strength(t *testing.T) {
	req := r.base
	req.Init, req.Transparent = start(req.Width, req.Height, false), false
	last := -1.0
	for _, s := range []float64{0, 0.4, 1} {
		req.Strength = s
		d := distance(r.must(t, req).Image, req.Init)
		if d < last-1 { // a picture may by chance be near; clearly nearer is wrong
			t.Errorf("strength %g is %.1f away from the start, less than %.1f before", s, d, last)
		}
		last = d
	}
}

// distance is the mean difference of the colour channels, 0 … 255.
func distance(a, b *image.NRGBA) float64 {
	sum, n := 0.0, 0
	for i := range a.Pix {
		if i%4 != 3 {
			sum += math.Abs(float64(a.Pix[i]) - float64(b.Pix[i]))
			n++
		}
	}
	return sum / float64(n)
}

func (r *runner) references(t *testing.T) {
	plain := r.must(t, r.base).Image.Pix
	for _, kind := range []engine.ReferenceKind{engine.StyleReference, engine.ContentReference, engine.CharacterReference, engine.EdgeReference} {
		t.Run(string(kind), func(t *testing.T) {
			req := r.base
			req.References = []engine.Reference{{Kind: kind, Image: start(90, 60, true), Strength: 0.8}}
			a, b := r.must(t, req).Image.Pix, r.must(t, req).Image.Pix
			if !bytes.Equal(a, b) {
				t.Error("the same reference gave two pictures")
			}
			if bytes.Equal(a, plain) {
				t.Error("the reference changed nothing")
			}
		})
	}
	t.Run("four at once", func(t *testing.T) {
		req := r.base
		for _, kind := range []engine.ReferenceKind{engine.StyleReference, engine.StyleReference, engine.ContentReference, engine.EdgeReference} {
			req.References = append(req.References, engine.Reference{Kind: kind, Image: start(64, 64, false), Strength: 0.5})
		}
		r.must(t, req)
	})
}

func (r *runner) boxes(t *testing.T) {
	req := r.base
	req.Boxes = []engine.Box{{X: 0, Y: 0, Width: 0.5, Height: 0.5, Prompt: "a red fox"}, {X: 0.5, Y: 0.5, Width: 0.5, Height: 0.5, Prompt: "a tree"}}
	a := r.must(t, req).Image.Pix
	req.Boxes = []engine.Box{{X: 0.5, Y: 0, Width: 0.5, Height: 0.5, Prompt: "a red fox"}, {X: 0, Y: 0.5, Width: 0.5, Height: 0.5, Prompt: "a tree"}}
	if bytes.Equal(a, r.must(t, req).Image.Pix) {
		t.Error("other places gave the same picture")
	}
}

// tile compares the step across the edge with the steps inside: a seam is one that stands out.
func (r *runner) tile(t *testing.T) {
	req := r.base
	req.Tile = true
	img := r.must(t, req).Image
	w, h := req.Width, req.Height
	column := func(a, b int) float64 {
		return step(h, func(i int) (color.NRGBA, color.NRGBA) { return img.NRGBAAt(a, i), img.NRGBAAt(b, i) })
	}
	row := func(a, b int) float64 {
		return step(w, func(i int) (color.NRGBA, color.NRGBA) { return img.NRGBAAt(i, a), img.NRGBAAt(i, b) })
	}
	inX, inY := 0.0, 0.0
	for i := 1; i < w; i++ {
		inX = max(inX, column(i-1, i))
	}
	for i := 1; i < h; i++ {
		inY = max(inY, row(i-1, i))
	}
	if x, y := column(w-1, 0), row(h-1, 0); x > inX+2 || y > inY+2 {
		t.Errorf("the seam steps by %.1f and %.1f, inside the largest steps are %.1f and %.1f", x, y, inX, inY)
	}
}

// step is the mean difference between n pairs of pixels, 0 … 255.
func step(n int, pair func(int) (color.NRGBA, color.NRGBA)) float64 {
	sum := 0.0
	for i := range n {
		a, b := pair(i)
		for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
			sum += math.Abs(float64(d)) / 4
		}
	}
	return sum / float64(n)
}

func (r *runner) wrongPictures(t *testing.T) {
	w, h := r.base.Width, r.base.Height
	small := start(w-1, h, false)
	for name, spoil := range map[string]func(*engine.ImageRequest){
		"mask without a start":  func(q *engine.ImageRequest) { q.Mask = marked(w, h) },
		"mask of another size":  func(q *engine.ImageRequest) { q.Init, q.Mask = start(w, h, false), marked(w, h+1) },
		"tile with a mask":      func(q *engine.ImageRequest) { q.Init, q.Mask, q.Tile = start(w, h, false), marked(w, h), true },
		"erase without a mask":  func(q *engine.ImageRequest) { q.Init, q.Erase = start(w, h, false), true },
		"strength":              func(q *engine.ImageRequest) { q.Init, q.Strength = small, 1.5 },
		"strength not a number": func(q *engine.ImageRequest) { q.Init, q.Strength = small, math.NaN() },
		"reference kind": func(q *engine.ImageRequest) {
			q.References = []engine.Reference{{Kind: "mood", Image: small, Strength: 1}}
		},
		"reference without one": func(q *engine.ImageRequest) {
			q.References = []engine.Reference{{Kind: engine.StyleReference, Strength: 1}}
		},
		"box outside": func(q *engine.ImageRequest) { q.Boxes = []engine.Box{{X: 0.5, Width: 0.6, Height: 1, Prompt: "x"}} },
		"box that is not a number": func(q *engine.ImageRequest) {
			q.Boxes = []engine.Box{{X: math.NaN(), Width: 0.6, Height: 1, Prompt: "x"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := r.base
			spoil(&req)
			if _, err := r.engine.GenerateImage(t.Context(), req, nil); !errors.Is(err, engine.ErrRejected) {
				t.Errorf("error %v, want ErrRejected", err)
			}
		})
	}
}

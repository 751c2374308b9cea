package shown

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"bottega/internal/engine/tempera/compose"
)

func noisy(r *rand.Rand, w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	return m
}

func TestPart_HasTheShapeAndTheMiddle(t *testing.T) {
	for _, c := range []struct{ from, shape, want image.Rectangle }{
		{image.Rect(0, 0, 500, 333), image.Rect(0, 0, 500, 333), image.Rect(0, 0, 500, 333)},
		{image.Rect(0, 0, 400, 100), image.Rect(0, 0, 64, 64), image.Rect(150, 0, 250, 100)},
		{image.Rect(10, 20, 110, 420), image.Rect(0, 0, 64, 32), image.Rect(10, 195, 110, 245)},
		{image.Rect(0, 0, 1, 4000), image.Rect(0, 0, 2048, 16), image.Rect(0, 1999, 1, 2000)},
	} {
		if got := Part(c.from, c.shape.Dx(), c.shape.Dy()); got != c.want {
			t.Errorf("part of %v shaped %v is %v, want %v", c.from, c.shape, got, c.want)
		}
	}
}

func TestCover_KeepsColourOfHalfClearPixels(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 900, 700))
	for i := 0; i < len(m.Pix); i += 4 {
		copy(m.Pix[i:], []uint8{200, 100, 50, 128})
	}
	for _, size := range [][2]int{{64, 64}, {100, 20}, {1200, 1200}, {899, 700}} {
		got := Cover(m, size[0], size[1])
		if got.Rect.Dx() != size[0] || got.Rect.Dy() != size[1] {
			t.Fatalf("%v is not %v", got.Rect, size)
		}
		c := got.NRGBAAt(size[0]/2, size[1]/2)
		if math.Abs(float64(c.R)-200) > 2 || math.Abs(float64(c.A)-128) > 1 {
			t.Errorf("%v at %v", c, size)
		}
	}
}

func TestCoverMask_LosesNoMark(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 90).Draw(t, "w"), rapid.IntRange(1, 90).Draw(t, "h")
		m := image.NewGray(image.Rect(0, 0, w, h))
		x, y := rapid.IntRange(0, w-1).Draw(t, "x"), rapid.IntRange(0, h-1).Draw(t, "y")
		m.SetGray(x, y, color.Gray{200})
		tw, th := w*rapid.IntRange(1, 3).Draw(t, "larger"), h*2
		if marked(CoverMask(m, tw, th)).Empty() && image.Pt(x, y).In(Part(m.Rect, tw, th)) {
			t.Fatalf("the mark at %d,%d of %d×%d is lost at %d×%d", x, y, w, h, tw, th)
		}
	})
}

// spots is a mask with some marks, hard and soft.
func spots(r *rand.Rand, w, h int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for range 1 + r.IntN(4) {
		x, y, s := r.IntN(w), r.IntN(h), 1+r.IntN(max(w, h)/3+1)
		level := []uint8{255, 255, 40, 1}[r.IntN(4)]
		for dy := range s {
			for dx := range s {
				if image.Pt(x+dx, y+dy).In(m.Rect) {
					m.SetGray(x+dx, y+dy, color.Gray{level})
				}
			}
		}
	}
	return m
}

func TestPaste_WhereTheMaskIsZeroEveryByteStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)) //nolint:gosec // test data
		w, h := rapid.IntRange(1, 120).Draw(t, "w"), rapid.IntRange(1, 120).Draw(t, "h")
		picture, mask := noisy(r, w, h), spots(r, w, h)
		win, ok := NewWindow(mask, rapid.IntRange(16, 64).Draw(t, "side"))
		if !ok || !win.Rect.In(picture.Rect) || !win.Hole.In(win.Rect) {
			t.Fatalf("window %+v of %v", win, picture.Rect)
		}
		patch := noisy(r, win.Rect.Dx(), win.Rect.Dy())
		got := win.Paste(picture, patch, rapid.Float64Range(0.1, 30).Draw(t, "cell"))
		changed, marks := 0, 0
		for i := range w * h {
			same := [4]uint8(got.Pix[4*i:4*i+4]) == [4]uint8(picture.Pix[4*i:4*i+4])
			if mask.Pix[i] == 0 && !same {
				t.Fatalf("pixel %d is %v, was %v, and is not marked", i, got.Pix[4*i:4*i+4], picture.Pix[4*i:4*i+4])
			}
			if mask.Pix[i] == 255 {
				marks++
				if !same {
					changed++
				}
			}
		}
		if changed*2 < marks {
			t.Fatalf("only %d of %d fully marked pixels changed", changed, marks)
		}
	})
}

func TestKnown_LeavesARimAroundTheMask(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 512, 512))
	for y := 200; y < 260; y++ {
		for x := 210; x < 300; x++ {
			mask.SetGray(x, y, color.Gray{255})
		}
	}
	win, _ := NewWindow(mask, 256)
	if win.Rect.Dx() != 256 || win.Rect.Dy() != 256 || win.Hole != image.Rect(210, 200, 300, 260) {
		t.Fatalf("window %+v, want the mask at 1 pixel a pixel", win)
	}
	known := win.Known(128, 128)
	for i, k := range known {
		x, y := win.Rect.Min.X+2*(i%128), win.Rect.Min.Y+2*(i/128)
		near := image.Rect(x-2, y-2, x+4, y+4).Overlaps(win.Hole)
		if near != (k == 0) {
			t.Fatalf("cell at %d,%d: known %v, touches the mask or its rim: %v", x, y, k, near)
		}
	}
}

func TestNewWindow_OfNothingAndOfEverything(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 40, 30))
	if _, ok := NewWindow(mask, 128); ok {
		t.Error("an empty mask has a window")
	}
	for i := range mask.Pix {
		mask.Pix[i] = 255
	}
	win, ok := NewWindow(mask, 16)
	if !ok || win.Rect != mask.Rect {
		t.Fatalf("window %+v of a mask that marks everything", win)
	}
	patch := noisy(rand.New(rand.NewPCG(1, 2)), 40, 30) //nolint:gosec // test data
	for i := 3; i < len(patch.Pix); i += 4 {
		patch.Pix[i] = 255
	}
	got := win.Paste(image.NewNRGBA(mask.Rect), patch, 2)
	for i := range got.Pix {
		if got.Pix[i] != patch.Pix[i] {
			t.Fatalf("byte %d is %d and not the patch's %d", i, got.Pix[i], patch.Pix[i])
		}
	}
}

func TestFill_GoesOnWithWhatSurrounds(t *testing.T) {
	c, known := compose.NewCanvas(33, 21), make([]float32, 33*21)
	for i := range c.Pix {
		v := float64(i%33) / 33
		c.Pix[i] = [4]float64{v, v, 0.5, 1}
		known[i] = 1
		if x, y := i%33, i/33; x > 10 && x < 22 && y > 5 && y < 16 {
			known[i], c.Pix[i] = 0, [4]float64{}
		}
	}
	Fill(c, known)
	for i, p := range c.Pix {
		if d := p[0] - float64(i%33)/33; math.Abs(d) > 0.2 || math.Abs(p[2]-0.5) > 1e-9 || math.Abs(p[3]-1) > 1e-9 {
			t.Fatalf("place %d is %v", i, p)
		}
	}
}

func TestCutOut_FindsTheFigure(t *testing.T) {
	plain := image.NewNRGBA(image.Rect(0, 0, 300, 200))
	for y := range 200 {
		for x := range 300 {
			c := color.NRGBA{uint8(180 + x/10), 200, uint8(220 - y/10), 255} // a ground that is not of one colour
			if x > 40 && x < 120 && y > 50 && y < 180 {
				c = color.NRGBA{160, 30, 30, 255}
			}
			plain.SetNRGBA(x, y, c)
		}
	}
	clean := image.NewNRGBA(plain.Rect)
	for i := 0; i < len(plain.Pix); i += 4 {
		if plain.Pix[i+1] == 30 {
			copy(clean.Pix[i:i+4], plain.Pix[i:])
		}
	}
	for name, m := range map[string]*image.NRGBA{"on a ground": plain, "clear around": clean} {
		got, found := CutOut(m)
		n := got.Rect.Dx()
		if !found || n != got.Rect.Dy() || n%4 != 0 {
			t.Fatalf("%s: found %v, %v", name, found, got.Rect)
		}
		// 79 × 129 pixels in a square: as high as it, and with clear sides.
		if c := got.NRGBAAt(n/2, n/2); c.A != 255 || c.R < 150 || c.G > 40 {
			t.Errorf("%s: its middle is %v", name, c)
		}
		if top, side := got.NRGBAAt(n/2, 12), got.NRGBAAt(n/8, n/2); top.A < 200 || side.A > 10 {
			t.Errorf("%s: %v at the top, %v at the side", name, top, side)
		}
	}
	even := image.NewNRGBA(image.Rect(0, 0, 50, 50))
	for i := range even.Pix {
		even.Pix[i] = 255
	}
	if got, found := CutOut(even); found || got.NRGBAAt(200, 200).A != 255 {
		t.Error("a plain picture has a figure, or lost its ground")
	}
}

func FuzzCutOut(f *testing.F) {
	f.Add(uint64(1), 3, 7)
	f.Fuzz(func(t *testing.T, seed uint64, w, h int) {
		if w < 1 || h < 1 || w > 200 || h > 200 {
			return
		}
		m := noisy(rand.New(rand.NewPCG(seed, 1)), w, h) //nolint:gosec // test data
		if got, _ := CutOut(m); got.Rect.Dx() != figureSide {
			t.Errorf("%v", got.Rect)
		}
		Contours(m, Part(m.Rect, 16, 32), 16, 32)
	})
}

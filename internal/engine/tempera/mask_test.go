package tempera

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"bottega/internal/engine"
)

// Where the mask is 0 a picture comes back byte for byte: whatever its size, its alpha and what else is asked.
func TestMask_WhatIsNotMarkedComesBackExactly(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t)})
	for _, size := range [][2]int{{500, 333}, {64, 64}, {33, 777}, {1024, 640}} {
		for name, change := range map[string]func(*engine.ImageRequest){
			"repaint":     func(*engine.ImageRequest) {},
			"erase":       func(q *engine.ImageRequest) { q.Erase = true },
			"a little":    func(q *engine.ImageRequest) { q.Strength = 0.4 },
			"transparent": func(q *engine.ImageRequest) { q.Transparent = true },
			"everything around": func(q *engine.ImageRequest) { // outpainting
				q.Mask = maskOf(q.Width, q.Height, q.Init.Rect)
				for y := q.Height / 4; y < q.Height/2; y++ {
					clear(q.Mask.Pix[y*q.Width+q.Width/4 : y*q.Width+q.Width/2])
				}
			},
		} {
			req := small("a red fox")
			req.Width, req.Height, req.Strength = size[0], size[1], 1
			req.Init = noisyPicture(size[0], size[1])
			req.Mask = maskOf(size[0], size[1], image.Rect(size[0]/2, size[1]/2, size[0]/2+size[0]/5, size[1]/2+size[1]/4))
			change(&req)
			got, err := e.GenerateImage(t.Context(), req, func(engine.Progress) {})
			must(t, err)
			changed := 0
			for i, m := range req.Mask.Pix {
				was, is := req.Init.Pix[4*i:4*i+4], got.Image.Pix[4*i:4*i+4]
				if m == 0 && !bytes.Equal(was, is) {
					t.Fatalf("%s at %v: pixel %d was %v and is %v", name, size, i, was, is)
				}
				if !bytes.Equal(was, is) {
					changed++
				}
			}
			if changed == 0 {
				t.Errorf("%s at %v: nothing was painted", name, size)
			}
		}
	}
}

func TestMask_AroundThePictureNothingIsComposed(t *testing.T) {
	p := stubPainter(t)
	req := small("a red fox")
	req.Init, req.Strength, req.Mask = noisyPicture(64, 64), 1, maskOf(64, 64, image.Rect(0, 0, 64, 64))
	for y := 8; y < 56; y++ {
		clear(req.Mask.Pix[64*y+8 : 64*y+56])
	}
	if pl := planned(t, p, req); pl.canvas != nil || len(pl.sources) > 0 || len(pl.notes) == 0 {
		t.Errorf("sources %v, notes %q", pl.sources, pl.notes)
	}
}

func TestMask_ASmallOneIsPaintedInAWindow(t *testing.T) {
	p := stubPainter(t)
	req := small("a red fox")
	req.Width, req.Height, req.Strength = 600, 400, 1
	req.Init, req.Mask = noisyPicture(600, 400), maskOf(600, 400, image.Rect(500, 300, 540, 330))
	pl := planned(t, p, req)
	r := pl.window.Rect
	if r.Dx() > 120 || r.Dy() > 120 || !image.Rect(480, 290, 560, 340).In(r) {
		t.Errorf("the window is %v", r)
	}
	n := pl.job.Height * pl.job.Width
	if k := same(plane(pl, 5), 1); k == 0 || k == n || same(plane(pl, 4), 1) != n {
		t.Errorf("%d of %d places are known, %d have a reference", k, n, same(plane(pl, 4), 1))
	}
	req.Erase = true
	pl = planned(t, p, req)
	if same(plane(pl, 4), 1) != n || pl.job.Start == 0 || len(pl.sources) > 0 {
		t.Errorf("erasing does not look at what surrounds the mask: start %v, sources %v", pl.job.Start, pl.sources)
	}
	if slices.ContainsFunc(pl.job.Asked.Tokens, func(v int64) bool { return v != 0 }) {
		t.Errorf("erasing is told %v", pl.job.Asked.Tokens)
	}
}

// What is erased inside a thing becomes what surrounds it, and not white: whatever colour that is, even or shaded.
func TestMask_AnErasedPartIsLikeWhatSurroundsIt(t *testing.T) {
	p := trained(t, trainedWeights(t))
	for name, ground := range map[string]func(x, y int) color.NRGBA{
		"even":   func(int, int) color.NRGBA { return color.NRGBA{200, 40, 50, 255} },
		"dark":   func(int, int) color.NRGBA { return color.NRGBA{30, 40, 90, 255} },
		"shaded": func(x, y int) color.NRGBA { return color.NRGBA{uint8(60 + x/2), 120, uint8(220 - y/2), 255} },
	} {
		const side = 256
		req := ask("")
		req.Width, req.Height, req.Strength, req.Erase, req.Transparent = side, side, 1, true, true
		req.Init, req.Mask = image.NewNRGBA(image.Rect(0, 0, side, side)), maskOf(side, side, image.Rect(96, 100, 150, 156))
		for i := range side * side {
			x, y := i%side, i/side
			switch {
			case math.Hypot(float64(x-123), float64(y-128)) < 20: // what is to go
				req.Init.SetNRGBA(x, y, color.NRGBA{250, 230, 60, 255})
			case math.Hypot(float64(x-128), float64(y-128)) < 110:
				req.Init.SetNRGBA(x, y, ground(x, y))
			}
		}
		got := painted(t, p, req).Image
		worst, sum, n := 0.0, 0.0, 0.0
		for i, m := range req.Mask.Pix {
			if m == 0 {
				continue
			}
			c := ground(i%side, i/side)
			off := 0.0
			for k, want := range [4]uint8{c.R, c.G, c.B, c.A} {
				off += math.Abs(float64(got.Pix[4*i+k])-float64(want)) / 4
			}
			worst, sum, n = max(worst, off), sum+off, n+1
		}
		t.Logf("%s: mean error to what surrounds it %.1f, worst %.1f of 255", name, sum/n, worst)
		if sum/n > 8 || worst > 40 {
			t.Errorf("%s: mean error to what surrounds it %.1f, worst %.1f of 255", name, sum/n, worst)
		}
	}
}

// seamError is the mean step across the picture's border in shares of the mean step between neighbours inside.
func seamError(m *image.NRGBA) float64 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	step := func(x0, y0, x1, y1 int) float64 {
		sum, p, q := 0, m.Pix[m.PixOffset(x0, y0):], m.Pix[m.PixOffset(x1, y1):]
		for k := range 4 {
			d := int(p[k]) - int(q[k])
			sum += max(d, -d)
		}
		return float64(sum)
	}
	var border, inside float64
	for y := range h {
		border += step(w-1, y, 0, y) / float64(w+h)
		for x := range w - 1 {
			inside += step(x, y, x+1, y) / float64((w-1)*h+(h-1)*w)
		}
	}
	for x := range w {
		border += step(x, h-1, x, 0) / float64(w+h)
		for y := range h - 1 {
			inside += step(x, y, x, y+1) / float64((w-1)*h+(h-1)*w)
		}
	}
	return border / inside
}

// meanSeam is the seam error at the network's own grid, where every step is of one kind, over some seeds.
func meanSeam(t *testing.T, p *painter, req engine.ImageRequest) float64 {
	const seeds = 8
	sum := 0.0
	for seed := range int64(seeds) {
		req.Seed, req.Transparent = seed, true
		req.Width, req.Height = p.manifest.Grid, p.manifest.Grid
		sum += seamError(painted(t, p, req).Image) / seeds
	}
	return sum
}

func TestTile_HasNoMoreOfASeamThanItHasInside(t *testing.T) {
	p := stubPainter(t)
	for _, prompt := range []string{"five foxs", "a fox on a hill", "a fox in space", ""} {
		req := small(prompt)
		req.Steps = 8
		open := meanSeam(t, p, req)
		req.Tile = true
		if e := meanSeam(t, p, req); e > 1.15 {
			t.Errorf("%q: a step across the border is %.2f times one inside (%.2f when it does not repeat)", prompt, e, open)
		}
	}
}

func TestTile_WhatIsShownAndWhatIsBehindRepeatToo(t *testing.T) {
	p := stubPainter(t)
	slope := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range slope.Pix {
		slope.Pix[i] = uint8(i / 4 % 64 * 4)
		if i%4 == 3 {
			slope.Pix[i] = 255
		}
	}
	for name, change := range map[string]func(*engine.ImageRequest){
		"init": func(q *engine.ImageRequest) { q.Init, q.Strength = slope, 0.5 },
		"content": func(q *engine.ImageRequest) {
			q.References = []engine.Reference{reference(engine.ContentReference, slope, 1)}
		},
		"backdrop": func(q *engine.ImageRequest) { q.Prompt = "a fox on a hill" },
	} {
		req := small("")
		req.Tile, req.Transparent = true, true
		change(&req)
		pl := planned(t, p, req)
		c, w, h := pl.canvas, pl.canvas.Width, pl.canvas.Height
		for i := range h {
			for k := range 4 {
				if d := c.Pix[i*w][k] - c.Pix[i*w+w-1][k]; d < -0.1 || d > 0.1 {
					t.Fatalf("%s: row %d begins with %v and ends with %v", name, i, c.Pix[i*w], c.Pix[i*w+w-1])
				}
			}
		}
		if told := strings.Contains(strings.Join(pl.notes, "\n"), "backdrop cannot repeat"); told != (name == "backdrop") {
			t.Errorf("%s: notes %q", name, pl.notes)
		}
	}
}

// A request may be as large as is allowed: it is painted, and takes the worker no more memory than it has.
func TestPipe_TheLargestPicturesPassAndLargerOnesAreRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 120 MB")
	}
	e := open(t, Options{WeightsDir: stubWeights(t)})
	req := small("a fox")
	req.Width, req.Height, req.Strength = 64, 48, 1
	req.Init, req.Mask = image.NewNRGBA(image.Rect(0, 0, 5600, 4200)), maskOf(5600, 4200, image.Rect(1000, 1000, 2000, 2000))
	_, err := e.GenerateImage(t.Context(), req, nil)
	must(t, err)
	req.References = []engine.Reference{reference(engine.ContentReference, image.NewNRGBA(image.Rect(0, 0, 4000, 1000)), 1)}
	_, err = e.GenerateImage(t.Context(), req, nil)
	if !errors.Is(err, engine.ErrRejected) {
		t.Errorf("error %v, want ErrRejected", err)
	}
}

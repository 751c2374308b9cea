package tempera

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
)

// stubPainter paints in this process with the tiny network.
func stubPainter(t testing.TB) *painter {
	t.Helper()
	p, err := openPainter(os.DirFS(stubWeights(t)), painterOptions{LibraryDir: sharedData(t), Threads: 1})
	must(t, err)
	t.Cleanup(p.close)
	return p
}

// noisyPicture has every colour and every alpha.
func noisyPicture(w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h))) //nolint:gosec // test data
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	return m
}

// card is a picture of one colour with a square of another in its middle.
func card(w, h int, ground, figure color.NRGBA) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := ground
			if x > w/4 && x < w*3/4 && y > h/4 && y < h*3/4 {
				c = figure
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

var (
	white   = color.NRGBA{255, 255, 255, 255}
	scarlet = color.NRGBA{200, 30, 40, 255}
)

func maskOf(w, h int, marked image.Rectangle) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := marked.Min.Y; y < marked.Max.Y; y++ {
		for x := marked.Min.X; x < marked.Max.X; x++ {
			m.SetGray(x, y, color.Gray{255})
		}
	}
	return m
}

func planned(t *testing.T, p *painter, req engine.ImageRequest) *plan {
	t.Helper()
	must(t, p.manifest.check(&req))
	pl, err := p.plan(t.Context(), &req)
	must(t, err)
	return pl
}

// plane is one of a guide's planes.
func plane(pl *plan, i int) []float32 {
	n := pl.job.Height * pl.job.Width
	return pl.job.Asked.Guide[i*n : (i+1)*n]
}

// same counts how many values are v.
func same(values []float32, v float32) int {
	n := 0
	for _, w := range values {
		if w == v {
			n++
		}
	}
	return n
}

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
	if same(plane(pl, 4), 1) != same(plane(pl, 5), 1) || pl.job.Start != 0 || len(pl.sources) > 0 {
		t.Errorf("erasing looks at a reference inside the mask: start %v, sources %v", pl.job.Start, pl.sources)
	}
	if slices.ContainsFunc(pl.job.Asked.Tokens, func(v int64) bool { return v != 0 }) {
		t.Errorf("erasing is told %v", pl.job.Asked.Tokens)
	}
}

func TestInit_IsTheReferenceAndTheStart(t *testing.T) {
	p := stubPainter(t)
	req := small("a red fox on a hill")
	req.Init = card(100, 80, color.NRGBA{}, scarlet) // clear around: its alpha is kept
	for strength, start := range map[float64]float64{0: paint.ClosestInit, 0.25: 0.75, 0.9: 0.1} {
		req.Strength = strength
		pl := planned(t, p, req)
		if math.Abs(pl.job.Start-start) > 1e-9 || len(pl.sources) > 0 {
			t.Errorf("strength %v starts at %v, sources %v", strength, pl.job.Start, pl.sources)
		}
		if pl.job.From[3*len(pl.canvas.Pix)] != -1 || same(plane(pl, 4), 1) != len(pl.canvas.Pix) || same(plane(pl, 5), 1) != 0 {
			t.Error("the picture to start from is not the reference as it is")
		}
	}
	req.Strength = 1
	plain := small("a red fox on a hill")
	if a, b := planned(t, p, req), planned(t, p, plain); !slices.Equal(a.job.Asked.Guide, b.job.Asked.Guide) || a.job.Start != b.job.Start {
		t.Error("at strength 1 something is left of the picture to start from")
	}
}

func reference(kind engine.ReferenceKind, m *image.NRGBA, strength float64) engine.Reference {
	return engine.Reference{Kind: kind, Image: m, Strength: strength}
}

func TestReferences_StyleIsTakenOverAndAddsUp(t *testing.T) {
	p := stubPainter(t)
	req := small("a fox")
	req.Style = "flat"
	red, blue := card(50, 70, scarlet, scarlet), card(90, 90, color.NRGBA{0, 0, 255, 255}, white)
	look := func(references ...engine.Reference) (look, style []float32) {
		req.References = references
		b := planned(t, p, req).job.Asked
		return b.Look, b.Style
	}
	one, style := look(reference(engine.StyleReference, red, 0.5))
	if style[2] != 0.5 || one[0] == 0 {
		t.Errorf("style weights %v, look %v", style, one)
	}
	other, _ := look(reference(engine.StyleReference, blue, 0.25))
	both, style := look(reference(engine.StyleReference, red, 0.5), reference(engine.StyleReference, blue, 0.25))
	for i := range both {
		if math.Abs(float64(both[i]-one[i]-other[i])) > 1e-5 {
			t.Errorf("looks %v and %v together are %v", one, other, both)
		}
	}
	if style[2] != 0.25 {
		t.Errorf("style weights %v beside strengths of 0.75", style)
	}
	full, style := look(reference(engine.StyleReference, red, 1), reference(engine.StyleReference, red, 1))
	for i := range full {
		if math.Abs(float64(full[i]-2*one[i])) > 1e-5 || style[2] != 0 {
			t.Errorf("twice the same picture at full strength looks %v, once at half %v", full, one)
		}
	}
}

func TestReferences_ContentIsBlendedWithWhatIsComposed(t *testing.T) {
	p := stubPainter(t)
	content := card(200, 200, white, scarlet)
	req := small("a red fox on a hill")
	composed := planned(t, p, req)
	req.References = []engine.Reference{reference(engine.ContentReference, content, 1)}
	whole := planned(t, p, req)
	req.References[0].Strength = 0.5
	half := planned(t, p, req)
	for i := range half.canvas.Pix {
		want := (composed.canvas.Pix[i][0] + whole.canvas.Pix[i][0]) / 2
		if math.Abs(half.canvas.Pix[i][0]-want) > 1e-9 {
			t.Fatalf("place %d is %v, want %v", i, half.canvas.Pix[i][0], want)
		}
	}
	if middle := whole.canvas.Pix[len(whole.canvas.Pix)/2+16]; math.Abs(middle[0]-200.0/255) > 0.02 {
		t.Errorf("the content's middle is %v", middle)
	}
	req.Prompt = "quxzzy"
	if alone := planned(t, p, req); alone.job.Start != req.Adherence/2 || alone.canvas == nil {
		t.Errorf("content of strength 0.5 alone starts at %v", alone.job.Start)
	}
}

func TestReferences_CharacterTakesTheFirstSubjectsPlace(t *testing.T) {
	p := stubPainter(t)
	figure := reference(engine.CharacterReference, card(120, 120, white, color.NRGBA{0, 0, 250, 255}), 1)
	for prompt, sources := range map[string]int{"a fox next to a dog": 1, "a fox": 0, "": 0, "two quxzzies": 0} {
		req := small(prompt)
		req.References = []engine.Reference{figure}
		pl := planned(t, p, req)
		blue := 0
		for _, c := range pl.canvas.Pix {
			if c[2] > 0.9 && c[0] < 0.1 && c[3] > 0.95 {
				blue++
			}
		}
		if blue < 20 || len(pl.sources) != sources || pl.job.Start < characterStart {
			t.Errorf("%q: %d blue places, sources %v, start %v", prompt, blue, pl.sources, pl.job.Start)
		}
	}
}

func TestReferences_EdgesAreTracedWithTheirWeight(t *testing.T) {
	p := stubPainter(t)
	req := small("a fox")
	req.References = []engine.Reference{reference(engine.EdgeReference, card(64, 64, white, scarlet), 0.5)}
	pl := planned(t, p, req)
	lines := same(plane(pl, 6), 0.5)
	if lines < 40 || lines > 120 || same(plane(pl, 6), -0.5)+lines != 32*32 {
		t.Errorf("%d places on lines", lines)
	}
	n := 32 * 32
	if !slices.Equal(pl.job.Avoided.Guide[6*n:], plane(pl, 6)) || same(pl.job.Avoided.Guide[4*n:5*n], 0) != n {
		t.Error("what guidance leads away from has other contours, or a reference")
	}
}

func TestBoxes_ThingsAreWhereTheyAreAsked(t *testing.T) {
	p := stubPainter(t)
	req := small("flat, on a pink background")
	req.Boxes = []engine.Box{
		{X: 0, Y: 0, Width: 0.25, Height: 0.5, Prompt: "a fox"}, {X: 0.75, Y: 0.5, Width: 0.25, Height: 0.5, Prompt: "a vixen and a fox"},
	}
	pl := planned(t, p, req)
	pink := pl.canvas.Pix[16+16*32] // between the boxes
	for i, c := range pl.canvas.Pix {
		x, y := i%32, i/32
		inside := x < 8 && y < 16 || x >= 24 && y >= 16
		if c != pink && !inside {
			t.Fatalf("something is at %d,%d, outside of the boxes", x, y)
		}
	}
	if pl.canvas.Pix[4+8*32] == pink || pl.canvas.Pix[28+24*32] == pink {
		t.Error("a box is empty")
	}
	if len(pl.sources) != 1 || !strings.Contains(strings.Join(pl.notes, "\n"), "“vixen”") {
		t.Errorf("sources %v, notes %q", pl.sources, pl.notes)
	}
}

func TestBackground_IsWhatItIsPaintedOn(t *testing.T) {
	p := stubPainter(t)
	req := small("")
	req.Adherence = -1
	teal := color.NRGBA{0, 120, 130, 255}
	req.Transparent = true
	alpha := painted(t, p, req).Image
	req.Transparent, req.Background = false, teal
	got := painted(t, p, req).Image
	for i := 0; i < len(got.Pix); i += 4 {
		a := int(alpha.Pix[i+3])
		for k, g := range []uint8{teal.R, teal.G, teal.B} {
			want := (int(alpha.Pix[i+k])*a + int(g)*(255-a)) / 255
			if d := int(got.Pix[i+k]) - want; d < -3 || d > 3 {
				t.Fatalf("pixel %d: %v on teal is %v", i/4, alpha.Pix[i:i+4], got.Pix[i:i+4])
			}
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

func TestCheck_RejectsWhatIsShownWrongly(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t)})
	one := func(kind engine.ReferenceKind, m *image.NRGBA, strength float64) func(*engine.ImageRequest) {
		return func(q *engine.ImageRequest) { q.References = []engine.Reference{reference(kind, m, strength)} }
	}
	init := func(q *engine.ImageRequest) { q.Init, q.Strength = noisyPicture(64, 64), 1 }
	masked := func(q *engine.ImageRequest) { init(q); q.Mask = maskOf(64, 64, image.Rect(4, 4, 20, 20)) }
	cases := map[string]func(*engine.ImageRequest){
		"strength":   func(q *engine.ImageRequest) { init(q); q.Strength = math.NaN() },
		"init":       func(q *engine.ImageRequest) { q.Init = &image.NRGBA{} },
		"init: 1099": func(q *engine.ImageRequest) { q.Init = &image.NRGBA{Rect: image.Rect(0, 0, 1<<40, 1), Stride: 4} },
		"init: 50 bytes": func(q *engine.ImageRequest) {
			q.Init = &image.NRGBA{Pix: make([]byte, 50), Stride: 40, Rect: image.Rect(0, 0, 10, 10)}
		},
		"init: an empty": func(q *engine.ImageRequest) {
			q.Init = &image.NRGBA{Stride: math.MaxInt, Rect: image.Rect(0, 0, 10, 10)}
		},
		"init, mask and":        func(q *engine.ImageRequest) { init(q); q.Init = image.NewNRGBA(image.Rect(0, 0, 7000, 7500)) },
		"mask without init":     func(q *engine.ImageRequest) { q.Mask = maskOf(64, 64, image.Rect(0, 0, 9, 9)) },
		"mask of (64,63)":       func(q *engine.ImageRequest) { init(q); q.Mask = maskOf(64, 63, image.Rect(0, 0, 9, 9)) },
		"mask: it marks":        func(q *engine.ImageRequest) { init(q); q.Mask = maskOf(64, 64, image.Rectangle{}) },
		"erase":                 func(q *engine.ImageRequest) { q.Erase = true },
		"tile with a mask":      func(q *engine.ImageRequest) { masked(q); q.Tile = true },
		"background":            func(q *engine.ImageRequest) { q.Background = color.NRGBA{1, 2, 3, 4} },
		"references: 9":         func(q *engine.ImageRequest) { q.References = make([]engine.Reference, 9) },
		"references[0].image":   one(engine.EdgeReference, nil, 1),
		"references[0].kind \"": one("depth", noisyPicture(8, 8), 1),
		"references[0].streng":  one(engine.StyleReference, noisyPicture(8, 8), 0),
		"references[0].kind c": func(q *engine.ImageRequest) {
			init(q)
			q.Strength = 0.5
			one(engine.CharacterReference, noisyPicture(8, 8), 1)(q)
		},
		"references[0].kind e": func(q *engine.ImageRequest) {
			masked(q)
			q.Erase = true
			one(engine.EdgeReference, noisyPicture(8, 8), 1)(q)
		},
		"boxes: 17":     func(q *engine.ImageRequest) { q.Boxes = make([]engine.Box, 17) },
		"boxes[0]":      func(q *engine.ImageRequest) { q.Boxes = []engine.Box{{X: 0.5, Y: 0, Width: 0.6, Height: 1}} },
		"boxes[0]: NaN": func(q *engine.ImageRequest) { q.Boxes = []engine.Box{{X: math.NaN(), Y: 0, Width: 0.6, Height: 1}} },
		"boxes: not":    func(q *engine.ImageRequest) { q.Boxes = []engine.Box{{Width: 1, Height: 1}}; q.Adherence = -1 },
	}
	for name, spoil := range cases {
		req := small("a fox")
		spoil(&req)
		_, err := e.GenerateImage(t.Context(), req, nil)
		if !errors.Is(err, engine.ErrRejected) || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: error %v, want ErrRejected that begins so", name, err)
		}
	}
}

// A request with everything in it must be the same picture through the pipe as in this process.
func TestPipe_CarriesEveryPicture(t *testing.T) {
	dir := stubWeights(t)
	req := small("a fox next to a dog")
	req.Width, req.Height, req.Guidance = 100, 90, 2
	sub := noisyPicture(200, 200).SubImage(image.Rect(30, 40, 130, 130)) // rows with gaps between them, not from 0,0
	req.Init = sub.(*image.NRGBA)                                        //nolint:forcetypeassert // a part of an NRGBA is one
	mask := maskOf(300, 300, image.Rect(100, 100, 160, 170)).SubImage(image.Rect(80, 90, 180, 180))
	req.Mask, req.Strength = mask.(*image.Gray), 1 //nolint:forcetypeassert // as above
	req.References = []engine.Reference{
		reference(engine.StyleReference, noisyPicture(30, 20), 0.5), reference(engine.EdgeReference, card(80, 80, white, scarlet), 0.7),
		reference(engine.CharacterReference, card(40, 60, white, scarlet), 1), reference(engine.ContentReference, noisyPicture(10, 10), 0.2),
	}
	a, err := open(t, Options{WeightsDir: dir}).GenerateImage(t.Context(), req, nil)
	must(t, err)
	b, err := open(t, Options{WeightsDir: dir, InProcess: true}).GenerateImage(t.Context(), req, nil)
	must(t, err)
	if !bytes.Equal(a.Image.Pix, b.Image.Pix) {
		t.Error("a worker paints other pixels than this process")
	}
	for y := range 90 {
		for x := range 100 {
			if req.Mask.GrayAt(80+x, 90+y).Y == 0 && a.Image.NRGBAAt(x, y) != req.Init.NRGBAAt(30+x, 40+y) {
				t.Fatalf("pixel %d,%d is not what it was", x, y)
			}
		}
	}
}

func TestUnpacked_RefusesPicturesThatAreNotThere(t *testing.T) {
	for name, shown := range map[string][]shownHeader{
		"too few bytes":          {{What: "init", Width: 4, Height: 4}},
		"no size":                {{What: "init"}},
		"a huge size":            {{What: "init", Width: 1 << 40, Height: 1 << 40}},
		"a coloured mask":        {{What: "mask", Width: 1, Height: 1}},
		"one reference too many": {{What: "reference", Width: 1, Height: 1}},
		"something else":         {{What: "hat", Width: 1, Height: 1}},
	} {
		f := &frame{Type: frameGenerate, Request: &request{Shown: shown}, payload: make([]byte, 16)}
		if _, err := f.unpacked(); !errors.Is(err, errFrame) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestNotes_SayWhatAnUnknownWordWasReadAs(t *testing.T) {
	p := stubPainter(t)
	p.reader.Lexicon.Near = map[string]read.Near{"reynard": {Word: "fox", Alike: 0.7}}
	pl := planned(t, p, small("a Reynard, red"))
	if len(pl.sources) != 1 || !slices.Contains(pl.notes, "“reynard” was read as fox.") {
		t.Errorf("sources %v, notes %q", pl.sources, pl.notes)
	}
	if want := p.tokenizer.Encode("a fox red"); !slices.Equal(pl.job.Asked.Tokens, want) {
		t.Errorf("the network is told %v, want %v", pl.job.Asked.Tokens, want)
	}
}

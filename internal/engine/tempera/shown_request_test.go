package tempera

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/wire"
)

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
		f := &frame{Type: frameGenerate, Request: &request{Request: wire.Request{Shown: shown}}, payload: make([]byte, 16)}
		if _, err := f.unpacked(); !errors.Is(err, errFrame) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

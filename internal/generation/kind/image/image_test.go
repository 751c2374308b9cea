package image_test

import (
	"encoding/json"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	goimage "image"

	"github.com/google/go-cmp/cmp"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
)

func ptr[T any](v T) *T { return &v }

// gradient is opaque and tells where each of its pixels was.
func gradient(width, height int) *goimage.NRGBA {
	img := goimage.NewNRGBA(goimage.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 77, 255})
		}
	}
	return img
}

// half is a mask that is white on its right half.
func half(width, height int) *goimage.Gray {
	img := goimage.NewGray(goimage.Rect(0, 0, width, height))
	for y := range height {
		for x := width / 2; x < width; x++ {
			img.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	return img
}

// studio is a world with a person who has uploads.
type studio struct {
	*apptest.World
	t    *testing.T
	ada  access.Actor
	init asset.Upload // 96 × 64
	mask asset.Upload // of the same size
}

func newStudio(t *testing.T, ref string, change ...func(*app.Config)) *studio {
	w := apptest.New(t, ref, change...)
	s := &studio{World: w, t: t, ada: w.User("apprentice")}
	s.init = w.Upload(s.ada, asset.ForPicture, gradient(96, 64))
	s.mask = w.Upload(s.ada, asset.ForMask, half(96, 64))
	return s
}

func (s *studio) submit(req *image.Request) *generation.Generation {
	s.t.Helper()
	g, err := s.Generations.Submit(s.t.Context(), s.ada, generation.SubmitRequest{Kind: "image", Input: req})
	if err != nil {
		s.t.Fatalf("submit: %v", err)
	}
	return g
}

// made submits, waits, and returns the generation and its first picture's pixels.
func (s *studio) made(req *image.Request) (*generation.Generation, *goimage.NRGBA) {
	s.t.Helper()
	g := s.WaitState(s.ada, s.submit(req).ID, generation.Complete)
	content, err := s.Assets.OpenVariant(s.t.Context(), g.Images[0], asset.OriginalPNG)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	img, err := png.Decode(content)
	if err != nil {
		s.t.Fatal(err)
	}
	out, ok := img.(*goimage.NRGBA)
	if !ok { // an opaque PNG is decoded as RGBA
		out = goimage.NewNRGBA(img.Bounds())
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				out.Set(x, y, img.At(x, y))
			}
		}
	}
	return g, out
}

// wrong returns the fields that a request is refused for.
func (s *studio) wrong(req *image.Request) map[string]fault.Field {
	s.t.Helper()
	_, err := s.Generations.Quote(s.t.Context(), s.ada, generation.SubmitRequest{Kind: "image", Input: req})
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid {
		s.t.Fatalf("%+v: %v, want a fault about fields", req, err)
	}
	fields := map[string]fault.Field{}
	for _, field := range f.Fields {
		fields[field.Name] = field
		if field.Allowed == "" {
			s.t.Errorf("%s: does not say what would be right", field)
		}
	}
	return fields
}

func TestPlan_RefusesByNameAllAtOnce(t *testing.T) {
	s := newStudio(t, apptest.SQLite(t))
	stranger := s.Upload(s.User("free"), asset.ForPicture, gradient(96, 64))
	other := s.Upload(s.ada, asset.ForMask, half(90, 64))
	tiny := s.Upload(s.ada, asset.ForPicture, gradient(20, 64))
	holes := gradient(96, 64)
	holes.SetNRGBA(0, 0, color.NRGBA{})
	holey := s.Upload(s.ada, asset.ForPicture, holes)
	look := func(kind, img string, strength float64) image.Reference {
		return image.Reference{Image: img, Kind: kind, Strength: &strength}
	}
	five := slices.Repeat([]image.Reference{look("style", s.init.ID, 0.5)}, 5)
	for name, c := range map[string]struct {
		req  image.Request
		want string // names of the fields, sorted
	}{
		"no prompt":              {image.Request{}, "prompt"},
		"nobody's picture":       {image.Request{Prompt: "x", InitImage: id.New()}, "init_image"},
		"somebody else's":        {image.Request{Prompt: "x", InitImage: stranger.ID}, "init_image"},
		"no id at all":           {image.Request{Prompt: "x", InitImage: "../x"}, "init_image"},
		"strength without start": {image.Request{Prompt: "x", Strength: ptr(0.5)}, "strength"},
		"strength out of range":  {image.Request{Prompt: "x", InitImage: s.init.ID, Strength: ptr(1.5)}, "strength"},
		"strength is no number":  {image.Request{Prompt: "x", InitImage: s.init.ID, Strength: ptr(math.NaN())}, "strength"},
		"mask without start":     {image.Request{Prompt: "x", Mask: s.mask.ID}, "mask"},
		"mask of another size":   {image.Request{Prompt: "x", InitImage: s.init.ID, Mask: other.ID}, "mask"},
		"another width":          {image.Request{Prompt: "x", InitImage: s.init.ID, Mask: s.mask.ID, Width: ptr(64)}, "width"},
		"too small to repaint":   {image.Request{Prompt: "x", InitImage: tiny.ID, Expand: &asset.Expansion{Top: 1}}, "expand"},
		"expand by nothing":      {image.Request{Prompt: "x", InitImage: s.init.ID, Expand: &asset.Expansion{}}, "expand"},
		"expand inwards":         {image.Request{Prompt: "x", InitImage: s.init.ID, Expand: &asset.Expansion{Left: -8, Top: 8}}, "expand.left"},
		"expand too far":         {image.Request{Prompt: "x", InitImage: s.init.ID, Expand: &asset.Expansion{Left: 1500}}, "expand"},
		"erase without a mask":   {image.Request{InitImage: s.init.ID, Erase: true}, "erase"},
		"erase and a strength":   {image.Request{InitImage: s.init.ID, Mask: s.mask.ID, Erase: true, Strength: ptr(0.5)}, "strength"},
		"erase and references":   {image.Request{InitImage: s.init.ID, Mask: s.mask.ID, Erase: true, References: five[:1]}, "references"},
		"tile of a part":         {image.Request{Prompt: "x", InitImage: s.init.ID, Mask: s.mask.ID, Tile: true}, "tile"},
		"lost transparency":      {image.Request{Prompt: "x", InitImage: holey.ID, Expand: &asset.Expansion{Top: 8}, Transparent: ptr(false)}, "transparent"},
		"filled transparency":    {image.Request{Prompt: "x", InitImage: holey.ID, Expand: &asset.Expansion{Top: 8}, Background: "#ff0000"}, "background"},
		"five references":        {image.Request{Prompt: "x", References: five}, "references"},
		"a mood":                 {image.Request{Prompt: "x", References: []image.Reference{look("mood", s.init.ID, 1)}}, "references[0].kind"},
		"several wrong":          {image.Request{Prompt: "x", References: []image.Reference{look("style", "", 0), look("edge", id.New(), 2)}}, "references[0].image references[0].strength references[1].image references[1].strength"},
		"nine boxes":             {image.Request{Prompt: "x", Boxes: make([]asset.Box, 9)}, "boxes"},
		"a box outside":          {image.Request{Prompt: "x", Boxes: []asset.Box{{X: 0.9, Width: 0.2, Height: 1, Prompt: "y"}}}, "boxes[0].width"},
		"a box of nothing":       {image.Request{Prompt: "x", Boxes: []asset.Box{{X: math.NaN(), Y: -1, Prompt: ""}}}, "boxes[0].prompt boxes[0].x boxes[0].y"},
		"two numbers of steps":   {image.Request{Prompt: "x", Quality: "best", Steps: ptr(3)}, "quality steps"},
		"unknown quality":        {image.Request{Prompt: "x", Quality: "superb"}, "quality"},
		"no colour":              {image.Request{Prompt: "x", Background: "red"}, "background"},
		"unseen colour":          {image.Request{Prompt: "x", Background: "#FF0000", Transparent: ptr(true)}, "background"},
		"all kinds of things":    {image.Request{Prompt: "x", Width: ptr(33), Background: "?", Quality: "?", Strength: ptr(0.1), Mask: id.New()}, "background mask quality strength width"},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for n := range s.wrong(&c.req) {
				names = append(names, n)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("refused for %q, want %q", got, c.want)
			}
		})
	}
	sizes := s.wrong(&image.Request{Prompt: "x", InitImage: s.init.ID, Mask: other.ID})["mask"].Message
	if !strings.Contains(sizes, "90 × 64") || !strings.Contains(sizes, "96 × 64") {
		t.Errorf("the refusal of a mask says %q, want both sizes in it", sizes)
	}
}

func TestPlan_AModelThatCanDoNothingMoreRefusesEverythingMore(t *testing.T) {
	s := newStudio(t, apptest.SQLite(t), func(c *app.Config) {
		m := &c.Models[0].Image
		m.Strength.Max, m.Masks, m.Erase, m.References, m.MaxReferences, m.MaxBoxes, m.Tile, m.Qualities = 0, false, false, nil, 0, 0, false, nil
	})
	got := s.wrong(&image.Request{
		Prompt: "x", InitImage: s.init.ID, Mask: s.mask.ID, Tile: true, Quality: "best",
		References: []image.Reference{{Image: s.init.ID, Kind: "style"}}, Boxes: []asset.Box{{Width: 1, Height: 1, Prompt: "y"}},
	})
	for _, name := range []string{"init_image", "mask", "tile", "quality", "references", "boxes"} {
		if _, ok := got[name]; !ok {
			t.Errorf("%s was not refused (%v)", name, got)
		}
	}
	if _, ok := s.wrong(&image.Request{InitImage: s.init.ID, Mask: s.mask.ID, Erase: true})["erase"]; !ok {
		t.Error("erase was not refused")
	}
}

func TestPlan_WhatIsWhereComesFromOnePlace(t *testing.T) {
	s := newStudio(t, apptest.SQLite(t), func(c *app.Config) { c.Models[0].Image.OneLayout = true })
	box := []asset.Box{{Width: 1, Height: 1, Prompt: "y"}}
	who := []image.Reference{{Image: s.init.ID, Kind: "character"}}
	for name, c := range map[string]struct {
		req  image.Request
		want string
	}{
		"boxes and a start":        {image.Request{Prompt: "x", InitImage: s.init.ID, Boxes: box}, "boxes"},
		"boxes in a free picture":  {image.Request{Prompt: "x", Boxes: box, Adherence: ptr(-1.0)}, "boxes"},
		"a character and a start":  {image.Request{Prompt: "x", InitImage: s.init.ID, References: who}, "references[0].kind"},
		"a character and boxes":    {image.Request{Prompt: "x", Boxes: box, References: who}, "references[0].kind"},
		"boxes and a free start":   {image.Request{Prompt: "x", InitImage: s.init.ID, Strength: ptr(1.0), Boxes: box}, ""},
		"boxes in a part":          {image.Request{Prompt: "x", InitImage: s.init.ID, Mask: s.mask.ID, Boxes: box}, ""},
		"a character in the scene": {image.Request{Prompt: "x", References: who}, ""},
	} {
		_, err := s.Generations.Quote(t.Context(), s.ada, generation.SubmitRequest{Kind: "image", Input: &c.req})
		f := fault.As(err)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (f == nil || len(f.Fields) != 1 || f.Fields[0].Name != c.want):
			t.Errorf("%s: %v, want %s refused", name, err, c.want)
		}
	}
}

func TestPlan_TheSizeFollowsTheStart(t *testing.T) {
	s := newStudio(t, apptest.SQLite(t))
	large := s.Upload(s.ada, asset.ForPicture, gradient(2000, 500))
	for name, c := range map[string]struct {
		req           image.Request
		width, height int
	}{
		"text alone":        {image.Request{Prompt: "x"}, 64, 64},
		"start":             {image.Request{Prompt: "x", InitImage: s.init.ID}, 96, 64},
		"large start":       {image.Request{Prompt: "x", InitImage: large.ID}, 1536, 384},
		"start and a width": {image.Request{Prompt: "x", InitImage: s.init.ID, Width: ptr(128)}, 128, 64},
		"mask":              {image.Request{Prompt: "x", InitImage: s.init.ID, Mask: s.mask.ID, Width: ptr(96), Height: ptr(64)}, 96, 64},
		"expand":            {image.Request{Prompt: "x", InitImage: s.init.ID, Expand: &asset.Expansion{Left: 3, Right: 10, Bottom: 1}}, 109, 65},
	} {
		var p image.Params
		if err := json.Unmarshal(s.submit(&c.req).Params, &p); err != nil || p.Width != c.width || p.Height != c.height {
			t.Errorf("%s: %d × %d, %v; want %d × %d", name, p.Width, p.Height, err, c.width, c.height)
		}
	}
}

func TestRun_EverythingReachesTheEngineAndTheRecipe(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newStudio(t, ref)
		s.Run()
		boxes := []asset.Box{{X: 0, Y: 0.5, Width: 0.5, Height: 0.5, Prompt: "a pond"}}
		g, _ := s.made(&image.Request{
			Prompt: "x", Width: ptr(128), Height: ptr(64), InitImage: s.init.ID, Strength: ptr(0.3), Tile: true, Background: "#1A2b3c",
			Quality: "best", Boxes: boxes, Count: ptr(2), Seed: ptr(int64(7)),
			References: []image.Reference{{Image: s.init.ID, Kind: "style", Strength: ptr(0.8)}, {Image: s.init.ID, Kind: "edge"}},
		})
		for i, req := range s.Engine.Requests() {
			if req.Init == nil || req.Init.Rect.Dx() != 128 || req.Init.Rect.Dy() != 64 || req.Mask != nil || req.Strength != 0.3 || !req.Tile ||
				req.Transparent || req.Background != (color.NRGBA{0x1a, 0x2b, 0x3c, 255}) || req.Steps != 4 || req.Seed != int64(7+i) {
				t.Errorf("engine was asked %+v", req)
			}
			if want := []engine.Box{{X: 0, Y: 0.5, Width: 0.5, Height: 0.5, Prompt: "a pond"}}; !cmp.Equal(req.Boxes, want) {
				t.Errorf("boxes %v, want %v", req.Boxes, want)
			}
			if len(req.References) != 2 || req.References[0].Kind != "style" || req.References[0].Strength != 0.8 || req.References[1].Strength != 0.5 || req.References[1].Image.Rect.Dx() != 96 {
				t.Errorf("references %+v", req.References)
			}
		}
		want := []asset.Input{
			{ID: s.init.ID, Role: "init", Origin: "upload", Strength: 0.3},
			{ID: s.init.ID, Role: "style", Origin: "upload", Strength: 0.8},
			{ID: s.init.ID, Role: "edge", Origin: "upload", Strength: 0.5},
		}
		r := g.Images[0].Recipe
		if !cmp.Equal(r.Inputs, want) || !r.Tile || r.Background != "#1a2b3c" || !cmp.Equal(r.Boxes, boxes) || r.Transparent {
			t.Errorf("recipe is %+v", r)
		}
		again, _ := s.made(&image.Request{Prompt: "y", InitImage: g.Images[1].ID}) // a generated picture is a start too
		if in := again.Images[0].Recipe.Inputs; len(in) != 1 || in[0].Origin != "generated" || in[0].ID != g.Images[1].ID || in[0].Strength != 0.6 {
			t.Errorf("inputs are %+v", in)
		}
		s.Verify()
	})
}

func TestRun_OutsideTheMaskEveryByteStays(t *testing.T) {
	s := newStudio(t, apptest.SQLite(t))
	s.Run()
	want := gradient(96, 64)
	_, got := s.made(&image.Request{Prompt: "x", InitImage: s.init.ID, Mask: s.mask.ID})
	for y := range 64 {
		for x := range 48 {
			if got.NRGBAAt(x, y) != want.NRGBAAt(x, y) {
				t.Fatalf("pixel %d, %d is %v, want %v", x, y, got.NRGBAAt(x, y), want.NRGBAAt(x, y))
			}
		}
	}
	if req := s.Engine.Requests()[0]; req.Strength != 1 || req.Mask.GrayAt(95, 0).Y != 255 || req.Mask.GrayAt(0, 0).Y != 0 {
		t.Errorf("engine was asked with strength %g and a mask of %v … %v", req.Strength, req.Mask.GrayAt(0, 0), req.Mask.GrayAt(95, 0))
	}
	g, got := s.made(&image.Request{InitImage: s.init.ID, Mask: s.mask.ID, Expand: &asset.Expansion{Left: 8, Top: 4}, Erase: true})
	if got.Rect.Dx() != 104 || got.Rect.Dy() != 68 || got.NRGBAAt(8, 4) != want.NRGBAAt(0, 0) || got.NRGBAAt(8+47, 4+63) != want.NRGBAAt(47, 63) {
		t.Errorf("extended picture is %v and begins with %v", got.Rect, got.NRGBAAt(8, 4))
	}
	if req := s.Engine.Requests()[1]; !req.Erase || req.Mask.GrayAt(0, 0).Y != 255 || req.Mask.GrayAt(8, 4).Y != 0 || req.Init.NRGBAAt(0, 0) != want.NRGBAAt(0, 0) {
		t.Errorf("engine was asked %v %v %v", req.Erase, req.Mask.GrayAt(0, 0), req.Mask.GrayAt(8, 4))
	}
	if r := g.Images[0].Recipe; !r.Erase || r.Expand == nil || *r.Expand != (asset.Expansion{Left: 8, Top: 4}) || r.Prompt != "" {
		t.Errorf("recipe is %+v", r)
	}
}

func TestRun_APictureDeletedMeanwhileFailsWithThatReasonAndCostsNothing(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newStudio(t, ref)
		before := s.Available(s.ada)
		g := s.submit(&image.Request{Prompt: "x", InitImage: s.init.ID})
		black := s.Upload(s.ada, asset.ForMask, goimage.NewGray(goimage.Rect(0, 0, 96, 64)))
		start := s.Upload(s.ada, asset.ForPicture, half(96, 64))
		nothing := s.submit(&image.Request{Prompt: "x", InitImage: start.ID, Mask: black.ID})
		if s.Available(s.ada) >= before {
			t.Fatal("nothing is held")
		}
		if err := s.Uploads.Delete(t.Context(), s.ada, s.init.ID); err != nil {
			t.Fatal(err)
		}
		s.Run()
		if f := s.WaitState(s.ada, g.ID, generation.Failed).Failure; f.Code != "source_deleted" || !strings.Contains(f.Message, "init_image") {
			t.Errorf("failure is %+v", f)
		}
		if f := s.WaitState(s.ada, nothing.ID, generation.Failed).Failure; f.Code != "nothing_to_paint" {
			t.Errorf("failure is %+v", f)
		}
		if s.Available(s.ada) != before {
			t.Errorf("%d tokens are left, want %d", s.Available(s.ada), before)
		}
		s.Verify()
	})
}

func TestPrice_FollowsReferencesAndTilesAndNothingElseThatIsNew(t *testing.T) {
	s := newStudio(t, apptest.SQLite(t))
	quote := func(input any) int64 {
		t.Helper()
		q, err := s.Generations.Quote(t.Context(), s.ada, generation.SubmitRequest{Kind: "image", Input: input})
		if err != nil {
			t.Fatal(err)
		}
		return int64(q.Total)
	}
	eight := func(change func(*image.Request)) *image.Request {
		r := &image.Request{Prompt: "x", Count: ptr(8), Width: ptr(96), Height: ptr(64)}
		change(r)
		return r
	}
	plain := quote(eight(func(*image.Request) {}))
	for name, r := range map[string]*image.Request{
		"start": eight(func(r *image.Request) { r.InitImage = s.init.ID }), "boxes": eight(func(r *image.Request) { r.Boxes = []asset.Box{{Width: 1, Height: 1, Prompt: "y"}} }),
		"mask":       eight(func(r *image.Request) { r.InitImage, r.Mask = s.init.ID, s.mask.ID }),
		"background": eight(func(r *image.Request) { r.Background = "#000000" }),
	} {
		if got := quote(r); got != plain {
			t.Errorf("%s costs %d, without it %d", name, got, plain)
		}
	}
	two := eight(func(r *image.Request) {
		r.References = []image.Reference{{Image: s.init.ID, Kind: "style"}, {Image: s.init.ID, Kind: "edge"}}
		r.Tile = true
	})
	if got, want := quote(two), plain+8*(2*500+200); got != (want+999)/1000*1000 {
		t.Errorf("two references and a tile cost %d, want %d rounded up", got, want)
	}
	if got := quote(&image.Estimate{Request: *eight(func(r *image.Request) { r.Tile = true }), ReferenceCount: 2}); got != quote(two) {
		t.Errorf("the estimate is %d, the quote %d", got, quote(two))
	}
	_, err := s.Generations.Submit(t.Context(), s.ada, generation.SubmitRequest{Kind: "image", Input: &image.Estimate{Request: image.Request{Prompt: "x"}}})
	if err == nil {
		t.Error("an estimate was accepted as work")
	}
	g := s.submit(two)
	if int64(g.Price) != quote(two) {
		t.Errorf("held %d, quoted %d", g.Price, quote(two))
	}
	s.Run()
	if done := s.WaitState(s.ada, g.ID, generation.Complete); done.Charged != g.Price {
		t.Errorf("charged %d, held %d", done.Charged, g.Price)
	}
	s.Verify()
}

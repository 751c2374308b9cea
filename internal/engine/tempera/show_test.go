package tempera

import (
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

func TestInit_IsTheReferenceAndTheStart(t *testing.T) {
	p := stubPainter(t)
	req := small("a red fox on a hill")
	req.Init = card(100, 80, color.NRGBA{}, scarlet) // clear around: its alpha is kept
	for strength, start := range map[float64]float64{0: paint.ClosestInit, 0.5: paint.ClosestInit / 8, 0.9: paint.ClosestInit / 1000} {
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
	if alone := planned(t, p, req); alone.job.Start != paint.Start(req.Adherence/2, paint.ClosestReference) || alone.canvas == nil {
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
		if blue < 20 || len(pl.sources) != sources || pl.job.Start < paint.Start(characterCloseness, paint.ClosestReference) {
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

// Nothing is left to be done about what is drawn by the hand of the style: it starts closer, unless something is asked to be
// done about it all the same; and adherence 0 is free still.
func TestAdherence_CountsForMoreWhereTheStyleIsThere(t *testing.T) {
	p := stubPainter(t)
	p.composer.Library.SetRenderer(nil) // what is rendered has the style
	const own = "flat"                  // the vectors have a fox of that hand, and none in soft-3d
	shown := card(64, 64, white, scarlet)
	for name, c := range map[string]struct {
		change func(*engine.ImageRequest)
		power  float64
	}{
		"nothing":         {func(*engine.ImageRequest) {}, 0.05},
		"guidance":        {func(q *engine.ImageRequest) { q.Guidance = 1.5 }, 0.5},
		"style reference": {func(q *engine.ImageRequest) { q.References = refers(engine.StyleReference, shown) }, 0.5},
		"edges":           {func(q *engine.ImageRequest) { q.References = refers(engine.EdgeReference, shown) }, 0.5},
	} {
		for _, style := range []string{own, "soft-3d"} {
			for _, adherence := range []float64{0, 0.35, 1} {
				req := small("a fox")
				req.Style, req.Adherence, req.Guidance = style, adherence, 1
				c.change(&req)
				want := adherence
				if style == own {
					want = math.Pow(adherence, c.power)
				}
				pl := planned(t, p, req)
				if got := pl.job.Start; math.Abs(got-paint.Start(want, paint.ClosestReference)) > 1e-12 {
					t.Errorf("with %s a %s fox asked in %s at adherence %v starts at %v", name, own, style, adherence, got)
				}
				calm := 0.0
				if style == own && name == "nothing" {
					calm = calmUnder * want
				}
				if math.Abs(float64(pl.calm)-calm) > 1e-6 {
					t.Errorf("with %s a %s fox asked in %s at adherence %v is calmed by %v", name, own, style, adherence, pl.calm)
				}
			}
		}
	}
}

func refers(kind engine.ReferenceKind, m *image.NRGBA) []engine.Reference {
	return []engine.Reference{reference(kind, m, 1)}
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

func TestNotes_SayWhatADrawingShowsAlready(t *testing.T) {
	got := notes(&read.Scene{Parts: [][2]string{{"candles", "birthday cake"}}})
	if want := []string{"“candles” is part of the drawing of birthday cake."}; !slices.Equal(got, want) {
		t.Errorf("notes %q, want %q", got, want)
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

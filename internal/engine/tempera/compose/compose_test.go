package compose

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bottega/internal/engine/tempera/paint"
	"bottega/internal/engine/tempera/read"
	"bottega/internal/imaging"
)

const vectors = "../../../../tempera/vectors/"

func load(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(vectors + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// vectorComposer works with the vectors' own lexicon and drawings.
func vectorComposer(t testing.TB) *Composer {
	t.Helper()
	var lexicon json.RawMessage
	load(t, "lexicon", &lexicon)
	l, err := read.ParseLexicon(lexicon)
	if err != nil {
		t.Fatal(err)
	}
	var drawings struct {
		Side     int
		Index    []Entry
		Palettes json.RawMessage
		Pixels   map[string][]byte
	}
	load(t, "drawings", &drawings)
	library := NewLibrary(drawings.Index, func(id string) (image.Image, error) {
		return &image.NRGBA{
			Pix: drawings.Pixels[id], Stride: 4 * drawings.Side, Rect: image.Rect(0, 0, drawings.Side, drawings.Side),
		}, nil
	})
	if library.palettes, err = parsePalettes(drawings.Palettes); err != nil {
		t.Fatal(err)
	}
	library.SetRenderer(turned{})
	return &Composer{Library: library, Reader: read.NewReader(l)}
}

// turned is what the vectors have in place of render.onnx (tempera/vectors_world.py): red, green and blue take turns, darker by what is
// shown and asked.
type turned struct{}

func (turned) Render(side int, planes, code []float32) ([]float32, error) {
	size := side * side
	at := slices.Index(code, 1)
	asked := slices.Index(code[len(renderings):], 1)
	dark := float32(0.4 + 0.1*float64(at) + 0.05*float64(asked))
	out := slices.Clone(planes)
	for k := range 3 {
		for i := range size {
			out[k*size+i] = planes[(k+1)%3*size+i] * dark
		}
	}
	return out, nil
}

type layoutRow struct {
	Prompt        string
	Seed          int64
	Width, Height int
	Missing       []string
	Items         []Item
	Style         string
	Grid          [2]int
	Composed      []byte
}

func TestArrange_AgreesWithReference(t *testing.T) {
	var rows []layoutRow
	load(t, "layout", &rows)
	c := vectorComposer(t)
	for _, row := range rows {
		scene := c.Reader.Read(row.Prompt)
		got, err := c.Arrange(&scene, row.Seed, row.Width, row.Height)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Items) != len(row.Items) || len(got.Missing) != len(row.Missing) {
			t.Fatalf("%q: %d items, missing %v; reference %d, %v", row.Prompt, len(got.Items), got.Missing, len(row.Items), row.Missing)
		}
		for i, want := range row.Items {
			have := got.Items[i]
			for _, pair := range [][2]float64{{have.X, want.X}, {have.Y, want.Y}, {have.Side, want.Side}, {have.Turn, want.Turn}} {
				if math.Abs(pair[0]-pair[1]) > 1e-9 {
					t.Errorf("%q item %d: %+v, reference %+v", row.Prompt, i, have, want)
					break
				}
			}
			have.X, have.Y, have.Side, have.Turn = want.X, want.Y, want.Side, want.Turn
			have.rgb, have.shape = nil, form{}
			if !reflect.DeepEqual(have, want) {
				t.Errorf("%q item %d: %+v, reference %+v", row.Prompt, i, have, want)
			}
		}
		if row.Composed == nil {
			continue
		}
		canvas, err := got.Reference(row.Grid[0], row.Grid[1], row.Style)
		if err != nil {
			t.Fatal(err)
		}
		samePixels(t, row.Prompt, canvas, row.Composed, 4)
	}
}

// samePixels compares with 8-bit pixels of so many components.
func samePixels(t *testing.T, name string, c *Canvas, want []byte, components int) {
	t.Helper()
	if len(want) != components*len(c.Pix) {
		t.Fatalf("%s: %d bytes for %dx%d pixels", name, len(want), c.Width, c.Height)
	}
	for i, p := range c.Pix {
		for k := range components {
			if d := p[k]*255 - float64(want[components*i+k]); math.Abs(d) > 1.01 {
				t.Fatalf("%s: pixel %d,%d component %d is %.2f, reference %d", name, i%c.Width, i/c.Width, k, p[k]*255, want[components*i+k])
			}
		}
	}
}

func TestBackdrops_AgreeWithReference(t *testing.T) {
	var rows []struct {
		Kind, Tone string
		Seed       int64
		Soft       bool
		Pixels     []byte
	}
	load(t, "backdrops", &rows)
	c := vectorComposer(t)
	for _, row := range rows {
		b, err := c.backdrop(&read.Scene{Backdrop: row.Kind, Tone: row.Tone}, row.Seed)
		if err != nil {
			t.Fatal(err)
		}
		canvas := NewCanvas(24, 18)
		b.paint(canvas, Box{0, 0, 24, 18}, row.Soft, false)
		samePixels(t, row.Kind, canvas, row.Pixels, 3)
	}
}

func left(i Item) float64  { return i.X + i.shape.box[0]*i.Side }
func right(i Item) float64 { return i.X + i.shape.box[2]*i.Side }
func top(i Item) float64   { return i.Y + i.shape.box[1]*i.Side }

func longer(i Item) float64 { return i.shape.longest() * i.Side }

// meets reports whether the two are one above the other, at least in part.
func meets(a, b Item) bool { return left(a) < right(b) && left(b) < right(a) }

// The scene's relation must be seen in the layout, whatever the seed and the shape of the picture.
func TestArrange_RelationsHold(t *testing.T) {
	c := vectorComposer(t)
	holds := map[string]func(a, b Item) bool{
		"a cat to the left of a dog": func(a, b Item) bool { return right(a) <= left(b) },
		"a cat right of a dog":       func(a, b Item) bool { return left(a) >= right(b) },
		"a cat on top of a dog":      func(a, b Item) bool { return a.foot() <= top(b) },
		"a cat on a dog": func(a, b Item) bool { // a little into it
			return a.foot() > top(b) && a.foot() < b.Y && a.Y < top(b) && meets(a, b)
		},
		"a cat below a dog":       func(a, b Item) bool { return top(a) >= b.foot() },
		"a cat flying over a dog": func(a, b Item) bool { return a.foot() < top(b) },
		"a cat behind a dog":      func(a, b Item) bool { return longer(a) > longer(b) && a.foot() < b.foot() },
		"a cat behind a castle": func(a, b Item) bool {
			return longer(a) < longer(b) && (left(a) < left(b) || right(a) > right(b))
		},
		"a cat inside a castle": func(a, b Item) bool {
			return math.Abs(a.X-b.X) < b.Side/4 && longer(a) < longer(b)/2 && math.Abs(a.Y-b.Y) < b.Side/4
		},
		"a cat in a bowl":        func(a, b Item) bool { return top(a) < top(b) && a.foot() > top(b) && a.foot() < b.foot() },
		"a dog with a hat":       func(a, b Item) bool { return b.foot() < a.Y && longer(b) < longer(a) && meets(a, b) },
		"a dog with a balloon":   func(a, b Item) bool { return longer(b) < 0.7*longer(a) && b.Y > a.Y && meets(a, b) },
		"a dog reading an apple": func(a, b Item) bool { return longer(b) < 0.7*longer(a) && b.Y > a.Y && meets(a, b) },
	}
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Int64Range(0, math.MaxUint32).Draw(t, "seed")
		width, height := rapid.IntRange(200, 512).Draw(t, "width"), rapid.IntRange(200, 512).Draw(t, "height")
		for prompt, hold := range holds {
			scene := c.Reader.Read(prompt)
			l, err := c.Arrange(&scene, seed, width, height)
			if err != nil || len(l.Items) != 2 {
				t.Fatalf("%q: %v, %d items", prompt, err, len(l.Items))
			}
			a, b := l.Items[0], l.Items[1]
			if a.Group == 1 {
				a, b = b, a
			}
			if !hold(a, b) {
				t.Fatalf("%q does not hold: %+v, %+v", prompt, a, b)
			}
		}
	})
}

func TestArrange_CountsHoldAndThingsStayInThePicture(t *testing.T) {
	c := vectorComposer(t)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "count")
		word := []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}[n-1]
		where := rapid.SampledFrom([]string{"", " on a hill", " in space", " in a row", " in a circle"}).Draw(t, "where")
		scene := c.Reader.Read(word + " foxs" + where)
		l, err := c.Arrange(&scene, rapid.Int64Range(0, math.MaxUint32).Draw(t, "seed"),
			rapid.IntRange(100, 800).Draw(t, "width"), rapid.IntRange(100, 800).Draw(t, "height"))
		if err != nil {
			t.Fatal(err)
		}
		if where == " in a circle" && n == 1 {
			n = 6 // what a circle is made of when nobody says
		}
		if where == " in a row" && n == 1 {
			n = 4
		}
		if len(l.Items) != n {
			t.Fatalf("%d items for %d", len(l.Items), n)
		}
		x0, y0, x1, y1 := bounds(l.Items)
		if x0 < -0.02 || y0 < -0.02*l.Height || x1 > l.Width+0.02 || y1 > l.Height*1.03 {
			t.Fatalf("items reach from %.2f,%.2f to %.2f,%.2f of %.2f×%.2f", x0, y0, x1, y1, l.Width, l.Height)
		}
	})
}

func TestArrange_SeedsVary(t *testing.T) {
	c := vectorComposer(t)
	scene := c.Reader.Read("a cat and a dog on a hill")
	seen := map[string]bool{}
	for seed := range int64(20) {
		l, err := c.Arrange(&scene, seed, 256, 256)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(l.Items)
		if err != nil {
			t.Fatal(err)
		}
		seen[string(data)] = true
	}
	if len(seen) < 20 {
		t.Errorf("20 seeds gave %d layouts", len(seen))
	}
}

func TestArrange_TakesADrawingOfTheAskedHandWhereThereIsOne(t *testing.T) {
	c := vectorComposer(t)
	scene := c.Reader.Read("a dog") // drawn flat, toon and ink
	share := func(style string) map[string]int {
		scene.Style = style
		found := map[string]int{}
		for seed := range int64(600) {
			l, err := c.Arrange(&scene, seed, 256, 256)
			if err != nil {
				t.Fatal(err)
			}
			found[l.Used[0].Style]++
		}
		return found
	}
	for style, want := range map[string][3]int{"": {300, 300, 0}, "toon": {0, 600, 0}, "kawaii": {540, 60, 0}, "neon": {300, 300, 0}, "ink": {0, 0, 600}} {
		got := share(style)
		for i, s := range []string{"flat", "toon", "ink"} {
			if d := got[s] - want[i]; d < -60 || d > 60 {
				t.Errorf("asked for %q: %v, want about %v of flat, toon, ink", style, got, want)
				break
			}
		}
	}
}

func TestArrange_ADrawingMayStandForSeveralConcepts(t *testing.T) {
	c := vectorComposer(t)
	c.Library = NewLibrary([]Entry{{ID: "disc", Concept: "fox", Also: []string{"cat", "dog"}}}, c.Library.load)
	scene := c.Reader.Read("a dog and a horse")
	l, err := c.Arrange(&scene, 1, 256, 256)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Used) != 1 || l.Used[0].ID != "disc" || len(l.Missing) != 1 {
		t.Errorf("used %v, missing %v", l.Used, l.Missing)
	}
}

func TestArrange_NamesTheDrawingsUsed(t *testing.T) {
	c := vectorComposer(t)
	scene := c.Reader.Read("three cats and a horse")
	l, err := c.Arrange(&scene, 1, 256, 256)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Used) != 1 || l.Used[0].ID != l.Items[0].Drawing {
		t.Errorf("used %v for items %v", l.Used, l.Items)
	}
	if !reflect.DeepEqual(l.Missing, []string{"horse"}) {
		t.Errorf("missing %v, want the horse, of which there is no drawing", l.Missing)
	}
}

func TestNewDrawing_RefusesWhatIsNotASquare(t *testing.T) {
	for _, size := range [][2]int{{16, 12}, {6, 6}, {0, 0}, {2048, 2048}} {
		if _, err := newDrawing(image.NewNRGBA(image.Rect(0, 0, size[0], size[1]))); err == nil {
			t.Errorf("a drawing of %v was taken", size)
		}
	}
}

// A library's drawings may be lossy and of any side: what is drawn is the same, nearly.
func TestOpenLibrary_ReadsLossyDrawings(t *testing.T) {
	const side = 192
	for name, alpha := range map[string]uint8{"with alpha": 0, "opaque": 255} {
		m := image.NewNRGBA(image.Rect(0, 0, side, side))
		for y := range side {
			for x := range side {
				c := color.NRGBA{R: 240, G: uint8(x), B: uint8(y), A: 255}
				if math.Hypot(float64(x-96), float64(y-96)) > 80 {
					c = color.NRGBA{R: 255, G: 255, B: 255, A: alpha}
				}
				m.SetNRGBA(x, y, c)
			}
		}
		file, err := imaging.EncodeWebP(m, imaging.WebP{Quality: 90})
		if err != nil {
			t.Fatal(err)
		}
		var archive bytes.Buffer
		z := zip.NewWriter(&archive)
		for path, data := range map[string][]byte{"index.json": []byte(`[{"id": "a", "concept": "fox", "style": "new"}]`), "drawings/a.webp": file} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
			if err == nil {
				_, err = w.Write(data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		l, err := OpenLibrary(archive.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Alone("a", side)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range c.Pix {
			q := m.Pix[4*i : 4*i+4]
			a := float64(q[3]) / 255
			want := [4]float64{float64(q[0]) / 255 * a, float64(q[1]) / 255 * a, float64(q[2]) / 255 * a, a}
			far := math.Abs(math.Hypot(float64(i%side-96), float64(i/side-96))-80) > 24
			for k := range p {
				if d := math.Abs(p[k] - want[k]); far && d > 0.04 {
					t.Fatalf("%s: pixel %d is %v, drawn %v", name, i, p, want)
				}
			}
		}
	}
}

func BenchmarkReference(b *testing.B) {
	c := vectorComposer(b)
	scene := c.Reader.Read("nine foxs on a hill")
	for b.Loop() {
		l, err := c.Arrange(&scene, 1, 256, 256)
		if err != nil {
			b.Fatal(err)
		}
		canvas, err := l.Reference(128, 128, "soft-3d")
		if err != nil {
			b.Fatal(err)
		}
		paint.Planes(canvas.Pix)
	}
}

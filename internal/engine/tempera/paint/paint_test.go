package paint

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"testing"
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

func TestNoise_AgreesWithReference(t *testing.T) {
	var rows []struct {
		Seed   uint64
		Stream uint32
		Values []float64
	}
	load(t, "noise", &rows)
	for _, row := range rows {
		for i, v := range Noise(row.Seed, row.Stream, len(row.Values)) {
			if math.Abs(float64(v)-row.Values[i]) > 1e-6 {
				t.Errorf("seed %d stream %d: number %d is %v, reference %v", row.Seed, row.Stream, i, v, row.Values[i])
			}
		}
	}
}

// The published answers of Random123 (kat_vectors, philox4x32 10).
func TestPhilox_KnownAnswers(t *testing.T) {
	const m = math.MaxUint32
	if got, want := philox([4]uint32{}, 0, 0), [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}; got != want {
		t.Errorf("zeros: %x, want %x", got, want)
	}
	if got, want := philox([4]uint32{m, m, m, m}, m, m), [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}; got != want {
		t.Errorf("ones: %x, want %x", got, want)
	}
}

func TestNoise_IsStandardNormal(t *testing.T) {
	n := 1 << 18
	var sum, squares float64
	for _, v := range Noise(42, 0, n) {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	if mean, variance := sum/float64(n), squares/float64(n); math.Abs(mean) > 0.01 || math.Abs(variance-1) > 0.01 {
		t.Errorf("mean %.4f, variance %.4f", mean, variance)
	}
}

func TestGrid_AgreesWithReference(t *testing.T) {
	var rows []struct {
		Size [2]int
		Side int
		Grid [2]int
	}
	load(t, "grid", &rows)
	for _, row := range rows {
		if w, h := Grid(row.Size[0], row.Size[1], row.Side, 16); [2]int{w, h} != row.Grid {
			t.Errorf("%v at %d: %d×%d, reference %v", row.Size, row.Side, w, h, row.Grid)
		}
	}
}

// stub is the vectors' network: 0.5 z + 0.4 reference · presence + 0.1 known − 0.2 contours, brighter to the right, +
// what it was told.
type stub struct{ asks int }

func (s *stub) Predict(ctx context.Context, h, w int, asks ...Ask) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, a := range asks {
		s.asks++
		sum := int64(0)
		for _, k := range a.Branch.Tokens {
			sum += k
		}
		told := 0.01*float64(sum%17) + 0.1*float64(a.T)
		for i, v := range a.Branch.Style {
			told += 0.05 * float64(i) * float64(v)
		}
		for _, v := range a.Branch.Look {
			told += float64(v)
		}
		n, g := h*w, a.Branch.Guide
		for i, v := range a.Noisy {
			seen := 0.4*g[i]*g[4*n+i%n] + 0.1*g[5*n+i%n] - 0.2*g[6*n+i%n]
			side := -0.2 + 0.4*float32(i%w)/float32(w-1)
			a.X[i] = 0.5*v + seen + side + float32(told)
		}
	}
	return nil
}

// sampleRow is a row of vectors/sample.json.
type sampleRow struct {
	Steps        int
	Guidance     float64
	GuidanceFrom float64 `json:"guidance_from"`
	Adherence    float64
	Temperature  float64
	Finish       float64
	Reference    bool
	Known        bool
	Lines        float64
	Roll         int
	X            []float64
}

func calm(seed uint64, n int) []float32 {
	planes := Noise(seed, 0, n)
	for i, v := range planes {
		planes[i] = min(max(v*0.4, -1), 1)
	}
	return planes
}

func stubJob(row *sampleRow) *Job {
	const h, w = 6, 4
	g := NewGuide(h, w)
	job := &Job{
		Height: h, Width: w, Seed: 77, Steps: row.Steps, Guidance: row.Guidance, GuidanceFrom: row.GuidanceFrom,
		Start: row.Adherence, From: calm(9, 4*h*w), Temperature: row.Temperature, Finish: row.Finish, Roll: row.Roll,
	}
	if row.Reference {
		g.Show(job.From)
	}
	if row.Known {
		job.Truth, job.Known = calm(10, 4*h*w), make([]float32, h*w)
		for i := range job.Known {
			if i < 2*w || i%w == 0 {
				job.Known[i] = 1
			}
		}
		g.Keep(job.Truth, job.Known)
	}
	if row.Lines > 0 {
		lines := Noise(11, 0, h*w)
		for i, v := range lines {
			lines[i] = 0
			if v > 0.5 {
				lines[i] = 1
			}
		}
		g.Trace(lines, row.Lines)
	}
	style, look := []float32{0, 0.25, 0.75}, []float32{0.02, -0.01}
	job.Asked = Branch{Guide: g.Planes, Tokens: make([]int64, 24), Style: style, Look: look}
	job.Avoided = Branch{Guide: g.Avoided().Planes, Tokens: make([]int64, 24), Style: style, Look: look}
	copy(job.Asked.Tokens, []int64{5, 6, 7})
	copy(job.Avoided.Tokens, []int64{3})
	return job
}

func TestSample_AgreesWithReference(t *testing.T) {
	var rows []sampleRow
	load(t, "sample", &rows)
	for _, row := range rows {
		net, steps := &stub{}, 0
		job := stubJob(&row)
		got, err := Sample(t.Context(), net, job, func(i int, _ []float32) {
			if i != steps {
				t.Errorf("step %d was told as %d", steps, i)
			}
			steps++
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if math.Abs(float64(v)-row.X[i]) > 1e-5 {
				x := row.X[i]
				row.X = nil
				t.Fatalf("%+v: value %d is %v, reference %v", row, i, v, x)
			}
		}
		if want := asksOf(&row); net.asks != want || steps != row.Steps {
			t.Errorf("%d asks and %d steps for %d steps at guidance %v, want %d asks", net.asks, steps, row.Steps, row.Guidance, want)
		}
	}
}

// asksOf counts a look at each level, two of them where there is guidance.
func asksOf(row *sampleRow) int {
	levels := []float64{}
	for i := range row.Steps {
		levels = append(levels, Time(row.Adherence, i, row.Steps))
	}
	if row.Finish > 0 {
		levels = append(levels, row.Finish, row.Finish)
	}
	asks := len(levels)
	for _, t := range levels {
		if row.Guidance != 1 && t >= row.GuidanceFrom {
			asks++
		}
	}
	return asks
}

func TestSample_KnownPlacesComeBackExactly(t *testing.T) {
	for _, finish := range []float64{0, 0.5} {
		job := stubJob(&sampleRow{Steps: 5, Guidance: 3, Temperature: 0.5, Finish: finish, Known: true})
		got, err := Sample(t.Context(), &stub{}, job, func(int, []float32) {})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if job.Known[i%len(job.Known)] == 1 && v != job.Truth[i] {
				t.Fatalf("finish %v: value %d is %v and was known as %v", finish, i, v, job.Truth[i])
			}
		}
	}
}

func TestView_ShowsTheCanvasRolledAndGoesBack(t *testing.T) {
	planes := Noise(1, 0, 3*5*7)
	for _, margin := range []int{0, 2} {
		v := view{job: &Job{Height: 5, Width: 7}, dx: 3, dy: 2, margin: margin}
		shown, back := v.show(planes), make([]float32, len(planes))
		if h, w := v.size(); shown[(2+margin)*w+3+margin] != planes[0] || len(shown) != 3*h*w {
			t.Errorf("margin %d: the first value is not at 3, 2", margin)
		}
		if margin > 0 && shown[0] != shown[5*11+7] {
			t.Error("the margin is not the opposite side")
		}
		v.back(back, shown)
		for i := range back {
			if back[i] != planes[i] {
				t.Fatalf("margin %d: value %d came back as %v", margin, i, back[i])
			}
		}
	}
}

func TestSample_StopsWhenContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Sample(ctx, &stub{}, stubJob(&sampleRow{Steps: 4, Guidance: 2}), func(i int, _ []float32) {
		if i == 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want one that wraps context.Canceled", err)
	}
}

func TestGuide_AvoidedKeepsWhatIsKnownAndTheContours(t *testing.T) {
	g := NewGuide(1, 3)
	g.Show([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	g.Keep([]float32{-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12}, []float32{0, 1, 0})
	g.Trace([]float32{0, 1, 0.5}, 0.5)
	g.Trace([]float32{0.5, 0, 0}, 1)
	if !g.Shown() || !g.Traced() || g.Avoided().Shown() {
		t.Errorf("shown %v, traced %v, avoided shown %v", g.Shown(), g.Traced(), g.Avoided().Shown())
	}
	want := []float32{0, -2, 0, 0, -5, 0, 0, -8, 0, 0, -11, 0, 0, 1, 0, 0, 1, 0, 0, 0.5, 0}
	for i, v := range g.Avoided().Planes {
		if v != want[i] {
			t.Fatalf("value %d of the avoided guide is %v, want %v", i, v, want[i])
		}
	}
}

// flat is a picture of one colour as planes.
func flat(w, h int, p [4]float64) []float32 {
	pixels := make([][4]float64, w*h)
	for i := range pixels {
		pixels[i] = p
	}
	return Planes(pixels)
}

func TestDeliver_KeepsColourThroughPlanesAndResampling(t *testing.T) {
	cases := []struct {
		name        string
		pixel       [4]float64 // premultiplied
		transparent bool
		ground      color.NRGBA
		tile        bool
		want        [4]uint8
	}{
		{"opaque colour", [4]float64{1, 0.5, 0, 1}, true, color.NRGBA{}, false, [4]uint8{255, 128, 0, 255}},
		{"half transparent", [4]float64{0.4, 0.2, 0, 0.5}, true, color.NRGBA{9, 9, 9, 255}, true, [4]uint8{204, 102, 0, 128}},
		{"half transparent on white", [4]float64{0.4, 0.2, 0, 0.5}, false, color.NRGBA{}, false, [4]uint8{230, 179, 128, 255}},
		{"clear", [4]float64{}, true, color.NRGBA{}, false, [4]uint8{}},
		{"half transparent on teal", [4]float64{0.4, 0.2, 0, 0.5}, false, color.NRGBA{0, 128, 100, 255}, true, [4]uint8{102, 115, 50, 255}},
		{"clear on black", [4]float64{}, false, color.NRGBA{0, 0, 0, 255}, false, [4]uint8{0, 0, 0, 255}},
		{"clear on white", [4]float64{}, false, color.NRGBA{255, 255, 255, 255}, true, [4]uint8{255, 255, 255, 255}},
	}
	for _, c := range cases {
		for _, size := range [][2]int{{16, 16}, {31, 50}, {7, 5}} {
			m := Deliver(flat(16, 16, c.pixel), 16, 16, Delivery{
				Width: size[0], Height: size[1], Transparent: c.transparent, Background: c.ground, Tile: c.tile,
			})
			if m.Rect != image.Rect(0, 0, size[0], size[1]) {
				t.Fatalf("%s: %v, want %v", c.name, m.Rect, size)
			}
			got := [4]uint8(m.Pix[4*(size[0]+1):])
			for k := range got {
				if d := int(got[k]) - int(c.want[k]); d < -1 || d > 1 {
					t.Errorf("%s at %v: %v, want %v", c.name, size, got, c.want)
					break
				}
			}
		}
	}
}

func TestDeliver_ImpossiblePlanesStayWithinAPicture(t *testing.T) {
	planes := Noise(3, 0, 4*16*16)
	planes[5], planes[6] = float32(math.Inf(1)), float32(math.Inf(-1))
	m := Deliver(planes, 16, 16, Delivery{Width: 40, Height: 40, Transparent: true})
	for i := 0; i < len(m.Pix); i += 4 {
		if m.Pix[i+3] == 0 && (m.Pix[i] != 0 || m.Pix[i+1] != 0 || m.Pix[i+2] != 0) {
			t.Fatalf("clear pixel %d has a colour: %v", i/4, m.Pix[i:i+4])
		}
	}
}

func TestPreview_IsSmallAndOpaque(t *testing.T) {
	for _, size := range [][2]int{{256, 256}, {1536, 32}, {512, 288}} {
		w, h := Grid(size[0], size[1], 128, 16)
		m := Preview(flat(w, h, [4]float64{}), w, h, Delivery{Width: size[0], Height: size[1]}, 96)
		if max(m.Rect.Dx(), m.Rect.Dy()) != 96 || m.Pix[3] != 255 {
			t.Errorf("preview of %v is %v", size, m.Rect)
		}
	}
}

func TestCalmed_SmallChangesAreNone(t *testing.T) {
	guide := []float32{0.5, -0.5, 0, 0.25, 9} // longer: a guide has more planes
	got := Calmed([]float32{0.54, -0.44, 0.5, -0.75}, guide, 0.05)
	for i, want := range []float32{0.5, -0.49, 0.45, -0.7} {
		if math.Abs(float64(got[i]-want)) > 1e-6 {
			t.Errorf("%d: %v, want %v", i, got[i], want)
		}
	}
}

func TestDeliver_CellsKeepHardEdges(t *testing.T) {
	pixels := [][4]float64{{1, 0, 0, 1}, {0, 0, 1, 1}, {0, 0, 0, 0}, {0.4, 0.2, 0.2, 1}}
	planes := Planes(pixels)
	for i, p := range Pixels(planes) {
		for k := range p {
			if math.Abs(p[k]-pixels[i][k]) > 1e-6 {
				t.Errorf("pixel %d comes back as %v from %v", i, p, pixels[i])
			}
		}
	}
	m := Deliver(planes, 2, 2, Delivery{Width: 7, Height: 6, Cells: true, Transparent: true})
	seen := map[color.NRGBA]int{}
	for y := range 6 {
		for x := range 7 {
			seen[m.NRGBAAt(x, y)]++
		}
	}
	if len(seen) != 4 || seen[color.NRGBA{255, 0, 0, 255}] < 9 {
		t.Errorf("four colours were delivered as %v", seen)
	}
}

// A picture that repeats must look the same wherever its edge is: delivered rolled, it is the rolled delivery.
func TestDeliver_TileHasNoEdge(t *testing.T) {
	const n = 16
	planes := make([]float32, 4*n*n)
	for i, v := range Noise(5, 0, len(planes)) {
		planes[i] = min(max(v*0.5, -1), 1)
	}
	moved := view{job: &Job{Height: n, Width: n}, dx: 4, dy: 8}.show(planes)
	for _, size := range []int{48, 80, 8} {
		d := Delivery{Width: size, Height: size, Tile: true, Transparent: true}
		a, b := Deliver(planes, n, n, d), Deliver(moved, n, n, d)
		for y := range size {
			for x := range size {
				p, q := a.NRGBAAt(x, y), b.NRGBAAt((x+size/4)%size, (y+size/2)%size)
				if diff := int(p.A) - int(q.A); diff < -1 || diff > 1 {
					t.Fatalf("side %d: %d,%d is %v and %v when moved", size, x, y, p, q)
				}
			}
		}
	}
}

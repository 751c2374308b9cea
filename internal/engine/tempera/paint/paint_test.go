package paint

import (
	"context"
	"encoding/json"
	"errors"
	"image"
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

// stub is the vectors' network: 0.5 z + 0.4 reference · presence + what it was told.
type stub struct{ calls int }

func (s *stub) Predict(ctx context.Context, z []float32, t float32, b *Branch, h, w int) ([]float32, error) {
	s.calls++
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sum := int64(0)
	for _, k := range b.Tokens {
		sum += k
	}
	told := float32(0.01*float64(sum%17) + 0.05*float64(b.Style) + 0.1*float64(t))
	out, n := make([]float32, len(z)), h*w
	for i, v := range z {
		out[i] = 0.5*v + 0.4*b.Reference[i]*b.Reference[4*n+i%n] + told
	}
	return out, nil
}

func stubJob(present bool) *Job {
	const h, w = 6, 4
	job := &Job{Height: h, Width: w, Seed: 77, Steps: 4, Guidance: 2, Adherence: 0.35, Temperature: 1}
	job.Asked = Branch{Reference: make([]float32, 5*h*w), Tokens: make([]int64, 24), Style: 2}
	job.Avoided = Branch{Reference: make([]float32, 5*h*w), Tokens: make([]int64, 24), Style: 2}
	copy(job.Asked.Tokens, []int64{5, 6, 7})
	copy(job.Avoided.Tokens, []int64{3})
	if present {
		for i, v := range Noise(9, 0, 4*h*w) {
			job.Asked.Reference[i] = min(max(v*0.4, -1), 1)
		}
		for i := range h * w {
			job.Asked.Reference[4*h*w+i] = 1
		}
	}
	return job
}

func TestSample_AgreesWithReference(t *testing.T) {
	var rows []struct {
		Steps       int
		Guidance    float64
		Adherence   float64
		Temperature float64
		Finish      float64
		Present     int
		X           []float64
	}
	load(t, "sample", &rows)
	for _, row := range rows {
		job := stubJob(row.Present == 1)
		job.Steps, job.Guidance, job.Adherence = row.Steps, row.Guidance, row.Adherence
		job.Temperature, job.Finish = row.Temperature, row.Finish
		net, steps := &stub{}, 0
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
				t.Fatalf("%+v: value %d is %v, reference %v", row, i, v, row.X[i])
			}
		}
		looks := row.Steps
		if row.Finish > 0 {
			looks += 2
		}
		if branches := map[bool]int{true: 1, false: 2}[row.Guidance == 1]; net.calls != branches*looks || steps != row.Steps {
			t.Errorf("%d calls and %d steps for %d steps at guidance %v", net.calls, steps, row.Steps, row.Guidance)
		}
	}
}

func TestSample_StopsWhenContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Sample(ctx, &stub{}, stubJob(true), func(i int, _ []float32) {
		if i == 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want one that wraps context.Canceled", err)
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
		want        [4]uint8
	}{
		{"opaque colour", [4]float64{1, 0.5, 0, 1}, true, [4]uint8{255, 128, 0, 255}},
		{"half transparent", [4]float64{0.4, 0.2, 0, 0.5}, true, [4]uint8{204, 102, 0, 128}},
		{"half transparent on white", [4]float64{0.4, 0.2, 0, 0.5}, false, [4]uint8{230, 179, 128, 255}},
		{"clear", [4]float64{}, true, [4]uint8{}},
		{"clear on white", [4]float64{}, false, [4]uint8{255, 255, 255, 255}},
	}
	for _, c := range cases {
		for _, size := range [][2]int{{16, 16}, {31, 50}, {7, 5}} {
			m := Deliver(flat(16, 16, c.pixel), 16, 16, size[0], size[1], c.transparent)
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
	m := Deliver(planes, 16, 16, 40, 40, true)
	for i := 0; i < len(m.Pix); i += 4 {
		if m.Pix[i+3] == 0 && (m.Pix[i] != 0 || m.Pix[i+1] != 0 || m.Pix[i+2] != 0) {
			t.Fatalf("clear pixel %d has a colour: %v", i/4, m.Pix[i:i+4])
		}
	}
}

func TestPreview_IsSmallAndOpaque(t *testing.T) {
	for _, size := range [][2]int{{256, 256}, {1536, 32}, {512, 288}} {
		w, h := Grid(size[0], size[1], 128, 16)
		m := Preview(flat(w, h, [4]float64{}), w, h, size[0], size[1], 96)
		if max(m.Rect.Dx(), m.Rect.Dy()) != 96 || m.Pix[3] != 255 {
			t.Errorf("preview of %v is %v", size, m.Rect)
		}
	}
}

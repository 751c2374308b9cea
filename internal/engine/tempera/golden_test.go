package tempera

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"

	"bottega/internal/engine"
)

var update = flag.Bool("update", false, "write testdata/golden anew; look at the pictures in it before you commit them")

// golden is testdata/golden/<exact version>.json: what some requests gave with one set of weights.
type golden struct {
	Model    string                   `json:"model"`
	CPU      string                   `json:"cpu"` // where it was written
	Pictures map[string]goldenPicture `json:"pictures"`
}

type goldenPicture struct {
	SHA256 string `json:"sha256"` // of the pixels
	PNG    []byte `json:"png"`
}

// Another kind of CPU adds in another order, so its pictures may differ by this much in the mean of all components,
// 0-255. On the kind of CPU that wrote the file they are the same, bit for bit.
const goldenTolerance = 2.0

// cpuKind names what decides over the kernels that ONNX Runtime takes.
func cpuKind() string {
	kind := []string{runtime.GOARCH}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2},
		{"avx512", cpu.X86.HasAVX512F},
		{"vnni", cpu.X86.HasAVX512VNNI},
		{"amx", cpu.X86.HasAMXInt8},
		{"dotprod", cpu.ARM64.HasASIMDDP},
		{"sve", cpu.ARM64.HasSVE},
	} {
		if f.has {
			kind = append(kind, f.name)
		}
	}
	return strings.Join(kind, " ")
}

func goldenRequests(side int) map[string]engine.ImageRequest {
	base := engine.ImageRequest{
		Prompt: "a red fox on a hill", Style: "soft-3d", Width: side, Height: side, Seed: 5, Steps: 4, Guidance: 1, Adherence: 0.35,
	}
	guided, again, patched, tile := base, base, base, base
	guided.Prompt, guided.NegativePrompt, guided.Guidance, guided.Transparent = "two blue cats", "dog", 2, true
	guided.References = []engine.Reference{{
		Kind: engine.EdgeReference, Strength: 0.8, Image: card(side, side, color.NRGBA{255, 255, 255, 255}, color.NRGBA{40, 90, 200, 255}),
	}}
	again.Init, again.Strength = card(side, side, color.NRGBA{240, 230, 200, 255}, color.NRGBA{200, 30, 40, 255}), 0.6
	patched.Init, patched.Strength = again.Init, 1
	patched.Mask = maskOf(side, side, image.Rect(side/3, side/3, side*2/3, side*2/3))
	tile.Tile, tile.Prompt = true, "three dogs"
	return map[string]engine.ImageRequest{"plain": base, "guided": guided, "again": again, "patched": patched, "tile": tile}
}

func TestGolden_Stub(t *testing.T) { sameAsGolden(t, stubPainter(t)) }

func TestGolden_Trained(t *testing.T) { sameAsGolden(t, trained(t, trainedWeights(t))) }

func sameAsGolden(t *testing.T, p *painter) {
	t.Helper()
	_, version, _ := strings.Cut(p.manifest.exact(), "+")
	path := filepath.Join("testdata", "golden", p.manifest.Name+"-"+version+".json")
	got := golden{Model: p.manifest.exact(), CPU: cpuKind(), Pictures: map[string]goldenPicture{}}
	pictures := map[string]*image.NRGBA{}
	for name, req := range goldenRequests(p.manifest.Grid) {
		m := painted(t, p, req).Image
		sum := sha256.Sum256(m.Pix)
		var file bytes.Buffer
		must(t, png.Encode(&file, m))
		pictures[name], got.Pictures[name] = m, goldenPicture{hex.EncodeToString(sum[:]), file.Bytes()}
	}
	if *update {
		data, err := json.MarshalIndent(got, "", " ")
		must(t, err)
		must(t, os.MkdirAll(filepath.Dir(path), 0o750))
		must(t, os.WriteFile(path, append(data, '\n'), 0o600))
		return
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("there is no %s: look at what these weights paint and run go test -run Golden -update", path)
	}
	var want golden
	readJSON(t, path, &want)
	if len(want.Pictures) != len(got.Pictures) {
		t.Errorf("%d pictures in %s, %d painted", len(want.Pictures), path, len(got.Pictures))
	}
	for name, w := range want.Pictures {
		if got.Pictures[name].SHA256 == w.SHA256 {
			continue
		}
		if want.CPU == got.CPU {
			t.Errorf("%s is another picture than in %s, on the same kind of CPU (%s)", name, path, got.CPU)
		}
		if d := difference(pictures[name], decoded(t, w.PNG)); d > goldenTolerance {
			t.Errorf("%s is %.2f from the one in %s (at most %v; %s there, %s here)", name, d, path, goldenTolerance, want.CPU, got.CPU)
		}
	}
}

// decoded is a PNG as straight RGBA.
func decoded(t *testing.T, data []byte) *image.NRGBA {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(data))
	must(t, err)
	out := image.NewNRGBA(m.Bounds())
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			out.Set(x, y, m.At(x, y))
		}
	}
	return out
}

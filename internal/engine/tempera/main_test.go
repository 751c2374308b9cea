package tempera

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/paint"
)

// The test binary is its own worker, as the real binary is, and plays broken workers under other names.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], WorkerCommand) {
		if err := play(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	deafWorker    = WorkerCommand + "-deaf"    // starts a picture and hears nothing more
	rubbishWorker = WorkerCommand + "-rubbish" // sends no frames
	failedWorker  = WorkerCommand + "-failed"  // exits with status 3
	brokenWorker  = WorkerCommand + "-broken"  // starts a picture, says why it cannot go on, and exits with status 4
	hungryWorker  = WorkerCommand + "-hungry"  // takes memory until it is killed
	crowdedWorker = WorkerCommand + "-crowded" // paints up to four pictures at once
	boastWorker   = WorkerCommand + "-boast"   // says that it has read what nobody could
	stuckWorker   = WorkerCommand + "-stuck"   // reads half of its model and no more
	parentOfOne   = WorkerCommand + "-parent"  // an engine with one worker; prints the worker's process id, then waits
)

func play(role string) error {
	switch role {
	case WorkerCommand:
		return WorkerMain(context.Background(), os.Stdin, os.Stdout, WorkerOptions{})
	case crowdedWorker:
		return WorkerMain(context.Background(), os.Stdin, os.Stdout, WorkerOptions{crowd: crowded})
	case rubbishWorker:
		_, err := os.Stdout.WriteString(strings.Repeat("this is not a frame. ", 1000))
		return err
	case failedWorker:
		os.Exit(3)
	case parentOfOne:
		return beParent()
	}
	if _, err := readFrame(os.Stdin); err != nil {
		return err
	}
	for _, done := range map[string][]int64{boastWorker: {-5, 1 << 62, 7, 1 << 20}, stuckWorker: {1 << 20}}[role] {
		if err := writeFrame(os.Stdout, &frame{Type: frameReading, Reading: &reading{done}}); err != nil {
			return err
		}
	}
	if role == stuckWorker {
		select {}
	}
	if err := writeFrame(os.Stdout, &frame{Type: frameReady, Ready: &readyHeader{Device: DeviceCPU, Together: 1}}); err != nil {
		return err
	}
	f, err := readFrame(os.Stdin)
	if err != nil {
		return err
	}
	if err := writeFrame(os.Stdout, &frame{Type: frameProgress, ID: f.ID, Progress: &progress{Step: 1, Steps: 2}}); err != nil {
		return err
	}
	if role == brokenWorker {
		for n := range 50 {
			fmt.Fprintln(os.Stderr, "complaint", n)
		}
		os.Exit(4)
	}
	var held [][]byte
	for role == hungryWorker {
		held = append(held, bytes.Repeat([]byte{1}, 8<<20))
		time.Sleep(10 * time.Millisecond)
	}
	_ = held
	select {}
}

// crowded lets up to four pictures share forwards, over a network whose answers are the same whoever stands beside: the
// stub's convolution adds in another order in a batch.
func crowded(net forwarder) *crowd {
	return newCrowd(oneByOne{net}, habit{sizes: []int{4, 2, 1}, sharing: true})
}

type oneByOne struct{ net forwarder }

func (o oneByOne) forward(ctx context.Context, height, width int, asks []paint.Ask) error {
	for i := range asks {
		if err := o.net.forward(ctx, height, width, asks[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func beParent() error {
	e, err := New(Options{WeightsDir: os.Args[2], DataDir: os.Args[3]})
	if err != nil {
		return err
	}
	if _, err := e.GenerateImage(context.Background(), small("a fox"), nil); err != nil {
		return err
	}
	fmt.Println(e.workers[0].current().cmd.Process.Pid)
	select {}
}

// small is a request that the stub paints in no time.
func small(prompt string) engine.ImageRequest {
	return engine.ImageRequest{Prompt: prompt, Width: 64, Height: 64, Seed: 3, Steps: 4, Guidance: 1, Adherence: 0.35}
}

// stubWeights writes weights with a tiny network and the vectors' lexicon and drawings, and returns the folder.
func stubWeights(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	network, err := os.ReadFile("testdata/stub.onnx")
	must(t, err)
	look, err := os.ReadFile("testdata/look.onnx")
	must(t, err)
	render, err := os.ReadFile("testdata/render.onnx")
	must(t, err)
	lexicon, err := os.ReadFile("../../../tempera/vectors/lexicon.json")
	must(t, err)
	var tokens struct{ Vocab []string }
	var drawings struct {
		Index []map[string]any
	}
	readJSON(t, "../../../tempera/vectors/tokens.json", &tokens)
	readJSON(t, "../../../tempera/vectors/drawings.json", &drawings)
	for _, e := range drawings.Index {
		e["source"], e["licence"], e["author"] = "vectors@1", "CC0-1.0", "Bottega"
	}
	index, err := json.Marshal(drawings.Index)
	must(t, err)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	inside := map[string][]byte{
		"index.json": index, "drawings/disc.webp": stubDrawing, "drawings/bar.webp": stubDrawing, "drawings/check.webp": stubDrawing,
		"drawings/glyph.webp": stubDrawing,
	}
	for _, name := range slices.Sorted(maps.Keys(inside)) { // the same file each time, for the golden pictures' sake
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		must(t, err)
		_, err = w.Write(inside[name])
		must(t, err)
	}
	must(t, z.Close())
	writeWeights(t, dir, &manifest{
		Name: "stub", Version: "1.2.3", Grid: 32, Multiple: 16, LookWidth: 2, Sampler: sampler{Temperature: 1, StyleAvoided: true}, Styles: []string{"none", "soft-3d", "flat"},
		ForwardFLOPs: map[string]float64{"32x32": 663552}, ForwardInt8Ops: map[string]float64{"32x32": 63552},
	}, map[string][]byte{
		networkFile: network, vocabFile: []byte(strings.Join(tokens.Vocab, "\n") + "\n"), lexiconFile: lexicon,
		libraryFile: archive.Bytes(), lookFile: look, renderFile: render,
	})
	return dir
}

// A square of 16 × 16 pixels, colour by place, transparent corners, as lossless WebP.
var stubDrawing = mustHex(stubDrawingHex)

func mustHex(s string) []byte {
	data, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return data
}

// writeWeights writes the files and a manifest that describes them.
func writeWeights(t testing.TB, dir string, m *manifest, files map[string][]byte) {
	t.Helper()
	m.Files = map[string]fileFact{}
	for name, data := range files {
		sum := sha256.Sum256(data)
		m.Files[name] = fileFact{hex.EncodeToString(sum[:]), int64(len(data))}
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	data, err := json.Marshal(m)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, manifestFile), data, 0o600))
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, json.Unmarshal(data, into))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open returns an engine that is closed at the end of the test. The runtime is unpacked once for all tests.
func open(t testing.TB, opts Options) *Engine {
	t.Helper()
	opts.DataDir = sharedData(t)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	e, err := New(opts)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	return e
}

func sharedData(t testing.TB) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	must(t, err)
	return filepath.Join(dir, "bottega-test")
}

// asRole starts the test binary as one of the broken workers.
func asRole(t testing.TB, role string) []string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	return []string{self, role}
}

// difference is the mean distance of two pictures' components, 0-255.
func difference(a, b *image.NRGBA) float64 {
	if len(a.Pix) != len(b.Pix) {
		return 255
	}
	sum := 0
	for i := range a.Pix {
		d := int(a.Pix[i]) - int(b.Pix[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a.Pix))
}

const stubDrawingHex = "5249464658000000574542505650384c4b0000002f0fc00310b93244f43f16035188e87f1414359222951294e05f086260cf3f41b64d4946727f90938480a0c8ffd114266dc0a4f3160260439a5e51341c769446813d05c057e5add4e6070000"

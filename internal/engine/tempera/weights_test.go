package tempera

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/paint"
)

func TestNew_SaysWhichFileIsWrong(t *testing.T) {
	cases := map[string]struct {
		spoil func(dir string) error
		file  string
	}{
		"no manifest":       {func(dir string) error { return os.Remove(filepath.Join(dir, manifestFile)) }, manifestFile},
		"damaged manifest":  {func(dir string) error { return os.WriteFile(filepath.Join(dir, manifestFile), []byte("{"), 0o600) }, manifestFile},
		"empty manifest":    {func(dir string) error { return os.WriteFile(filepath.Join(dir, manifestFile), []byte("{}"), 0o600) }, manifestFile},
		"missing network":   {func(dir string) error { return os.Remove(filepath.Join(dir, networkFile)) }, networkFile},
		"truncated library": {func(dir string) error { return os.Truncate(filepath.Join(dir, libraryFile), 100) }, libraryFile},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := stubWeights(t)
			must(t, c.spoil(dir))
			_, err := New(Options{WeightsDir: dir})
			unavailable(t, err, c.file)
		})
	}
}

// What has the right size is found out by its hash, in the worker, and told through the pipe.
func TestWorker_RefusesCorruptWeights(t *testing.T) {
	for _, name := range weightFiles {
		t.Run(name, func(t *testing.T) {
			dir := stubWeights(t)
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			must(t, err)
			data[len(data)/2] ^= 1
			must(t, os.WriteFile(path, data, 0o600))
			_, err = open(t, Options{WeightsDir: dir}).GenerateImage(t.Context(), small("a fox"), nil)
			unavailable(t, err, name+" is not the file the manifest describes")
		})
	}
}

// A file that matches its hash can still be no network or no lexicon.
func TestLoad_RefusesFilesItCannotUse(t *testing.T) {
	for _, name := range weightFiles {
		t.Run(name, func(t *testing.T) {
			dir := stubWeights(t)
			m := &manifest{}
			readJSON(t, filepath.Join(dir, manifestFile), m)
			files, err := m.verified(os.DirFS(dir), func(int64) {})
			must(t, err)
			files[name] = []byte("nothing of the kind")
			writeWeights(t, dir, m, files)
			_, err = openPainter(os.DirFS(dir), painterOptions{LibraryDir: sharedData(t), Threads: 1})
			unavailable(t, err, name+" cannot be used")
		})
	}
}

func TestCheck_RejectsWhatCannotBePainted(t *testing.T) {
	e := open(t, Options{WeightsDir: stubWeights(t)})
	for name, spoil := range map[string]func(*engine.ImageRequest){
		"model":     func(q *engine.ImageRequest) { q.Model = "another@1" },
		"style":     func(q *engine.ImageRequest) { q.Style = "oil" },
		"size":      func(q *engine.ImageRequest) { q.Width = MostSide + 1 },
		"steps":     func(q *engine.ImageRequest) { q.Steps = 0 },
		"guidance":  func(q *engine.ImageRequest) { q.Guidance = math.NaN() },
		"adherence": func(q *engine.ImageRequest) { q.Adherence = math.Inf(1) },
		"seed":      func(q *engine.ImageRequest) { q.Seed = 1 << 32 },
		"prompt":    func(q *engine.ImageRequest) { q.Prompt = strings.Repeat("a", MostPrompt+1) },
	} {
		req := small("a fox")
		spoil(&req)
		_, err := e.GenerateImage(t.Context(), req, nil)
		if !errors.Is(err, engine.ErrRejected) || !strings.Contains(err.Error(), name[:4]) {
			t.Errorf("%s: error %v, want ErrRejected that says what is wrong", name, err)
		}
	}
	for _, name := range []string{"stub", "stub@1.2.3", e.Describe().ModelVersion, ""} {
		if err := e.manifest.check(&engine.ImageRequest{Model: name, Width: 64, Height: 64, Steps: 1}); err != nil {
			t.Errorf("model %q is refused: %v", name, err)
		}
	}
}

// without takes a file out of the weights, and out of their manifest.
func without(t *testing.T, dir, name string) {
	t.Helper()
	m := &manifest{}
	readJSON(t, filepath.Join(dir, manifestFile), m)
	files, err := m.verified(os.DirFS(dir), func(int64) {})
	must(t, err)
	delete(files, name)
	writeWeights(t, dir, m, files)
	must(t, os.Remove(filepath.Join(dir, name)))
}

// look.onnx may be missing: then everything works but style references.
func TestLook_MayBeMissing(t *testing.T) {
	dir := stubWeights(t)
	without(t, dir, lookFile)
	e := open(t, Options{WeightsDir: dir})
	_, err := e.GenerateImage(t.Context(), small("a fox"), nil)
	must(t, err)
	req := small("a fox")
	req.References = []engine.Reference{reference(engine.StyleReference, noisyPicture(9, 9), 1)}
	if _, err := e.GenerateImage(t.Context(), req, nil); !errors.Is(err, engine.ErrRejected) || !strings.Contains(err.Error(), "references[0].kind style") {
		t.Errorf("error %v, want ErrRejected that names the reference", err)
	}
	if e.Describe().ReadsStyle {
		t.Error("described as one that reads styles")
	}
}

// render.onnx may be missing: then drawings are shown as they are.
func TestRender_MayBeMissing(t *testing.T) {
	dir := stubWeights(t)
	req := small("an elephant") // drawn by other hands
	req.Style = "soft-3d"
	shown := func() []float32 {
		p, err := openPainter(os.DirFS(dir), painterOptions{LibraryDir: sharedData(t), Threads: 1})
		must(t, err)
		defer p.close()
		return planned(t, p, req).job.Asked.Guide
	}
	with := shown()
	without(t, dir, renderFile)
	if slices.Equal(with, shown()) {
		t.Error("a drawing of another hand is shown the same with and without its rendering")
	}
}

func TestSampler_SaysWhatIsAvoided(t *testing.T) {
	p := stubPainter(t)
	req := small("a fox")
	req.Style = "flat"
	avoided := func(s sampler) paint.Branch {
		p.manifest.Sampler = s
		return planned(t, p, req).job.Avoided
	}
	n := 32 * 32
	b := avoided(sampler{StyleAvoided: true})
	if b.Style[2] != 1 || b.Guide[4*n] != 0 {
		t.Errorf("by default: style %v, presence %v", b.Style, b.Guide[4*n])
	}
	b = avoided(sampler{GuideAvoided: true})
	if b.Style[2] != 0 || b.Guide[4*n] != 1 {
		t.Errorf("the other way: style %v, presence %v", b.Style, b.Guide[4*n])
	}
}

func TestDescribe_TellsTheCatalogue(t *testing.T) {
	d := open(t, Options{WeightsDir: stubWeights(t)}).Describe()
	if d.Name != "stub" || d.Version != "1.2.3" || !strings.HasPrefix(d.ModelVersion, "stub@1.2.3+") || d.Grid != 32 {
		t.Errorf("described as %+v", d)
	}
	if len(d.Styles) != 2 || d.Styles[0] != (Style{"soft-3d", "soft-3d"}) || len(d.NetworkHash) != 64 || !d.ReadsStyle {
		t.Errorf("described as %+v", d)
	}
}

// The exact version must change with anything that decides over pixels.
func TestExact_NamesEveryFile(t *testing.T) {
	m := &manifest{}
	readJSON(t, filepath.Join(stubWeights(t), manifestFile), m)
	seen := map[string]bool{m.exact(): true}
	for _, name := range weightFiles {
		data, err := json.Marshal(m)
		must(t, err)
		other := &manifest{}
		must(t, json.Unmarshal(data, other))
		other.Files[name] = fileFact{SHA256: strings.Repeat("0", 64)}
		seen[other.exact()] = true
	}
	m.Sampler.GuidanceFrom = 0.1
	seen[m.exact()] = true
	if len(seen) != len(weightFiles)+2 {
		t.Errorf("%d exact versions of %d sets of weights", len(seen), len(weightFiles)+2)
	}
}

package tempera

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"bottega/internal/engine"
	"bottega/internal/engine/tempera/compose"
	"bottega/internal/engine/tempera/read"
)

const (
	networkFile  = "network.onnx"
	lookFile     = "look.onnx"   // optional: reads style references
	renderFile   = "render.onnx" // optional: renders drawings another way
	vocabFile    = "vocab.txt"
	lexiconFile  = "lexicon.json"
	libraryFile  = "library.zip"
	manifestFile = "manifest.json"
)

// weightFiles are the files that decide over pixels.
var weightFiles = []string{networkFile, vocabFile, lexiconFile, libraryFile, lookFile, renderFile}

// manifest is manifest.json: what the weights are.
type manifest struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Preview     bool              `json:"preview"`
	Grid        int               `json:"grid"`
	Multiple    int               `json:"grid_multiple"`
	LookWidth   int               `json:"look_width"` // numbers that say what a style reference looks like
	Styles      []string          `json:"styles"`     // the index is the style's id; 0 is none
	StyleTitles map[string]string `json:"style_titles"`
	Defaults    struct {
		Steps     int     `json:"steps"`
		Guidance  float64 `json:"guidance"`
		Adherence float64 `json:"adherence"`
		Style     string  `json:"style"`
	} `json:"defaults"`
	Sampler        sampler             `json:"sampler"`
	ForwardFLOPs   map[string]float64  `json:"forward_flops"`    // multiply-adds times two, by "128x128"
	ForwardInt8Ops map[string]float64  `json:"forward_int8_ops"` // how many of them are int8
	Files          map[string]fileFact `json:"files"`
}

// sampler is how these weights want to be sampled; see paint.Job. Avoided is the branch that guidance leads away from.
type sampler struct {
	Temperature  float64 `json:"temperature"`
	Finish       float64 `json:"finish"`
	GuidanceFrom float64 `json:"guidance_from"` // level below which there is no guidance
	GuideAvoided bool    `json:"guide_avoided"` // it looks at the reference too
	StyleAvoided bool    `json:"style_avoided"` // it has the style too
}

type fileFact struct {
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// weightsError says what is wrong with one file of the weights.
func weightsError(file, format string, args ...any) error {
	return fmt.Errorf("weights: %s %s: %w", file, fmt.Sprintf(format, args...), engine.ErrUnavailable)
}

// openManifest reads manifest.json and checks that it can be worked with, and that the files it needs are there at
// their full size. Their content is checked where it is used.
func openManifest(files fs.FS) (*manifest, error) {
	data, err := fs.ReadFile(files, manifestFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, weightsError(manifestFile, "is missing; train and export the model (tempera/README.md)")
	} else if err != nil {
		return nil, fmt.Errorf("weights: %w: %w", err, engine.ErrUnavailable)
	}
	m := &manifest{Sampler: sampler{Temperature: 1, StyleAvoided: true}}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, weightsError(manifestFile, "is damaged (%v)", err)
	}
	if m.Name == "" || m.Version == "" || len(m.Styles) == 0 || m.Multiple < 1 || m.Grid < m.Multiple || m.Grid > 1024 {
		return nil, weightsError(manifestFile, "lacks a name, a version, styles or a sensible grid")
	}
	if m.LookWidth < 1 || m.LookWidth > 4096 {
		return nil, weightsError(manifestFile, "has no look_width of 1 to 4096: these weights are of another format (tempera/FORMAT.md)")
	}
	if q := m.Sampler; !within(q.Temperature, 0, 1) || !within(q.Finish, 0, 0.99) || !within(q.GuidanceFrom, 0, 1) {
		return nil, weightsError(manifestFile, "asks for a sampler outside temperature 0 to 1, finish 0 to 0.99, guidance from 0 to 1")
	}
	for _, name := range weightFiles {
		want, listed := m.Files[name]
		if !listed && (name == lookFile || name == renderFile) {
			continue
		}
		if !listed {
			return nil, weightsError(manifestFile, "does not list %s", name)
		}
		found, err := fs.Stat(files, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, weightsError(name, "is missing")
		case err != nil:
			return nil, fmt.Errorf("weights: %w: %w", err, engine.ErrUnavailable)
		case found.Size() != want.Bytes:
			return nil, weightsError(name, "has %d bytes, the manifest says %d", found.Size(), want.Bytes)
		}
	}
	return m, nil
}

// verified returns the content of every file the manifest lists, each checked against its size and hash. told hears of
// every piece.
func (m *manifest) verified(files fs.FS, told func(n int64)) (map[string][]byte, error) {
	found := make(map[string][]byte, len(m.Files))
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		want := m.Files[name]
		data, sum, err := readPieces(files, name, told)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, weightsError(name, "is missing")
		} else if err != nil {
			return nil, fmt.Errorf("weights: read %s: %w: %w", name, err, engine.ErrUnavailable)
		}
		if hex.EncodeToString(sum) != want.SHA256 {
			return nil, weightsError(name, "is not the file the manifest describes: SHA-256 is %x", sum)
		}
		found[name] = data
	}
	return found, nil
}

// piece of a file that is read at once, in bytes.
const piece = 1 << 20

// readPieces returns a file and its SHA-256.
func readPieces(files fs.FS, name string, told func(n int64)) (data, sum []byte, err error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data = make([]byte, info.Size())
	h := sha256.New()
	for rest := data; len(rest) > 0; {
		next := rest[:min(piece, len(rest))]
		if _, err := io.ReadFull(f, next); err != nil {
			return nil, nil, err
		}
		h.Write(next) // a hash does not fail
		told(int64(len(next)))
		rest = rest[len(next):]
	}
	return data, h.Sum(nil), nil
}

// bytes is how much there is to read.
func (m *manifest) bytes() (all int64) {
	for _, f := range m.Files {
		all += f.Bytes
	}
	return all
}

// exact names the version and everything that decides over pixels.
func (m *manifest) exact() string {
	h := sha256.New()
	for _, name := range weightFiles {
		fmt.Fprintln(h, name, m.Files[name].SHA256)
	}
	fmt.Fprintf(h, "sampler %+v\n", m.Sampler)
	return fmt.Sprintf("%s@%s+%x", m.Name, m.Version, h.Sum(nil)[:6])
}

// AutoStyle is the style of a request that leaves the choice to its prompt.
const AutoStyle = "auto"

// title is a style's name for people.
func (m *manifest) title(style int64) string {
	if t := m.StyleTitles[m.Styles[style]]; t != "" {
		return t
	}
	return m.Styles[style]
}

// style returns the id of a style; none for an empty name and for one that is left to the prompt.
func (m *manifest) style(name string) (int64, bool) {
	if name == "" || name == AutoStyle {
		return 0, true
	}
	i := slices.Index(m.Styles, name)
	return int64(i), i >= 0
}

// flops of one forward of one picture, all and those in int8.
func (m *manifest) flops(width, height int) (all, int8Ops float64) {
	return m.bySize(m.ForwardFLOPs, width, height), m.bySize(m.ForwardInt8Ops, width, height)
}

// bySize is the entry of this size, or what the model's own gives by area.
func (m *manifest) bySize(counts map[string]float64, width, height int) float64 {
	if f, ok := counts[fmt.Sprintf("%dx%d", width, height)]; ok {
		return f
	}
	own := counts[fmt.Sprintf("%dx%d", m.Grid, m.Grid)]
	return own * float64(width*height) / float64(m.Grid*m.Grid)
}

// model is the weights, ready for use, without the network's session.
type model struct {
	manifest  *manifest
	tokenizer *read.Tokenizer
	reader    *read.Reader
	composer  *compose.Composer
	network   []byte
	look      []byte // nil without look.onnx
	render    []byte // nil without render.onnx
}

// loadModel reads, checks and parses the weights. told hears of every piece that was read.
func loadModel(files fs.FS, told func(n int64)) (*model, error) {
	m, err := openManifest(files)
	if err != nil {
		return nil, err
	}
	content, err := m.verified(files, told)
	if err != nil {
		return nil, err
	}
	tokenizer, err := read.ParseVocab(content[vocabFile])
	if err != nil {
		return nil, weightsError(vocabFile, "cannot be used (%v)", err)
	}
	lexicon, err := read.ParseLexicon(content[lexiconFile])
	if err != nil {
		return nil, weightsError(lexiconFile, "cannot be used (%v)", err)
	}
	library, err := compose.OpenLibrary(content[libraryFile])
	if err != nil {
		return nil, weightsError(libraryFile, "cannot be used (%v)", err)
	}
	reader := read.NewReader(lexicon)
	return &model{
		manifest: m, tokenizer: tokenizer, reader: reader, network: content[networkFile], look: content[lookFile],
		render:   content[renderFile],
		composer: &compose.Composer{Library: library, Reader: reader},
	}, nil
}

package compose

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"sync"

	"golang.org/x/image/webp"

	"bottega/internal/engine"
)

// Entry is one licensed drawing of a concept.
type Entry struct {
	ID      string   `json:"id"`
	Concept string   `json:"concept"`
	Also    []string `json:"also"`   // further concepts it may stand for
	Paints  []string `json:"paints"` // of a glyph: what it may be coloured with, see parsePaint
	Style   string   `json:"style"`
	Title   string   `json:"title"`
	Author  string   `json:"author"`
	Licence string   `json:"licence"`
	Origin  string   `json:"source"` // package@version
	URL     string   `json:"url"`
}

// Source names the drawing for the recipe.
func (e *Entry) Source() engine.Source {
	return engine.Source{ID: e.ID, Title: e.Title, Author: e.Author, Licence: e.Licence, Origin: e.Origin, URL: e.URL}
}

// Library is library.zip, in memory. Drawings are decoded when first used. It is safe for concurrent use.
type Library struct {
	entries   map[string]*Entry   // by id
	byConcept map[string][]*Entry // in the index's order
	palettes  map[string]*table   // by "hand shown>hand asked"
	renderer  Renderer            // nil: none
	load      func(id string) (image.Image, error)

	mu    sync.Mutex
	cache map[string]*drawing
}

const cachedDrawings = 256 // of about 200 kB with their halves

// NewLibrary makes a library of entries whose pictures load returns.
func NewLibrary(entries []Entry, load func(id string) (image.Image, error)) *Library {
	l := &Library{entries: map[string]*Entry{}, byConcept: map[string][]*Entry{}, load: load, cache: map[string]*drawing{}}
	for i := range entries {
		e := &entries[i]
		l.entries[e.ID] = e
		l.byConcept[e.Concept] = append(l.byConcept[e.Concept], e)
		for _, concept := range e.Also {
			l.byConcept[concept] = append(l.byConcept[concept], e)
		}
	}
	return l
}

// OpenLibrary reads library.zip: index.json, a list of entries, drawings/<id>.webp, and palettes.json where it has one.
func OpenLibrary(data []byte) (*Library, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("open library: %w", err)
	}
	index, err := readFile(archive, "index.json")
	if err != nil {
		return nil, fmt.Errorf("open library: %w", err)
	}
	entries, err := parseIndex(index)
	if err != nil {
		return nil, fmt.Errorf("open library: read index.json: %w", err)
	}
	l := NewLibrary(entries, func(id string) (image.Image, error) {
		data, err := readFile(archive, "drawings/"+id+".webp")
		if err != nil {
			return nil, err
		}
		return webp.Decode(bytes.NewReader(data))
	})
	tables, err := readFile(archive, "palettes.json")
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open library: %w", err)
	}
	if l.palettes, err = parsePalettes(tables); err != nil {
		return nil, fmt.Errorf("open library: read palettes.json: %w", err)
	}
	return l, nil
}

// parseIndex reads the list of entries.
func parseIndex(data []byte) ([]Entry, error) {
	var entries []Entry
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errors.New("it lists no drawings")
	}
	for _, e := range entries {
		for _, text := range e.Paints {
			if _, err := parsePaint(text); err != nil {
				return nil, fmt.Errorf("drawing %s: %w", e.ID, err)
			}
		}
	}
	return entries, nil
}

func readFile(archive *zip.Reader, name string) ([]byte, error) {
	f, err := archive.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Size returns how many drawings there are.
func (l *Library) Size() int { return len(l.entries) }

// dress is what becomes of a drawing before it is composed; the zero value leaves it as it is.
type dress struct {
	paint   string // of a glyph
	shaded  bool   // lighter at its head, darker at its foot; of a glyph with a paint
	outline string // a line style
	palette string // the name of a table, see palettes.go
	render  string // "shown>asked", see rendering.go
}

// dressed returns the decoded picture with its halves, coloured, repainted, outlined or rendered where how says so.
func (l *Library) dressed(id string, how dress) (*drawing, error) {
	key := id
	if how.paint+how.outline+how.palette+how.render != "" {
		key = fmt.Sprintf("%s %+v", id, how)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := l.cache[key]; d != nil {
		return d, nil
	}
	picture, err := l.load(id)
	if err != nil {
		return nil, fmt.Errorf("load drawing %s: %w", id, err)
	}
	d, err := newDrawing(picture)
	if err != nil {
		return nil, fmt.Errorf("load drawing %s: %w", id, err)
	}
	if how.paint != "" {
		p, err := parsePaint(how.paint)
		if err != nil {
			return nil, fmt.Errorf("paint drawing %s: %w", id, err)
		}
		d = withHalves(d.levels[0].coloured(p, how.shaded))
	}
	if how.palette != "" {
		d = withHalves(d.levels[0].repainted(l.palettes[how.palette]))
	}
	if how.outline != "" {
		d = withHalves(d.levels[0].outlined(how.outline))
	}
	if how.render != "" {
		full, err := d.levels[0].rendered(how.render, l.renderer)
		if err != nil {
			return nil, fmt.Errorf("render drawing %s: %w", id, err)
		}
		d = withHalves(full)
	}
	if len(l.cache) >= cachedDrawings {
		clear(l.cache) // rare and cheap: a drawing decodes in a millisecond
	}
	l.cache[key] = d
	return d, nil
}

// drawing is a square premultiplied picture at full, half and quarter size.
type drawing struct{ levels [3]level }

// level is n × n RGBA pixels, premultiplied, 0-255.
type level struct {
	n   int
	pix []uint8
}

func newDrawing(picture image.Image) (*drawing, error) {
	b := picture.Bounds()
	n := b.Dx()
	if n != b.Dy() || n < 4 || n%4 != 0 || n > 1024 {
		return nil, fmt.Errorf("size %dx%d is not a square of a multiple of four", n, b.Dy())
	}
	m, err := straight(picture)
	if err != nil {
		return nil, err
	}
	b = m.Rect
	full := level{n, make([]uint8, 4*n*n)}
	for y := range n {
		row := m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):]
		for x := range n {
			p, q := row[4*x:4*x+4], full.pix[4*(y*n+x):]
			a := uint16(p[3])
			for c := range 3 {
				q[c] = uint8((uint16(p[c])*a + 127) / 255)
			}
			q[3] = p[3]
		}
	}
	return withHalves(full), nil
}

func withHalves(full level) *drawing {
	half := full.half()
	return &drawing{[3]level{full, half, half.half()}}
}

// half averages blocks of four, rounded to even, as the training does.
func (l level) half() level {
	m := l.n / 2
	h := level{m, make([]uint8, 4*m*m)}
	for y := range m {
		for x := range m {
			for c := range 4 {
				i := 4*(2*y*l.n+2*x) + c
				sum := int(l.pix[i]) + int(l.pix[i+4]) + int(l.pix[i+4*l.n]) + int(l.pix[i+4*l.n+4])
				h.pix[4*(y*m+x)+c] = uint8(math.RoundToEven(float64(sum) / 4))
			}
		}
	}
	return h
}

// Alone returns one drawing as it is stored, filling a square canvas.
func (l *Library) Alone(id string, side int) (*Canvas, error) {
	layout := &Layout{Width: 1, Height: 1, library: l, Items: []Item{{X: 0.5, Y: 0.5, Side: 1, Drawing: id}}}
	return layout.Reference(side, side, "")
}

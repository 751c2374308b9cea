package tempera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"bottega/internal/engine"
)

// setup is what the parent tells a new worker.
type setup struct {
	WeightsDir  string `json:"weights_dir,omitempty"` // empty: the embedded weights
	DataDir     string `json:"data_dir,omitempty"`
	Runtime     string `json:"runtime,omitempty"` // empty: the embedded ONNX Runtime
	Threads     int    `json:"threads"`
	MemoryLimit int64  `json:"memory_limit"` // bytes
	Device      Device `json:"device,omitempty"`
}

// readyHeader is what a worker says of itself when it has loaded its model.
type readyHeader struct {
	Device   Device `json:"device"`
	Missed   string `json:"missed,omitempty"` // why it is not CUDA, where that was looked for
	Together int    `json:"together"`         // pictures it is worth painting at once
}

// request is an engine.ImageRequest without its pictures, which follow as the frame's payload in the order of Shown.
type request struct {
	Image engine.ImageRequest `json:"image"`
	Shown []shownHeader       `json:"shown,omitempty"`
	Bench *Bench              `json:"bench,omitempty"`
}

// shownHeader is one picture of a request.
type shownHeader struct {
	What      string `json:"what"` // init, mask, or reference: the next one
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Grayscale bool   `json:"grayscale,omitempty"` // one byte a pixel instead of four
}

// packed turns a checked request into its frame.
func packed(q engine.ImageRequest) *frame {
	r := &request{}
	f := &frame{Type: frameGenerate, Request: r}
	add := func(what string, m *image.NRGBA) {
		r.Shown = append(r.Shown, shownHeader{What: what, Width: m.Rect.Dx(), Height: m.Rect.Dy()})
		f.pieces = append(f.pieces, bytesOf(m))
	}
	if q.Init != nil {
		add("init", q.Init)
	} else {
		q.Strength = 0
	}
	if m := q.Mask; m != nil {
		w, h := m.Rect.Dx(), m.Rect.Dy()
		r.Shown = append(r.Shown, shownHeader{What: "mask", Width: w, Height: h, Grayscale: true})
		f.pieces = append(f.pieces, tight(m.Pix, m.Stride, w, h))
	}
	q.References = slices.Clone(q.References)
	for i := range q.References {
		add("reference", q.References[i].Image)
		q.References[i].Image = nil
	}
	q.Init, q.Mask, q.Alone = nil, nil, false
	q.Adherence = max(q.Adherence, -1) // an infinity has no JSON
	r.Image = q
	return f
}

// unpacked is the request of a frame; its pictures are parts of the frame's payload.
func (f *frame) unpacked() (*engine.ImageRequest, error) {
	q, rest, next := f.Request.Image, f.payload, 0
	for _, s := range f.Request.Shown {
		channels := 4
		if s.Grayscale {
			channels = 1
		}
		if s.Width < 1 || s.Height < 1 || s.Width > MostShownSide || s.Height > MostShownSide ||
			len(rest) < channels*s.Width*s.Height {
			return nil, fmt.Errorf("%s of %d × %d in %d bytes: %w", s.What, s.Width, s.Height, len(rest), errFrame)
		}
		r, pix := image.Rect(0, 0, s.Width, s.Height), rest[:channels*s.Width*s.Height]
		rest = rest[len(pix):]
		switch {
		case s.What == "mask" && s.Grayscale:
			q.Mask = &image.Gray{Pix: pix, Stride: s.Width, Rect: r}
		case s.What == "init" && !s.Grayscale:
			q.Init = &image.NRGBA{Pix: pix, Stride: 4 * s.Width, Rect: r}
		case s.What == "reference" && !s.Grayscale && next < len(q.References):
			q.References[next].Image = &image.NRGBA{Pix: pix, Stride: 4 * s.Width, Rect: r}
			next++
		default:
			return nil, fmt.Errorf("a picture for %q: %w", s.What, errFrame)
		}
	}
	return &q, nil
}

type progress struct {
	Step   int `json:"step"`
	Steps  int `json:"steps"`
	Width  int `json:"width"` // of the preview
	Height int `json:"height"`
}

type benchResult = BenchResult

type pictureHeader struct {
	Width           int             `json:"width"`
	Height          int             `json:"height"`
	ModelVersion    string          `json:"model_version"`
	GeneratedWidth  int             `json:"generated_width"`
	GeneratedHeight int             `json:"generated_height"`
	Sources         []engine.Source `json:"sources"`
	Notes           []string        `json:"notes"`
}

// faultHeader carries an error over the pipe: the sentinel callers branch on, and the text without it.
type faultHeader struct {
	Kind string `json:"kind"` // rejected, unavailable, cancelled or ""
	Text string `json:"text"`
}

var faultKinds = []struct {
	kind     string
	sentinel error
}{{"rejected", engine.ErrRejected}, {"unavailable", engine.ErrUnavailable}, {"cancelled", context.Canceled}}

func faultOf(err error) *faultHeader {
	f := &faultHeader{Text: err.Error()}
	for _, k := range faultKinds {
		if errors.Is(err, k.sentinel) {
			f.Kind = k.kind
			f.Text = strings.TrimSuffix(f.Text, ": "+k.sentinel.Error())
		}
	}
	return f
}

func (f *faultHeader) err() error {
	for _, k := range faultKinds {
		if f.Kind == k.kind {
			return fmt.Errorf("%s: %w", f.Text, k.sentinel)
		}
	}
	return errors.New(f.Text)
}

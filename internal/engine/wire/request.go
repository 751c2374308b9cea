package wire

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"bottega/internal/engine"
)

// Request is an engine.ImageRequest without its pictures, which follow as the frame's payload in the order of Shown.
type Request struct {
	Image engine.ImageRequest `json:"image"`
	Shown []Shown             `json:"shown,omitempty"`
}

// Shown is one picture of a request.
type Shown struct {
	What      string `json:"what"` // init, mask, or reference: the next one
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Grayscale bool   `json:"grayscale,omitempty"` // one byte a pixel instead of four
}

// Pack turns a request into what travels: itself, and the pixels of its pictures.
func Pack(q engine.ImageRequest) (r Request, pixels [][]byte) {
	add := func(what string, m *image.NRGBA) {
		r.Shown = append(r.Shown, Shown{What: what, Width: m.Rect.Dx(), Height: m.Rect.Dy()})
		pixels = append(pixels, Bytes(m))
	}
	if q.Init != nil {
		add("init", q.Init)
	} else {
		q.Strength = 0
	}
	if m := q.Mask; m != nil {
		w, h := m.Rect.Dx(), m.Rect.Dy()
		r.Shown = append(r.Shown, Shown{What: "mask", Width: w, Height: h, Grayscale: true})
		pixels = append(pixels, Tight(m.Pix, m.Stride, w, h))
	}
	q.References = slices.Clone(q.References)
	for i := range q.References {
		add("reference", q.References[i].Image)
		q.References[i].Image = nil
	}
	q.Init, q.Mask = nil, nil
	q.Adherence = max(q.Adherence, -1) // an infinity has no JSON
	r.Image = q
	return r, pixels
}

// Unpack is the inverse of Pack; the request's pictures are parts of the payload, of at most so many pixels a side.
func (r *Request) Unpack(payload []byte, mostSide int) (*engine.ImageRequest, error) {
	q, rest, next := r.Image, payload, 0
	for _, s := range r.Shown {
		channels := 4
		if s.Grayscale {
			channels = 1
		}
		if s.Width < 1 || s.Height < 1 || s.Width > mostSide || s.Height > mostSide || len(rest) < channels*s.Width*s.Height {
			return nil, fmt.Errorf("%s of %d × %d in %d bytes: %w", s.What, s.Width, s.Height, len(rest), ErrFrame)
		}
		rect, pix := image.Rect(0, 0, s.Width, s.Height), rest[:channels*s.Width*s.Height]
		rest = rest[len(pix):]
		switch {
		case s.What == "mask" && s.Grayscale:
			q.Mask = &image.Gray{Pix: pix, Stride: s.Width, Rect: rect}
		case s.What == "init" && !s.Grayscale:
			q.Init = &image.NRGBA{Pix: pix, Stride: 4 * s.Width, Rect: rect}
		case s.What == "reference" && !s.Grayscale && next < len(q.References):
			q.References[next].Image = &image.NRGBA{Pix: pix, Stride: 4 * s.Width, Rect: rect}
			next++
		default:
			return nil, fmt.Errorf("a picture for %q: %w", s.What, ErrFrame)
		}
	}
	return &q, nil
}

// Progress is an engine.Progress; its preview is the payload.
type Progress struct {
	Step   int `json:"step"`
	Steps  int `json:"steps"`
	Width  int `json:"width"` // of the preview
	Height int `json:"height"`
}

// Picture is an engine.Picture; its pixels are the payload.
type Picture struct {
	Width           int             `json:"width"`
	Height          int             `json:"height"`
	ModelVersion    string          `json:"model_version"`
	GeneratedWidth  int             `json:"generated_width"`
	GeneratedHeight int             `json:"generated_height"`
	Sources         []engine.Source `json:"sources"`
	Notes           []string        `json:"notes"`
}

// PictureOf describes a picture.
func PictureOf(p *engine.Picture) *Picture {
	b := p.Image.Bounds()
	return &Picture{
		Width: b.Dx(), Height: b.Dy(), ModelVersion: p.ModelVersion, GeneratedWidth: p.GeneratedWidth,
		GeneratedHeight: p.GeneratedHeight, Sources: p.Sources, Notes: p.Notes,
	}
}

// With puts the pixels back; nil when they are not a picture of that size.
func (p *Picture) With(pixels []byte) *engine.Picture {
	m := Pixels(pixels, p.Width, p.Height)
	if m == nil {
		return nil
	}
	return &engine.Picture{
		Image: m, ModelVersion: p.ModelVersion, GeneratedWidth: p.GeneratedWidth, GeneratedHeight: p.GeneratedHeight,
		Sources: p.Sources, Notes: p.Notes,
	}
}

// Bytes are the pixels of a picture, row by row.
func Bytes(m *image.NRGBA) []byte { return Tight(m.Pix, m.Stride, 4*m.Rect.Dx(), m.Rect.Dy()) }

// Tight returns rows of so many bytes without what stands between them.
func Tight(pix []byte, stride, row, rows int) []byte {
	if stride == row {
		return pix[:row*rows]
	}
	out := make([]byte, 0, row*rows)
	for y := range rows {
		out = append(out, pix[y*stride:y*stride+row]...)
	}
	return out
}

// Pixels is the inverse of Bytes; nil when the bytes are not such a picture.
func Pixels(pixels []byte, w, h int) *image.NRGBA {
	if w < 1 || h < 1 || w > 1<<15 || h > 1<<15 || len(pixels) != 4*w*h {
		return nil
	}
	return &image.NRGBA{Pix: pixels, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// Fault carries an error to another process: the sentinel callers branch on, and the text without it.
type Fault struct {
	Kind  string        `json:"kind"` // rejected, unavailable, cancelled or ""
	Text  string        `json:"text"`
	Death *engine.Death `json:"death,omitempty"` // when a process died of it
}

var faultKinds = []struct {
	kind     string
	sentinel error
}{{"rejected", engine.ErrRejected}, {"unavailable", engine.ErrUnavailable}, {"cancelled", context.Canceled}}

// FaultOf turns an error into a fault.
func FaultOf(err error) *Fault {
	f := &Fault{Text: err.Error()}
	for _, k := range faultKinds {
		if errors.Is(err, k.sentinel) {
			f.Kind = k.kind
			f.Text = strings.TrimSuffix(f.Text, ": "+k.sentinel.Error())
		}
	}
	_ = errors.As(err, &f.Death)
	return f
}

// Err turns a fault into the error it was.
func (f *Fault) Err() error {
	if f.Death != nil {
		return fmt.Errorf("%s: %w", f.Text, f.Death)
	}
	for _, k := range faultKinds {
		if f.Kind == k.kind {
			return fmt.Errorf("%s: %w", f.Text, k.sentinel)
		}
	}
	return errors.New(f.Text)
}

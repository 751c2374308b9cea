package compose

import (
	"fmt"
	"slices"
	"strings"
)

// One drawing rendered another way before it is composed: flat, soft 3D, gradient or ink, where the library has another of the
// four, which one hand draws. A small network says how; drawings of other hands come into the colours of the flat one first.
// tempera/rendering.py is the same rule in Python.

// Renderer runs that network.
type Renderer interface {
	// Render returns premultiplied RGBA planes [4, side, side] in [0, 1], side a multiple of 16, in another rendering. code has a
	// 1 at the rendering shown, and after all four at the one asked.
	Render(side int, planes, code []float32) ([]float32, error)
}

// renderings are in the order of the network's code.
var renderings = []string{"flat", "soft-3d", "gradient", "ink"}

// renderedAs says what a style is rendered as. Game icons are black shapes too.
var renderedAs = map[string]string{"soft-3d": "soft-3d", "gradient": "gradient", "ink": "ink", "game-icon": "ink"}

// SetRenderer lets drawings be rendered; without they are shown as they are, and outlined for ink. It is called before the
// library is used.
func (l *Library) SetRenderer(r Renderer) { l.renderer = r }

// rendering says how a drawing is rendered for an asked style, "shown>asked"; "" for not at all.
func (l *Library) rendering(e *Entry, asked string) string {
	as := renderedAs[asked]
	if l.renderer == nil || as == "" || e.Style == asked || e.Style == "ink" {
		return ""
	}
	if slices.Contains(renderings, e.Style) {
		return e.Style + ">" + as
	}
	if kin[e.Style] != "" {
		return "flat>" + as
	}
	return ""
}

// codeOf is what the network is told of a rendering "shown>asked".
func codeOf(name string) []float32 {
	shown, asked, _ := strings.Cut(name, ">")
	code := make([]float32, 2*len(renderings))
	for i, r := range renderings {
		if r == shown {
			code[i] = 1
		}
		if r == asked {
			code[len(renderings)+i] = 1
		}
	}
	return code
}

// rendered returns the drawing as another rendering has it.
func (l level) rendered(name string, r Renderer) (level, error) {
	if l.n%16 != 0 {
		return level{}, fmt.Errorf("its side of %d pixels is no multiple of sixteen", l.n)
	}
	size := l.n * l.n
	planes := make([]float32, 4*size)
	for i := range size {
		for k := range 4 {
			planes[k*size+i] = float32(l.pix[4*i+k]) / 255
		}
	}
	found, err := r.Render(l.n, planes, codeOf(name))
	if err != nil {
		return level{}, err
	}
	out := level{l.n, make([]uint8, 4*size)}
	for i := range size {
		for k := range 4 {
			out.pix[4*i+k] = uint8(min(max(found[k*size+i], 0), 1)*255 + 0.5)
		}
	}
	if strings.HasSuffix(name, ">gradient") {
		return out.smoothed(), nil
	}
	return out, nil
}

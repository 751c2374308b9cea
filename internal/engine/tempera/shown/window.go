package shown

import (
	"image"
	"math"
	"slices"

	"bottega/internal/engine/tempera/compose"
)

const (
	contextShare = 0.5 // of the hole's longer side is looked at around it
	leastContext = 24  // pixels
	wholeShare   = 0.8 // a window this large might as well be the picture
	widestSeam   = 12.0
)

// Window is the part of a picture that is painted because of a mask.
type Window struct {
	Rect image.Rectangle // in the picture
	Hole image.Rectangle // what the mask marks, in the picture

	mask *image.Gray
}

// NewWindow looks at what a mask marks; false when that is nothing. The window is the hole with some of what surrounds
// it, and no smaller than side × side pixels where the picture is that large: a small hole is painted at full
// sharpness, and never enlarged.
func NewWindow(mask *image.Gray, side int) (*Window, bool) {
	hole := marked(mask)
	if hole.Empty() {
		return nil, false
	}
	b := mask.Rect
	margin := max(int(contextShare*float64(max(hole.Dx(), hole.Dy()))), leastContext)
	x0, x1 := stretch(hole.Min.X, hole.Max.X, max(hole.Dx()+2*margin, side), b.Min.X, b.Max.X)
	y0, y1 := stretch(hole.Min.Y, hole.Max.Y, max(hole.Dy()+2*margin, side), b.Min.Y, b.Max.Y)
	w := &Window{image.Rect(x0, y0, x1, y1), hole, mask}
	if float64(w.Rect.Dx()*w.Rect.Dy()) > wholeShare*float64(b.Dx()*b.Dy()) {
		w.Rect = b
	}
	return w, true
}

func marked(mask *image.Gray) image.Rectangle {
	b := image.Rectangle{}
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		row := mask.Pix[mask.PixOffset(mask.Rect.Min.X, y):mask.PixOffset(mask.Rect.Max.X, y)]
		first := slices.IndexFunc(row, func(v uint8) bool { return v > 0 })
		if first < 0 {
			continue
		}
		last := len(row)
		for row[last-1] == 0 {
			last--
		}
		b = b.Union(image.Rect(mask.Rect.Min.X+first, y, mask.Rect.Min.X+last, y+1))
	}
	return b
}

// stretch widens a span to a length around its middle, within limits.
func stretch(from, to, length, low, high int) (a, b int) {
	length = min(length, high-low)
	a = min(max((from+to-length)/2, low), high-length)
	return a, a + length
}

// Around reports whether the mask goes around something that stays: less than half of its bounding box is marked.
func (w *Window) Around() bool {
	n := 0
	for y := w.Hole.Min.Y; y < w.Hole.Max.Y; y++ {
		for _, v := range w.mask.Pix[w.mask.PixOffset(w.Hole.Min.X, y):w.mask.PixOffset(w.Hole.Max.X, y)] {
			if v > 0 {
				n++
			}
		}
	}
	return 2*n < w.Hole.Dx()*w.Hole.Dy()
}

// Known returns which cells of a grid over the window are known, 1 or 0: those that lie, with their neighbours, wholly
// where the mask is 0.
func (w *Window) Known(width, height int) []float32 {
	open := make([]bool, width*height)
	for y := range height {
		y0, y1 := cell(y, height, w.Rect.Dy())
		for x := range width {
			x0, x1 := cell(x, width, w.Rect.Dx())
			open[y*width+x] = brightest(w.mask, image.Rect(x0, y0, x1, y1).Add(w.Rect.Min)) > 0
		}
	}
	known := make([]float32, width*height)
	for i := range known {
		x, y := i%width, i/width
		touched := open[i]
		for _, d := range around {
			touched = touched || at(open, x+d[0], y+d[1], width, height)
		}
		if !touched {
			known[i] = 1
		}
	}
	return known
}

// Box is where the hole lies on a grid over the window, in pixels of the grid.
func (w *Window) Box(width, height int) compose.Box {
	sx, sy := float64(width)/float64(w.Rect.Dx()), float64(height)/float64(w.Rect.Dy())
	return compose.Box{
		X: float64(w.Hole.Min.X-w.Rect.Min.X) * sx, Y: float64(w.Hole.Min.Y-w.Rect.Min.Y) * sy,
		Width: float64(w.Hole.Dx()) * sx, Height: float64(w.Hole.Dy()) * sy,
	}
}

// Fill paints what is not known of a canvas in the colours of what surrounds it, near ones more than far ones: it is
// halved until something is known everywhere, and what is not known is taken from the coarser canvas.
func Fill(c *compose.Canvas, known []float32) {
	w, h := c.Width, c.Height
	missing := slices.Contains(known, 0)
	if !missing || w < 2 && h < 2 {
		return
	}
	half := compose.NewCanvas((w+1)/2, (h+1)/2)
	sure := make([]float32, len(half.Pix))
	for i := range half.Pix {
		weight := 0.0
		for corner := range 4 {
			x, y := 2*(i%half.Width)+corner&1, 2*(i/half.Width)+corner>>1
			if x >= w || y >= h || known[y*w+x] == 0 {
				continue
			}
			weight++
			for k := range 4 {
				half.Pix[i][k] += c.Pix[y*w+x][k]
			}
		}
		if weight > 0 {
			sure[i] = 1
			for k := range 4 {
				half.Pix[i][k] /= weight
			}
		}
	}
	Fill(half, sure)
	for i, k := range known {
		if k == 0 {
			c.Pix[i] = between(half, (float64(i%w)-0.5)/2, (float64(i/w)-0.5)/2)
		}
	}
}

// between returns the bilinear value at a position in pixels; the edge is repeated outwards.
func between(c *compose.Canvas, x, y float64) (p [4]float64) {
	x, y = min(max(x, 0), float64(c.Width-1)), min(max(y, 0), float64(c.Height-1))
	x0, y0 := int(x), int(y)
	fx, fy := x-float64(x0), y-float64(y0)
	x1, y1 := min(x0+1, c.Width-1), min(y0+1, c.Height-1)
	for k := range p {
		top := c.Pix[y0*c.Width+x0][k]*(1-fx) + c.Pix[y0*c.Width+x1][k]*fx
		low := c.Pix[y1*c.Width+x0][k]*(1-fx) + c.Pix[y1*c.Width+x1][k]*fx
		p[k] = top*(1-fy) + low*fy
	}
	return p
}

// Paste returns the picture with the patch, of the window's size, where the mask marks it: byte for byte the picture
// where the mask is 0, and blended over a seam of some pixels inside the hole. cell is how many pixels of the picture
// one of the network's grid covers.
func (w *Window) Paste(picture, patch *image.NRGBA, cell float64) *image.NRGBA {
	out := image.NewNRGBA(picture.Rect)
	copy(out.Pix, picture.Pix)
	depth := w.depth()
	deepest := slices.Max(depth)
	seam := min(max(cell, 1.5), widestSeam, max(float64(deepest)/2, 1))
	width := w.Hole.Dx()
	for i, d := range depth {
		if d == 0 {
			continue
		}
		x, y := w.Hole.Min.X+i%width, w.Hole.Min.Y+i/width
		share := min(float64(d)/seam, 1) * float64(w.mask.GrayAt(x, y).Y) / 255
		blend(out.Pix[out.PixOffset(x, y):], patch.Pix[patch.PixOffset(x-w.Rect.Min.X, y-w.Rect.Min.Y):], share)
	}
	return out
}

// depth is how far each place of the hole is from the nearest unmarked one, in pixels along rows and columns or
// diagonals, whichever is nearer; 0 where the mask is 0. The picture's own edge is no edge of the hole.
func (w *Window) depth() []int {
	r, width := w.Hole, w.Hole.Dx()
	depth := make([]int, width*r.Dy())
	value := func(x, y int) int {
		if image.Pt(x, y).In(r) {
			return depth[(y-r.Min.Y)*width+x-r.Min.X]
		}
		if image.Pt(x, y).In(w.mask.Rect) {
			return 0
		}
		return math.MaxInt32
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if w.mask.GrayAt(x, y).Y > 0 {
				depth[(y-r.Min.Y)*width+x-r.Min.X] = 1 + min(value(x-1, y-1), value(x, y-1), value(x+1, y-1), value(x-1, y))
			}
		}
	}
	for y := r.Max.Y - 1; y >= r.Min.Y; y-- {
		for x := r.Max.X - 1; x >= r.Min.X; x-- {
			p := &depth[(y-r.Min.Y)*width+x-r.Min.X]
			*p = min(*p, 1+min(value(x+1, y+1), value(x, y+1), value(x-1, y+1), value(x+1, y)))
		}
	}
	return depth
}

// blend moves a straight pixel towards another by share, premultiplied.
func blend(p, q []uint8, share float64) {
	a, b := float64(p[3])*(1-share), float64(q[3])*share
	alpha := a + b
	if alpha < 0.5 {
		clear(p[:4])
		return
	}
	for k := range 3 {
		p[k] = uint8((float64(p[k])*a+float64(q[k])*b)/alpha + 0.5)
	}
	p[3] = uint8(min(alpha, 255) + 0.5)
}

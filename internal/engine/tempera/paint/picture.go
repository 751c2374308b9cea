package paint

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// Grid is the size the network paints for a picture of width × height: sides are multiples of multiple, the area is
// near side², the aspect nearest to the request. Of equally good grids the narrower one is taken.
func Grid(width, height, side, multiple int) (w, h int) {
	const areaWeight = 0.25
	best := math.Inf(1)
	wish, area := math.Log(float64(width)/float64(height)), float64(side*side)
	for gw := multiple; gw <= side*side/multiple; gw += multiple {
		for gh := multiple; gh <= side*side/multiple; gh += multiple {
			size := math.Log(float64(gw*gh) / area)
			if math.Abs(size) > 0.35 {
				continue
			}
			cost := math.Abs(math.Log(float64(gw)/float64(gh))-wish) + areaWeight*math.Abs(size)
			if cost < best-1e-9 {
				best, w, h = cost, gw, gh
			}
		}
	}
	return w, h
}

// Planes turns premultiplied RGBA pixels into the network's planes (2p − a, 2a − 1), [4,n].
func Planes(pixels [][4]float64) []float32 {
	n := len(pixels)
	planes := make([]float32, 4*n)
	for i, p := range pixels {
		for c := range 3 {
			planes[c*n+i] = float32(2*p[c] - p[3])
		}
		planes[3*n+i] = float32(2*p[3] - 1)
	}
	return planes
}

// Pixels turns planes [4,n] into premultiplied RGBA pixels, each component within its alpha.
func Pixels(planes []float32) [][4]float64 {
	n := len(planes) / 4
	pixels := make([][4]float64, n)
	for i := range pixels {
		a := min(max((float64(planes[3*n+i])+1)/2, 0), 1)
		for c := range 3 {
			pixels[i][c] = min(max((float64(planes[c*n+i])+a)/2, 0), a)
		}
		pixels[i][3] = a
	}
	return pixels
}

// Calmed returns planes with every change from what the guide shows smaller by calm (soft thresholding): a network that keeps areas
// of one colour mottles them, and leaves a veil where nothing is.
func Calmed(planes, guide []float32, calm float32) []float32 {
	out := make([]float32, len(planes))
	for i, v := range planes {
		off := v - guide[i]
		out[i] = guide[i] + max(off-calm, 0) + min(off+calm, 0)
	}
	return out
}

// Delivery says what becomes of planes.
type Delivery struct {
	Width, Height int
	Transparent   bool        // keep the alpha channel
	Background    color.NRGBA // what else it is painted on; opaque, the zero value is white
	Tile          bool        // what is left of the left edge is the right edge
	Cells         bool        // it is of square cells with hard edges
}

// ground is the background's colour with 16 bits a component.
func (d *Delivery) ground() [3]uint32 {
	b := d.Background
	if b == (color.NRGBA{}) {
		return [3]uint32{65535, 65535, 65535}
	}
	return [3]uint32{uint32(b.R) * 257, uint32(b.G) * 257, uint32(b.B) * 257}
}

// Deliver brings planes [4,h,w] to the asked size: resampled premultiplied, then kept transparent or painted on the
// background.
func Deliver(planes []float32, w, h int, d Delivery) *image.NRGBA {
	m := premultiplied(planes, w, h)
	if d.Cells {
		return finish(resample(m, d.Width, d.Height, draw.NearestNeighbor), &d)
	}
	if d.Tile {
		return finish(resampleRound(m, d.Width, d.Height), &d)
	}
	return finish(resample(m, d.Width, d.Height, draw.CatmullRom), &d)
}

// Preview is a small opaque picture of planes for a picture as d says, no side longer than longest pixels.
func Preview(planes []float32, w, h int, d Delivery, longest int) *image.NRGBA {
	scale := float64(longest) / float64(max(d.Width, d.Height))
	pw, ph := max(int(float64(d.Width)*scale), 1), max(int(float64(d.Height)*scale), 1)
	d.Transparent = false
	return finish(resample(premultiplied(planes, w, h), pw, ph, draw.ApproxBiLinear), &d)
}

// premultiplied is the picture of the planes, 16 bits a component so that resampling loses nothing.
func premultiplied(planes []float32, w, h int) *image.RGBA64 {
	n := w * h
	m := image.NewRGBA64(image.Rect(0, 0, w, h))
	for i := range n {
		raw := min(max((planes[3*n+i]+1)/2, 0), 1)
		a := min(max((raw-clearBelow)/(solidAbove-clearBelow), 0), 1)
		put(m.Pix[8*i+6:], a)
		for c := range 3 {
			p := (planes[c*n+i] + raw) / 2
			put(m.Pix[8*i+2*c:], min(max(p*a/max(raw, clearBelow), 0), a))
		}
	}
	return m
}

// A network is never quite sure: what is almost clear is delivered clear, what is almost solid solid, and in between
// the alpha is stretched, so that a cut-out has no grey veil.
const (
	clearBelow = 0.04
	solidAbove = 0.96
)

func put(at []uint8, v float32) {
	u := uint16(v*65535 + 0.5)
	at[0], at[1] = uint8(u>>8), uint8(u)
}

func resample(m *image.RGBA64, width, height int, how draw.Interpolator) *image.RGBA64 {
	if m.Rect.Dx() == width && m.Rect.Dy() == height {
		return m
	}
	out := image.NewRGBA64(image.Rect(0, 0, width, height))
	how.Scale(out, out.Rect, m, m.Rect, draw.Src, nil)
	return out
}

// resampleRound is resample for a picture that repeats: the kernel reads on past an edge from the opposite one.
func resampleRound(m *image.RGBA64, width, height int) *image.RGBA64 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w == width && h == height {
		return m
	}
	sx, sy := float64(width)/float64(w), float64(height)/float64(h)
	// CatmullRom reads two pixels to each side, more when it shrinks.
	mx, my := min(int(math.Ceil(2*max(1, 1/sx)))+1, w), min(int(math.Ceil(2*max(1, 1/sy)))+1, h)
	wide := image.NewRGBA64(image.Rect(0, 0, w+2*mx, h+2*my))
	for y := range h + 2*my {
		from := m.Pix[(y-my+h)%h*m.Stride:]
		to := wide.Pix[y*wide.Stride:]
		copy(to[:8*mx], from[8*(w-mx):8*w])
		copy(to[8*mx:], from[:8*w])
		copy(to[8*(mx+w):8*(2*mx+w)], from[:8*mx])
	}
	out := image.NewRGBA64(image.Rect(0, 0, width, height))
	place := f64.Aff3{sx, 0, -float64(mx) * sx, 0, sy, -float64(my) * sy}
	draw.CatmullRom.Transform(out, place, wide, wide.Rect, draw.Src, nil)
	return out
}

// finish turns premultiplied 16 bits into straight 8 bits. CatmullRom overshoots; colour is kept within its alpha.
func finish(m *image.RGBA64, d *Delivery) *image.NRGBA {
	out, ground := image.NewNRGBA(m.Rect), d.ground()
	for i := 0; i < len(m.Pix); i += 8 {
		a := uint32(m.Pix[i+6])<<8 | uint32(m.Pix[i+7])
		q := out.Pix[i/2 : i/2+4]
		for c := range 3 {
			p := min(uint32(m.Pix[i+2*c])<<8|uint32(m.Pix[i+2*c+1]), a)
			switch {
			case !d.Transparent:
				through := uint32((uint64(ground[c])*uint64(65535-a) + 32767) / 65535)
				q[c] = uint8((p + through + 128) / 257)
			case a >= 128: // else it rounds to clear, and a clear pixel has no colour
				q[c] = uint8((p*255 + a/2) / a)
			}
		}
		q[3] = 255
		if d.Transparent {
			q[3] = uint8((a + 128) / 257)
		}
	}
	return out
}

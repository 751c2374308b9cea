// Package shown reads the pictures that a request brings: it fits them to the size that is asked for or to the
// network's grid, finds their contours, cuts their figure out, and works out what a mask leaves to paint and how the
// painted part goes back. It promises that a picture comes back byte for byte where its mask is 0. It knows no network.
package shown

import (
	"image"
	"math"

	"golang.org/x/image/draw"

	"bottega/internal/engine/tempera/compose"
)

// Part is the largest part of a picture that has the shape of width × height, at its centre.
func Part(bounds image.Rectangle, width, height int) image.Rectangle {
	w, h := bounds.Dx(), bounds.Dy()
	if wide := float64(h) * float64(width) / float64(height); wide < float64(w) {
		w = max(int(math.Round(wide)), 1)
	} else {
		h = min(max(int(math.Round(float64(w)*float64(height)/float64(width))), 1), h)
	}
	at := bounds.Min.Add(image.Pt((bounds.Dx()-w)/2, (bounds.Dy()-h)/2))
	return image.Rectangle{at, at.Add(image.Pt(w, h))}
}

// Inside is where the inner part of a frame of width × height lies in a picture whose part fills that frame; at least
// one pixel.
func Inside(part, inner image.Rectangle, width, height int) image.Rectangle {
	span := func(from, to, whole, length int) (a, b int) {
		scale := float64(length) / float64(whole)
		a = min(int(math.Round(float64(from)*scale)), length-1)
		return a, max(int(math.Round(float64(to)*scale)), a+1)
	}
	x0, x1 := span(inner.Min.X, inner.Max.X, width, part.Dx())
	y0, y1 := span(inner.Min.Y, inner.Max.Y, height, part.Dy())
	return image.Rect(x0, y0, x1, y1).Add(part.Min)
}

// Cover returns a picture's Part scaled to width × height; the picture itself when it has that size.
func Cover(m *image.NRGBA, width, height int) *image.NRGBA {
	if m.Rect.Dx() == width && m.Rect.Dy() == height {
		return m
	}
	// Scaled premultiplied, so that the colour of clear pixels does not bleed into edges.
	wide := scaled(m, Part(m.Rect, width, height), width, height)
	out := image.NewNRGBA(wide.Rect)
	draw.Draw(out, out.Rect, wide, image.Point{}, draw.Src)
	return out
}

// CoverMask is Cover for a mask: what touches a marked place is marked.
func CoverMask(m *image.Gray, width, height int) *image.Gray {
	if m.Rect.Dx() == width && m.Rect.Dy() == height {
		return m
	}
	out, part := image.NewGray(image.Rect(0, 0, width, height)), Part(m.Rect, width, height)
	for y := range height {
		for x := range width {
			x0, x1 := cell(x, width, part.Dx())
			y0, y1 := cell(y, height, part.Dy())
			out.Pix[y*out.Stride+x] = brightest(m, image.Rect(x0, y0, x1, y1).Add(part.Min))
		}
	}
	return out
}

// cell is what part of n pixels the i-th of count parts covers, at least one pixel.
func cell(i, count, n int) (from, to int) {
	from = i * n / count
	return from, max((i+1)*n+count-1, (from+1)*count) / count
}

func brightest(m *image.Gray, r image.Rectangle) uint8 {
	found := uint8(0)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for _, v := range m.Pix[m.PixOffset(r.Min.X, y):m.PixOffset(r.Max.X, y)] {
			found = max(found, v)
		}
	}
	return found
}

// Canvas returns a part of a picture at width × height, premultiplied.
func Canvas(m *image.NRGBA, part image.Rectangle, width, height int) *compose.Canvas {
	return canvasOf(scaled(m, part, width, height))
}

// scaled brings a part of a picture to a size. A much larger picture is halved first: the scaler holds a column of
// 32 bytes for each row of what it reads.
func scaled(m *image.NRGBA, part image.Rectangle, width, height int) *image.RGBA64 {
	for part.Dx() >= 4*width && part.Dy() >= 4*height {
		m, part = halved(m, part), image.Rect(0, 0, part.Dx()/2, part.Dy()/2)
	}
	wide := image.NewRGBA64(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(wide, wide.Rect, m, part, draw.Src, nil)
	return wide
}

// halved averages blocks of four pixels of a part, premultiplied; an odd last row or column is left out.
func halved(m *image.NRGBA, part image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, part.Dx()/2, part.Dy()/2))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			var sum [4]int
			for corner := range 4 {
				p := m.Pix[m.PixOffset(part.Min.X+2*x+corner&1, part.Min.Y+2*y+corner>>1):]
				a := int(p[3])
				for k := range 3 {
					sum[k] += int(p[k]) * a
				}
				sum[3] += a
			}
			q := out.Pix[out.PixOffset(x, y):]
			for k := range 3 {
				if sum[3] > 0 {
					q[k] = uint8((sum[k] + sum[3]/2) / sum[3])
				}
			}
			q[3] = uint8((sum[3] + 2) / 4)
		}
	}
	return out
}

// Square returns a whole picture fitted into a square, clear around it.
func Square(m *image.NRGBA, side int) *compose.Canvas {
	return canvasOf(square(m, side))
}

func square(m *image.NRGBA, side int) *image.RGBA64 {
	w, h := side, side
	if m.Rect.Dx() > m.Rect.Dy() {
		h = max(side*m.Rect.Dy()/m.Rect.Dx(), 1)
	} else {
		w = max(side*m.Rect.Dx()/m.Rect.Dy(), 1)
	}
	wide := image.NewRGBA64(image.Rect(0, 0, side, side))
	at := image.Pt((side-w)/2, (side-h)/2)
	draw.Draw(wide, image.Rectangle{at, at.Add(image.Pt(w, h))}, scaled(m, m.Rect, w, h), image.Point{}, draw.Src)
	return wide
}

// canvasOf keeps colour within its alpha, which the kernel's overshoot does not.
func canvasOf(m *image.RGBA64) *compose.Canvas {
	c := compose.NewCanvas(m.Rect.Dx(), m.Rect.Dy())
	for i := range c.Pix {
		at := m.Pix[8*i : 8*i+8]
		p := &c.Pix[i]
		for k := range p {
			p[k] = float64(uint32(at[2*k])<<8|uint32(at[2*k+1])) / 65535
		}
		for k := range 3 {
			p[k] = min(p[k], p[3])
		}
	}
	return c
}

// Mix moves a canvas towards another of the same size by amount in [0, 1].
func Mix(c, to *compose.Canvas, amount float64) {
	for i := range c.Pix {
		for k := range c.Pix[i] {
			c.Pix[i][k] += (to.Pix[i][k] - c.Pix[i][k]) * amount
		}
	}
}

// wrapShare is how far from an edge a canvas is changed so that it repeats.
const wrapShare = 0.125

// Wrap makes a canvas repeat without a seam: near an edge it is mixed with its mirror image at the opposite one, half and
// half at the edge itself.
func Wrap(c *compose.Canvas) {
	for y := range c.Height {
		wrapLine(c.Width, func(i int) *[4]float64 { return &c.Pix[y*c.Width+i] })
	}
	for x := range c.Width {
		wrapLine(c.Height, func(i int) *[4]float64 { return &c.Pix[i*c.Width+x] })
	}
}

func wrapLine(n int, at func(i int) *[4]float64) {
	reach := max(int(wrapShare*float64(n)), 1)
	for i := range min(reach, n/2) {
		share := 0.5 * (1 - float64(i)/float64(reach))
		a, b := at(i), at(n-1-i)
		for k := range a {
			u, v := a[k], b[k]
			a[k], b[k] = u+(v-u)*share, v+(u-v)*share
		}
	}
}

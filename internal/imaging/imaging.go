// Package imaging works on pixels and on the files they are kept in: PNG and WebP with provenance written inside, and
// readers for exactly what it writes; resizing, placeholders, and a gate that bounds how many pixels are worked on at
// once. It promises that text from outside (prompts) cannot break out of the place it is written to. What is worth
// writing it leaves to others: it knows no recipe, no file store and no database.
package imaging

import (
	"context"
	"image"
	"image/color"

	"golang.org/x/image/draw"
	"golang.org/x/sync/semaphore"
)

// Gate bounds the pixels being worked on at once, over all callers: one picture of 20 megapixels needs some 400 MB
// while it is resized, and ten at once would end the process.
type Gate struct {
	size int64
	sem  *semaphore.Weighted
}

// NewGate returns a gate for so many pixels at once.
func NewGate(pixels int64) *Gate { return &Gate{size: pixels, sem: semaphore.NewWeighted(pixels)} }

// Enter waits until there is room for a picture of this size and returns what leaves again. A picture larger than the
// whole gate enters alone. The error is ctx's.
func (g *Gate) Enter(ctx context.Context, width, height int) (leave func(), err error) {
	n := min(max(int64(width)*int64(height), 1), g.size)
	if err := g.sem.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return func() { g.sem.Release(n) }, nil
}

// Fit returns img scaled down so that neither side is longer than maxSide, or img itself when it is small enough.
// Scaling happens in premultiplied space, so that the colour of transparent pixels does not bleed into the edges.
func Fit(img *image.NRGBA, maxSide int) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w <= maxSide && h <= maxSide {
		return img
	}
	if w >= h {
		return Resize(img, maxSide, max(1, (h*maxSide+w/2)/w))
	}
	return Resize(img, max(1, (w*maxSide+h/2)/h), maxSide)
}

// Resize returns img at exactly width × height, by Catmull-Rom in premultiplied space.
func Resize(img *image.NRGBA, width, height int) *image.NRGBA {
	// RGBA is premultiplied: the scaler reads premultiplied values through NRGBA.RGBA and writes them here, and the
	// last step divides the alpha out again.
	scaled := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), img, img.Bounds(), draw.Src, nil)
	return ToNRGBA(scaled)
}

// ToNRGBA returns img with its origin at 0,0 and no gaps between rows, copying only when it must. What encodes to WebP
// needs that shape.
func ToNRGBA(img image.Image) *image.NRGBA {
	b := img.Bounds()
	if n, ok := img.(*image.NRGBA); ok && b.Min == (image.Point{}) && n.Stride == 4*b.Dx() && len(n.Pix) == n.Stride*b.Dy() {
		return n
	}
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Src)
	return out
}

// Cover returns img scaled and cut around its middle so that it fills exactly width × height; img itself when it does.
func Cover(img *image.NRGBA, width, height int) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w == width && h == height {
		return img
	}
	cut := image.Rect(0, 0, w, h)
	if w*height > h*width { // too wide
		keep := max(1, (h*width+height/2)/height)
		cut.Min.X = (w - keep) / 2
		cut.Max.X = cut.Min.X + keep
	} else {
		keep := max(1, (w*height+width/2)/width)
		cut.Min.Y = (h - keep) / 2
		cut.Max.Y = cut.Min.Y + keep
	}
	return Resize(img.SubImage(cut).(*image.NRGBA), width, height)
}

// Mask reads a drawn mask: light is 255 (paint), dark and transparent is 0 (keep), by the luma of Rec. 601.
func Mask(img *image.NRGBA) *image.Gray {
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := img.NRGBAAt(b.Min.X+x, b.Min.Y+y)
			luma := (299*int(c.R) + 587*int(c.G) + 114*int(c.B) + 500) / 1000
			out.Pix[out.PixOffset(x, y)] = uint8(luma * int(c.A) / 255)
		}
	}
	return out
}

// Extend puts a picture and its mask onto a larger ground. What is new is to be painted (255 in the mask); until then it
// repeats the nearest pixel of the picture, so that whoever paints begins from its colours.
func Extend(img *image.NRGBA, mask *image.Gray, left, top, right, bottom int) (*image.NRGBA, *image.Gray) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	outer := image.Rect(0, 0, left+w+right, top+h+bottom)
	wide, marked := image.NewNRGBA(outer), image.NewGray(outer)
	for y := range outer.Dy() {
		for x := range outer.Dx() {
			ix, iy := min(max(x-left, 0), w-1), min(max(y-top, 0), h-1)
			wide.SetNRGBA(x, y, img.NRGBAAt(ix, iy))
			if ix == x-left && iy == y-top {
				marked.SetGray(x, y, mask.GrayAt(ix, iy))
			} else {
				marked.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return wide, marked
}

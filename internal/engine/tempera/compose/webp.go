package compose

import (
	"fmt"
	"image"
)

// straight returns a decoded WebP as straight RGBA. A lossy one is decoded to YCbCr in video range (BT.601, 16–235),
// which the image package takes for full range and would wash out; here it is converted with libwebp's own numbers, its
// smooth chroma included, so that a drawing has the colours that training saw, byte for byte.
func straight(m image.Image) (*image.NRGBA, error) {
	switch m := m.(type) {
	case *image.NRGBA:
		return m, nil
	case *image.NYCbCrA:
		out := fromVideo(&m.YCbCr)
		for y := range out.Rect.Dy() {
			for x := range out.Rect.Dx() {
				out.Pix[out.PixOffset(x, y)+3] = m.A[m.AOffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)]
			}
		}
		return out, nil
	case *image.YCbCr:
		return fromVideo(m), nil
	}
	return nil, fmt.Errorf("it is of a kind that WebP does not have (%T)", m)
}

func fromVideo(m *image.YCbCr) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			luma := int(m.Y[m.YOffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)])
			at := m.COffset(m.Rect.Min.X, m.Rect.Min.Y)
			u, v := smooth(m.Cb[at:], m.CStride, x, y, w, h), smooth(m.Cr[at:], m.CStride, x, y, w, h)
			base := high(luma, 19077)
			p := out.Pix[out.PixOffset(x, y):]
			p[0] = clip8(base + high(v, 26149) - 14234)
			p[1] = clip8(base - high(u, 6419) - high(v, 13320) + 8708)
			p[2] = clip8(base + high(u, 33050) - 17685)
			p[3] = 255
		}
	}
	return out
}

// smooth is the chroma at a pixel: nine parts of its own sample, three of each of the nearest two, one of the one between
// those.
func smooth(plane []uint8, stride, x, y, w, h int) int {
	cx, cy := x/2, y/2
	nx, ny := min(max(cx+x%2*2-1, 0), (w-1)/2), min(max(cy+y%2*2-1, 0), (h-1)/2)
	at := func(x, y int) int { return int(plane[y*stride+x]) }
	return (9*at(cx, cy) + 3*at(nx, cy) + 3*at(cx, ny) + at(nx, ny) + 8) >> 4
}

// libwebp's arithmetic (src/dsp/yuv.h): fourteen bits of fraction, six of which stay until the end.
func high(v, factor int) int { return v * factor >> 8 }

func clip8(v int) uint8 { return uint8(min(max(v>>6, 0), 255)) }

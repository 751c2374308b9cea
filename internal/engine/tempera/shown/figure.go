package shown

import (
	"image"

	"golang.org/x/image/draw"
)

const (
	figureSide  = 384 // pixels of a cut-out's side, a multiple of four
	figureEdge  = 4   // clear pixels around it
	clearAlpha  = 128 // below, a pixel does not belong to the figure
	leastClear  = 0.02
	alike       = 46   // distance of two colours, 0-441, up to which one is the ground of the other
	leastFigure = 0.01 // share of the picture that a figure covers, else there is none to be found
	mostFigure  = 0.97
)

// CutOut returns the figure of a picture as a square drawing with a clear ground. A picture with clear parts says
// itself what the figure is; of any other, what has the colours of its border, as far as they reach inwards from it, is
// the ground. found is false when that leaves nothing or everything: then the picture is returned whole.
func CutOut(m *image.NRGBA) (drawing *image.NRGBA, found bool) {
	small := image.NewNRGBA(image.Rect(0, 0, figureSide, figureSide))
	draw.Draw(small, small.Rect, square(m, figureSide), image.Point{}, draw.Src)
	inside := fitted(m.Rect, figureSide)
	found = true
	if clearShare(small, inside) < leastClear {
		found = removeGround(small, inside)
	}
	return framed(small), found
}

// fitted is where a picture of such bounds lies in its square.
func fitted(bounds image.Rectangle, side int) image.Rectangle {
	w, h := side, side
	if bounds.Dx() > bounds.Dy() {
		h = max(side*bounds.Dy()/bounds.Dx(), 1)
	} else {
		w = max(side*bounds.Dx()/bounds.Dy(), 1)
	}
	at := image.Pt((side-w)/2, (side-h)/2)
	return image.Rectangle{at, at.Add(image.Pt(w, h))}
}

func clearShare(m *image.NRGBA, in image.Rectangle) float64 {
	n := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if m.Pix[m.PixOffset(x, y)+3] < clearAlpha {
				n++
			}
		}
	}
	return float64(n) / float64(in.Dx()*in.Dy())
}

// removeGround clears what is reached from the border without leaving the border's colours. It changes nothing and
// returns false when hardly anything or nearly everything would go.
func removeGround(m *image.NRGBA, in image.Rectangle) bool {
	ground := flood(m, in)
	left := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if !ground[y*figureSide+x] {
				left++
			}
		}
	}
	share := float64(left) / float64(in.Dx()*in.Dy())
	if share < leastFigure || share > mostFigure {
		return false
	}
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			p := m.Pix[m.PixOffset(x, y):]
			if p = p[:4]; ground[y*figureSide+x] {
				clear(p)
			} else {
				p[3] = uint8(int(p[3]) * softness(ground, x, y) / 9)
			}
		}
	}
	return true
}

// softness is how many of a place and its neighbours belong to the figure.
func softness(ground []bool, x, y int) int {
	n := 0
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			if !at(ground, x+dx, y+dy, figureSide, figureSide) {
				n++
			}
		}
	}
	return n
}

// flood marks what is reached from the border; each place carries the colour of the border it was reached from.
func flood(m *image.NRGBA, in image.Rectangle) []bool {
	type step struct{ at, from int } // places
	ground := make([]bool, figureSide*figureSide)
	var open []step
	reach := func(x, y, from int) {
		i := y*figureSide + x
		if image.Pt(x, y).In(in) && !ground[i] && distance(m.Pix[4*i:], m.Pix[4*from:]) <= alike*alike {
			ground[i] = true
			open = append(open, step{i, from})
		}
	}
	for x := in.Min.X; x < in.Max.X; x++ {
		reach(x, in.Min.Y, in.Min.Y*figureSide+x)
		reach(x, in.Max.Y-1, (in.Max.Y-1)*figureSide+x)
	}
	for y := in.Min.Y; y < in.Max.Y; y++ {
		reach(in.Min.X, y, y*figureSide+in.Min.X)
		reach(in.Max.X-1, y, y*figureSide+in.Max.X-1)
	}
	for len(open) > 0 {
		s := open[0]
		open = open[1:]
		for k := 0; k < 8; k += 2 {
			reach(s.at%figureSide+around[k][0], s.at/figureSide+around[k][1], s.from)
		}
	}
	return ground
}

// distance of two colours, squared.
func distance(p, q []uint8) int {
	sum := 0
	for k := range 3 {
		d := int(p[k]) - int(q[k])
		sum += d * d
	}
	return sum
}

// framed returns the figure alone, as large as its square allows.
func framed(m *image.NRGBA) *image.NRGBA {
	box := image.Rectangle{}
	for y := range figureSide {
		for x := range figureSide {
			if m.Pix[m.PixOffset(x, y)+3] >= clearAlpha/4 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if box.Empty() {
		return m
	}
	figure, ok := m.SubImage(box).(*image.NRGBA)
	if !ok {
		return m // cannot happen: a part of an NRGBA is one
	}
	out := image.NewNRGBA(m.Rect)
	inner := image.Rect(figureEdge, figureEdge, figureSide-figureEdge, figureSide-figureEdge)
	draw.Draw(out, inner, square(figure, inner.Dx()), image.Point{}, draw.Src)
	return out
}

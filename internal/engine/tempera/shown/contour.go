package shown

import (
	"image"
	"math"

	"bottega/internal/engine/tempera/compose"
)

// The rule of tempera/FORMAT.md; tempera/reference.py is the same in Python.
const (
	strongEdge = 0.06  // change a pixel that begins a contour, of 1
	weakEdge   = 0.025 // change a pixel that goes on with one
	blank      = 0.85  // brightness from which paper is blank
	inked      = 0.5   // darkness from which there is a stroke

	leastBlank = 0.7   // share of a line drawing's paper
	leastInk   = 0.002 // share of its strokes
	mostInk    = 0.25
	mostSolid  = 0.3 // share of its ink that is more than four pixels of the grid wide
)

// Contours returns the contours of a part of a picture on a grid, 0 or 1, lines of one pixel: the strokes of a line
// drawing, the edges of anything else.
func Contours(m *image.NRGBA, part image.Rectangle, width, height int) []float32 {
	ink, paper := inkOf(m, part, width, height)
	if lined(ink, paper, width, height) {
		thin(ink, width, height)
		return mapOf(ink)
	}
	return mapOf(Edges(Canvas(m, part, width, height)))
}

func mapOf(lines []bool) []float32 {
	e := make([]float32, len(lines))
	for i, on := range lines {
		if on {
			e[i] = 1
		}
	}
	return e
}

// inkOf marks the cells of the grid that a dark pixel of the picture lies in, and returns which share of the pixels is
// blank. A clear pixel is blank.
func inkOf(m *image.NRGBA, part image.Rectangle, width, height int) (ink []bool, paper float64) {
	ink = make([]bool, width*height)
	blanks, all := 0, 0
	for row := range height {
		y0, y1 := cell(row, height, part.Dy())
		for column := range width {
			x0, x1 := cell(column, width, part.Dx())
			for y := y0; y < y1; y++ {
				at := m.PixOffset(part.Min.X+x0, part.Min.Y+y)
				for x := x0; x < x1; x++ {
					bright := brightness(m.Pix[at : at+4])
					if bright >= blank {
						blanks++
					}
					if 1-bright >= inked {
						ink[row*width+column] = true
					}
					at += 4
					all++
				}
			}
		}
	}
	return ink, float64(blanks) / float64(all)
}

// brightness of a straight pixel on white.
func brightness(p []uint8) float64 {
	a := float64(p[3]) / 255
	return (0.3*float64(p[0])+0.59*float64(p[1])+0.11*float64(p[2]))/255*a + 1 - a
}

// lined reports whether ink on paper is a line drawing: mostly blank, some ink, and that in strokes, not in patches.
func lined(ink []bool, paper float64, width, height int) bool {
	dark, solid := 0, 0
	for i, on := range ink {
		if !on {
			continue
		}
		dark++
		if filled(ink, i%width, i/width, width, height) {
			solid++
		}
	}
	share := float64(dark) / float64(len(ink))
	return paper >= leastBlank && share >= leastInk && share <= mostInk && float64(solid) <= mostSolid*float64(dark)
}

// filled reports whether all within two cells is ink.
func filled(ink []bool, x, y, width, height int) bool {
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			if !at(ink, x+dx, y+dy, width, height) {
				return false
			}
		}
	}
	return true
}

func at(lines []bool, x, y, width, height int) bool {
	return x >= 0 && y >= 0 && x < width && y < height && lines[y*width+x]
}

// around lists the eight neighbours, clockwise from the one above.
var around = [8][2]int{{0, -1}, {1, -1}, {1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}}

// thin wears strokes down to their middle line (Zhang and Suen, "A fast parallel algorithm for thinning digital
// patterns", 1984).
func thin(ink []bool, width, height int) {
	for changed := true; changed; {
		changed = false
		for pass := range 2 {
			var gone []int
			for i, on := range ink {
				if on && worn(ink, i%width, i/width, width, height, pass) {
					gone = append(gone, i)
				}
			}
			for _, i := range gone {
				ink[i] = false
			}
			changed = changed || len(gone) > 0
		}
	}
}

// worn reports whether a pass takes a place away: it is at a border of the stroke and does not hold it together.
func worn(ink []bool, x, y, width, height, pass int) bool {
	var n [8]bool
	count, turns := 0, 0
	for k, d := range around {
		if n[k] = at(ink, x+d[0], y+d[1], width, height); n[k] {
			count++
		}
	}
	for k := range n {
		if !n[k] && n[(k+1)%8] {
			turns++
		}
	}
	if count < 2 || count > 6 || turns != 1 {
		return false
	}
	holds := n[0] && n[2] && n[6] || n[0] && n[4] && n[6]
	if pass == 0 {
		holds = n[0] && n[2] && n[4] || n[2] && n[4] && n[6]
	}
	return !holds
}

// Edges returns where a canvas changes, as lines of one pixel: Canny's steps on the channel that changes most (blur,
// Sobel, only the highest across the line, and weak places only where they go on from strong ones).
func Edges(c *compose.Canvas) []bool {
	w, h := c.Width, c.Height
	gx, gy := gradient(blur(c), w, h)
	size := make([]float64, w*h)
	for i := range size {
		size[i] = math.Sqrt(gx[i]*gx[i] + gy[i]*gy[i])
	}
	kept, open := make([]bool, w*h), []int{}
	lines := make([]bool, w*h)
	for i := range size {
		kept[i] = size[i] >= weakEdge && crest(size, gx[i], gy[i], i%w, i/w, w, h)
		if kept[i] && size[i] >= strongEdge {
			lines[i] = true
			open = append(open, i)
		}
	}
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		for _, d := range around {
			x, y := i%w+d[0], i/w+d[1]
			if at(kept, x, y, w, h) && !lines[y*w+x] {
				lines[y*w+x] = true
				open = append(open, y*w+x)
			}
		}
	}
	return lines
}

// crest reports whether no neighbour across the line is higher; of two equal ones the second is taken.
func crest(size []float64, gx, gy float64, x, y, w, h int) bool {
	const flat = 0.41421356237309503 // tan 22.5°
	dx, dy := 1, 1
	switch ax, ay := math.Abs(gx), math.Abs(gy); {
	case ay <= flat*ax:
		dy = 0
	case ax <= flat*ay:
		dx = 0
	case gx*gy < 0:
		dy = -1
	}
	value := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= w || y >= h {
			return 0
		}
		return size[y*w+x]
	}
	here := size[y*w+x]
	return here >= value(x-dx, y-dy) && here > value(x+dx, y+dy)
}

// Weights of a Gaussian of one pixel.
var bell = [3]float64{0.4026, 0.2442, 0.0545}

// blur returns the canvas blurred by one pixel, first along rows, then along columns; its edge is repeated outwards.
func blur(c *compose.Canvas) [][4]float64 {
	w, h := c.Width, c.Height
	across, both := make([][4]float64, w*h), make([][4]float64, w*h)
	for i := range across {
		x, row := i%w, i/w*w
		for k := range 4 {
			v := bell[0] * c.Pix[i][k]
			for d := 1; d <= 2; d++ {
				v += bell[d] * (c.Pix[row+max(x-d, 0)][k] + c.Pix[row+min(x+d, w-1)][k])
			}
			across[i][k] = v
		}
	}
	for i := range both {
		x, y := i%w, i/w
		for k := range 4 {
			v := bell[0] * across[i][k]
			for d := 1; d <= 2; d++ {
				v += bell[d] * (across[max(y-d, 0)*w+x][k] + across[min(y+d, h-1)*w+x][k])
			}
			both[i][k] = v
		}
	}
	return both
}

// gradient returns Sobel's derivatives a pixel of the channel that changes most at each place.
func gradient(p [][4]float64, w, h int) (gx, gy []float64) {
	gx, gy = make([]float64, w*h), make([]float64, w*h)
	for i := range gx {
		x, y := i%w, i/w
		left, right := max(x-1, 0), min(x+1, w-1)
		up, here, down := max(y-1, 0)*w, y*w, min(y+1, h-1)*w
		best := -1.0
		for k := range 4 {
			dx := (p[up+right][k] - p[up+left][k] + 2*(p[here+right][k]-p[here+left][k]) + p[down+right][k] - p[down+left][k]) / 8
			dy := (p[down+left][k] - p[up+left][k] + 2*(p[down+x][k]-p[up+x][k]) + p[down+right][k] - p[up+right][k]) / 8
			if s := dx*dx + dy*dy; s > best+1e-12 {
				best, gx[i], gy[i] = s, dx, dy
			}
		}
	}
	return gx, gy
}

package shown

import (
	"image"
	"math"

	"bottega/internal/engine/tempera/compose"
)

// The rule of tempera/FORMAT.md; tempera/reference.py is the same in Python.
const (
	noContour   = 0.12 // strength of a change that is no contour yet
	fullContour = 0.3  // and of one that is a full one
	alikeEnough = 1e-6 // two strengths that differ by less are equal, in whatever order they were added up
	blank       = 0.85 // brightness from which paper is blank
	inked       = 0.5  // darkness from which there is a stroke

	leastBlank = 0.7   // share of a line drawing's paper
	leastInk   = 0.002 // share of its strokes
	mostInk    = 0.25
	mostSolid  = 0.3 // share of its ink that is more than four pixels of the grid wide
)

// Contours returns the contours of a part of a picture on a grid, 0 … 1, in lines about a pixel wide: the strokes of a
// line drawing, the edges of anything else.
func Contours(m *image.NRGBA, part image.Rectangle, width, height int) []float32 {
	ink, paper := inkOf(m, part, width, height)
	if lined(ink, paper, width, height) {
		thin(ink, width, height)
		return mapOf(ink)
	}
	return Edges(Canvas(m, part, width, height))
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

// weights of the planes in a change: the alpha counts half.
var weights = [4]float64{0.5, 0.5, 0.5, 0.25}

// Edges returns how sure it is that a contour passes a place, 0 … 1, by the rule of training: the planes are blurred by
// the 3 × 3 binomial, the strength is the root of the summed squares of their central differences, and only places that
// are not weaker than their two neighbours across the contour count.
func Edges(c *compose.Canvas) []float32 {
	w, h := c.Width, c.Height
	p := blurred(c)
	dx, dy, strength := make([]float64, w*h), make([]float64, w*h), make([]float64, w*h)
	for i := range strength {
		x, y := i%w, i/w
		left, right := &p[y*w+max(x-1, 0)], &p[y*w+min(x+1, w-1)]
		up, down := &p[max(y-1, 0)*w+x], &p[min(y+1, h-1)*w+x]
		for k := range 4 {
			dx[i] += (right[k] - left[k]) * (right[k] - left[k])
			dy[i] += (down[k] - up[k]) * (down[k] - up[k])
		}
		strength[i] = math.Sqrt(dx[i] + dy[i])
	}
	value := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= w || y >= h {
			return 0
		}
		return strength[y*w+x]
	}
	e := make([]float32, w*h)
	for i, s := range strength {
		x, y := i%w, i/w
		across := max(value(x, y-1), value(x, y+1))
		if dx[i] > dy[i] {
			across = max(value(x-1, y), value(x+1, y))
		}
		if s >= across-alikeEnough {
			e[i] = float32(min(max((s-noContour)/(fullContour-noContour), 0), 1))
		}
	}
	return e
}

// blurred returns the canvas as weighted planes (2p − a, 2a − 1), blurred along rows, then along columns; the edge is
// repeated outwards.
func blurred(c *compose.Canvas) [][4]float64 {
	w, h := c.Width, c.Height
	planes, across, both := make([][4]float64, w*h), make([][4]float64, w*h), make([][4]float64, w*h)
	for i, p := range c.Pix {
		for k := range 3 {
			planes[i][k] = (2*p[k] - p[3]) * weights[k]
		}
		planes[i][3] = (2*p[3] - 1) * weights[3]
	}
	for i := range across {
		x, row := i%w, i/w*w
		for k := range 4 {
			across[i][k] = 0.25*planes[row+max(x-1, 0)][k] + 0.5*planes[i][k] + 0.25*planes[row+min(x+1, w-1)][k]
		}
	}
	for i := range both {
		x, y := i%w, i/w
		for k := range 4 {
			both[i][k] = 0.25*across[max(y-1, 0)*w+x][k] + 0.5*across[i][k] + 0.25*across[min(y+1, h-1)*w+x][k]
		}
	}
	return both
}

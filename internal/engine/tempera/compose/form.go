package compose

import (
	"math"
	"math/bits"
)

const (
	cells       = 32   // a side of a drawing's mask
	frontal     = 0.75 // share of the cells in common with the mirror image, of what looks out of the picture
	seen        = 64   // alpha from which a pixel counts
	mostRotated = 46   // cells of a turned drawing's mask
)

// form is what is seen of a drawing, around its centre, in its sides.
type form struct {
	box     [4]float64 // x0, y0, x1, y1
	head    [2]float64 // middle of its head's top
	frontal bool       // it is much the same on both sides, so it looks out of the picture
	rows    []uint64   // bits of the cells that are not empty; bit 1 is the leftmost
}

func (s *form) longest() float64 { return max(s.box[2]-s.box[0], s.box[3]-s.box[1]) }

// block is the mask of a box of so many cells.
func block(width, height int) []uint64 {
	rows := make([]uint64, height)
	for y := range rows {
		rows[y] = 2<<width - 2
	}
	return rows
}

// form looks at the drawing, mirrored and then turned.
func (d *drawing) form(flip bool, turn float64) form {
	full := &d.levels[0]
	n := full.n
	x0, y0, x1, y1 := n, n, -1, -1
	rows := make([]uint64, cells)
	for y := range n {
		for x := range n {
			if full.pix[4*(y*n+x)+3] < seen {
				continue
			}
			at := x
			if flip {
				at = n - 1 - x
			}
			x0, y0, x1, y1 = min(x0, at), min(y0, y), max(x1, at), max(y1, y)
			rows[y*cells/n] |= 2 << (at * cells / n)
		}
	}
	if x1 < 0 {
		return form{[4]float64{-0.5, -0.5, 0.5, 0.5}, [2]float64{0, -0.5}, true, block(cells, cells)}
	}
	share := func(v int) float64 { return float64(v)/float64(n) - 0.5 }
	s := form{box: [4]float64{share(x0), share(y0), share(x1 + 1), share(y1 + 1)}, rows: rows}
	if turn != 0 {
		return s.turned(turn)
	}
	s.findHead(flip)
	return s
}

// turned knows of a turned drawing only the box around it.
func (s *form) turned(turn float64) form {
	sin, cos := math.Sincos(turn)
	b := [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for corner := range 4 {
		x, y := s.box[corner&1*2], s.box[1+corner>>1*2]
		u, v := cos*x-sin*y, sin*x+cos*y
		b = [4]float64{min(b[0], u), min(b[1], v), max(b[2], u), max(b[3], v)}
	}
	count := func(v float64) int { return min(int(math.Ceil(v*cells-1e-6)), mostRotated) }
	return form{b, [2]float64{(b[0] + b[2]) / 2, b[1]}, true, block(count(b[2]-b[0]), count(b[3]-b[1]))}
}

// findHead finds where the head's top is. Of a drawing that is not the same on both sides the half it looks to has the
// head: the left one, unless it is mirrored.
func (s *form) findHead(flip bool) {
	left, right, all, both := cells, -1, 0, 0
	for _, row := range s.rows {
		if row != 0 {
			left, right = min(left, bits.TrailingZeros64(row)-1), max(right, bits.Len64(row)-2)
		}
		all += bits.OnesCount64(row)
	}
	has := func(x, y int) bool { return s.rows[y]>>(x+1)&1 == 1 }
	for y := range s.rows {
		for x := left; x <= right; x++ {
			if has(x, y) && has(left+right-x, y) {
				both++
			}
		}
	}
	s.frontal = float64(both) >= frontal*float64(2*all-both)
	counts := func(x, y int) bool {
		ahead := 2*x <= left+right
		if flip {
			ahead = 2*x >= left+right
		}
		return has(x, y) && (s.frontal || ahead)
	}
	top, low := cells, -1
	for y := range s.rows {
		for x := left; x <= right; x++ {
			if counts(x, y) {
				top, low = min(top, y), max(low, y)
			}
		}
	}
	sum, n := 0, 0
	for y := top; y < top+max(1, (low-top+1)/5); y++ {
		for x := left; x <= right; x++ {
			if counts(x, y) {
				sum, n = sum+x, n+1
			}
		}
	}
	s.head = [2]float64{(float64(sum)/float64(n)+0.5)/cells - 0.5, float64(top)/cells - 0.5}
}

// brim returns how far below the box's top the drawing is wide, in its sides: a spoon may stand out of a bowl.
func (s *form) brim() float64 {
	wide, first := 0, -1
	for y, row := range s.rows {
		if row != 0 && first < 0 {
			first = y
		}
		wide = max(wide, bits.OnesCount64(row))
	}
	y := first
	for 10*bits.OnesCount64(s.rows[y]) < 6*wide {
		y++
	}
	return float64(y-first) / cells
}

// spacing says how near two of the same drawing may come, in cells: two free ones stay between them,
// for the painter may add some.
type spacing struct {
	rows, grown  []uint64 // grown by a cell on all sides, from row -1
	width        int
	across, down int // from one to the next, from one row to the next
	between      int // to a row that is shifted by half a step
}

func newSpacing(rows []uint64) *spacing {
	n := len(rows)
	s := &spacing{rows: rows, grown: make([]uint64, n+2)}
	for y, row := range rows {
		wide := row | row<<1 | row>>1
		for k := range 3 {
			s.grown[y+k] |= wide
		}
		s.width = max(s.width, bits.Len64(row))
	}
	s.across = nearest(func(d int) bool { return s.touch(d, 0) }, s.width)
	s.across += s.across % 2 // so that half a step is whole cells
	s.down = s.below(0)
	s.between = max(s.below(s.across/2), (s.down+1)/2)
	return s
}

// below returns how far down a row may be that is shifted sideways.
func (s *spacing) below(shift int) int {
	return nearest(func(d int) bool {
		for at := shift - s.width/s.across*s.across; at < s.width; at += s.across {
			if s.touch(at, d) {
				return true
			}
		}
		return false
	}, len(s.rows)+1)
}

// touch reports whether the drawing touches itself when shifted by so many cells; down is not negative.
func (s *spacing) touch(across, down int) bool {
	for y, row := range s.rows {
		at := y + down + 1
		if at >= len(s.grown) {
			break
		}
		if across >= 0 && row<<across&s.grown[at] != 0 || across < 0 && row&(s.grown[at]<<-across) != 0 {
			return true
		}
	}
	return false
}

// nearest returns one more than the smallest distance beyond which nothing touches.
func nearest(touch func(int) bool, most int) int {
	for most > 1 && !touch(most-1) {
		most--
	}
	return most + 1
}

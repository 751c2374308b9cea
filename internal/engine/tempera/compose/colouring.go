package compose

import (
	"fmt"
	"math"
)

// Colours for glyphs, which their set draws in black: tempera/colouring.py is the same rule in Python. A glyph is a shape
// in one colour whose details are gaps. Narrow gaps become dark lines, small holes are filled pale, the largest part and
// those nearly as large get the body's colour and small parts the second one.
const (
	gapShare  = 0.024 // of the side: gaps up to twice as wide are lines
	tinyHole  = 0.003 // of the picture: a hole up to this large is a dot of ink
	smallHole = 0.1   // and one up to this large is filled
	largePart = 0.35  // of the largest part: one from this on has the body's colour
	inked     = 0.72  // how far the lines are from the body's colour to ink
	lightTop  = 0.16  // of a shaded glyph, at its head
	darkFoot  = 0.2   // and at its foot
)

var ink = rgb{0.10, 0.09, 0.16}

// blackStyles are the asked styles in which a glyph stays black.
var blackStyles = map[string]bool{"ink": true, "game-icon": true, "silhouette": true}

// colouring is what a glyph is coloured with.
type colouring struct{ body, second, pale rgb }

// parsePaint reads three colours, "RRGGBB RRGGBB RRGGBB": the body's, the second and the pale one.
func parsePaint(text string) (*colouring, error) {
	var codes [3]uint32
	if n, err := fmt.Sscanf(text, "%06X %06X %06X", &codes[0], &codes[1], &codes[2]); err != nil || n != 3 || len(text) != 20 {
		return nil, fmt.Errorf("paint %q is not three colours RRGGBB", text)
	}
	return &colouring{hex(codes[0]), hex(codes[1]), hex(codes[2])}, nil
}

// paint is what the seed colours a drawing with for a picture in the asked style; "" for what keeps its own colours.
func (e *Entry) paint(asked string, seed int64) string {
	if len(e.Paints) == 0 || blackStyles[asked] {
		return ""
	}
	return e.Paints[newDice(seed, paintStream).pick(len(e.Paints))]
}

// oneColour is the paint of a glyph that is to be of one colour.
func oneColour(c [3]int) string {
	var body rgb
	bright := 0.0
	for k, v := range c {
		body[k] = float64(v) / 255
		bright += luma[k] * body[k]
	}
	second := body.mix(rgb{}, 0.35)
	if bright < 0.5 {
		second = body.mix(rgb{1, 1, 1}, 0.4)
	}
	return body.hex() + " " + second.hex() + " " + body.mix(rgb{1, 1, 1}, 0.8).hex()
}

func (c rgb) hex() string {
	return fmt.Sprintf("%02X%02X%02X", int(c[0]*255+0.5), int(c[1]*255+0.5), int(c[2]*255+0.5))
}

// coloured returns the glyph in these colours, at one size.
func (l level) coloured(p *colouring, shaded bool) level {
	n := l.n
	alpha, solid := make([]float64, n*n), make([]bool, n*n)
	for i := range alpha {
		alpha[i] = float64(l.pix[4*i+3]) / 255
		solid[i] = alpha[i] >= 0.5
	}
	shape := closed(alpha, n, max(1, int(math.RoundToEven(gapShare*float64(n)))))
	tiny, small := holes(shape, n)
	second := widened(smallParts(solid, n), n)
	lines := p.body.mix(ink, inked)
	out := make([][4]float64, n*n)
	for i := range out {
		out[i] = over(out[i], p.pale, share(small[i]))
		out[i] = over(out[i], lines, max(shape[i], share(tiny[i])))
		tone := p.body
		if second[i] {
			tone = p.second
		}
		out[i] = over(out[i], tone, alpha[i])
	}
	if shaded {
		shade(out, n)
	}
	painted := level{n, make([]uint8, 4*n*n)}
	for i, q := range out {
		for k, v := range q {
			painted.pix[4*i+k] = uint8(v*255 + 0.5)
		}
	}
	return painted
}

func share(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// over paints a colour over a premultiplied pixel.
func over(p [4]float64, c rgb, cover float64) [4]float64 {
	for k := range c {
		p[k] = c[k]*cover + p[k]*(1-cover)
	}
	p[3] = cover + p[3]*(1-cover)
	return p
}

// within returns the steps to the places within reach, the middle included.
func within(reach int) [][2]int {
	var places [][2]int
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			if dx*dx+dy*dy <= reach*reach {
				places = append(places, [2]int{dx, dy})
			}
		}
	}
	return places
}

// closed returns an alpha with gaps up to twice the reach filled: the largest within reach, then the least of those.
// Beyond the edge it is clear.
func closed(alpha []float64, n, reach int) []float64 {
	places := within(reach)
	wide, m := make([]float64, (n+2*reach)*(n+2*reach)), n+2*reach
	for i := range wide {
		x, y := i%m-reach, i/m-reach
		for _, d := range places {
			if u, v := x+d[0], y+d[1]; u >= 0 && v >= 0 && u < n && v < n {
				wide[i] = max(wide[i], alpha[v*n+u])
			}
		}
	}
	out := make([]float64, n*n)
	for i := range out {
		least := 1.0
		for _, d := range places {
			least = min(least, wide[(i/n+reach+d[1])*m+i%n+reach+d[0]])
		}
		out[i] = max(least, alpha[i])
	}
	return out
}

// parts labels connected places, along rows and columns, -1 elsewhere, and returns each part's size, in reading order.
func parts(on []bool, n int) (label, sizes []int) {
	label = make([]int, len(on))
	for i := range label {
		label[i] = -1
	}
	var open []int
	for i := range on {
		if !on[i] || label[i] >= 0 {
			continue
		}
		label[i], open = len(sizes), append(open[:0], i)
		size := 0
		for ; size < len(open); size++ {
			x, y := open[size]%n, open[size]/n
			for _, d := range [4][2]int{{0, -1}, {1, 0}, {0, 1}, {-1, 0}} {
				u, v := x+d[0], y+d[1]
				if u < 0 || v < 0 || u >= n || v >= n || !on[v*n+u] || label[v*n+u] >= 0 {
					continue
				}
				label[v*n+u] = len(sizes)
				open = append(open, v*n+u)
			}
		}
		sizes = append(sizes, size)
	}
	return label, sizes
}

// holes marks the tiny and the small holes of a shape that do not reach the picture's edge.
func holes(shape []float64, n int) (tiny, small []bool) {
	gaps := make([]bool, n*n)
	for i, a := range shape {
		gaps[i] = a < 0.5
	}
	label, sizes := parts(gaps, n)
	open := make([]bool, len(sizes))
	for i, k := range label {
		if x, y := i%n, i/n; k >= 0 && (x == 0 || y == 0 || x == n-1 || y == n-1) {
			open[k] = true
		}
	}
	tiny, small = make([]bool, n*n), make([]bool, n*n)
	for i, k := range label {
		if k < 0 || open[k] {
			continue
		}
		size := float64(sizes[k]) / float64(n*n)
		tiny[i], small[i] = size <= tinyHole, size > tinyHole && size <= smallHole
	}
	return widened(tiny, n), widened(small, n)
}

// smallParts marks the parts that are not nearly as large as the largest.
func smallParts(solid []bool, n int) []bool {
	label, sizes := parts(solid, n)
	largest := 0
	for _, size := range sizes {
		largest = max(largest, size)
	}
	small := make([]bool, n*n)
	for i, k := range label {
		small[i] = k >= 0 && float64(sizes[k]) < largePart*float64(largest)
	}
	return small
}

// widened marks what is marked and what is within two places of it.
func widened(marked []bool, n int) []bool {
	places, out := within(2), make([]bool, n*n)
	for i, on := range marked {
		if !on {
			continue
		}
		for _, d := range places {
			if u, v := i%n+d[0], i/n+d[1]; u >= 0 && v >= 0 && u < n && v < n {
				out[v*n+u] = true
			}
		}
	}
	return out
}

// shade makes a figure lighter at its head and darker at its foot.
func shade(pix [][4]float64, n int) {
	head, foot := n, -1
	for i, p := range pix {
		if p[3] >= 0.5 {
			head, foot = min(head, i/n), max(foot, i/n)
		}
	}
	if foot < 0 {
		return
	}
	for i := range pix {
		at := clip(float64(i/n-head)/float64(max(foot-head, 1)), 0, 1)
		light, dark := lightTop*clip(1-2*at, 0, 1), darkFoot*clip(2*at-1, 0, 1)
		p := &pix[i]
		for k := range 3 {
			p[k] = (p[k] + (p[3]-p[k])*light) * (1 - dark)
		}
	}
}

package compose

import "math"

// Drawings of other hands brought nearer to two line styles before they are composed: tempera/outlining.py is the same rule
// in Python. The painter keeps most of what it looks at, and a coloured drawing without outlines stays one. So where the
// library has no drawing of the asked hand, ink gets black contours and black dark parts, kawaii (in its colours,
// palettes.go) a dark outline and a shadow to stand on.
var outlines = map[string]outline{
	"ink":    {rim: 0.045, line: 0.019, draw: inInk},
	"kawaii": {rim: 0.02, line: 0.012, draw: kawaii},
}

type outline struct {
	rim  float64 // of the side: width of the outline inside the shape
	line float64 // of the side: reach of the lines where colours meet
	draw func(p [][4]float64, n int, lines plane)
}

const (
	faintLine, fullLine   = 0.25, 0.45 // difference of colour that is no line yet, and that is a full one
	darkPart, darkestPart = 0.38, 0.32 // brightness from which ink fills a part, and where it does wholly
	shadowDark            = 0.15
	shadowWidth           = 0.38  // half of it, in shares of the figure's width
	shadowHeight          = 0.025 // half of it, in shares of the side
)

var (
	inkBlack, outlineDark = rgb{0.11, 0.11, 0.12}, rgb{69. / 255, 65. / 255, 60. / 255}
	differs               = rgb{0.55, 0.75, 0.45} // how much red, green and blue say in a difference
)

// outlined says in which line style a drawing that is not rendered has to be outlined for a picture in the asked style; "" for none. In kawaii a
// glyph has been coloured before. What is stored as a black shape is outlined too, and gets the black of the hands that draw
// such: it is not quite black.
func (e *Entry) outlined(asked, rendering string) string {
	if rendering != "" {
		return ""
	}
	if asked == "ink" || asked == "game-icon" && len(e.Paints) > 0 {
		return "ink"
	}
	if _, ok := outlines[asked]; ok && e.Style != asked {
		return asked
	}
	return ""
}

// outlined returns the drawing as a line style would have it.
func (l level) outlined(style string) level {
	n, how := l.n, outlines[style]
	p, planes := make([][4]float64, l.n*l.n), [4]plane{}
	for k := range planes {
		planes[k] = make(plane, n*n)
		for i := range p {
			p[i][k] = float64(l.pix[4*i+k]) / 255
			planes[k][i] = p[i][k]
		}
	}
	reach := func(share float64) int { return max(1, int(math.RoundToEven(share*float64(n)))) }
	inner := least(planes[3], n, reach(how.rim))
	lines := make(plane, n*n)
	for k := range 3 {
		high, low := largest(planes[k], n, reach(how.line)), least(planes[k], n, reach(how.line))
		for i := range lines {
			d := (high[i] - low[i]) * differs[k]
			lines[i] += d * d
		}
	}
	for i, v := range lines {
		alpha := p[i][3]
		lines[i] = max(alpha-inner[i], clip((math.Sqrt(v)-faintLine)/(fullLine-faintLine), 0, 1)*alpha)
	}
	how.draw(p, n, lines)
	out := level{n, make([]uint8, 4*n*n)}
	for i := range p {
		for k, v := range p[i] {
			out.pix[4*i+k] = uint8(v*255 + 0.5)
		}
	}
	return out
}

func inInk(p [][4]float64, _ int, lines plane) {
	for i := range p {
		bright := 0.0
		for k := range luma {
			bright += luma[k] * p[i][k] / max(p[i][3], 1e-3)
		}
		cover := max(lines[i], clip((darkPart-bright)/(darkPart-darkestPart), 0, 1)*p[i][3])
		p[i] = over([4]float64{}, inkBlack, cover)
	}
}

func kawaii(p [][4]float64, n int, lines plane) {
	under := shadow(p, n)
	for i := range p {
		q := &p[i]
		alpha := q[3]
		for k, dark := range outlineDark {
			q[k] += (dark*alpha - q[k]) * lines[i]
		}
		q[3] += under[i] * (1 - alpha)
	}
}

// shadow is how dark the ground is under a figure's foot.
func shadow(p [][4]float64, n int) plane {
	out := make(plane, n*n)
	left, right, foot := n, -1, -1
	for i := range p {
		if p[i][3] >= 0.5 {
			left, right, foot = min(left, i%n), max(right, i%n), max(foot, i/n)
		}
	}
	if foot < 0 {
		return out
	}
	wide, high := shadowWidth*float64(right-left+1), shadowHeight*float64(n)
	for i := range out {
		off := math.Hypot((float64(i%n)-float64(left+right)/2)/wide, float64(i/n-foot)/high)
		out[i] = shadowDark * clip((1-off)*high+0.5, 0, 1)
	}
	return out
}

// largest and least of n × n values within reach; beyond the edge they are 0.
func largest(p plane, n, reach int) plane {
	return gathered(p, n, reach, func(a, b float64) float64 { return max(a, b) })
}

func least(p plane, n, reach int) plane {
	return gathered(p, n, reach, func(a, b float64) float64 { return min(a, b) })
}

func gathered(p plane, n, reach int, how func(a, b float64) float64) plane {
	out, places := make(plane, n*n), within(reach)
	for i := range out {
		out[i] = p[i]
		for _, d := range places {
			v := 0.0
			if x, y := i%n+d[0], i/n+d[1]; x >= 0 && y >= 0 && x < n && y < n {
				v = p[y*n+x]
			}
			out[i] = how(out[i], v)
		}
	}
	return out
}

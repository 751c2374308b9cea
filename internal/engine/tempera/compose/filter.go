package compose

import "math"

// Programmatic styles: rules on pixels, those of tempera/filters.py, by which the network's training pictures were made. A
// composition that went through its style's rule looks as the picture should, so that the network has to keep it and not
// to invent it. Lengths follow the picture: a unit is a 64th of its shorter side.
var filters = map[string]func(*filtering){
	"sticker": sticker, "pixel": pixelArt, "blueprint": blueprint, "neon": neon, "sketch": sketch, "chalk": chalk,
	"halftone": halftone, "mosaic": mosaic, "silhouette": silhouette, "gold": gold, "papercut": paperCut, "stitch": stitch,
}

// Celled reports whether a style is one of square cells, for which a network is too soft: what is painted goes through its rule
// again, which leaves alone what has it already.
func Celled(style string) bool { return style == "pixel" || style == "mosaic" }

// HardEdged reports whether a style is one of hard edges, which a network blurs.
func HardEdged(style string) bool { return Celled(style) || style == "papercut" }

// Filtered reports whether a style is a rule on pixels.
func Filtered(style string) bool { return filters[style] != nil }

// Filter brings a canvas into a programmatic style, in place; any other style leaves it as it is. A canvas that repeats
// still does.
func Filter(c *Canvas, style string, tile bool) {
	rule := filters[style]
	if rule == nil {
		return
	}
	f := &filtering{Canvas: c, u: unit(c)}
	if !tile {
		rule(f)
		return
	}
	// Seen with a margin of its opposite sides; its width is one of whole cells and periods.
	m := 24 * f.u
	f.Canvas = NewCanvas(c.Width+2*m, c.Height+2*m)
	for i := range f.Pix {
		f.Pix[i] = c.Pix[wrap(i/f.Width-m, c.Height)*c.Width+wrap(i%f.Width-m, c.Width)]
	}
	rule(f)
	for i := range c.Pix {
		c.Pix[i] = f.Pix[(i/c.Width+m)*f.Width+i%c.Width+m]
	}
}

func unit(c *Canvas) int { return max(1, int(math.RoundToEven(float64(min(c.Width, c.Height))/64))) }

// filtering is a canvas on its way through a rule.
type filtering struct {
	*Canvas
	u int // pixels of a unit
}

// plane is one number for each pixel.
type plane []float64

// planeOf works a plane out, pixel by pixel.
func (f *filtering) planeOf(value func(p *[4]float64) float64) plane {
	out := make(plane, len(f.Pix))
	for i := range f.Pix {
		out[i] = value(&f.Pix[i])
	}
	return out
}

func (f *filtering) channel(k int) plane {
	return f.planeOf(func(p *[4]float64) float64 { return p[k] })
}

// tone is how bright a pixel is on white.
func tone(p *[4]float64) float64 { return luma[0]*p[0] + luma[1]*p[1] + luma[2]*p[2] + 1 - p[3] }

// along gathers windows of 2·reach+1 places along rows, then along columns; gather sees what lies inside the picture.
func (f *filtering) along(p plane, reach int, gather func(window plane) float64) plane {
	rows, out := make(plane, len(p)), make(plane, len(p))
	for i := range p {
		x, row := i%f.Width, i/f.Width*f.Width
		rows[i] = gather(p[row+max(x-reach, 0) : row+min(x+reach, f.Width-1)+1])
	}
	column, done := make(plane, f.Height), make(plane, f.Height)
	for x := range f.Width {
		for y := range column {
			column[y] = rows[y*f.Width+x]
		}
		for y := range done {
			done[y] = gather(column[max(y-reach, 0) : min(y+reach, f.Height-1)+1])
		}
		for y, v := range done {
			out[y*f.Width+x] = v
		}
	}
	return out
}

// blur takes the mean within reach.
func (f *filtering) blur(p plane, reach int) plane {
	return f.along(p, reach, func(window plane) float64 {
		sum := 0.0
		for _, v := range window {
			sum += v
		}
		return sum / float64(len(window))
	})
}

// widen takes the most within reach.
func (f *filtering) widen(p plane, reach int) plane {
	return f.along(p, reach, func(window plane) float64 {
		most := window[0]
		for _, v := range window[1:] {
			most = max(most, v)
		}
		return most
	})
}

// moved is a plane shifted a unit right and down; what leaves on one side enters on the other.
func (f *filtering) moved(p plane) plane {
	out := make(plane, len(p))
	for i := range out {
		out[i] = p[wrap(i/f.Width-f.u, f.Height)*f.Width+wrap(i%f.Width-f.u, f.Width)]
	}
	return out
}

// edges is how strong a contour of colour and alpha is, 0 … 1, a unit wide.
func (f *filtering) edges() plane {
	out := make(plane, len(f.Pix))
	for k, weight := range [4]float64{luma[0], luma[1], luma[2], 0.6} {
		p := f.channel(k)
		if f.u > 1 {
			p = f.blur(p, f.u/2)
		}
		for i := range out {
			x, y := i%f.Width, i/f.Width
			row := y * f.Width
			dx := p[row+min(x+f.u, f.Width-1)] - p[row+max(x-f.u, 0)]
			dy := p[min(y+f.u, f.Height-1)*f.Width+x] - p[max(y-f.u, 0)*f.Width+x]
			out[i] += weight * (math.Abs(dx) + math.Abs(dy))
		}
	}
	for i, v := range out {
		out[i] = clip(v*2-0.15, 0, 1)
	}
	return out
}

// cells is the mean of the square of size pixels that each pixel lies in; squares at the right and lower edge are cut off. heard
// says how much a pixel counts; nil: as any other.
func (f *filtering) cells(size int, heard func(x, y int) float64) [][4]float64 {
	columns := (f.Width + size - 1) / size
	sums := make([][5]float64, columns*((f.Height+size-1)/size))
	at := func(i int) *[5]float64 { return &sums[i/f.Width/size*columns+i%f.Width/size] }
	for i, p := range f.Pix {
		s, much := at(i), 1.0
		if heard != nil {
			much = heard(i%f.Width, i/f.Width)
		}
		for k, v := range p {
			s[k] += v * much
		}
		s[4] += much
	}
	out := make([][4]float64, len(f.Pix))
	for i := range out {
		s := at(i)
		for k := range out[i] {
			out[i][k] = s[k] / s[4]
		}
	}
	return out
}

// opaque covers a pixel with a colour.
func opaque(c rgb) [4]float64 {
	return [4]float64{clip(c[0], 0, 1), clip(c[1], 0, 1), clip(c[2], 0, 1), 1}
}

// straightOf is a pixel's colour without its alpha, and whether it is more solid than not.
func straightOf(p *[4]float64) (c rgb, solid float64) {
	for k := range c {
		c[k] = p[k] / max(p[3], 1e-3)
	}
	return c, share(p[3] > 0.5)
}

func pixelArt(f *filtering) {
	for i, p := range f.cells(2*f.u, nil) {
		c, solid := straightOf(&p)
		for k := range c {
			f.Pix[i][k] = math.RoundToEven(c[k]*7) / 7 * solid
		}
		f.Pix[i][3] = solid
	}
}

// sticker puts a white rim around the shape; pictures that fill their canvas stay as they are.
func sticker(f *filtering) {
	rim := f.blur(f.widen(f.channel(3), 2*f.u), 1)
	for i := range f.Pix {
		p := &f.Pix[i]
		r := max(rim[i], p[3])
		for k := range 3 {
			p[k] += r * (1 - p[3])
		}
		p[3] = r
	}
}

func blueprint(f *filtering) {
	lines := f.edges()
	for i := range f.Pix {
		p := &f.Pix[i]
		c, shade := rgb{0.09, 0.27, 0.56}, 0.1*(tone(p)-0.8)*p[3]
		for k := range c {
			c[k] += shade
		}
		*p = opaque(c.mix(rgb{0.96, 0.96, 0.96}, lines[i]))
	}
}

func neon(f *filtering) {
	lines := f.edges()
	glow := f.blur(f.blur(lines, 2*f.u), 2*f.u)
	var vivid [3]plane
	for k := range vivid {
		vivid[k] = f.widen(f.planeOf(func(p *[4]float64) float64 { return p[k] / max(p[0], p[1], p[2], 0.15) }), 2*f.u)
	}
	for i := range f.Pix {
		c := rgb{0.05, 0.03, 0.11}
		for k := range c {
			c[k] += 0.1*f.Pix[i][k] + vivid[k][i]*(glow[i]*1.6*0.6+lines[i]*0.9)
		}
		f.Pix[i] = opaque(c)
	}
}

// sketch is graphite on white paper: contours, and hatching where it is dark.
func sketch(f *filtering) {
	lines, period := f.edges(), 3*f.u
	for i := range f.Pix {
		p := &f.Pix[i]
		hatch := share((i%f.Width+i/f.Width)%period < max(1, period/3))
		dark := clip(0.62-tone(p), 0, 1) * 1.3 * p[3]
		v := 0.985 - 0.8*max(lines[i]*0.85, dark*(0.35+0.65*hatch))
		*p = opaque(rgb{v, v, v})
	}
}

// chalk is broken lines and a thin rubbed fill on a green board.
func chalk(f *filtering) {
	lines, board := f.edges(), rgb{0.13, 0.22, 0.18}
	for i := range f.Pix {
		x, y := i%f.Width, i/f.Width
		grain := share((x*7+y*13+x*y%11)%5 > 1)*0.5 + 0.5
		c := board
		for k := range c {
			c[k] += 0.25*f.Pix[i][k]*grain + (0.95-board[k])*lines[i]*grain
		}
		f.Pix[i] = opaque(c)
	}
}

// halftone is dots of the shape's own colour, larger where it is dark, on cream.
func halftone(f *filtering) {
	size := 2 * f.u
	middle := float64(size-1) / 2
	for i, p := range f.cells(size, nil) {
		c, _ := straightOf(&p)
		far := math.Hypot(float64(i%f.Width%size)-middle, float64(i/f.Width%size)-middle) / (float64(size) * 0.72)
		radius := math.Sqrt(clip(1.25-tone(&p), 0.25, 1)) * p[3]
		dot := clip((radius-far)*float64(size)*0.6+0.5, 0, 1)
		cream := rgb{0.98, 0.95, 0.88}
		for k := range c {
			c[k] = cream[k] + (c[k]*0.92-cream[k])*dot
		}
		f.Pix[i] = opaque(c)
	}
}

// mosaic is square tiles in grey mortar.
func mosaic(f *filtering) {
	size := 3 * f.u
	thin := max(1, size/6)
	covered := func(x, y int) float64 { return share(x%size < thin || y%size < thin) }
	tiles := f.cells(size, func(x, y int) float64 { return 1 - 0.999*covered(x, y) })
	for i, p := range tiles {
		c, solid := straightOf(&p)
		mortar := covered(i%f.Width, i/f.Width) * solid
		for k := range c {
			f.Pix[i][k] = c[k]*solid + (0.72-c[k]*solid)*mortar
		}
		f.Pix[i][3] = solid
	}
}

// silhouette is a dark shape; a picture that fills its canvas keeps its brightness in three steps.
func silhouette(f *filtering) {
	least := 1.0
	for _, p := range f.Pix {
		least = min(least, p[3])
	}
	dark, full := rgb{0.09, 0.1, 0.16}, share(least > 0.5)
	for i := range f.Pix {
		p := &f.Pix[i]
		step := math.Floor(tone(p)*2.99) / 2
		for k := range dark {
			p[k] = (dark[k] + full*(0.9-dark[k])*step) * p[3]
		}
	}
}

// gold is a relief in gold leaf, lit from the upper left.
func gold(f *filtering) {
	height := f.blur(f.planeOf(func(p *[4]float64) float64 { return tone(p)*0.5 + p[3] }), f.u)
	lower, deep, bright := f.moved(height), rgb{0.33, 0.19, 0.03}, rgb{1, 0.93, 0.6}
	for i := range f.Pix {
		p := &f.Pix[i]
		c := deep.mix(bright, clip(0.56+0.12*(tone(p)-0.5)+1.1*(height[i]-lower[i]), 0, 1))
		for k := range c {
			p[k] = c[k] * p[3]
		}
	}
}

// paperCut is sheets of coloured paper on each other, each with a soft shadow.
func paperCut(f *filtering) {
	quarters := func(v float64) float64 { return math.RoundToEven(v*4) / 4 }
	cover, layer := f.blur(f.channel(3), f.u), f.blur(f.planeOf(tone), f.u)
	for i := range layer {
		layer[i] = quarters(layer[i]) + f.Pix[i][3]
	}
	above := f.blur(f.moved(layer), f.u)
	var sheets [3]plane
	for k := range sheets {
		sheets[k] = f.blur(f.channel(k), f.u)
	}
	for i := range f.Pix {
		p := &f.Pix[i]
		light := 1 - clip(above[i]-layer[i], 0, 1)*0.5
		for k := range sheets {
			p[k] = clip(quarters(sheets[k][i]/max(cover[i], 1e-2)), 0, 1) * light * p[3]
		}
	}
}

// stitch is crosses of thread on linen.
func stitch(f *filtering) {
	size := 2 * f.u
	for i, p := range f.cells(size, nil) {
		c, solid := straightOf(&p)
		x, y := i%f.Width, i/f.Width
		a, b := float64(x%size), float64(y%size)
		arm := 0.34 * float64(size)
		cross := share(math.Abs(a-b) < arm || math.Abs(a+b-float64(size)+1) < arm)
		weave := 0.05 * float64(x%2^y%2)
		linen := rgb{0.93 - weave, 0.89 - weave, 0.8 - weave}
		for k := range c {
			c[k] = linen[k] + (c[k]*(0.72+0.28*cross)-linen[k])*solid
		}
		f.Pix[i] = opaque(c)
	}
}

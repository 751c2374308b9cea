package compose

import (
	"fmt"
	"math"
	"slices"
)

// rgb is a colour with components in [0, 1].
type rgb [3]float64

func hex(code uint32) rgb {
	return rgb{float64(code>>16&255) / 255, float64(code>>8&255) / 255, float64(code&255) / 255}
}

// mix moves the colour towards another by amount in [0, 1].
func (c rgb) mix(to rgb, amount float64) rgb {
	for i := range c {
		c[i] += (to[i] - c[i]) * amount
	}
	return c
}

// Backdrop is plain data: a vertical gradient and shapes painted over it in order. Positions are fractions of the
// width and height, y down; tempera/scenes.py fixes every formula.
type Backdrop struct {
	top, bottom rgb
	ground      float64 // y where things stand, 0 where nothing stands
	shapes      []shape
}

// shape has a colour, and a distance in pixels that is positive inside.
type shape interface {
	at(x, y float64, g grid) (c rgb, distance, alpha float64)
	shone(light rgb, amount float64) shape
}

// grid is the picture being painted.
type grid struct {
	width, height float64
	soft          bool // smooth gradients; else poster bands
	tile          bool // left meets right and top meets bottom
}

type disc struct {
	cx, cy, r float64 // r in fractions of the shorter side
	c         rgb
	alpha     float64
}

func (s disc) at(x, y float64, g grid) (rgb, float64, float64) {
	dx, dy := x-s.cx, y-s.cy
	if g.tile { // the nearest of all its repetitions
		dx, dy = dx-math.Round(dx), dy-math.Round(dy)
	}
	return s.c, s.r*min(g.width, g.height) - math.Hypot(dx*g.width, dy*g.height), s.alpha
}

func (s disc) shone(light rgb, amount float64) shape { s.c = s.c.mix(light, amount); return s }

type ridge struct {
	base, amp, freq, phase float64
	top, bottom            rgb
}

func (s ridge) at(x, y float64, g grid) (rgb, float64, float64) {
	line := s.base + s.amp*math.Sin(2*math.Pi*(s.freq*x+s.phase))
	m := 0.3
	if g.soft {
		m = clip((y-line)/max(1-s.base, 0.05), 0, 1)
	}
	return s.top.mix(s.bottom, m), (y - line) * g.height, 1
}

func (s ridge) shone(light rgb, amount float64) shape {
	s.top, s.bottom = s.top.mix(light, amount), s.bottom.mix(light, amount)
	return s
}

type box struct {
	x0, y0, x1, y1 float64
	c              rgb
}

func (s box) at(x, y float64, g grid) (rgb, float64, float64) {
	across := min((x-s.x0)*g.width, (s.x1-x)*g.width)
	return s.c, min(across, (y-s.y0)*g.height, (s.y1-y)*g.height), 1
}

func (s box) shone(light rgb, amount float64) shape { s.c = s.c.mix(light, amount); return s }

type peak struct {
	cx, top, foot, half float64
	c                   rgb
}

func (s peak) at(x, y float64, g grid) (rgb, float64, float64) {
	d := (s.half*(y-s.top)/(s.foot-s.top) - math.Abs(x-s.cx)) * g.width
	return s.c, min(d, (s.foot-y)*g.height), 1
}

func (s peak) shone(light rgb, amount float64) shape { s.c = s.c.mix(light, amount); return s }

func clip(v, low, high float64) float64 { return min(max(v, low), high) }

// shine mixes light into every colour.
func (b *Backdrop) shine(light rgb, amount float64) {
	b.top, b.bottom = b.top.mix(light, amount), b.bottom.mix(light, amount)
	for i, s := range b.shapes {
		b.shapes[i] = s.shone(light, amount)
	}
}

func (b *Backdrop) add(shapes ...shape) { b.shapes = append(b.shapes, shapes...) }

// repeat leaves of a backdrop what can repeat without a seam: its middle colour, and discs. lost says that it had more.
func (b *Backdrop) repeat() (lost bool) {
	had := len(b.shapes)
	lost = b.top != b.bottom
	b.top = b.top.mix(b.bottom, 0.5)
	b.bottom = b.top
	b.ground = 0
	b.shapes = slices.DeleteFunc(b.shapes, func(s shape) bool {
		_, ok := s.(disc)
		return !ok
	})
	return lost || len(b.shapes) < had
}

// paint fills a part of the canvas, opaque.
func (b *Backdrop) paint(c *Canvas, part Box, soft, tile bool) {
	g := grid{part.Width, part.Height, soft, tile}
	x0, x1 := int(max(math.Round(part.X), 0)), int(min(math.Round(part.X+part.Width), float64(c.Width)))
	y0, y1 := int(max(math.Round(part.Y), 0)), int(min(math.Round(part.Y+part.Height), float64(c.Height)))
	for row := y0; row < y1; row++ {
		y := (float64(row) + 0.5 - part.Y) / g.height
		m := y
		if !soft {
			m = (math.Floor(4*y) + 0.5) / 4
		}
		sky := b.top.mix(b.bottom, m)
		for column := x0; column < x1; column++ {
			x, p := (float64(column)+0.5-part.X)/g.width, sky
			for _, s := range b.shapes {
				tone, distance, alpha := s.at(x, y, g)
				p = p.mix(tone, clip(distance+0.5, 0, 1)*alpha)
			}
			c.Pix[row*c.Width+column] = [4]float64{p[0], p[1], p[2], 1}
		}
	}
}

// describe returns the backdrop of a kind, varied by the dice.
func describe(kind string, d *dice) (*Backdrop, error) {
	build, ok := builders[kind]
	if !ok {
		return nil, fmt.Errorf("no backdrop %q", kind)
	}
	return build(d), nil
}

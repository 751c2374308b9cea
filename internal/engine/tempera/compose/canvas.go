package compose

import (
	"math"
)

// Canvas is a premultiplied RGBA picture with components in [0, 1].
type Canvas struct {
	Width, Height int
	Pix           [][4]float64 // row by row
}

// NewCanvas returns a clear canvas.
func NewCanvas(width, height int) *Canvas {
	return &Canvas{width, height, make([][4]float64, width*height)}
}

// Box is a part of a canvas, in pixels, which need not be whole.
type Box struct{ X, Y, Width, Height float64 }

// Styles painted in flat colours; their backdrops are poster bands, as in training.
var flatStyles = map[string]bool{
	"flat": true, "clean": true, "kawaii": true, "ink": true, "longshadow": true, "pixel": true, "sticker": true,
	"game-icon": true, "avatar-bold": true, "avatar-line": true, "avatar-flat": true, "papercut": true, "stitch": true,
	"silhouette": true,
}

// luma weighs red, green and blue by how bright they look.
var luma = [3]float64{0.3, 0.59, 0.11}

// Reference paints the layout on a grid. Pixels need not be square: the layout is stretched to the grid, and stretched
// back when the picture is brought to its size.
func (l *Layout) Reference(width, height int, style string) (*Canvas, error) {
	c := NewCanvas(width, height)
	return c, l.PaintOver(c, Box{0, 0, float64(width), float64(height)}, style)
}

// PaintOver paints the layout over a part of a canvas.
func (l *Layout) PaintOver(c *Canvas, box Box, style string) error {
	if l.Backdrop != nil {
		l.Backdrop.paint(c, box, !flatStyles[style], l.Tile)
	}
	for i := range l.Items {
		item := &l.Items[i]
		d := item.own
		if d == nil {
			var err error
			if d, err = l.library.dressed(item.Drawing, dress{item.Paint, !flatStyles[style], item.Outline, item.Palette, item.Render}); err != nil {
				return err
			}
		}
		l.stamp(c, box, item, d)
	}
	return nil
}

// stamp paints one drawing over the canvas, bilinear, nothing outside its edge. On a canvas that repeats, what leaves
// on one side enters on the other.
func (l *Layout) stamp(c *Canvas, box Box, item *Item, d *drawing) {
	sx, sy := l.Width/box.Width, l.Height/box.Height // layout units a pixel
	density := math.Sqrt(1 / sx / sy)
	at := clip(math.RoundToEven(math.Log2(float64(d.levels[0].n)/(item.Side*density))), 0, 2)
	picture := &d.levels[int(at)]
	n := float64(picture.n)
	paint := tint{} // a glyph's paint has its colour
	if item.Paint == "" {
		paint = newTint(item.rgb)
	}
	sin, cos := math.Sincos(item.Turn)
	bend := item.Bend.lookup()
	reach := item.Side * (0.5 + 1/n) * (math.Abs(sin) + math.Abs(cos)) // bilinear reaches half a texel further
	if bend.is {
		reach *= 1.4 // the corners
	}
	x0, x1 := l.span(box.X+item.X/sx, reach/sx, c.Width)
	y0, y1 := l.span(box.Y+item.Y/sy, reach/sy, c.Height)
	for row := y0; row < y1; row++ {
		dy := ((float64(row)+0.5-box.Y)*sy - item.Y) / item.Side
		for column := x0; column < x1; column++ {
			dx := ((float64(column)+0.5-box.X)*sx - item.X) / item.Side
			u, v := cos*dx+sin*dy, cos*dy-sin*dx
			u, v = bend.source(u, v)
			if item.Flip {
				u = -u
			}
			over := paint.apply(picture.sample((u+0.5)*n-0.5, (v+0.5)*n-0.5))
			p := &c.Pix[wrap(row, c.Height)*c.Width+wrap(column, c.Width)]
			for k := range p {
				p[k] = over[k] + p[k]*(1-over[3])
			}
		}
	}
}

// span returns the pixels from centre-reach to centre+reach, within the canvas unless it repeats.
func (l *Layout) span(centre, reach float64, limit int) (from, to int) {
	low, high := 0.0, float64(limit)
	if l.Tile {
		low, high = -high, 2*high
	}
	return int(clip(math.Floor(centre-reach), low, high)), int(clip(math.Ceil(centre+reach), low, high))
}

func wrap(i, n int) int { return (i%n + n) % n }

// sample returns the bilinear value at a position in pixels, zero outside.
func (l *level) sample(x, y float64) [4]float64 {
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := x-x0, y-y0
	var sum [4]float64
	for corner := range 4 {
		xi, yi := int(x0)+corner&1, int(y0)+corner>>1
		if xi < 0 || yi < 0 || xi >= l.n || yi >= l.n {
			continue
		}
		weight := (1 - fx + float64(corner&1)*(2*fx-1)) * (1 - fy + float64(corner>>1)*(2*fy-1)) / 255
		p := l.pix[4*(yi*l.n+xi):]
		for k := range sum {
			sum[k] += weight * float64(p[k])
		}
	}
	return sum
}

// tint recolours premultiplied pixels to shades of one colour, and leaves a little of their own.
type tint struct {
	on   bool
	tone [3]float64
	lift float64 // a very light colour moves everything towards white, a very dark one (below 0) to black
}

const tintAmount = 0.85

func newTint(colour *[3]int) tint {
	if colour == nil {
		return tint{}
	}
	t := tint{on: true}
	bright := 0.0
	for k, v := range colour {
		t.tone[k] = float64(v) / 255
		bright += luma[k] * t.tone[k]
	}
	for k := range t.tone {
		t.tone[k] = t.tone[k] / max(bright, 0.25) * 0.8
	}
	t.lift = clip((bright-0.8)*3, 0, 0.6) - clip((0.25-bright)*5, 0, 0.6)
	return t
}

func (t tint) apply(p [4]float64) [4]float64 {
	if !t.on {
		return p
	}
	grey := luma[0]*p[0] + luma[1]*p[1] + luma[2]*p[2]
	for k := range t.tone {
		v := clip((1-tintAmount)*p[k]+tintAmount*t.tone[k]*grey, 0, p[3])
		if t.lift > 0 {
			p[k] = v + (p[3]-v)*t.lift
		} else {
			p[k] = v * (1 + t.lift)
		}
	}
	return p
}

package compose

import (
	"cmp"
	"slices"

	"bottega/internal/engine/tempera/read"
)

// accompany places what somebody has with them: it is smaller and stands in front, a little to a side.
func (p *placer) accompany(a, b []Item, g *read.Group) []Item {
	scale, subject := company, p.subject(a)
	c := p.reader.Concept(g.Concept)
	if slices.Contains(carried, c.Group) || slices.Contains(carried, c.Subgroup) {
		scale = inHand
	}
	switch {
	case len(subject) > 1 && len(b) == len(subject):
		each := slices.Clone(a)
		for i := range subject {
			each = append(each, p.beside(&subject[i], b[0], g, scale, 1))
		}
		return each
	case len(subject) > 1:
		return p.share([][]Item{a, b})
	case len(b) > 1:
		w, h := extent(a)
		bw, bh := extent(b)
		move(b, 0, 0, min(0.85*w/bw, 0.4*h/bh))
		return before(a, b, 0)
	}
	p.companions++
	return append(slices.Clone(a), p.beside(&subject[0], b[0], g, scale, p.companions))
}

// beside brings the n-th companion to somebody: in front of their body, out of their mouth, or at their feet to a side.
// Drawings look to the left unless they are mirrored.
func (p *placer) beside(who *Item, item Item, g *read.Group, scale float64, n int) Item {
	one := []Item{item}
	one[0].X, one[0].Y = 0, 0
	centre(one)
	x0, y0, x1, y1 := bounds([]Item{*who})
	w, h := x1-x0, y1-y0
	bw, bh := extent(one)
	size := scale * g.Size * max(w, h) / max(bw, bh)
	ahead := -1.0
	if who.Flip {
		ahead = 1
	}
	jitter, face := p.dice.between(-1, 1), p.face(who.Group)
	var x, foot float64
	switch {
	case g.Contact == read.Breathed:
		x, foot = ahead*(0.5*w+0.3*bw*size), y0+0.25*h+0.5*bh*size
		one[0].Flip = who.Flip
	case n == 1 && (g.Contact == read.InFront || g.Contact == read.Worn):
		x, foot = 0.06*jitter*w, y1-0.02*h
		if face { // below the chin
			foot = y1 + 0.4*bh*size
		} else if g.Contact == read.Worn {
			foot = y0 + 0.6*h + 0.5*bh*size
		}
	default:
		if p.called(item.Group, onTheBack) {
			ahead = -ahead
		}
		out := aside[min(n, len(aside)-1)] * (1.1 + 0.1*jitter) * ahead
		if face {
			out *= 1.2
		}
		if scale == company {
			out *= 1.75
		} else if p.room.width > 1.4*p.room.height {
			out, size = out*1.5, size*1.15
		}
		x, foot = out*w, y1+0.05*h
	}
	move(one, x, foot, size)
	one[0].X += (x0 + x1) / 2
	return one[0]
}

// wear puts headwear on top of each of a's subject, glasses at eye height.
func (p *placer) wear(a []Item, worn *Item) []Item {
	lenses := read.Lenses(p.reader.Label(p.scene.Groups[worn.Group].Concept))
	dressed := slices.Clone(a)
	for _, i := range p.subject(a) {
		w, h := extent([]Item{i})
		one := []Item{*worn}
		one[0].X, one[0].Y = 0, 0
		bw, bh := extent(one)
		share, eyes := 0.42, 0.17
		if i.shape.frontal {
			share, eyes = 0.62, 0.26
			if g := p.concept(i.Group).Group; g == "people-body" || g == "avatar" || p.face(i.Group) {
				eyes = 0.36
			}
		}
		size := min(max(share*w, 0.3*max(w, h)), 0.6*max(w, h)) / bw
		centre(one)
		down := 0.3 * bh * size
		if lenses {
			down = eyes*h + 0.5*bh*size
		}
		move(one, i.X+i.shape.head[0]*i.Side, i.Y+i.shape.head[1]*i.Side+down, size)
		dressed = append(dressed, one...)
	}
	return dressed
}

// fit scales and shifts all items onto the canvas.
func (p *placer) fit(items []Item) {
	l, d := p.layout, p.dice
	centre(items)
	w, h := extent(items)
	single, size := len(items) == 1, p.scene.Groups[items[0].Group].Size
	var reach float64
	switch {
	case !single:
		reach = d.between(0.92, 0.97)
	case l.Backdrop != nil:
		reach = d.between(0.58, 0.74) * clip(size, 0.45, 1.25)
	default:
		reach = d.between(0.82, 0.95) * clip(size, 0.45, 1.05)
	}
	reach *= p.scene.Zoom
	scale := min(reach*l.Width/w, reach*l.Height/h)
	if single {
		scale = min(scale, 1.3*reach/h)
	}
	stand := 0.0
	if p.room.grounded {
		stand = l.Backdrop.ground*l.Height + d.between(-0.02, 0.06)
		scale = min(scale, max((stand-0.03)/h, 0.1))
		if several(items) { // those behind still stand on the ground
			back, front := slices.MinFunc(items, byFoot), slices.MaxFunc(items, byFoot)
			scale = min(scale, depth*l.Height/max(front.foot()-back.foot(), 0.01))
		}
	}
	x := l.Width/2 + d.between(-0.5, 0.5)*max(l.Width-w*scale, 0)*0.5
	y := l.Height/2 + h*scale/2 + d.between(-0.5, 0.5)*max(l.Height-h*scale, 0)*0.3
	if p.room.grounded {
		y = stand
	}
	move(items, x, y, scale)
}

// fill makes all items as large as the canvas lets them and stands them in its middle.
func (p *placer) fill(items []Item) {
	centre(items)
	w, h := extent(items)
	scale := min(p.layout.Width/w, p.layout.Height/h)
	move(items, p.layout.Width/2, p.layout.Height/2+h*scale/2, scale)
}

func (i *Item) foot() float64 { return i.Y + i.shape.box[3]*i.Side }

func byFoot(a, b Item) int { return cmp.Compare(a.foot(), b.foot()) }

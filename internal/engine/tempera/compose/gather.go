package compose

import (
	"math"
	"slices"

	"bottega/internal/engine/tempera/read"
)

const (
	pile     = 0.8  // distance of what lies on each other, in heights
	gap      = 0.04 // between things that must not touch, in their sides
	asGood   = 0.95 // arrangements whose things are so much as large as the best one's are left to the seed
	flattest = 0.15 // how far back one of two may stand on a ground
	steepest = 0.5  // and in a picture that is not high
	upended  = 1.2  // height of a picture that is, in widths
	hidden   = 0.17 // share of the smaller one's box that may be
)

// Places of the second of two things of equal rank: shares of their mean width and of the smaller height.
var leans = [...][2]float64{{1.04, 0}, {0.9, 0.12}, {0.8, 0.3}, {0.74, 0.42}, {0.6, 0.64}, {0.4, 0.8}, {0.2, 0.88}}

// How steep rows are that go down, in heights.
var slants = [...]float64{0.25, 0.4, 0.6}

// ground is what there is to fill.
type ground struct {
	width, height float64
	grounded      bool
}

func (r ground) scale(width, height float64) float64 { return min(r.width/width, r.height/height) }

// gather places the members of one group, the longer side of each so long, none touching another but in a pile.
func (p *placer) gather(look *Item, g *read.Group, size float64, company bool) []Item {
	n, side := g.Count, size/look.shape.longest()
	choice := p.dice.draw()
	at := func(x, y float64) Item {
		item := *look
		item.X, item.Y, item.Side = x, y, side
		return item
	}
	if n == 1 {
		return []Item{at(0, 0)}
	}
	items := make([]Item, n)
	if g.Arrange == "circle" && n > 2 {
		r := max(0.75, float64(n)*1.4/(2*math.Pi)) * size
		for i, where := range ring(n, r, r, 0) {
			items[i] = at(where[0], where[1])
		}
		return items
	}
	if g.Arrange == "column" {
		tall := (look.shape.box[3] - look.shape.box[1]) * side
		for i := range items {
			items[i] = at(0, pile*tall*float64(i))
		}
		return items
	}
	s, step := newSpacing(look.shape.rows), side/cells
	lines := func(rows []int, down int) (items []Item) {
		for k, in := range rows {
			for i := range in {
				x := (float64(i) - float64(in-1)/2) * float64(s.across) * step
				items = append(items, at(x, float64(k*down)*step))
			}
		}
		return items
	}
	free := p.room
	if g.Arrange == "row" || g.Arrange == "" && (company && n <= 3 || free.grounded && n <= 4) {
		return lines([]int{n}, s.down)
	}
	if company || free.grounded {
		free.height *= 0.55
	}
	var plans [][]Item
	for _, rows := range upright(n, free) {
		down := s.down
		if (rows[0]-rows[len(rows)-1])%2 != 0 { // rows of odd and even numbers are half a step apart
			down = max(s.down, s.between)
		}
		plans = append(plans, lines(rows, down))
	}
	if g.Arrange != "" {
		return best(plans, free, choice)
	}
	for _, rows := range staggered(n) {
		plans = append(plans, lines(rows, s.between))
	}
	if n < 4 && free.width < upended*free.height {
		for _, part := range slants { // brings some shapes nearer to each other
			down := int(part * float64(s.down))
			across := nearest(func(d int) bool { return s.touch(d, down) }, s.width)
			slanted := make([]Item, n)
			for i := range slanted {
				slanted[i] = at(float64(i*across)*step, float64(i*down)*step)
			}
			plans = append(plans, slanted)
		}
	}
	return best(plans, free, choice)
}

// upright returns rows of the same length, one at least two thirds as long, nearest where they stand on a ground. There
// are columns only where the picture is high.
func upright(n int, free ground) (found [][]int) {
	first := 2
	if free.height >= upended*free.width {
		first = 1
	}
	for c := first; c <= n; c++ {
		rows, rest := slices.Repeat([]int{c}, n/c), n%c
		switch {
		case rest == 0:
		case 3*rest < 2*c:
			continue
		case free.grounded:
			rows = slices.Insert(rows, 0, rest)
		default:
			rows = append(rows, rest)
		}
		found = append(found, rows)
	}
	return found
}

// staggered returns rows of c and c - 1 things in turn, as far as they come out even.
func staggered(n int) (found [][]int) {
	for c := 2; c <= n; c++ {
		for _, now := range []int{c, c - 1} {
			var rows []int
			left := n
			for left >= now && now > 0 {
				rows = append(rows, now)
				left, now = left-now, 2*c-1-now
			}
			if left == 0 && len(rows) > 1 {
				found = append(found, rows)
			}
		}
	}
	return found
}

// best returns one of the plans that let things grow largest.
func best(plans [][]Item, free ground, choice float64) []Item {
	scales, largest := make([]float64, len(plans)), 0.0
	for i, plan := range plans {
		scales[i] = free.scale(extent(plan))
		largest = max(largest, scales[i])
	}
	var good [][]Item
	for i, plan := range plans {
		if scales[i] >= asGood*largest {
			good = append(good, plan)
		}
	}
	return good[int(choice*float64(len(good)))]
}

// ring returns n places on an ellipse, from its top on.
func ring(n int, rx, ry, turn float64) [][2]float64 {
	places := make([][2]float64, n)
	for i := range places {
		sin, cos := math.Sincos(2*math.Pi*float64(i)/float64(n) - math.Pi/2 + turn)
		places[i] = [2]float64{rx * cos, ry * sin}
	}
	return places
}

// several reports whether these are members of one group, which have to be told apart.
func several(items []Item) bool {
	return len(items) > 1 && !slices.ContainsFunc(items, func(i Item) bool { return i.Group != items[0].Group })
}

// share places blocks of equal rank, each with its foot at (0, 0), as large as they can stand together.
func (p *placer) share(blocks [][]Item) []Item {
	choice, swapped := p.dice.draw(), p.dice.draw() < 0.3
	if len(blocks) > 2 {
		return shelves(blocks, p.room, choice)
	}
	a, b := blocks[0], blocks[1]
	switch many, more := several(a), several(b); {
	case many && more:
		aw, ah := extent(a)
		bw, bh := extent(b)
		apart := 2 * gap * min(ah, bh)
		plans := [][]Item{shifted(a, b, (aw+bw)/2+apart, 0)}
		if !p.room.grounded {
			plans = append(plans, shifted(a, b, 0, bh+apart))
		}
		return best(plans, p.room, choice)
	case many:
		return before(b, a, 0.5)
	case more:
		return before(a, b, 0.5)
	}
	return leaning(a, b, p.room, choice, swapped)
}

// shifted returns copies of a, and of b somewhere else.
func shifted(a, b []Item, dx, dy float64) []Item {
	all := slices.Concat(a, b)
	move(all[len(a):], dx, dy, 1)
	return all
}

// leaning places two things side by side, the second a little lower and in front where that lets both be larger.
func leaning(a, b []Item, free ground, choice float64, swapped bool) []Item {
	aw, ah := extent(a)
	bw, bh := extent(b)
	most := 1.0
	if free.grounded {
		most = flattest
	} else if free.height < upended*free.width {
		most = steepest
	}
	var plans [][]Item
	for _, lean := range leans {
		x, y := lean[0]*(aw+bw)/2, lean[1]*min(ah, bh)
		lost := max((aw+bw)/2-x, 0) * (min(bh, ah+y) - y) / min(aw*ah, bw*bh)
		if lean[1] > most || lost > hidden {
			continue
		}
		if swapped {
			x = -x
		}
		plans = append(plans, shifted(a, b, x, y))
	}
	return best(plans, free, choice)
}

// before places several things in front of the foot of one, at least as high as a part of it where they are not broader
// then.
func before(one, many []Item, part float64) []Item {
	w, h := extent(one)
	mw, mh := extent(many)
	grow := max(0.9*mw/w, part*mh/h, 1)
	move(one, 0, 0, grow)
	w, h = w*grow, h*grow
	scale := max(min(0.9*w/mw, part*h/mh), 1)
	move(many, 0, 0, scale)
	mh *= scale
	return shifted(one, many, 0, mh-min(0.7*mh, 0.3*h))
}

// shelves places three and more things in rows, those behind a little hidden by those before.
func shelves(blocks [][]Item, free ground, choice float64) []Item {
	n, things := len(blocks), 0
	for _, b := range blocks {
		things += len(b)
	}
	var plans [][]Item
	for rows := 1; rows <= (n+1)/2; rows++ {
		if !free.grounded || rows == 1 || rows == 2 && things > 3 {
			plans = append(plans, shelved(blocks, rows))
		}
	}
	return best(plans, free, choice)
}

func shelved(blocks [][]Item, rows int) (items []Item) {
	var made, ones, many [][]Item
	for _, b := range blocks {
		if several(b) {
			many = append(many, b)
		} else {
			ones = append(ones, b)
		}
	}
	if rows == 2 && len(ones) > 0 && len(many) > 0 { // where there are several of a thing they stand in front
		made = [][]Item{inLine(ones), inLine(many)}
	} else {
		at, n := 0, len(blocks)
		for row := range rows {
			end := at + (n-at)/(rows-row) // the shorter rows are behind
			made = append(made, inLine(blocks[at:end]))
			at = end
		}
	}
	widest := 0.0
	for _, line := range made {
		w, _ := extent(line)
		widest = max(widest, w)
	}
	foot := 0.0
	for _, line := range made {
		w, h := extent(line)
		grow := min(widest/w, 1.4)
		down := 0.0
		if items != nil {
			down = foot + 0.86*h*grow
		}
		move(line, 0, down, grow)
		_, _, _, foot = bounds(line)
		items = append(items, line...)
	}
	return items
}

// inLine places copies of the blocks side by side on one foot line, its middle at (0, 0).
func inLine(blocks [][]Item) (line []Item) {
	right := 0.0
	for _, b := range blocks {
		w, _ := extent(b)
		line = append(line, shifted(nil, b, right+w/2, 0)...)
		right += w + gap
	}
	centre(line)
	return line
}

package compose

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"bottega/internal/engine/tempera/read"
)

const (
	pitch      = 1.06 // distance of neighbours in sides
	pilePitch  = 0.8
	foot       = 0.46 // an object stands this much of its side below its centre
	beneath    = 1.7  // how much larger a tree is than what stands under it
	behind     = 1.5
	carries    = 2.2  // how much what carries several may grow
	widestItem = 0.72 // of the shorter side, when there are several on a ground
)

// Words for what others stand under.
var tallWords = []string{"tree", "umbrella", "palm", "evergreen", "tent", "rainbow", "bridge", "cloud"}

// How far what is above floats, in its widths; drawings have a margin.
var lifts = map[string]float64{read.Apart: 0.12, read.Mounted: -0.3, "": -0.12}

// placer gives the groups of one scene their places, around (0, 0) first.
type placer struct {
	layout *Layout
	scene  *read.Scene
	reader *read.Reader
	dice   *dice
}

// cluster places the members of one group, each of the group's size. In company small groups stand in a row.
func (p *placer) cluster(k int, g *read.Group, company bool) []Item {
	n, side, kind := g.Count, g.Size, g.Arrange
	if kind == "" {
		wide := p.dice.draw() < 0.7 && p.layout.Width >= p.layout.Height*0.8
		kind = "grid"
		if n <= 4 && wide || n <= 3 && company {
			kind = "row"
		}
	}
	items := make([]Item, n)
	if kind == "circle" && n > 2 {
		r := max(0.75, float64(n)*1.15/(2*math.Pi)) * side
		for i := range items {
			a := 2*math.Pi*float64(i)/float64(n) - math.Pi/2
			items[i] = Item{Group: k, X: r * math.Cos(a), Y: r * math.Sin(a), Side: side}
		}
		return items
	}
	columns, step := n, pitch
	switch kind {
	case "column":
		columns, step = 1, pilePitch
	case "row":
	default:
		columns = p.columns(n)
	}
	lines := (n + columns - 1) / columns
	for i := range items {
		line := i / columns
		inside := min(columns, n-line*columns)
		x := (float64(i%columns) - float64(inside-1)/2) * pitch * side
		y := (float64(line) - float64(lines-1)/2) * step * side
		items[i] = Item{Group: k, X: x, Y: y, Side: side}
	}
	return items
}

// columns lets n squares grow largest; of equals the widest.
func (p *placer) columns(n int) int {
	best, room := 1, 0.0
	for c := 1; c <= n; c++ {
		lines := (n + c - 1) / c
		if r := min(p.layout.Width/float64(c), p.layout.Height/float64(lines)); r >= room {
			best, room = c, r
		}
	}
	return best
}

// join places everything so far (a) and the new group (b) so that "a <relation> b" holds, in painting order.
func (p *placer) join(a, b []Item, g *read.Group) []Item {
	centre(a)
	centre(b)
	jitter := p.dice.between(-1, 1)
	aw, ah := extent(a)
	bw, bh := extent(b)
	switch g.Relation {
	case read.Above, read.Below:
		return p.stack(a, b, g, jitter)
	case read.Behind:
		return overlap(a, b, jitter)
	case read.Front:
		return overlap(b, a, jitter)
	case read.Inside:
		if read.Vessel(g.Phrase) { // looks out of it
			move(a, 0.06*jitter*bw, -0.55*bh, 0.8*min(bw/aw, bh/ah))
			return slices.Concat(a, b)
		}
		move(a, 0.03*jitter*bw, -0.27*bh, 0.42*min(bw, bh)/max(aw, ah))
		return slices.Concat(b, a)
	case read.Wear:
		return p.wear(a, b[0].Group)
	}
	gap := 0.02
	if len(a)+len(b) < 8 {
		gap = 0.06 * max(aw, bw) * (1 + 0.5*jitter)
	}
	swapped := g.Relation == read.Right
	if g.Relation == read.Beside && p.dice.draw() < 0.3 {
		swapped = true
	}
	shift := (aw+bw)/2 + gap
	if swapped {
		shift = -shift
	}
	move(b, shift, 0, 1)
	return slices.Concat(a, b)
}

// stack puts one on top of the other; both have their foot at (0, 0).
func (p *placer) stack(a, b []Item, g *read.Group, jitter float64) []Item {
	top, low := a, b
	if g.Relation == read.Below {
		top, low = b, a
	}
	lowWidth, lowHeight := extent(low)
	width, height := extent(top)
	if g.Relation == read.Below && p.tall(g) {
		grow := max(beneath*max(lowWidth, lowHeight)/max(width, height), 1)
		move(top, 0.1*jitter*lowWidth, 0, grow)
		move(low, 0, 0.03, 1)
		return slices.Concat(top, low)
	}
	if g.Contact != read.Apart && width > lowWidth { // what carries several is broad enough for them
		move(low, 0, 0, min(width/lowWidth, carries))
	}
	lowWidth, lowHeight = extent(low)
	width = min(width, lowWidth)
	move(top, 0.12*jitter*lowWidth, -lowHeight-lifts[g.Contact]*width, 1)
	return slices.Concat(low, top)
}

func (p *placer) tall(g *read.Group) bool {
	for w := range strings.FieldsSeq(p.reader.Label(g.Concept)) {
		if slices.Contains(tallWords, w) {
			return true
		}
	}
	return false
}

// overlap makes the one behind larger and higher, and lets it show to one side.
func overlap(back, front []Item, jitter float64) []Item {
	fw, fh := extent(front)
	bw, bh := extent(back)
	unit, side := max(fw, fh), 1.0
	if jitter < 0 {
		side = -1
	}
	move(back, side*(0.2+0.1*math.Abs(jitter))*unit, -0.14*unit, max(behind*unit/max(bw, bh), 1))
	move(front, -side*0.12*unit, 0, 1)
	return slices.Concat(back, front)
}

// wear puts headwear on top of each of a, glasses at eye height.
func (p *placer) wear(a []Item, worn int) []Item {
	size, height := 0.55, 0.5
	if read.Lenses(p.reader.Label(p.scene.Groups[worn].Concept)) {
		size, height = 0.5, 0.14
	}
	all := slices.Clone(a)
	for _, i := range a {
		all = append(all, Item{Group: worn, X: i.X, Y: i.Y - i.Side*height, Side: i.Side * size})
	}
	return all
}

// fit scales and shifts all items onto the canvas.
func (p *placer) fit(items []Item) {
	l, d := p.layout, p.dice
	centre(items)
	w, h := extent(items)
	ground := 0.0
	if l.Backdrop != nil {
		ground = l.Backdrop.ground * l.Height
	}
	single := len(items) == 1
	var reach float64
	switch {
	case !single:
		reach = d.between(0.9, 0.97)
	case l.Backdrop == nil:
		reach = d.between(0.78, 0.94)
	default:
		reach = d.between(0.52, 0.7)
	}
	if single {
		reach *= clip(p.scene.Groups[items[0].Group].Size, 0.45, 1.25)
	}
	reach *= p.scene.Zoom
	scale := min(reach*l.Width/w, reach*l.Height/h)
	if single {
		scale = min(scale, 1.3*reach/h)
	}
	stand, below := 0.0, slices.MaxFunc(items, byFoot).Side*(0.5-foot)
	if ground > 0 {
		stand = ground + d.between(-0.02, 0.06)
		scale = min(scale, max((stand-0.03)/(h-below), 0.1))
		if !single {
			scale = min(scale, widestItem/slices.MaxFunc(items, bySide).Side)
		}
	}
	x := l.Width/2 + d.between(-0.5, 0.5)*max(l.Width-w*scale, 0)*0.5
	y := l.Height/2 + h*scale/2 + d.between(-0.5, 0.5)*max(l.Height-h*scale, 0)*0.3
	if ground > 0 {
		y = stand + below*scale
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

func bySide(a, b Item) int { return cmp.Compare(a.Side, b.Side) }

func byFoot(a, b Item) int { return cmp.Compare(a.Y+a.Side/2, b.Y+b.Side/2) }

package compose

import (
	"math"
	"slices"
	"strings"

	"bottega/internal/engine/tempera/read"
)

const (
	inHand  = 0.5  // side of what somebody has in a hand, in their own
	company = 0.72 // of anything else they are with
	depth   = 0.24 // of a ground, in heights of the picture
	all     = -1   // for a group: every one
)

// Words for what others stand under, for what is carried on the back, and for what is looked at from above.
var (
	tallWords   = []string{"tree", "umbrella", "palm", "evergreen", "tent", "rainbow", "bridge", "cloud"}
	onTheBack   = []string{"backpack"}
	flatVessels = []string{"plate", "dish", "tray", "pan"}
)

// What somebody has in a hand or before them, by group and subgroup of the concept.
var carried = []string{
	"food-drink", "objects", "activities", "game", "symbols",
	"plant-flower", "animal-bug", "emotion", "heart", "hands", "hand-fingers-open", "sky-weather",
}

// How far what is above floats, in its widths.
var lifts = map[string]float64{read.Apart: 0.15, read.Mounted: -0.3, read.Resting: -0.18, "": 0.03}

// Where the first, second … of several companions stand, in widths.
var aside = [...]float64{0, 0.34, -0.36, 0, 0.5, -0.5}

// The longer side beside other things, by subgroup or group of the concept.
var natural = map[string]float64{
	"animal-bug": 0.7, "plant-flower": 0.8, "plant-other": 1.15, "place-building": 1.35, "food-drink": 0.8, "objects": 0.8,
	"activities": 0.8, "transport-ground": 1.15, "transport-water": 1.15,
}

var (
	smallWords = strings.Fields("mouse rat hamster chick bird snail frog squirrel hedgehog lizard fish rabbit chipmunk turtle bat")
	largeWords = strings.Fields("elephant whale giraffe sauropod rex dragon hippopotamus rhinoceros mammoth tree mountain")
)

// placer gives the groups of one scene their places, foot lines at 0. It goes by what is seen of the drawings, for they
// have margins of very different sizes.
type placer struct {
	layout     *Layout
	scene      *read.Scene
	reader     *read.Reader
	dice       *dice
	looks      []*Item // of each group; nil for what has no drawing
	room       ground
	peers      [][]Item // what is of equal rank so far, each with its foot at (0, 0)
	main       int      // group of the last of them that others go with, or all
	companions int      // how many that has
}

// place returns all groups that have a drawing, or nil.
func (p *placer) place() []Item {
	p.room = ground{width: p.layout.Width, height: p.layout.Height}
	if b := p.layout.Backdrop; b != nil && b.ground > 0 {
		p.room.height, p.room.grounded = b.ground*p.layout.Height, true
	}
	for k, look := range p.looks {
		if look == nil {
			continue
		}
		g := &p.scene.Groups[k]
		company, size := p.inCompany(k), g.Size
		if company {
			size *= p.natural(k)
		}
		p.add(k, p.gather(look, g, size, company))
	}
	if p.peers == nil {
		return nil
	}
	return p.packed()
}

func (p *placer) inCompany(k int) bool {
	for i, look := range p.looks {
		if i != k && look != nil && p.scene.Groups[i].Relation != read.Wear {
			return true
		}
	}
	return false
}

// natural returns how large a thing is beside others, roughly.
func (p *placer) natural(k int) float64 {
	c := p.concept(k)
	switch {
	case c.Group == "animals-nature" && p.called(k, smallWords):
		return 0.7
	case p.called(k, largeWords):
		return 1.25
	case natural[c.Subgroup] > 0:
		return natural[c.Subgroup]
	case natural[c.Group] > 0:
		return natural[c.Group]
	}
	return 1
}

func (p *placer) concept(k int) *read.Concept { return p.reader.Concept(p.scene.Groups[k].Concept) }

// called reports whether one of the words is in the label of a group's concept.
func (p *placer) called(k int, words []string) bool {
	for w := range strings.FieldsSeq(p.reader.Label(p.scene.Groups[k].Concept)) {
		if slices.Contains(words, w) {
			return true
		}
	}
	return false
}

// face reports whether a group is drawn as a head without a body.
func (p *placer) face(k int) bool {
	c := p.concept(k)
	return c.Subgroup == "person" || slices.Contains(c.Tags, "face") || p.called(k, []string{"face"})
}

// packed returns what is of equal rank, together.
func (p *placer) packed() []Item {
	if len(p.peers) == 1 {
		return p.peers[0]
	}
	p.main = all
	return p.share(p.peers)
}

// add places the next group so that "what came before <relation> group" holds.
func (p *placer) add(k int, items []Item) {
	g := &p.scene.Groups[k]
	centre(items)
	if p.peers == nil || g.Relation == read.Beside && g.Contact == "" {
		p.peers = append(p.peers, items)
		p.main, p.companions = k, 0
		return
	}
	var joined []Item
	last := len(p.peers) - 1
	switch {
	case g.Relation == read.Beside:
		joined = p.accompany(p.peers[last], items, g)
	case g.Relation == read.Wear:
		joined = p.wear(p.peers[last], &items[0])
	case g.Contact == read.Filling:
		joined = p.fillUp(p.peers[last], items)
	default:
		joined = p.join(p.packed(), items, g)
		p.peers, p.companions, last = [][]Item{nil}, 0, 0
	}
	centre(joined)
	p.peers[last] = joined
}

// subject returns those of a block that others go with.
func (p *placer) subject(block []Item) []Item {
	if p.main == all {
		return block
	}
	return some(block, func(i Item) bool { return i.Group == p.main })
}

// join places everything so far (a) and the new group (b), in painting order.
func (p *placer) join(a, b []Item, g *read.Group) []Item {
	centre(a)
	jitter := p.dice.between(-1, 1)
	aw, ah := extent(a)
	bw, bh := extent(b)
	switch g.Relation {
	case read.Above, read.Below:
		return p.stack(a, b, g, jitter)
	case read.Behind:
		return p.overlap(a, b, jitter)
	case read.Front:
		return p.overlap(b, a, jitter)
	case read.Around:
		return ringed(b, a, jitter)
	case read.Amid:
		return ringed(a, b, jitter)
	case read.Inside:
		if read.Vessel(g.Phrase) {
			return filled(a, b, jitter)
		}
		move(a, 0.03*jitter*bw, -0.27*bh, 0.42*min(bw, bh)/max(aw, ah))
		return slices.Concat(b, a)
	}
	shift := (aw+bw)/2 + gap*(1+jitter)*max(aw, bw)
	if g.Relation == read.Right {
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
	if g.Relation == read.Below && p.called(b[0].Group, tallWords) {
		grow := max(1.7*max(lowWidth, lowHeight)/max(width, height), 1)
		move(top, 0.1*jitter*lowWidth, 0, grow)
		move(low, 0, 0.03, 1)
		return slices.Concat(top, low)
	}
	if g.Contact != read.Apart && width > lowWidth { // what carries several is broad enough for them
		move(low, 0, 0, min(width/lowWidth, 2.2))
		lowWidth, lowHeight = extent(low)
	}
	move(top, 0.12*jitter*lowWidth, -lowHeight-lifts[g.Contact]*min(width, lowWidth), 1)
	return slices.Concat(low, top)
}

// overlap makes the one behind larger and higher, and lets it show to one side; it looks past a tree or a house.
func (p *placer) overlap(back, front []Item, jitter float64) []Item {
	fw, fh := extent(front)
	bw, bh := extent(back)
	unit, side := max(fw, fh), 1.0
	if jitter < 0 {
		side = -1
	}
	if first := front[0].Group; p.concept(first).Subgroup == "place-building" || p.called(first, tallWords) {
		size := 0.85 * unit / max(bw, bh)
		move(back, side*(0.45*fw+0.12*bw*size), -0.03*unit, size)
		return slices.Concat(back, front)
	}
	move(back, side*(0.2+0.1*math.Abs(jitter))*unit, -0.14*unit, max(1.5*unit/max(bw, bh), 1))
	move(front, -side*0.12*unit, 0, 1)
	return slices.Concat(back, front)
}

// filled lets a look out of the vessel, for more than half of its height.
func filled(a, vessel []Item, jitter float64) []Item {
	aw, ah := extent(a)
	w, h := extent(vessel)
	var size float64
	if h < 1.2*w {
		h -= vessel[0].shape.brim() * vessel[0].Side
		size = min(0.85*w/aw, 0.8*h/ah)
	} else {
		size = min(1.3*w/aw, 0.7*h/ah)
	}
	move(a, 0.06*jitter*w, -max(0.55*h, h-0.3*ah*size), size)
	return slices.Concat(a, vessel)
}

// fillUp places what the last group of a is full of.
func (p *placer) fillUp(a, b []Item) []Item {
	last := a[len(a)-1].Group
	at := slices.IndexFunc(a, func(i Item) bool { return i.Group == last })
	vessel := a[at:]
	x0, _, x1, y1 := bounds(vessel)
	move(vessel, -(x0+x1)/2, -y1, 1)
	w, h := extent(vessel)
	bw, bh := extent(b)
	phrase := p.scene.Groups[last].Phrase
	var both []Item
	if slices.Contains(flatVessels, phrase[strings.LastIndexByte(phrase, ' ')+1:]) {
		size := 0.75 * min(w/bw, h/bh)
		move(b, 0, -0.5*h+0.5*bh*size, size)
		both = slices.Concat(vessel, b)
	} else {
		both = filled(b, vessel, 0)
	}
	move(both, (x0+x1)/2, y1, 1)
	return slices.Concat(a[:at], both)
}

// ringed places others in a ring around what is in the middle; a single one lies over it.
func ringed(middle, others []Item, jitter float64) []Item {
	w, h := extent(middle)
	n := len(others)
	if n == 1 {
		ow, oh := extent(others)
		move(others, 0.1*jitter*w, -0.15*h, 0.7*max(w, h)/max(ow, oh))
		return slices.Concat(middle, others)
	}
	rx, ry, turn := max(w, 0.6*h)/2, max(h, 0.6*w)/2, 0.5*jitter
	near := math.Inf(1)
	for k, at := range ring(n, rx, ry, turn) {
		next := ring(n, rx, ry, turn)[(k+1)%n]
		near = min(near, math.Hypot(next[0]-at[0], next[1]-at[1]))
	}
	size := min(0.45*max(w, h), near/math.Sqrt2)
	for k, place := range ring(n, rx+0.3*size, ry+0.3*size, turn) {
		i := &others[k]
		box := i.shape.box
		i.Side = size / i.shape.longest()
		i.X, i.Y = place[0]-i.Side*(box[0]+box[2])/2, place[1]-h/2-i.Side*(box[1]+box[3])/2
	}
	return slices.Concat(middle, others)
}

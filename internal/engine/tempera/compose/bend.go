package compose

import (
	"math"
	"strings"

	"bottega/internal/engine/tempera/read"
)

// Bend says how a drawing is composed a little otherwise than it is in the library: squashed, leaning, bowed, tapered.
// The painter keeps the shape of what it is shown, and the library has a handful of drawings of a thing: without this two
// pictures of a fox would be one drawing twice. The rule is that of tempera/bending.py, whose comments say what each means;
// all 0 is the drawing as it is. Lengths are in sides of the drawing, (0, 0) is its middle, y points down.
type Bend struct {
	Squash float64 `json:"squash"` // natural logarithm of how much wider, and as much lower
	Lean   float64 `json:"lean"`   // to the right, per height
	Bow    float64 `json:"bow"`    // how far head and foot stand to one side of the middle, per height squared
	Taper  float64 `json:"taper"`  // how much narrower it becomes, per height upwards

	Smaller float64 `json:"smaller"` // how much smaller it is drawn, as a divisor
}

// The most of each, to either side; how much of that for people, who are less forgiving, and where there are several
// things: hats stay on heads, and what is counted stays apart.
const (
	mostSquash, mostLean, mostBow, mostTaper = 0.07, 0.06, 0.25, 0.16

	portrait, accompanied = 0.5, 0.5

	foot = 0.46 // most drawings stand this much of their side below their middle, and stay there
)

// bendOf draws one for a concept. What stands alone fills the canvas, and has to stay in its square.
func bendOf(d *dice, concept string, alone bool) Bend {
	strength := 1.0
	if strings.HasPrefix(concept, "avatar") {
		strength = portrait
	}
	if !alone {
		strength *= accompanied
	}
	some := func(most float64) float64 { return d.between(-strength*most, strength*most) }
	b := Bend{Squash: some(mostSquash), Lean: some(mostLean), Bow: some(mostBow), Taper: some(mostTaper), Smaller: 1}
	if alone {
		b.Smaller = b.room()
	}
	return b
}

// bend lets every drawing of the library stand a little otherwise; somebody's own stays as it is. What is in a box has to
// stay in its squares, several things too.
func (l *Layout) bend(s *read.Scene, seed int64, boxed bool) {
	d := newDice(seed, bendStream)
	for i := range l.Items {
		item := &l.Items[i]
		if item.own != nil {
			continue
		}
		item.Bend = bendOf(d, s.Groups[item.Group].Concept, len(l.Items) == 1)
		if boxed {
			item.Bend.Smaller = item.Bend.room()
		}
	}
}

// room is how much larger than the drawing its square becomes.
func (b Bend) room() float64 {
	most := 1.0
	for _, v := range [...]float64{-0.5, 0, 0.5} {
		y := foot - (foot-v)*math.Exp(-b.Squash)
		for _, u := range [...]float64{-0.5, 0.5} {
			x := (u/(1+b.Taper*y) - b.Lean*y - b.Bow*(y*y-1.0/12)) * math.Exp(b.Squash)
			most = max(most, 2*math.Abs(x))
		}
		most = max(most, (foot-y)/(foot+0.5)) // upwards only: the foot stays
	}
	return most
}

// bent looks things up in a bent drawing.
type bent struct {
	Bend
	is            bool
	narrow, lower float64
}

func (b Bend) lookup() bent {
	return bent{b, b != Bend{}, math.Exp(-b.Squash), math.Exp(b.Squash)}
}

// source is where in the drawing to look for what is at (x, y).
func (b *bent) source(x, y float64) (u, v float64) {
	if !b.is {
		return x, y
	}
	x, y = x*b.Smaller, foot-(foot-y)*b.Smaller
	return (x*b.narrow + b.Lean*y + b.Bow*(y*y-1.0/12)) * (1 + b.Taper*y), foot - (foot-y)*b.lower
}

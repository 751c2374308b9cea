package read

import (
	"slices"
	"strings"
)

// Relations between a group and everything before it.
const (
	Left   = "left"
	Right  = "right"
	Above  = "above"
	Below  = "below"
	Behind = "behind"
	Front  = "front"
	Inside = "inside"
	Beside = "beside"
	Wear   = "wear"
	Around = "around" // what came before is around it
	Amid   = "amid"   // it is around what came before
)

// Contact of what is above something, and of a companion.
const (
	Apart    = "apart"    // in the air
	Mounted  = "mounted"  // on its back
	Resting  = "resting"  // a little into it, as a cat lies on a sofa
	Filling  = "filling"  // in the vessel that came before
	Held     = "held"     // in its hand, at its side
	InFront  = "before"   // before its body
	Worn     = "worn"     // the same, as clothes are
	Breathed = "breathed" // out of its mouth
)

// Scene is what a prompt asks for.
type Scene struct {
	Groups   []Group     `json:"groups"`
	Backdrop string      `json:"backdrop"` // a kind of backdrop; "" or "none" is transparent
	Ground   string      `json:"ground"`   // colour word of a plain backdrop
	Tone     string      `json:"tone"`     // "", night or sunset: the light over another backdrop
	Style    string      `json:"style"`    // asked for in words; a composer takes drawings of that hand
	Zoom     float64     `json:"zoom"`
	Unknown  []string    `json:"unknown"` // words left to the text
	ReadAs   [][2]string `json:"read_as"` // word, and the label of what was drawn for it
	Left     []string    `json:"left"`    // things that are not drawn, and left to the text as well
	Parts    [][2]string `json:"parts"`   // what a drawing shows already, and its label
	Likened  [][2]string `json:"likened"` // unknown word, and the known one it was read as
}

// Empty reports whether nothing in the prompt can be composed.
func (s *Scene) Empty() bool {
	return len(s.Groups) == 0 && (s.Backdrop == "" || s.Backdrop == "none")
}

// Group is some of one thing.
type Group struct {
	Concept  string   `json:"concept"`
	Phrase   string   `json:"phrase"`
	Count    int      `json:"count"`
	Size     float64  `json:"size"` // factor on the usual size
	Colours  []string `json:"colours"`
	Turn     float64  `json:"turn"` // radians
	Flip     bool     `json:"flip"`
	Arrange  string   `json:"arrange"`  // "", row, grid, circle, column
	Relation string   `json:"relation"` // to everything before it; "" for the first
	Contact  string   `json:"contact"`  // "", or how closely it goes with what came before
}

// companion reports whether the group goes with what came before as somebody's own.
func (g *Group) companion() bool {
	return slices.Contains([]string{Held, InFront, Worn, Breathed}, g.Contact)
}

// inherit is for "three red robot dogs": the second noun is meant, what was said of the first holds for it.
func (g *Group) inherit(old *Group, said *pending) {
	g.Relation, g.Contact = old.Relation, old.Contact
	if len(g.Colours) == 0 {
		g.Colours = old.Colours
	}
	if g.Arrange == "" {
		g.Arrange = old.Arrange
	}
	if g.Turn == 0 {
		g.Turn = old.Turn
	}
	g.Flip = g.Flip || old.Flip
	if said.size == 0 {
		g.Size = old.Size
	}
	if said.count == 0 && old.Count > 1 {
		g.Count = old.Count
	}
}

// pending is what has been said about the next noun.
type pending struct {
	count    int
	size     float64
	colours  []string
	words    []string // colour, size and count words, which may be nouns themselves
	turn     float64
	flip     bool
	arrange  string
	relation string
	phrase   string // of the relation
	article  bool
	lost     bool // an unknown word stood between what was said and the end of the phrase
	vague    bool // the count is no number: "some", "a bunch of"
}

// Light over a backdrop.
const (
	Night  = "night"
	Sunset = "sunset"
)

// Lenses reports whether a concept's label says that it is worn before the eyes.
func Lenses(label string) bool {
	for w := range strings.FieldsSeq(label) {
		if lenses[w] {
			return true
		}
	}
	return false
}

// Vessel reports whether a phrase names something that others look out of.
func Vessel(phrase string) bool { return vessels[lastWord(phrase)] }

func lastWord(phrase string) string { return phrase[strings.LastIndexByte(phrase, ' ')+1:] }

// empty reports whether nothing has been said yet.
func (n *pending) empty() bool {
	return n.count == 0 && n.size == 0 && len(n.words) == 0 && n.turn == 0 && !n.flip && n.arrange == "" &&
		n.relation == "" && !n.article
}

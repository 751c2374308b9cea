package compose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Drawings of other hands brought into the palette of the asked hand before they are composed: tempera/palettes.py is the
// same rule in Python, and makes the tables. What tells hands apart first is which colours they use.

// table says what becomes of another hand's colours.
type table struct {
	colours [][3]uint8
	place   []byte // of each of colourBins³ bins of red, green and blue: which of colours
	shaded  bool   // the other hand's drawings are
}

const (
	colourBins = 16
	voteReach  = 3         // pixels round one that are heard
	voteAlike  = 48        // if no channel differs by more
	voteRounds = 2         // how often
	shadedHand = "soft-3d" // whose drawings are parted into areas first, each of which takes one colour
)

// fewColours are the hands that paint in areas of one colour, and gradient, whose areas run from one to another.
var fewColours = map[string]bool{
	"flat": true, "toon": true, "blob": true, "clean": true, "classic": true, "longshadow": true,
	"kawaii": true, "gradient": true,
}

// FewColours reports whether a style is of such a hand.
func FewColours(style string) bool { return fewColours[style] }

// kin says whose table serves for a drawing. Black shapes and avatars have none.
var kin = map[string]string{
	"soft-3d": "soft-3d", "gradient": "soft-3d", "toon": "toon", "blob": "toon", "flat": "flat", "clean": "flat",
	"classic": "flat", "longshadow": "flat", "kawaii": "flat",
}

// parsePalettes reads palettes.json: tables by "hand shown>hand asked".
func parsePalettes(data []byte) (map[string]*table, error) {
	var tables []struct {
		Shown, Asked string
		Colours      [][3]uint8
		Place        []byte
	}
	if err := json.Unmarshal(data, &tables); err != nil {
		return nil, err
	}
	found := map[string]*table{}
	for _, t := range tables {
		name := t.Shown + ">" + t.Asked
		if len(t.Place) != colourBins*colourBins*colourBins {
			return nil, fmt.Errorf("palette %s has %d places, want %d", name, len(t.Place), colourBins*colourBins*colourBins)
		}
		for _, k := range t.Place {
			if int(k) >= len(t.Colours) {
				return nil, fmt.Errorf("palette %s names colour %d of %d", name, k, len(t.Colours))
			}
		}
		found[name] = &table{t.Colours, t.Place, t.Shown == shadedHand}
	}
	return found, nil
}

// tableOf names the table for a drawing in a picture of the asked style; "" for none. What is to be rendered comes into the colours
// of the hand whose renderings are known.
func (l *Library) tableOf(e *Entry, asked, rendering string) string {
	if rendering != "" {
		asked, _, _ = strings.Cut(rendering, ">")
	}
	name := kin[e.Style] + ">" + asked
	if e.Style == asked || l.palettes[name] == nil {
		return ""
	}
	return name
}

// repainted returns the drawing in the colours of the asked hand. Pixels take the colour that most of their neighbours of a like
// colour took, so that shades become areas, as flat hands have them.
func (l level) repainted(p *table) level {
	colour, took := make([][3]int, l.n*l.n), make([]int, l.n*l.n)
	for i := range colour {
		took[i] = -1
		colour[i] = l.straight(i)
		bin := 0
		for _, v := range colour[i] {
			bin = bin*colourBins + v*colourBins/256
		}
		if l.pix[4*i+3] >= ownColourFrom {
			took[i] = int(p.place[bin])
		}
	}
	if p.shaded {
		chosen(took, l.areas(), len(p.colours))
	}
	for range voteRounds {
		took = l.voted(colour, took)
	}
	out := level{l.n, append([]uint8(nil), l.pix...)}
	for i, k := range took {
		if k < 0 {
			continue
		}
		for c := range 3 {
			out.pix[4*i+c] = uint8((int(p.colours[k][c])*int(l.pix[4*i+3]) + 127) / 255)
		}
	}
	return out
}

// chosen lets every pixel of an area take the colour that most of them took, of as many the first.
func chosen(took, area []int, colours int) {
	votes := map[int][]int{}
	for i, a := range area {
		if a >= 0 {
			if votes[a] == nil {
				votes[a] = make([]int, colours)
			}
			votes[a][took[i]]++
		}
	}
	most := make(map[int]int, len(votes))
	for a, v := range votes {
		most[a] = slices.Index(v, slices.Max(v))
	}
	for i, a := range area {
		if a >= 0 {
			took[i] = most[a]
		}
	}
}

// voted is what each pixel takes after its neighbours; of as many votes the first colour wins.
func (l level) voted(colour [][3]int, took []int) []int {
	now, places := append([]int(nil), took...), within(voteReach)
	for i := range now {
		if l.pix[4*i+3] == 0 {
			continue
		}
		var votes [256]int
		best, most := took[i], 0
		for _, d := range places {
			x, y := i%l.n+d[0], i/l.n+d[1]
			if x < 0 || y < 0 || x >= l.n || y >= l.n {
				continue
			}
			j := y*l.n + x
			k := took[j]
			if k < 0 || !alike(colour[i], colour[j]) {
				continue
			}
			votes[k]++
			if votes[k] > most || votes[k] == most && k < best {
				best, most = k, votes[k]
			}
		}
		now[i] = best
	}
	return now
}

func alike(a, b [3]int) bool {
	for k := range a {
		if d := a[k] - b[k]; d > voteAlike || d < -voteAlike {
			return false
		}
	}
	return true
}

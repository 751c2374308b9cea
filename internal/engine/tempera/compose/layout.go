package compose

import (
	"fmt"
	"image"
	"math"
	"slices"

	"bottega/internal/engine/tempera/read"
)

// Item is one drawing on the canvas: a square of Side around (X, Y). Lengths are in units of the picture's shorter
// side, y points down.
type Item struct {
	Group   int      `json:"group"`
	X       float64  `json:"x"`
	Y       float64  `json:"y"`
	Side    float64  `json:"side"`
	Drawing string   `json:"drawing"`
	Colour  string   `json:"colour"`
	Flip    bool     `json:"flip"`
	Turn    float64  `json:"turn"`
	Paint   string   `json:"paint"`   // of a glyph that is not to be black, see parsePaint
	Outline string   `json:"outline"` // line style that the drawing is brought nearer to; "" as it is
	Palette string   `json:"palette"` // table that brings the drawing into the asked hand's colours; "" as it is
	Render  string   `json:"render"`  // how it is rendered after that, "shown>asked"
	Bend    Bend     `json:"bend"`    // of a drawing of the library
	rgb     *[3]int  // of Colour
	own     *drawing // in place of one of the library
	shape   form     // what is seen of the drawing
}

// Layout says what goes where. Items are painted in order.
type Layout struct {
	Width, Height float64
	Items         []Item
	Backdrop      *Backdrop // nil is transparent
	Missing       []string  // phrases without a drawing
	Used          []*Entry  // the drawings looked at, each once
	Tile          bool      // it repeats: what leaves on one side enters on the other
	library       *Library
}

// Empty reports whether there is nothing to look at.
func (l *Layout) Empty() bool { return len(l.Items) == 0 && l.Backdrop == nil }

// Composer lays scenes out with one library. It is safe for concurrent use.
type Composer struct {
	Library *Library
	Reader  *read.Reader // for labels and colours
}

// Figure is a picture of somebody's own that stands for a group's drawing.
type Figure struct{ drawing *drawing }

// NewFigure reads a square picture with an alpha channel.
func NewFigure(m *image.NRGBA) (*Figure, error) {
	d, err := newDrawing(m)
	if err != nil {
		return nil, fmt.Errorf("read figure: %w", err)
	}
	return &Figure{d}, nil
}

// Arrange returns the layout of a scene for a picture of width × height (only their ratio counts). The k-th figure is
// the drawing of the k-th group.
func (c *Composer) Arrange(s *read.Scene, seed int64, width, height int, figures ...*Figure) (*Layout, error) {
	l := c.layout(width, height)
	var err error
	if l.Backdrop, err = c.backdrop(s, seed); err != nil {
		return nil, err
	}
	p, err := c.placer(l, s, seed, figures)
	if err != nil {
		return nil, err
	}
	if items := p.place(); items != nil {
		p.fit(items)
		l.Items = items
		c.colour(l, s)
		l.bend(s, seed, false)
	}
	return l, nil
}

// ArrangeBox is Arrange for a box of a picture: what stands in it fills it, and it has no backdrop.
func (c *Composer) ArrangeBox(s *read.Scene, seed int64, width, height float64) (*Layout, error) {
	short := min(width, height)
	l := &Layout{Width: width / short, Height: height / short, library: c.Library}
	p, err := c.placer(l, s, seed, nil)
	if err != nil {
		return nil, err
	}
	if items := p.place(); items != nil {
		p.fill(items)
		l.Items = items
		c.colour(l, s)
		l.bend(s, seed, true)
	}
	return l, nil
}

// Styled returns the area of the things that have the style, drawn by its hand, brought nearer to it, or glyphs that were
// coloured as it colours, and that of all.
func (l *Layout) Styled(style string) (own, all float64) {
	for i := range l.Items {
		item := &l.Items[i]
		area := item.Side * item.Side
		all += area
		if item.own == nil && (item.Outline+item.Palette+item.Render+item.Paint != "" || l.library.entries[item.Drawing].Style == style) {
			own += area
		}
	}
	return own, all
}

// Repeat makes the layout one that repeats without a seam; a backdrop keeps what can. lost says that it had more.
func (l *Layout) Repeat() (lost bool) {
	l.Tile = true
	return l.Backdrop != nil && l.Backdrop.repeat()
}

func (c *Composer) layout(width, height int) *Layout {
	short := float64(min(width, height))
	return &Layout{Width: float64(width) / short, Height: float64(height) / short, library: c.Library}
}

// Light over a backdrop: colour and how much of it.
var lights = map[string]struct {
	colour uint32
	amount float64
}{read.Night: {0x101838, 0.62}, read.Sunset: {0xFF8A4A, 0.35}}

func (c *Composer) backdrop(s *read.Scene, seed int64) (*Backdrop, error) {
	if s.Backdrop == "" || s.Backdrop == "none" {
		return nil, nil //nolint:nilnil // no backdrop is a fine answer
	}
	d := newDice(seed, backdropStream)
	if s.Backdrop == "city" && s.Tone == read.Night { // a city has its own night
		for {
			try := *d
			if try.draw() < cityIsDark {
				return city(d), nil
			}
			d.state++
		}
	}
	b, err := describe(s.Backdrop, d)
	if err != nil {
		return nil, err
	}
	if s.Ground != "" {
		v := c.Reader.Lexicon.Colours[s.Ground]
		b.top = rgb{float64(v[0]) / 255, float64(v[1]) / 255, float64(v[2]) / 255}
		b.bottom = b.top
	}
	if light, ok := lights[s.Tone]; ok {
		b.shine(hex(light.colour), light.amount)
	}
	return b, nil
}

// willing says how willingly a drawing is taken where none is drawn in the asked style, by that style and the one it is drawn
// in; what is not named here counts 1.
var willing = map[string]map[string]float64{
	"soft-3d": oneHand, "gradient": {"flat": 9}, "ink": oneHand, "game-icon": oneHand,
	"clean": round, "classic": round, "blob": round, "longshadow": round,
	"kawaii": {"flat": 9}, "papercut": {"flat": 5}, "toon": {"flat": 3},
}

var (
	round   = map[string]float64{"toon": 6, "flat": 6}
	oneHand = map[string]float64{"soft-3d": 9, "flat": 9}
)

// further are styles whose drawings are taken for nothing but their style, unless there is no other.
var further = map[string]bool{
	"ink": true, "kawaii": true, "longshadow": true, "clean": true, "classic": true, "blob": true, "gradient": true,
}

func likes(asked string, e *Entry) float64 {
	if w := willing[asked][e.Style]; w > 0 {
		return w
	}
	return 1
}

const mirrored = 0.35 // share of groups that look the other way

// placer chooses a drawing for each group, its turn and mirroring; it says which groups have none.
func (c *Composer) placer(l *Layout, s *read.Scene, seed int64, figures []*Figure) (*placer, error) {
	p := &placer{layout: l, scene: s, reader: c.Reader, dice: newDice(seed, layoutStream), looks: make([]*Item, len(s.Groups))}
	d := newDice(seed, drawingStream)
	for k := range s.Groups {
		g := &s.Groups[k]
		look := &Item{Group: k, Turn: g.Turn, Flip: g.Flip}
		if k < len(figures) {
			look.own = figures[k].drawing // somebody's own is not mirrored by chance
			look.shape = look.own.form(look.Flip, look.Turn)
			p.looks[k] = look
			continue
		}
		e := c.choose(d, g, s.Style)
		if e == nil {
			l.Missing = append(l.Missing, g.Phrase)
			continue
		}
		look.Drawing, look.Flip = e.ID, (d.draw() < mirrored) != g.Flip
		look.Paint, look.Render = e.paint(s.Style, seed), c.Library.rendering(e, s.Style)
		look.Palette = c.Library.tableOf(e, s.Style, look.Render)
		look.Outline = e.outlined(s.Style, look.Render)
		plain, err := c.Library.dressed(e.ID, dress{})
		if err != nil {
			return nil, err
		}
		look.shape = plain.form(look.Flip, look.Turn)
		if !slices.Contains(l.Used, e) {
			l.Used = append(l.Used, e)
		}
		p.looks[k] = look
	}
	return p, nil
}

// colour lets the colours that a group was given go round its members.
func (c *Composer) colour(l *Layout, s *read.Scene) {
	next := make([]int, len(s.Groups))
	for i := range l.Items {
		item := &l.Items[i]
		colours := s.Groups[item.Group].Colours
		if len(colours) == 0 {
			continue
		}
		item.Colour = colours[next[item.Group]%len(colours)]
		next[item.Group]++
		v := c.Reader.Lexicon.Colours[item.Colour]
		item.rgb = &v
		if item.Paint != "" {
			item.Paint = oneColour(v)
		}
	}
}

// choose takes one of the group's drawings: one in the asked style where there is one, for the painter keeps most of what
// it looks at; nil when there is none at all.
func (c *Composer) choose(d *dice, g *read.Group, asked string) *Entry {
	entries := c.Library.byConcept[g.Concept]
	if len(entries) == 0 {
		return nil
	}
	own := some(entries, func(e *Entry) bool { return e.Style == asked })
	if len(own) == 0 {
		own = some(entries, func(e *Entry) bool { return !further[e.Style] })
	}
	if len(own) > 0 {
		entries = own
	}
	total := 0.0
	for _, e := range entries {
		total += likes(asked, e)
	}
	at, left := 0, d.draw()*total
	for at < len(entries)-1 && left >= likes(asked, entries[at]) {
		left -= likes(asked, entries[at])
		at++
	}
	return entries[at]
}

func some[T any](from []T, is func(T) bool) (found []T) {
	for _, e := range from {
		if is(e) {
			found = append(found, e)
		}
	}
	return found
}

// bounds of what is seen of all.
func bounds(items []Item) (x0, y0, x1, y1 float64) {
	x0, y0, x1, y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for k := range items {
		i := &items[k]
		box := &i.shape.box
		x0, y0 = min(x0, i.X+box[0]*i.Side), min(y0, i.Y+box[1]*i.Side)
		x1, y1 = max(x1, i.X+box[2]*i.Side), max(y1, i.Y+box[3]*i.Side)
	}
	return x0, y0, x1, y1
}

// move scales around (0, 0), then shifts.
func move(items []Item, dx, dy, scale float64) {
	for k := range items {
		i := &items[k]
		i.X, i.Y, i.Side = i.X*scale+dx, i.Y*scale+dy, i.Side*scale
	}
}

// centre brings the middle of the foot line to (0, 0).
func centre(items []Item) {
	x0, _, x1, y1 := bounds(items)
	move(items, -(x0+x1)/2, -y1, 1)
}

// extent returns width and height of what is seen.
func extent(items []Item) (width, height float64) {
	x0, y0, x1, y1 := bounds(items)
	return x1 - x0, y1 - y0
}

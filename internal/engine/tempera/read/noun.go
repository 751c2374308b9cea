package read

import (
	"slices"
	"strings"
)

// noun reads a thing that can be drawn: it takes what was said about it.
func (p *reading) noun(phrase string, length int, said string) {
	c := p.r.concepts[p.r.Lexicon.Phrases[phrase]]
	if p.denied {
		p.denied, p.next = false, pending{}
		return
	}
	if p.uttered {
		p.uttered, p.next, p.nounEnd = false, pending{}, -1
		p.leave(phrase)
		return
	}
	last, adjoining, does := p.last(), p.follows(), doing(phrase)
	p.nounEnd = p.at + length
	if adjoining && (does || c.Group == avatars || c.sign() && !p.r.concepts[last.Concept].sign()) {
		if does {
			p.nounEnd = -1 // "a clown juggling balls": what follows is another thing
		} else if c.Group != avatars {
			p.leave(phrase)
		}
		return
	}
	g := p.group(phrase, c)
	p.looked, p.parted, p.broken = false, false, false
	p.explain(said, c)
	of := last != nil && p.next.phrase == "of"
	switch {
	case last != nil && !adjoining && p.again(&g):
		p.leave(phrase) // "a lamp with an idea": one drawing for both
	case of && last.Concept == g.Concept:
	case of && !holds(last.Phrase):
		p.leave(phrase) // a statue of a lion is a statue
	case of && served(last.Phrase, c):
		g.inherit(last, &pending{})
		*last = g
	case of && len(p.scene.Groups) > 1:
		p.leave(last.Phrase) // "a bear with a jar of sweets": the sweets beside it
		g.inherit(last, &p.next)
		*last = g
	case adjoining:
		if !p.r.related(last.Phrase, c) {
			p.leave(last.Phrase) // a robot dog is a dog
		}
		g.inherit(last, &p.next)
		*last = g
	default:
		p.joined, p.filled = p.next.phrase, p.filled || of
		p.add(g)
	}
	p.next = pending{}
}

// again reports whether another word for what is drawn already was only added to it, without a number.
func (p *reading) again(g *Group) bool {
	n := &p.next
	i := slices.IndexFunc(p.scene.Groups, func(old Group) bool { return old.Concept == g.Concept })
	if i < 0 || n.count != 0 || len(n.colours) > 0 || n.phrase != "" && n.phrase != "with" {
		return false
	}
	return p.scene.Groups[i].Phrase != g.Phrase && p.r.concepts[g.Concept].Group != "animals-nature"
}

// doing reports whether it is what somebody does rather than a thing: "fishing", not "a ring".
func doing(phrase string) bool {
	return strings.HasSuffix(phrase, "ing") && !doingNot[lastWord(phrase)]
}

// avatars is the group of concepts that are portraits of somebody.
const avatars = "avatar"

// look reads "with a beard" after somebody: it is somebody else who is drawn. It returns how many words that took.
func (p *reading) look() int {
	w, last := p.words[p.at].text, p.last()
	if last == nil || p.nounEnd != p.at || !showing[w] && (w != "and" || !p.looked) {
		return 0
	}
	c := p.r.concepts[last.Concept]
	avatar := c.Group == avatars
	if !avatar && !somebody[p.r.labels[c.ID]] {
		return 0
	}
	for n := lookWords; n > 0; n-- {
		_, phrase, _ := strings.Cut(p.join(p.at, n+1), " ")
		concept := p.r.Lexicon.Looks[phrase]
		// Glasses and hats are drawn on whoever is drawn whole.
		if worn := lastWord(phrase); concept == "" || !avatar && (headwear[worn] || lenses[worn]) {
			continue
		}
		if !p.looked {
			last.Concept = concept
		}
		p.nounEnd, p.looked = p.at+1+n, true
		return 1 + n
	}
	return 0
}

// contact says how closely the next noun goes with what came before.
func (p *reading) contact(relation string) string {
	phrase, last := p.next.phrase, p.last()
	first, _, _ := strings.Cut(phrase, " ")
	switch {
	case relation != Beside && stayApart[phrase]:
		return Apart
	case relation != Beside && phrase == "of":
		return Filling
	case relation != Beside && mounting[first]:
		return Mounted
	case relation != Beside && resting[phrase[strings.LastIndex(phrase, " ")+1:]]:
		return Resting
	case relation != Beside:
		return ""
	case p.broken && (phrase == "" || phrase == "and"):
		return ""
	case phrase == "and" && (last.companion() || last.Relation == Wear):
		return Held // "a knight with a sword and a shield"
	}
	return manners[phrase]
}

// add keeps the group; beyond mostGroups nothing would be recognisable.
func (p *reading) add(g Group) {
	if len(p.scene.Groups) < mostGroups {
		p.scene.Groups = append(p.scene.Groups, g)
	} else {
		p.leave(g.Phrase)
	}
}

// leave notes a thing that is not drawn; moods and poses ("a sleepy cat") need no note.
func (p *reading) leave(phrase string) {
	if !quiet[phrase] && !slices.Contains(p.scene.Left, phrase) {
		p.scene.Left = append(p.scene.Left, phrase)
	}
}

func (p *reading) group(phrase string, c *Concept) Group {
	n := &p.next
	g := Group{
		Concept: c.ID, Phrase: phrase, Count: max(n.count, 1), Size: n.size, Colours: n.colours, Turn: n.turn,
		Flip: n.flip, Arrange: n.arrange,
	}
	if g.Size == 0 {
		g.Size = 1
	}
	named, worn := lastWord(phrase), lastWord(p.r.labels[c.ID])
	several := pairs[named] || named == worn && many(named)
	switch {
	case several && (n.count == 0 || n.vague) && (n.arrange == "" || n.arrange == "column"):
		g.Count, g.Arrange = 1, "" // one drawing shows them all: grapes, glasses, a stack of books
	case n.count == 0 && n.arrange != "":
		g.Count = arrangedCount[n.arrange]
	case n.count == 0 && !n.article && p.r.plural(phrase):
		g.Count = uncounted
		if twos[named] {
			g.Count = 2
		}
	}
	if len(p.scene.Groups) == 0 {
		return g
	}
	g.Relation = n.relation
	if g.Relation == "" {
		g.Relation = Beside
	}
	g.Contact = p.contact(g.Relation)
	if g.Relation == Inside && c.Subgroup == "sky-weather" {
		g.Relation = Below // "in the rain"
	}
	if wearing[n.phrase] && (headwear[worn] || lenses[worn]) {
		g.Relation = Wear
	}
	return g
}

// explain notes what was drawn for a word that is not the drawing's own name.
func (p *reading) explain(said string, c *Concept) {
	note := [2]string{said, c.Label}
	if !p.r.related(said, c) && !slices.Contains(p.scene.ReadAs, note) {
		p.scene.ReadAs = append(p.scene.ReadAs, note)
	}
}

// close ends a noun phrase: a colour or size word without a noun was one itself, or belongs to the last noun.
func (p *reading) close() {
	n := p.next
	p.next, p.denied, p.uttered = pending{}, false, false
	if len(n.words) == 0 {
		return
	}
	w := n.words[len(n.words)-1]
	id := p.r.Lexicon.Phrases[w]
	if id == "" && n.article && thingColours[w] {
		id = p.r.tagged[w]
	}
	last := p.last()
	joined := n.relation != "" && p.r.Lexicon.Sizes[w] != 0 // "a mother and baby"
	switch {
	case id != "" && (n.article || joined || last == nil):
		g := Group{Concept: id, Phrase: w, Count: 1, Size: 1}
		if last != nil {
			g.Relation = n.relation
			if g.Relation == "" {
				g.Relation = Beside
			}
		}
		p.add(g)
	case len(n.colours) > 0 && !n.lost && last != nil && len(last.Colours) == 0:
		last.Colours = n.colours
	}
}

// light picks one backdrop out of those named; night and sunset become the light over another.
func (p *reading) light() {
	place := func(k string) bool { return k != "none" && k != Night && k != Sunset }
	if p.sunny && !slices.ContainsFunc(p.backdrops, place) {
		p.backdrops = append(p.backdrops, weather["sunny"]) // where nothing says which place it is
	}
	var kinds, places, lights []string
	for _, k := range p.backdrops {
		if k == "none" || slices.Contains(kinds, k) {
			continue
		}
		kinds = append(kinds, k)
		if k == "night" || k == "sunset" {
			lights = append(lights, k)
		} else {
			places = append(places, k)
		}
	}
	s := &p.scene
	switch {
	case len(kinds) == 0 && len(p.backdrops) > 0:
		s.Backdrop = "none"
	case len(kinds) == 0:
	case len(places) == 0:
		s.Backdrop = kinds[0]
	case len(lights) > 0 && (places[0] == "hill" || places[0] == "meadow" || places[0] == "sky"):
		s.Backdrop = lights[0]
	default:
		s.Backdrop = places[0]
		if len(lights) > 0 {
			s.Tone = lights[0]
		}
	}
	if s.Backdrop != "solid" {
		s.Ground = ""
	}
}

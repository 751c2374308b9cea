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
	last := p.last()
	adjoining := last != nil && p.nounEnd == p.at && !p.words[p.at].pause
	p.nounEnd = p.at + length
	doing := strings.HasSuffix(phrase, "ing")
	if adjoining && (doing || c.Group == avatars || c.sign() && !p.r.concepts[last.Concept].sign()) {
		if doing {
			p.nounEnd = -1 // "a clown juggling balls": what follows is another thing
		} else if c.Group != avatars {
			p.leave(phrase)
		}
		return
	}
	p.looked = false
	g := p.group(phrase, c)
	p.listed = false
	p.explain(said, c)
	of := last != nil && p.next.phrase == "of"
	switch {
	case of && last.Concept == g.Concept:
		p.next = pending{}
		return
	case of && !vessel(last.Phrase):
		p.leave(phrase) // a statue of a lion is a statue
		p.next = pending{}
		return
	case of && served(lastWord(last.Phrase), c):
		adjoining, p.next = true, pending{}
	case adjoining && !p.r.related(last.Phrase, c):
		p.leave(last.Phrase) // a robot dog is a dog
	}
	if adjoining {
		g.inherit(last, &p.next)
		p.scene.Groups = p.scene.Groups[:len(p.scene.Groups)-1]
	}
	p.add(g)
	p.next = pending{}
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

// vessel reports whether what a noun "of" something holds it: "a bowl of apples", not "a statue of a lion".
func vessel(phrase string) bool {
	return vessels[strings.TrimSuffix(lastWord(phrase), "s")]
}

// served reports whether a dish is drawn in what it is served in: a bowl of ramen is one drawing, a bowl of apples two.
func served(vessel string, c *Concept) bool {
	food := strings.HasPrefix(c.Subgroup, "food-") && c.Subgroup != "food-fruit" && c.Subgroup != "food-vegetable"
	return crockery[vessel] && (food || c.Subgroup == "drink")
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
	case relation != Beside:
		return ""
	case p.listed && (phrase == "" || phrase == "and"):
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
	if n.count == 0 && n.arrange != "" {
		g.Count = arrangedCount[n.arrange]
	} else if n.count == 0 && !n.article && p.r.plural(phrase) {
		g.Count = 3
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
	worn := lastWord(p.r.labels[c.ID])
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
	p.next, p.denied = pending{}, false
	if len(n.words) == 0 {
		return
	}
	w := n.words[len(n.words)-1]
	id := p.r.Lexicon.Phrases[w]
	if id == "" && n.article && thingColours[w] {
		id = p.r.tagged[w]
	}
	last := p.last()
	switch {
	case id != "" && (n.article || last == nil):
		g := Group{Concept: id, Phrase: w, Count: 1, Size: 1}
		if last != nil {
			g.Relation = n.relation
			if g.Relation == "" {
				g.Relation = Beside
			}
		}
		p.add(g)
	case len(n.colours) > 0 && last != nil && len(last.Colours) == 0:
		last.Colours = n.colours
	}
}

// light picks one backdrop out of those named; night and sunset become the light over another.
func (p *reading) light() {
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

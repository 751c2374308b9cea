package read

import (
	"slices"
	"strings"
)

// shows reports whether the drawing of a concept has the part already.
func (r *Reader) shows(c *Concept, part string) bool {
	label := r.labels[c.ID]
	if parts[label][part] || parts[c.Subgroup][part] {
		return true
	}
	return slices.ContainsFunc(strings.Split(label, " "), func(w string) bool { return parts[w][part] })
}

// part reads a part of the last noun that its drawing shows: "a cake with candles". It returns how many words that took.
func (p *reading) part() int {
	after, n := p.follows(), len(p.scene.Groups)
	named := after && n > 1 && p.joined != "" && joining[p.joined] // "with a rainbow mane"
	if n == 0 || after && !named || p.denied || p.broken && !p.parted {
		return 0
	}
	if !named && !joining[p.next.phrase] && (!p.parted || p.next.phrase != "and") {
		return 0
	}
	host := p.r.concepts[p.scene.Groups[n-1].Concept]
	if named {
		host = p.r.concepts[p.scene.Groups[n-2].Concept]
	}
	length := max(p.thing(p.at), 1)
	phrase := p.join(p.at, length)
	whole := p.r.shows(host, phrase)
	if !whole && !p.r.shows(host, lastWord(phrase)) {
		return 0
	}
	switch note := [2]string{phrase, p.r.labels[host.ID]}; {
	case named:
		p.leave(p.last().Phrase + " " + phrase)
		p.scene.Groups = p.scene.Groups[:n-1]
	case len(p.next.colours) > 0:
		p.leave(p.next.colours[len(p.next.colours)-1] + " " + phrase)
	case !whole:
		p.leave(phrase) // a castle's drawing has a flag, but no pirate flag
	case !slices.Contains(p.scene.Parts, note):
		p.scene.Parts = append(p.scene.Parts, note)
	}
	p.next, p.parted, p.nounEnd = pending{}, true, -1
	return length
}

// utter reads "a dragon breathing fire" and "a fire breathing dragon": the fire is left to the text.
func (p *reading) utter() {
	if !p.follows() || !breathed[p.last().Phrase] || p.thing(p.at+1) == 0 {
		p.uttered = true
		return
	}
	p.leave(p.last().Phrase)
	p.scene.Groups = p.scene.Groups[:len(p.scene.Groups)-1]
	p.nounEnd = -1
}

// filling reads "a basket full of apples" as a basket of apples; what holds nothing has them beside it. It returns how
// many words that took.
func (p *reading) filling() int {
	if !p.follows() || !filling[p.join(p.at, 2)] {
		return 0
	}
	p.next.relation, p.next.phrase = Beside, "with"
	if holds(p.last().Phrase) {
		p.next.relation, p.next.phrase = Below, "of"
	}
	return 2
}

// settle lets what is in a basket look out of it: a basket of apples looks as apples in a basket do.
func (p *reading) settle() {
	g := p.scene.Groups
	if !p.filled || len(g) < 2 {
		return
	}
	g[0], g[1] = g[1], g[0]
	g[0].Relation, g[0].Contact, g[1].Relation = "", "", Inside
	if g[0].Count == uncounted && narrow[lastWord(g[1].Phrase)] {
		g[0].Count = 1
	}
}

// anyForm reports whether the set has the word or what it could be the plural of.
func anyForm(set map[string]bool, word string) bool {
	return set[word] || slices.ContainsFunc(singular(word), func(s string) bool { return set[s] })
}

// holds reports whether what a noun "of" something holds it: "a bowl of apples", not "a statue of a lion".
func holds(phrase string) bool {
	return anyForm(vessels, lastWord(phrase)) || anyForm(crockery, lastWord(phrase))
}

// served reports whether a dish is drawn in what it is served in: a bowl of ramen is one drawing, a bowl of apples two.
func served(vessel string, c *Concept) bool {
	food := strings.HasPrefix(c.Subgroup, "food-") && c.Subgroup != "food-fruit" && c.Subgroup != "food-vegetable"
	return anyForm(crockery, lastWord(vessel)) && (food || c.Subgroup == "drink")
}

// many reports whether a name is a plural, by its end.
func many(word string) bool {
	if !strings.HasSuffix(word, "s") {
		return false
	}
	return !slices.ContainsFunc([]string{"ss", "us", "is", "as"}, func(end string) bool { return strings.HasSuffix(word, end) })
}

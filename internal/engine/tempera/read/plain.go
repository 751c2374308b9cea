package read

import "slices"

// plainWord reads a word that no table knows.
func (p *reading) plainWord(w string) {
	switch {
	case articles[w]:
		p.next.article = true
	case w == "wearing" || w == "wears":
		p.next.relation, p.next.phrase = Beside, w
	case w == "of" && p.last() != nil && p.nounEnd == p.at:
		p.next.relation, p.next.phrase = Below, "of"
	case p.last() != nil && p.next.relation == "" && (roundAbout[w] != "" || manners[w] != ""):
		p.next.relation, p.next.phrase = roundAbout[w], w
	case weather[w] != "":
		if w == "sunny" {
			p.sunny = true
		} else {
			p.backdrops = append(p.backdrops, weather[w])
		}
	case quiet[w]:
	case p.follows():
		p.unknown(w) // "a sushi platter" is sushi
	case p.liken(w), !p.isReal(w) && p.mend(w):
	default:
		p.unknown(w)
	}
}

// follows reports whether this word stands right after a noun.
func (p *reading) follows() bool {
	return p.last() != nil && p.nounEnd == p.at && !p.words[p.at].pause
}

func (p *reading) unknown(w string) {
	p.uttered, p.next.lost = false, true
	if !slices.Contains(p.scene.Unknown, w) {
		p.scene.Unknown = append(p.scene.Unknown, w)
	}
}

// isReal reports whether an unknown word is one of its own, and no slip of the pen.
func (p *reading) isReal(w string) bool {
	return p.r.real[w] || slices.ContainsFunc(singular(w), func(s string) bool { return p.r.real[s] })
}

// mend reads a word with a slip of the pen as the name of a thing it is nearly.
func (p *reading) mend(w string) bool {
	for _, form := range append([]string{w}, singular(w)...) {
		near := p.r.nearest(form)
		if near == "" {
			continue
		}
		if form != w && p.r.Lexicon.Phrases[near+"s"] != "" {
			near += "s"
		}
		p.noun(near, 1, w)
		return true
	}
	return false
}

// liken reads an unknown word as the nearest known one, if the lexicon has one for it.
func (p *reading) liken(w string) bool {
	l := p.r.Lexicon
	for _, form := range append([]string{w}, singular(w)...) {
		near, ok := l.Near[form]
		if !ok {
			continue
		}
		known := near.Word
		if form != w && l.Phrases[known+"s"] != "" {
			known += "s"
		}
		if note := [2]string{w, near.Word}; !slices.Contains(p.scene.Likened, note) {
			p.scene.Likened = append(p.scene.Likened, note)
		}
		switch k := p.lookUp(known); k {
		case concept:
			p.noun(known, 1, known)
		case plain: // a word without a picture of its own
		default:
			p.take(k, known, 1)
		}
		return true
	}
	return false
}

package read

import (
	"strconv"
	"strings"
)

// kind is what a run of words means. Of equally long matches the first kind counts.
type kind int

const (
	arranging kind = iota
	turning
	flipping
	zooming
	background
	style
	relation
	count
	size
	colour
	concept
	number
	plain // nothing the tables know
)

// reading is one pass over one prompt.
type reading struct {
	r         *Reader
	words     []word
	scene     Scene
	next      pending
	at        int
	nounEnd   int    // where the last noun's words ended
	joined    string // by which words the last noun was joined to what stood before it
	parted    bool   // the last noun was a part of the one before
	filled    bool   // the first thing holds the second
	broken    bool   // a comma or the like stood after the last noun
	denied    bool
	uttered   bool // what comes next is breathed or said
	looked    bool // what the last noun looks like has been said
	sunny     bool
	backdrops []string
}

// Read returns the scene of a prompt. Any text is fine.
func (r *Reader) Read(prompt string) Scene {
	p := &reading{r: r, words: words(prompt), scene: Scene{Zoom: 1}, nounEnd: -1}
	for p.at < len(p.words) {
		if p.words[p.at].pause {
			p.close()
			p.broken = true
		}
		p.at += p.step()
	}
	p.close()
	p.settle()
	p.light()
	return p.scene
}

// join returns the words as one phrase, or "" when they run out or a pause stands between them.
func (p *reading) join(start, length int) string {
	if length < 1 || start+length > len(p.words) {
		return ""
	}
	var b strings.Builder
	for i, w := range p.words[start : start+length] {
		if i > 0 {
			if w.pause {
				return ""
			}
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	return b.String()
}

// lookUp returns what a phrase means; plain when the tables do not have it.
func (p *reading) lookUp(phrase string) kind {
	l := p.r.Lexicon
	switch {
	case arrangements[phrase] != "":
		return arranging
	case turns[phrase] != 0:
		return turning
	case flips[phrase]:
		return flipping
	case zooms[phrase] != 0:
		return zooming
	case l.Backgrounds[phrase] != "":
		return background
	}
	return p.lookUpAfter(phrase)
}

// lookUpAfter returns what a phrase means that is no arrangement and no backdrop.
func (p *reading) lookUpAfter(phrase string) kind {
	l := p.r.Lexicon
	switch {
	case l.Styles[phrase] != "":
		return style
	case l.Relations[phrase] != "":
		return relation
	case p.r.counts[phrase] != 0:
		return count
	case l.Sizes[phrase] != 0:
		return size
	}
	if _, ok := l.Colours[phrase]; ok {
		return colour
	}
	if l.Phrases[phrase] != "" {
		return concept
	}
	return plain
}

// match returns the longest match here.
func (p *reading) match() (k kind, phrase string, length int) {
	for n := longest; n >= 1; n-- {
		phrase := p.join(p.at, n)
		if phrase == "" {
			continue
		}
		k := p.lookUp(phrase)
		if (k == background || k == arranging) && p.cuts(n) {
			k = p.lookUpAfter(phrase)
		}
		if k != plain {
			return p.stuff(k, phrase), phrase, n
		}
		if n > 2 {
			if bare := bare(phrase); p.r.Lexicon.Phrases[bare] != "" {
				return concept, bare, n
			}
		}
		if n > 1 && p.r.Lexicon.Backgrounds["in "+phrase] != "" && p.thing(p.at+1) < n {
			return background, "in " + phrase, n
		}
	}
	return plain, p.words[p.at].text, 1
}

// thing returns how many words the longest name of a thing has that begins there: "an ice cream" is not "in an ice".
func (p *reading) thing(start int) int {
	for n := longest; n > 0; n-- {
		if p.r.Lexicon.Phrases[p.join(start, n)] != "" {
			return n
		}
	}
	return 0
}

// cuts reports whether the name of a thing reaches beyond these words: "in a space suit" is not "in a space".
func (p *reading) cuts(length int) bool {
	for n := 1; n < length; n++ {
		if n+p.thing(p.at+n) > length {
			return true
		}
	}
	return false
}

// stuff returns the kind of a phrase; a pencil with an article is a thing and no way to draw.
func (p *reading) stuff(k kind, phrase string) kind {
	switch {
	case k != style || !stuff[phrase] || !p.next.article && len(p.next.words) == 0:
		return k
	case p.r.Lexicon.Phrases[phrase] != "":
		return concept
	}
	return plain
}

// bare returns a phrase without the articles inside: "heart with an arrow" is called "heart with arrow".
func bare(phrase string) string {
	words := strings.Split(phrase, " ")
	kept := words[:1]
	for _, w := range words[1:] {
		if !articles[w] {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// step reads what stands here and returns how many words that took.
func (p *reading) step() int {
	w := p.words[p.at].text
	if groundWords[w] && len(p.next.colours) > 0 {
		p.scene.Ground = p.next.colours[len(p.next.colours)-1]
		p.next = pending{}
		p.backdrops = append(p.backdrops, "solid")
		return 1
	}
	if uttered[w] {
		p.utter()
		return 1
	}
	for _, read := range []func() int{p.look, p.part, p.filling} {
		if n := read(); n > 0 {
			return n
		}
	}
	k, phrase, length := p.match()
	if n := p.number(); n > 0 {
		k, phrase, length = number, w, 1
	}
	switch {
	case k == concept && length == 1 && p.barePlace(), (k == concept || k == plain) && length == 1 && p.site():
		k, phrase = background, "in "+w
	case k == plain && !p.denied && !quiet[w] && p.r.Lexicon.Backgrounds["in "+w] != "":
		k, phrase = background, "in "+w // "a frozen lake", of which there is no drawing
	case k == concept && length == 1 && weather[w] != "":
		k = plain
	}
	if denials[w] && k != background {
		p.denied = true
		return 1
	}
	if k == relation || k == plain {
		if name, n := p.place(); n >= length && n > 0 {
			k, phrase, length = background, name, n
		}
	}
	if k == relation && length > 1 {
		if tail, n := p.backgroundAt(p.at + length - 1); n > 0 {
			k, phrase, length = background, tail, length-1+n
		}
	}
	p.take(k, phrase, length)
	return length
}

// number returns the count that digits before another word stand for, else 0.
func (p *reading) number() int {
	n, err := strconv.Atoi(p.words[p.at].text)
	if err != nil || n < 0 || len(p.words[p.at].text) > 4 || p.join(p.at, 2) == "" {
		return 0
	}
	return min(n, mostOfAKind)
}

// barePlace reports whether a place is named first and without an article: "city at night", "forest". It is the
// backdrop then.
func (p *reading) barePlace() bool {
	w := p.words[p.at]
	if p.at > 0 && !w.pause || !p.next.empty() || p.r.Lexicon.Backgrounds["in "+w.text] == "" {
		return false
	}
	return p.join(p.at, 2) == "" || p.r.Lexicon.Phrases[p.words[p.at+1].text] == ""
}

// site reports whether a place stands right after what is in it, and so is the backdrop: "a tulip garden".
func (p *reading) site() bool {
	w := p.words[p.at].text
	if !sites[w] || !p.follows() || p.r.Lexicon.Backgrounds["in "+w] == "" {
		return false
	}
	if p.last().Relation == Inside {
		p.last().Relation = Beside // "a mill in a tulip field" stands among the tulips
	}
	return true
}

// backgroundAt finds a backdrop's phrase of several words: "flying over the sea" is "over the sea".
func (p *reading) backgroundAt(start int) (phrase string, length int) {
	for n := longest; n > 1; n-- {
		if phrase := p.join(start, n); p.r.Lexicon.Backgrounds[phrase] != "" {
			return phrase, n
		}
	}
	return "", 0
}

// place finds a backdrop with words between: "in a dark old forest" is "in forest".
func (p *reading) place() (phrase string, length int) {
	first := p.words[p.at].text
	if !prepositions[first] {
		return "", 0
	}
	l := p.r.Lexicon
	for start := p.at + 1; start < len(p.words) && start-p.at <= 4; start++ {
		for n := 3; n >= 1; n-- {
			name, reach := p.join(start, n), start-p.at+n
			if name != "" && l.Backgrounds[first+" "+name] != "" && p.join(p.at, reach) != "" {
				if p.cuts(reach) {
					return "", 0
				}
				return first + " " + name, reach
			}
		}
		w := p.words[start].text
		if l.Phrases[w] != "" && !quiet[w] || l.Relations[w] != "" || p.r.counts[w] != 0 {
			return "", 0
		}
	}
	return "", 0
}

// take gives the words their effect.
func (p *reading) take(k kind, phrase string, length int) {
	l, here := p.r.Lexicon, len(p.scene.Groups) > 0 && p.nounEnd == p.at
	switch k {
	case arranging:
		p.arrange(phrase)
	case turning:
		if here {
			p.last().Turn = turns[phrase]
		} else {
			p.next.turn = turns[phrase]
		}
	case flipping:
		if here {
			p.last().Flip = true
		} else {
			p.next.flip = true
		}
	case zooming:
		p.scene.Zoom = zooms[phrase]
	case background:
		p.close()
		p.backdrops = append(p.backdrops, l.Backgrounds[phrase])
	case style:
		if p.scene.Style == "" {
			p.scene.Style = l.Styles[phrase]
		}
	case relation:
		p.relate(phrase)
	case count:
		p.next.count, p.next.words = p.r.counts[phrase], append(p.next.words, phrase)
		p.next.vague = vague[phrase] || herd(phrase)
	case size:
		p.next.size, p.next.words = l.Sizes[phrase], append(p.next.words, phrase)
	case colour:
		p.next.colours, p.next.words = append(p.next.colours, phrase), append(p.next.words, phrase)
	case number:
		p.next.count, p.next.words, p.next.vague = p.number(), append(p.next.words, phrase), false
	case concept:
		if !quiet[phrase] || p.next.article && !p.leads(length) {
			p.noun(phrase, length, phrase)
		}
	case plain:
		p.plainWord(phrase)
	}
}

// leads reports whether these words only say something of what comes next: "a crying baby".
func (p *reading) leads(length int) bool {
	_, after, _ := strings.Cut(p.join(p.at+length-1, 2), " ")
	if _, ok := p.r.Lexicon.Colours[after]; ok {
		return true
	}
	return p.r.Lexicon.Phrases[after] != "" && !quiet[after]
}

func (p *reading) last() *Group {
	if len(p.scene.Groups) == 0 {
		return nil
	}
	return &p.scene.Groups[len(p.scene.Groups)-1]
}

func (p *reading) arrange(phrase string) {
	ahead := strings.HasSuffix(phrase, "of")
	if g := p.last(); g != nil && !ahead {
		g.Arrange = arrangements[phrase]
		if g.Count == 1 {
			g.Count = arrangedCount[g.Arrange]
		}
		p.next.arrange = ""
		return
	}
	p.next.arrange = arrangements[phrase]
}

func (p *reading) relate(phrase string) {
	after := p.words[p.at+1 : min(p.at+3, len(p.words))]
	if phrase == "and" && len(p.next.colours) > 0 && len(after) > 0 {
		if _, ok := p.r.Lexicon.Colours[after[0].text]; ok {
			return // "red and blue balloons"
		}
		if _, ok := p.r.Lexicon.Colours[after[len(after)-1].text]; ok && articles[after[0].text] {
			p.next.count = 2 // "a red and a blue balloon"
			return
		}
	}
	if phrase == "by" && p.next.relation == Amid {
		return // "surrounded by"
	}
	p.close()
	p.next.relation, p.next.phrase = p.r.Lexicon.Relations[phrase], phrase
}

package read

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Concept is a thing that can be drawn.
type Concept struct {
	ID       string   `json:"id"`
	Label    string   `json:"label"`
	Group    string   `json:"group"`
	Subgroup string   `json:"subgroup"`
	Tags     []string `json:"tags"`
}

// sign reports whether the concept is a face, a person or a symbol rather than a thing.
func (c *Concept) sign() bool {
	return c.Group == "smileys-emotion" || c.Group == "symbols" || c.Group == "people-body"
}

// Lexicon is lexicon.json: what each phrase means.
type Lexicon struct {
	Concepts    []Concept          `json:"concepts"`
	Phrases     map[string]string  `json:"phrases"` // to a concept's id
	Colours     map[string][3]int  `json:"colours"` // RGB, 0-255
	Counts      map[string]int     `json:"counts"`
	Sizes       map[string]float64 `json:"sizes"` // factor on the usual size
	Relations   map[string]string  `json:"relations"`
	Backgrounds map[string]string  `json:"backgrounds"` // to a kind of backdrop
	Styles      map[string]string  `json:"styles"`      // to a style id
	Looks       map[string]string  `json:"looks"`       // what may follow "with" after somebody, to a concept's id
	Near        map[string]Near    `json:"near"`        // words the other tables lack, to the nearest one they have
	Real        []string           `json:"real"`        // words of their own that are nearly the name of a drawing
}

// Near is a known word and how alike in meaning it is, 0 … 1. In the file it is a list of the two.
type Near struct {
	Word  string
	Alike float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Near) UnmarshalJSON(data []byte) error {
	pair := []any{&n.Word, &n.Alike}
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 || n.Word == "" {
		return fmt.Errorf("%s is not a word and how near it is", data)
	}
	return nil
}

// ParseLexicon reads lexicon.json and checks that it hangs together.
func ParseLexicon(data []byte) (*Lexicon, error) {
	var l Lexicon
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("read lexicon: %w", err)
	}
	known := make(map[string]bool, len(l.Concepts))
	for _, c := range l.Concepts {
		known[c.ID] = true
	}
	for phrase, concept := range l.Phrases {
		if !known[concept] {
			return nil, fmt.Errorf("read lexicon: phrase %q means %q, which is no concept", phrase, concept)
		}
	}
	for look, concept := range l.Looks {
		if !known[concept] {
			return nil, fmt.Errorf("read lexicon: look %q means %q, which is no concept", look, concept)
		}
	}
	return &l, nil
}

// Label returns the name of a concept as plain lower-case words, or "".
func (r *Reader) Label(concept string) string { return r.labels[concept] }

// Concept returns a concept of the lexicon, or an empty one.
func (r *Reader) Concept(id string) *Concept {
	if c := r.concepts[id]; c != nil {
		return c
	}
	return &Concept{ID: id}
}

// Reader reads prompts with one lexicon. It is safe for concurrent use.
type Reader struct {
	Lexicon  *Lexicon
	concepts map[string]*Concept
	labels   map[string]string
	tagged   map[string]string // a tag to the first thing (not face or sign) that has it
	real     map[string]bool
	names    []string // words of labels that are phrases too, sorted: what a slip of the pen may have meant
	counts   map[string]int
}

// NewReader prepares a reader.
func NewReader(l *Lexicon) *Reader {
	r := &Reader{
		Lexicon: l, concepts: map[string]*Concept{}, labels: map[string]string{}, tagged: map[string]string{},
		counts: map[string]int{}, real: map[string]bool{},
	}
	for _, w := range l.Real {
		r.real[w] = true
	}
	for herd := range herds {
		r.counts[herd+" of"], r.counts["a "+herd+" of"] = 5, 5
	}
	maps.Copy(r.counts, l.Counts)
	names := map[string]bool{}
	for i := range l.Concepts {
		c := &l.Concepts[i]
		r.concepts[c.ID], r.labels[c.ID] = c, clean(c.Label)
		for w := range strings.FieldsSeq(r.labels[c.ID]) {
			if _, ok := l.Phrases[w]; ok && len([]rune(w)) >= shortestFix {
				names[w] = true
			}
		}
		if c.Group != "food-drink" && c.Group != "animals-nature" && c.Group != "objects" {
			continue
		}
		for _, tag := range c.Tags {
			if _, taken := r.tagged[tag]; !taken {
				r.tagged[tag] = c.ID
			}
		}
	}
	r.names = slices.Sorted(maps.Keys(names))
	return r
}

// plural reports whether the phrase is the plural of another phrase for the same concept.
func (r *Reader) plural(phrase string) bool {
	concept := r.Lexicon.Phrases[phrase]
	if phrase == r.labels[concept] {
		return false
	}
	return slices.ContainsFunc(singular(phrase), func(s string) bool { return r.Lexicon.Phrases[s] == concept })
}

// nearest returns the name of a thing one slip of the pen away from an unknown word (two in a long word), or "".
func (r *Reader) nearest(unknown string) string {
	letters := []rune(unknown)
	if len(letters) < shortestFix {
		return ""
	}
	best, least := "", 2
	if len(letters) >= 7 {
		least = 3
	}
	for _, name := range r.names {
		if []rune(name)[0] != letters[0] {
			continue
		}
		if strings.HasPrefix(name, unknown) || strings.HasPrefix(unknown, name) {
			continue // another word, or another form of it: "table" is no slip of "tablet"
		}
		if d := slips(unknown, name, least); d < least {
			best, least = name, d
		}
	}
	return best
}

// related reports whether what was said is a name or a tag of the concept.
func (r *Reader) related(said string, c *Concept) bool {
	names := set(clean(c.Label + " " + strings.Join(c.Tags, " ")))
	for w := range strings.FieldsSeq(said) {
		if names[w] || slices.ContainsFunc(singular(w), func(s string) bool { return names[s] }) {
			return true
		}
	}
	return false
}

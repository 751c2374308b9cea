// Package catalog says which models there are and what each can do: its sizes, counts, steps, styles and defaults. The
// capability descriptor is what requests are checked against and what the studio builds its controls from. Which
// engine runs a model is named here; finding it is engine.Set's work.
package catalog

import (
	"slices"

	"bottega/internal/engine"
	"bottega/internal/fault"
)

// Style is a named look of a model.
type Style struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Range is an inclusive range with a default.
type Range struct {
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Step    float64 `json:"step"`
	Default float64 `json:"default"`
}

// Capability is what a model can do with pictures.
type Capability struct {
	Width, Height  Range   // pixels
	Count          Range   // pictures a request
	Steps          Range   //
	Guidance       Range   // classifier-free guidance scale
	Adherence      Range   // to the composed reference
	MaxPrompt      int     // characters
	Styles         []Style // the first is the default
	DefaultStyle   string
	NegativePrompt bool
	Transparent    bool // can keep an alpha channel

	Strength      Range          // of image-to-image, 0 keeps the start … 1 paints it anew; Max 0 = starts from nothing but noise
	Masks         bool           // repaints a part of a picture, or extends it, and keeps the rest byte for byte
	Erase         bool           // fills a part with what surrounds it
	References    []ReferenceUse // what pictures can be looked at for
	MaxReferences int
	MaxBoxes      int // things with a place of their own
	// OneLayout: what is where comes from one place. A start that stays below the full strength, without a mask, leaves
	// no room for boxes or a character; boxes none for a character, and they need the composed reference.
	OneLayout bool
	Tile      bool      // can repeat without a seam
	Qualities []Quality // presets of steps, the default first
}

// ReferenceUse is a way to look at a picture.
type ReferenceUse struct {
	Kind     engine.ReferenceKind `json:"kind"`
	Strength Range                `json:"strength"`
}

// Quality is a named number of steps.
type Quality struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Steps int    `json:"steps"`
}

// Reference returns the capability for a kind of reference.
func (c Capability) Reference(kind engine.ReferenceKind) (ReferenceUse, bool) {
	i := slices.IndexFunc(c.References, func(r ReferenceUse) bool { return r.Kind == kind })
	if i < 0 {
		return ReferenceUse{}, false
	}
	return c.References[i], true
}

// Model is one entry of the catalogue.
type Model struct {
	ID          string   // UUID, stable
	Name        string   // slug: "tempera-image"
	Title       string   // "Tempera Image"
	Version     string   // "0.1.0"
	Description string   //
	Preview     bool     // not yet what it is meant to be; the studio says so
	Engine      string   // name in engine.Set
	Aliases     []string // other ids and names that mean this model
	Image       Capability
}

// ErrUnknownModel is the fault for a model that is not in the catalogue.
var ErrUnknownModel = fault.New(fault.Invalid, "unknown_model", "unknown model")

// Catalog is a fixed list of models; the first is the default.
type Catalog struct{ models []Model }

// New returns a catalogue of the models, the default first.
func New(models ...Model) *Catalog { return &Catalog{models: models} }

// Models returns all models, the default first.
func (c *Catalog) Models() []Model { return slices.Clone(c.models) }

// Find returns the model with this id, name or alias; an empty ref is the default model.
func (c *Catalog) Find(ref string) (Model, bool) {
	if ref == "" && len(c.models) > 0 {
		return c.models[0], true
	}
	for _, m := range c.models {
		if m.ID == ref || m.Name == ref || slices.Contains(m.Aliases, ref) {
			return m, true
		}
	}
	return Model{}, false
}

// Names lists what may be asked for, for error texts.
func (c *Catalog) Names() []string {
	names := make([]string, len(c.models))
	for i, m := range c.models {
		names[i] = m.Name
	}
	return names
}

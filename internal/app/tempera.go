package app

import (
	"bottega/internal/api/leonardo"
	"bottega/internal/catalog"
	"bottega/internal/engine"
	"bottega/internal/engine/tempera"
)

// TemperaEngine is the name of the house model's engine in the engine set.
const TemperaEngine = "tempera"

// TemperaModel is the catalogue entry of the house model. What it can do follows from its weights; the limits of a
// request are the product's. It also answers to the model ids that Leonardo clients send by default.
func TemperaModel(d tempera.Description) catalog.Model {
	styles := []catalog.Style{{ID: tempera.AutoStyle, Title: "From the prompt"}}
	for _, s := range d.Styles {
		styles = append(styles, catalog.Style{ID: s.ID, Title: s.Title})
	}
	styles = append(styles, catalog.Style{ID: "none", Title: "No style"})
	about := "The house model: stickers, icons, emoji-like art and small scenes with native transparency. It reads the " +
		"prompt, lays out licensed drawings as a rough reference, and paints the picture; no photographs."
	if d.Preview {
		about += " This is a preview, trained for a short time on a small machine: details are soft."
	}
	whole := func(low, high, step, value float64) catalog.Range {
		return catalog.Range{Min: low, Max: high, Step: step, Default: value}
	}
	return catalog.Model{
		ID: "7e3a1c52-9d84-4b6f-8a20-5c1f0e9b7d31", Name: d.Name, Title: "Tempera Image", Version: d.Version,
		Description: about, Preview: d.Preview, Engine: TemperaEngine, Aliases: leonardo.AliasIDs(),
		Image: catalog.Capability{
			Width: whole(32, 1536, 8, 512), Height: whole(32, 1536, 8, 512), Count: whole(1, 8, 1, 1),
			Steps: whole(4, 50, 1, float64(d.Steps)), Guidance: whole(1, 12, 0.1, d.Guidance),
			Adherence: whole(0, 1, 0.05, d.Adherence), MaxPrompt: 1500,
			Styles: styles, DefaultStyle: tempera.AutoStyle, NegativePrompt: true, Transparent: true,
			Strength: whole(0, 1, 0.05, 0.6), Masks: true, Erase: true, Tile: true, MaxBoxes: 8, OneLayout: true,
			References: temperaReferences(d), MaxReferences: 4, Qualities: temperaQualities(d.Steps),
		},
	}
}

// temperaReferences are the kinds of references these weights read, and how strongly each is looked at when nothing is
// said.
func temperaReferences(d tempera.Description) []catalog.ReferenceUse {
	var list []catalog.ReferenceUse
	for _, kind := range []engine.ReferenceKind{engine.StyleReference, engine.ContentReference, engine.CharacterReference, engine.EdgeReference} {
		if kind == engine.StyleReference && !d.ReadsStyle {
			continue
		}
		list = append(list, catalog.ReferenceUse{Kind: kind, Strength: catalog.Range{Min: 0, Max: 1, Step: 0.05, Default: 0.6}})
	}
	return list
}

// temperaQualities are half and twice the steps the weights were made for.
func temperaQualities(steps int) []catalog.Quality {
	return []catalog.Quality{
		{ID: "standard", Title: "Standard", Steps: steps},
		{ID: "draft", Title: "Draft", Steps: max(4, steps/2)},
		{ID: "best", Title: "Best", Steps: min(50, 2*steps)},
	}
}

package asset

import (
	"strings"

	"bottega/internal/engine"
	"bottega/internal/imaging"
)

// provenance is the recipe in the words of picture files. Width and height are the delivered ones.
func provenance(r Recipe, width, height int) imaging.Provenance {
	p := imaging.Provenance{
		Tool: r.Generator, Model: r.Model, ModelVersion: r.ModelVersion, Prompt: r.Prompt, Negative: r.NegativePrompt,
		Seed: r.Seed, Steps: r.Steps, Guidance: r.Guidance, Width: width, Height: height,
	}
	for _, s := range r.Sources {
		p.Credits = append(p.Credits, credit(s))
	}
	return p
}

// credit names a source the way its licence asks: title, author, licence, where it came from.
func credit(s engine.Source) string {
	line := "“" + s.Title + "”"
	if s.Author != "" {
		line += " by " + s.Author
	}
	var notes []string
	for _, n := range []string{s.Licence, s.Origin, s.URL} {
		if n != "" {
			notes = append(notes, n)
		}
	}
	if len(notes) > 0 {
		line += " (" + strings.Join(notes, ", ") + ")"
	}
	return line
}

// made reports whether the picture was made here. About a picture of somebody's own no file says anything.
func (r Recipe) made() bool { return r.Generator != "" }

// pngTexts is what is written into an original of width × height.
func pngTexts(r Recipe, width, height int) []imaging.Text {
	if !r.made() {
		return nil
	}
	p := provenance(r, width, height)
	return []imaging.Text{
		{Keyword: imaging.KeyParameters, Value: p.Parameters()},
		{Keyword: imaging.KeyRecipe, Value: string(r.JSON())},
		{Keyword: imaging.KeyXMP, Value: string(p.XMP())},
	}
}

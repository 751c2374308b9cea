package studio

import "bottega/internal/catalog"

// Model is one entry of the catalogue.
type Model struct {
	ID             string          `json:"id" format:"uuid"`
	Name           string          `json:"name"`
	Title          string          `json:"title"`
	Version        string          `json:"version"`
	Description    string          `json:"description"`
	Preview        bool            `json:"preview" doc:"not yet what it is meant to be"`
	Width          catalog.Range   `json:"width" doc:"pixels"`
	Height         catalog.Range   `json:"height" doc:"pixels"`
	Count          catalog.Range   `json:"count" doc:"pictures a request"`
	Steps          catalog.Range   `json:"steps"`
	Guidance       catalog.Range   `json:"guidance"`
	Adherence      catalog.Range   `json:"adherence"`
	MaxPrompt      int             `json:"max_prompt" doc:"characters"`
	Styles         []catalog.Style `json:"styles" nullable:"false"`
	DefaultStyle   string          `json:"default_style"`
	NegativePrompt bool            `json:"negative_prompt"`
	Transparent    bool            `json:"transparent"`

	Strength      catalog.Range          `json:"strength" doc:"of a picture to start from; max 0 = cannot start from one"`
	Masks         bool                   `json:"masks" doc:"repaints and extends a part"`
	Erase         bool                   `json:"erase"`
	References    []catalog.ReferenceUse `json:"references" nullable:"false" doc:"what pictures can be looked at for"`
	MaxReferences int                    `json:"max_references"`
	MaxBoxes      int                    `json:"max_boxes"`
	Tile          bool                   `json:"tile"`
	Qualities     []catalog.Quality      `json:"qualities" nullable:"false" doc:"presets of steps, the default first"`
}

func wireModel(m catalog.Model) Model {
	c := m.Image
	return Model{
		ID: m.ID, Name: m.Name, Title: m.Title, Version: m.Version, Description: m.Description, Preview: m.Preview,
		Width: c.Width, Height: c.Height, Count: c.Count, Steps: c.Steps, Guidance: c.Guidance, Adherence: c.Adherence,
		MaxPrompt: c.MaxPrompt, Styles: append([]catalog.Style{}, c.Styles...), DefaultStyle: c.DefaultStyle,
		NegativePrompt: c.NegativePrompt, Transparent: c.Transparent,
		Strength: c.Strength, Masks: c.Masks, Erase: c.Erase, References: append([]catalog.ReferenceUse{}, c.References...),
		MaxReferences: c.MaxReferences, MaxBoxes: c.MaxBoxes, Tile: c.Tile, Qualities: append([]catalog.Quality{}, c.Qualities...),
	}
}

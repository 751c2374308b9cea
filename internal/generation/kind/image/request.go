// Package image is the kind of work that makes pictures from text. Plan checks a request against the model's
// capability and fixes everything that was left open; Run makes the pictures one by one through an engine and keeps
// each as a file.
package image

// Request asks for pictures. Pointers are optional: nil takes the model's default.
type Request struct {
	Prompt         string   `json:"prompt" doc:"what to paint"`
	NegativePrompt string   `json:"negative_prompt,omitempty" doc:"what to keep away from"`
	Model          string   `json:"model,omitempty" doc:"id or name of a model; empty = the default model"`
	Style          *string  `json:"style,omitempty" doc:"style id of the model; none = \"none\""`
	Width          *int     `json:"width,omitempty" doc:"pixels, 32 to 1536 in steps of 8"`
	Height         *int     `json:"height,omitempty" doc:"pixels, 32 to 1536 in steps of 8"`
	Count          *int     `json:"count,omitempty" doc:"pictures, 1 to 8"`
	Seed           *int64   `json:"seed,omitempty" doc:"0 to 4294967295; picture k uses (seed + k) mod 2^32"`
	Steps          *int     `json:"steps,omitempty"`
	Guidance       *float64 `json:"guidance_scale,omitempty"`
	Adherence      *float64 `json:"adherence,omitempty" doc:"0 free to 1 close to the composed reference; -1 = no reference"`
	Transparent    *bool    `json:"transparent,omitempty" doc:"keep the alpha channel"`
}

// Params is a Request with nothing left open: what is stored, run and written into recipes.
type Params struct {
	Prompt         string  `json:"prompt"`
	NegativePrompt string  `json:"negative_prompt,omitempty"`
	Model          string  `json:"model"`    // name
	ModelID        string  `json:"model_id"` // UUID
	ModelVersion   string  `json:"model_version"`
	Style          string  `json:"style"`
	Width          int     `json:"width"`
	Height         int     `json:"height"`
	Count          int     `json:"count"`
	Seed           int64   `json:"seed"` // of picture 0
	Steps          int     `json:"steps"`
	Guidance       float64 `json:"guidance_scale"`
	Adherence      float64 `json:"adherence"`
	Transparent    bool    `json:"transparent"`
}

// SeedOf returns the seed of picture k: (seed + k) mod 2^32.
func (p Params) SeedOf(k int) int64 { return (p.Seed + int64(k)) & 0xffffffff }

// Package asset keeps finished pictures: the file under its content address, previews, and the recipe that made it,
// which is stored beside the row and written into the file. It promises that a picture reported complete can be read
// back, and that nobody can guess its address. Who may see it is decided by the generation that owns it.
package asset

import (
	"encoding/json"
	"time"

	"bottega/internal/engine"
)

// Image is a kept picture.
type Image struct {
	ID           string
	GenerationID string
	AccountID    string
	Index        int // from 0 within its generation
	Width        int
	Height       int
	Bytes        int64  // of the PNG
	SHA256       string // of the PNG, hex; its content address
	HasAlpha     bool
	Placeholder  string // tiny WebP as a data: URL, for the grid before the preview has come
	Recipe       Recipe
	CreatedAt    time.Time
}

// Recipe is the provenance of a picture: everything needed to make it again.
type Recipe struct {
	Generator       string          `json:"generator"` // "Bottega 0.1.0"
	Kind            string          `json:"kind"`
	Model           string          `json:"model"`
	ModelVersion    string          `json:"model_version"`
	Prompt          string          `json:"prompt"`
	NegativePrompt  string          `json:"negative_prompt,omitempty"`
	Style           string          `json:"style,omitempty"`
	Seed            int64           `json:"seed"`
	Steps           int             `json:"steps"`
	Guidance        float64         `json:"guidance_scale"`
	Adherence       float64         `json:"adherence"`
	Transparent     bool            `json:"transparent"`
	Width           int             `json:"width"`
	Height          int             `json:"height"`
	GeneratedWidth  int             `json:"generated_width"`
	GeneratedHeight int             `json:"generated_height"`
	Sources         []engine.Source `json:"sources,omitempty"`
	Notes           []string        `json:"notes,omitempty"`
	CreatedAt       time.Time       `json:"created_at"`
}

// JSON returns the recipe as it is written into files and rows.
func (r Recipe) JSON() json.RawMessage {
	b, err := json.Marshal(r)
	if err != nil { // only plain values inside: cannot happen
		panic(err)
	}
	return b
}

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
	TeamID       string // that paid for it, and whose it is; empty = the account's own
	Index        int    // from 0 within its generation
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
	Expand          *Expansion      `json:"expand,omitempty"`
	Erase           bool            `json:"erase,omitempty"`
	Tile            bool            `json:"tile,omitempty"`
	Background      string          `json:"background,omitempty"` // "#rrggbb"; empty = white, or none
	Boxes           []Box           `json:"boxes,omitempty"`
	Inputs          []Input         `json:"inputs,omitempty"` // pictures it was made from
	Sources         []engine.Source `json:"sources,omitempty"`
	Notes           []string        `json:"notes,omitempty"`
	CreatedAt       time.Time       `json:"created_at"`
}

// Input names a picture that another one was made from, and what for.
type Input struct {
	ID       string  `json:"id"`
	Role     string  `json:"role"`               // init | mask | style | content | character | edge
	Origin   string  `json:"origin"`             // upload | generated
	Strength float64 `json:"strength,omitempty"` // of init: 0 keeps it … 1 paints it anew; of a reference: above 0 … 1
}

// Expansion is by how many pixels a picture grew on each side.
type Expansion struct {
	Left   int `json:"left,omitempty"`
	Top    int `json:"top,omitempty"`
	Right  int `json:"right,omitempty"`
	Bottom int `json:"bottom,omitempty"`
}

// Box is a thing at a place, in fractions of the picture, y down.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
	Prompt string  `json:"prompt"`
}

// JSON returns the recipe as it is written into files and rows.
func (r Recipe) JSON() json.RawMessage {
	b, err := json.Marshal(r)
	if err != nil { // only plain values inside: cannot happen
		panic(err)
	}
	return b
}

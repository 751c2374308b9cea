// Package pricing turns what a job is into what it costs, by one declarative sheet. The buttons of the studio, the
// pricing calculator of the API, the command line and the hold in the ledger call the same Quote, so the price shown is
// the price charged. Sheets have versions, and every version that was ever in force stays readable (Book). It knows no
// account and no balance.
package pricing

import "bottega/internal/token"

// Facts are the measured properties of a job that its price depends on.
type Facts struct {
	Model string // price row: a model id of the sheet
	Kind  string // "image"
	// Width and Height are the delivered pixels (of an upscale, its result); Steps the sampler steps; Count the pictures.
	Width, Height, Steps, Count int
	// Milliseconds are the length of what moves.
	Milliseconds int
	// References are the pictures that are looked at, for each picture; a start, a mask and its area cost nothing.
	References int
	Tile       bool // the picture repeats without a seam
}

// Line is one part of a price, in words.
type Line struct {
	Text   string       `json:"text"` // "4 pictures of 512 × 512, 12 steps"
	Amount token.Amount `json:"amount_mt" doc:"milli-tokens; negative for what is taken off"`
}

// Quote is the price of a job. It is a ceiling: what is charged may be lower, never higher.
type Quote struct {
	Total        token.Amount `json:"total_mt" doc:"milli-tokens"`
	Lines        []Line       `json:"lines"`
	SheetVersion int          `json:"sheet_version"`
}

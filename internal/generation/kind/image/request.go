// Package image is the kind of work that makes pictures: from text, from a picture to start from, in a part of a
// picture or around it, and with pictures to look at. Plan checks a request against the model's capability and fixes
// everything that was left open; Run makes the pictures one by one through an engine and keeps each as a file.
package image

import "bottega/internal/asset"

// Request asks for pictures. Pointers are optional: nil takes the model's default. Pictures are named by the id of an
// upload or of a generated picture of one's own.
type Request struct {
	Prompt         string   `json:"prompt,omitempty" doc:"what to paint; required unless erase is set"`
	NegativePrompt string   `json:"negative_prompt,omitempty" doc:"what to keep away from"`
	Model          string   `json:"model,omitempty" doc:"id or name of a model; empty = the default model"`
	Style          *string  `json:"style,omitempty" doc:"style id of the model; none = \"none\""`
	Width          *int     `json:"width,omitempty" doc:"pixels, 32 to 1536 in steps of 8; with a mask or expand the size follows from init_image"`
	Height         *int     `json:"height,omitempty" doc:"pixels, 32 to 1536 in steps of 8; with a mask or expand the size follows from init_image"`
	Count          *int     `json:"count,omitempty" doc:"pictures, 1 to 8"`
	Seed           *int64   `json:"seed,omitempty" doc:"0 to 4294967295; picture k uses (seed + k) mod 2^32"`
	Quality        string   `json:"quality,omitempty" doc:"a preset of the model that sets the steps: draft, standard or best"`
	Steps          *int     `json:"steps,omitempty" doc:"instead of quality"`
	Guidance       *float64 `json:"guidance_scale,omitempty"`
	Adherence      *float64 `json:"adherence,omitempty" doc:"0 free to 1 close to the composed reference; -1 = no reference"`
	Transparent    *bool    `json:"transparent,omitempty" doc:"keep the alpha channel"`
	Background     string   `json:"background,omitempty" doc:"colour behind an opaque picture, #rrggbb; default white"`
	Tile           bool     `json:"tile,omitempty" doc:"the picture repeats without a seam"`

	InitImage  string           `json:"init_image,omitempty" doc:"picture to start from"`
	Strength   *float64         `json:"strength,omitempty" doc:"0 keeps init_image to 1 paints it anew; with a mask or expand the default is 1"`
	Mask       string           `json:"mask,omitempty" doc:"picture of init_image's size: white is painted, black is kept byte for byte"`
	Expand     *asset.Expansion `json:"expand,omitempty" doc:"pixels to add to init_image on each side"`
	Erase      bool             `json:"erase,omitempty" doc:"fill what the mask marks with what surrounds it"`
	References []Reference      `json:"references,omitempty" doc:"pictures to look at, at most 4"`
	Boxes      []asset.Box      `json:"boxes,omitempty" doc:"things at places of their own, at most 8"`
}

// Reference is a picture to look at.
type Reference struct {
	Image    string   `json:"image"`
	Kind     string   `json:"kind" doc:"style, content, character or edge"`
	Strength *float64 `json:"strength,omitempty" doc:"above 0 to 1"`
}

// Estimate is a Request for a price only: it counts references instead of naming them. It cannot be submitted.
type Estimate struct {
	Request
	ReferenceCount int
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
	Quality        string  `json:"quality,omitempty"`
	Steps          int     `json:"steps"`
	Guidance       float64 `json:"guidance_scale"`
	Adherence      float64 `json:"adherence"`
	Transparent    bool    `json:"transparent"`
	Background     string  `json:"background,omitempty"` // lower case; empty = white
	Tile           bool    `json:"tile,omitempty"`

	Init       *Picture         `json:"init,omitempty"`
	Strength   float64          `json:"strength,omitempty"` // of Init
	Mask       *Picture         `json:"mask,omitempty"`
	Expand     *asset.Expansion `json:"expand,omitempty"`
	Erase      bool             `json:"erase,omitempty"`
	References []Look           `json:"references,omitempty"`
	Boxes      []asset.Box      `json:"boxes,omitempty"`
}

// Picture names a picture that was there when the request was accepted.
type Picture struct {
	ID     string `json:"id"`
	Origin string `json:"origin"` // upload | generated
}

// Look is a picture to look at.
type Look struct {
	Picture
	Kind     string  `json:"kind"`
	Strength float64 `json:"strength"`
}

// SeedOf returns the seed of picture k: (seed + k) mod 2^32.
func (p Params) SeedOf(k int) int64 { return (p.Seed + int64(k)) & 0xffffffff }

// keepsARest reports whether a part of Init has to come out as it went in.
func (p Params) keepsARest() bool { return p.Mask != nil || p.Expand != nil }

// inputs lists the pictures for the recipe.
func (p Params) inputs() []asset.Input {
	var list []asset.Input
	if p.Init != nil {
		list = append(list, asset.Input{ID: p.Init.ID, Role: "init", Origin: p.Init.Origin, Strength: p.Strength})
	}
	if p.Mask != nil {
		list = append(list, asset.Input{ID: p.Mask.ID, Role: "mask", Origin: p.Mask.Origin})
	}
	for _, r := range p.References {
		list = append(list, asset.Input{ID: r.ID, Role: r.Kind, Origin: r.Origin, Strength: r.Strength})
	}
	return list
}

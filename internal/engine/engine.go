// Package engine is the boundary to whatever makes pictures: the house model, somebody's GPU, a licensed provider.
// An engine can do a few small things (Imager, later Upscaler, Animator, Trainer); enginetest holds every driver to
// the same behaviour. An engine may be slow, wrong or dead: callers give it a deadline and check what it returns.
package engine

import (
	"context"
	"errors"
	"image"
	"image/color"
)

// ErrUnavailable says that the engine cannot work at present (worker died, weights missing, provider down). The same
// request may succeed later or elsewhere.
var ErrUnavailable = errors.New("engine unavailable")

// ErrRejected says that the engine will never do this request; the text says why and may be shown.
var ErrRejected = errors.New("engine rejected the request")

// ImageRequest asks for one picture.
type ImageRequest struct {
	Model          string // the engine's own name of the model version
	Prompt         string
	NegativePrompt string
	Style          string // a style id of the model; empty = none
	Width, Height  int    // delivered size in pixels
	Seed           int64  // 0 … 2^32-1
	Steps          int
	Guidance       float64 // classifier-free guidance scale, 1 = none
	Adherence      float64 // 0 free … 1 close to the composed reference; below 0 = paint from text alone
	Transparent    bool    // keep the alpha channel; false = painted on Background

	Background color.NRGBA  // opaque; the zero value is white. Not used when Transparent
	Tile       bool         // the picture repeats without a seam: left meets right, top meets bottom
	Init       *image.NRGBA // image-to-image: what to start from, any size; nil = none
	Strength   float64      // 0 keeps Init … 1 paints it anew; not used without Init
	Mask       *image.Gray  // inpainting: size of Init, 255 = paint, 0 = keep byte for byte; nil = paint everywhere
	Erase      bool         // fill the masked area with what surrounds it, whatever the prompt says
	References []Reference
	Boxes      []Box // where things are; empty = the engine lays out the prompt itself

	// Alone asks that nothing else is worked on in the same process meanwhile, because a process that worked on this
	// has died: if another one does, nothing else was to blame. It changes no pixel.
	Alone bool
}

// ReferenceKind says what a reference picture is looked at for.
type ReferenceKind string

// The kinds of reference pictures.
const (
	StyleReference     ReferenceKind = "style"     // its look: colours, line, surface
	ContentReference   ReferenceKind = "content"   // its composition: what is where
	CharacterReference ReferenceKind = "character" // the figure in it, placed into the scene of the prompt
	EdgeReference      ReferenceKind = "edge"      // its contours; a line drawing is taken as it is
)

// Reference is a picture of the user's own to look at.
type Reference struct {
	Kind     ReferenceKind
	Image    *image.NRGBA
	Strength float64 // above 0 … 1
}

// Box asks for a thing at a place. Lengths are fractions of the picture, 0 … 1, y down.
type Box struct {
	X, Y, Width, Height float64
	Prompt              string
}

// Progress is how far a picture has come. It may be dropped when nobody keeps up.
type Progress struct {
	Step, Steps int
	Preview     *image.NRGBA // small, may be nil
}

// Source names a licensed drawing that was looked at.
type Source struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Author  string `json:"author,omitempty"`
	Licence string `json:"licence"`
	Origin  string `json:"origin"` // package@version
	URL     string `json:"url,omitempty"`
}

// Picture is what an Imager made.
type Picture struct {
	Image           *image.NRGBA // exactly the asked size
	ModelVersion    string       // exact version and weights that made it
	GeneratedWidth  int          // the network's own grid, before resampling
	GeneratedHeight int
	Sources         []Source
	Notes           []string // for people: "‘qux’ is unknown and was left to the text"
}

// Imager makes pictures from text.
type Imager interface {
	// GenerateImage makes one picture. The same request gives the same pixels on the same build. report may be nil;
	// it is called in order of steps, from one goroutine, and must not block. On cancel the error wraps ctx.Err().
	GenerateImage(ctx context.Context, req ImageRequest, report func(Progress)) (*Picture, error)
}

// Versioned is an engine that says exactly what makes its pictures: name, version and a hash over everything that
// decides over pixels, of each of its models. Machines that say the same make the same pictures.
type Versioned interface{ Versions() []string }

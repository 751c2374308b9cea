package leonardo

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/generation/kind/image"
)

// The field names of pictures in a request.
const (
	fTiling        = "tiling"
	fInitID        = "init_image_id"
	fInitGenerated = "init_generation_image_id"
	fInitStrength  = "init_strength"
	fControlnets   = "controlnets"
	fImagePrompts  = "imagePrompts"
	fPromptWeight  = "imagePromptWeight"
	fCanvas        = "canvasRequest"
	fCanvasType    = "canvasRequestType"
	fCanvasInit    = "canvasInitId"
	fCanvasMask    = "canvasMaskId"
	typeGenerated  = "GENERATED"
	typeUploaded   = "UPLOADED"
	canvasInpaint  = "INPAINT"
	canvasOutpaint = "OUTPAINT"
	canvasSketch   = "SKETCH2IMG"
	canvasImg2Img  = "IMG2IMG"
)

// sketchStrength is that of SKETCH2IMG without init_strength: a sketch says where and in what colours, not how.
const sketchStrength = 0.8

// guide is what a request's pictures are put together with.
type guide struct {
	find  func(pictureID string) (asset.Source, error) // among the caller's
	v     values
	req   *image.Request
	model catalog.Model
	names map[string]string // what the kind calls it → what the caller called it
	bad   []fault.Field
	err   error // of the store
}

func (g *guide) refuse(name string, value any, message, allowed string) {
	g.bad = append(g.bad, fault.Field{Name: name, Value: value, Message: message, Allowed: allowed})
}

// spelled is how the caller wrote a field.
func (g *guide) spelled(name string) string {
	if s, ok := g.v[name]; ok {
		return s.spelling
	}
	return name
}

// source checks that the picture is there and of the kind the field is for; what is wrong with it beyond that the
// image kind says.
func (g *guide) source(name, pictureID, origin string) {
	if g.err != nil {
		return
	}
	s, err := g.find(pictureID)
	switch f := fault.As(err); {
	case f != nil && f.Kind == fault.NotFound, err == nil && s.Origin != origin:
		what := "an uploaded picture"
		if origin == asset.FromGeneration {
			what = "a generated picture"
		}
		g.refuse(name, pictureID, "is an invalid init image id", "the id of "+what+" of yours")
	case err != nil:
		g.err = err
	}
}

// guided puts everything about pictures into the request and returns the names for errors that come back, and what is
// wrong with the fields.
func (d *dialect) guided(ctx context.Context, actor access.Actor, v values, req *image.Request, model catalog.Model) (map[string]string, []fault.Field, error) {
	g := guide{v: v, req: req, model: model, names: maps.Clone(imageNames)}
	g.find = func(pictureID string) (asset.Source, error) { return d.Uploads.Source(ctx, actor.AccountID, pictureID) }
	g.fill()
	return g.names, g.bad, g.err
}

// fill puts everything about pictures into the request.
func (g *guide) fill() {
	g.req.Tile = g.v.flag(fTiling)
	if g.v.flag(fCanvas) {
		g.canvas()
	} else {
		for _, name := range []string{fCanvasType, fCanvasInit, fCanvasMask} {
			if text, _ := g.v.text(name); text != "" {
				g.refuse(g.spelled(name), text, "needs canvasRequest true", "canvasRequest true, or leave it out")
			}
		}
		g.start()
	}
	g.controlnets()
	g.imagePrompts()
}

// start is image-to-image by the two fields for it.
func (g *guide) start() {
	upload, _ := g.v.text(fInitID)
	generated, _ := g.v.text(fInitGenerated)
	switch {
	case upload != "" && generated != "":
		g.refuse(g.spelled(fInitGenerated), generated, "cannot be combined with "+g.spelled(fInitID), "one of the two")
		return
	case upload != "":
		g.init(fInitID, upload, asset.FromUpload)
	case generated != "":
		g.init(fInitGenerated, generated, asset.FromGeneration)
	}
	g.strength()
}

func (g *guide) init(name, pictureID, origin string) {
	g.source(g.spelled(name), pictureID, origin)
	g.req.InitImage, g.names["init_image"], g.names["strength"] = pictureID, name, fInitStrength
}

// strength turns the likeness that Leonardo counts in into the freedom that is counted in here. Without it the image
// kind's default holds.
func (g *guide) strength() {
	likeness, sent := g.v.number(fInitStrength)
	name := g.spelled(fInitStrength)
	least := 0.1
	if g.v.flag(fCanvas) {
		least = 0 // the documented default there
	}
	switch {
	case sent && g.req.InitImage == "":
		if len(g.bad) == 0 {
			g.refuse(name, likeness, "has no picture to be the strength of", "init_image_id, or leave it out")
		}
	case sent && !(likeness >= least && likeness <= 0.9):
		g.refuse(name, likeness, "is out of range", fmt.Sprintf("%g to 0.9, higher is closer to the picture", least))
	case sent:
		g.req.Strength = ptr(flip(likeness))
	}
}

// flip is 1 - x without the dust of binary fractions: 1 - 0.7 is 0.3.
func flip(x float64) float64 { return math.Round((1-x)*1e6) / 1e6 }

// canvas is the requests of a canvas editor: with a mask, or of a whole picture.
func (g *guide) canvas() {
	kind, _ := g.v.text(fCanvasType)
	init, _ := g.v.text(fCanvasInit)
	mask, _ := g.v.text(fCanvasMask)
	known := []string{canvasInpaint, canvasOutpaint, canvasSketch, canvasImg2Img}
	if !slices.Contains(known, kind) {
		g.refuse(g.spelled(fCanvasType), kind, "is unknown", strings.Join(known, ", "))
		return
	}
	for _, name := range []string{fInitID, fInitGenerated} {
		if text, _ := g.v.text(name); text != "" {
			g.refuse(g.spelled(name), text, "cannot be combined with canvasRequest", "canvasInitId")
		}
	}
	if init == "" {
		g.refuse(g.spelled(fCanvasInit), nil, "is missing", "the id of an uploaded picture")
		return
	}
	g.init(fCanvasInit, init, asset.FromUpload)
	if mask != "" {
		g.source(g.spelled(fCanvasMask), mask, asset.FromUpload)
		g.req.Mask, g.names["mask"] = mask, fCanvasMask
		g.sizeOfTheCanvas()
	} else if kind == canvasInpaint || kind == canvasOutpaint {
		g.refuse(g.spelled(fCanvasMask), nil, "is missing for "+kind, "the id of an uploaded mask, white where to paint")
	}
	if kind == canvasSketch {
		g.req.Strength = ptr(sketchStrength)
	}
	g.strength()
}

// sizeOfTheCanvas: with a mask the picture has the size, and the transparency, of what it began with. The SDKs send
// their default size by themselves, so that pair says nothing.
func (g *guide) sizeOfTheCanvas() {
	if mode, _ := g.v.text(fTransp); mode == "" {
		g.req.Transparent = nil
	}
	if *g.req.Width == defaultWidth && *g.req.Height == defaultHeight {
		g.req.Width, g.req.Height = nil, nil
	}
}

// imagePrompts are pictures to take the content from, by the ids of uploads.
func (g *guide) imagePrompts() {
	v, ok := g.v[fImagePrompts]
	list, _ := v.value.([]any)
	weight, weighed := g.v.number(fPromptWeight)
	if weighed && len(list) == 0 {
		g.refuse(g.spelled(fPromptWeight), weight, "is the weight of imagePrompts, which are missing", "leave it out")
		return
	}
	if weighed && !(weight > 0 && weight <= 1) {
		g.refuse(g.spelled(fPromptWeight), weight, "is out of range", "above 0 to 1")
		return
	}
	if !ok || len(list) == 0 {
		return
	}
	able, can := g.model.Image.Reference(engine.ContentReference)
	if !can {
		g.refuse(v.spelling, nil, "are not supported by "+g.model.Name, "an empty list, or leave it out")
		return
	}
	if !weighed {
		weight = able.Strength.Default
	}
	if _, also := g.names["references"]; !also {
		g.names["references"] = fImagePrompts
	}
	for i, entry := range list {
		at := fmt.Sprintf("%s[%d]", v.spelling, i)
		pictureID, ok := entry.(string)
		if !ok {
			g.refuse(at, nil, "must be text", "the id of an uploaded picture")
			continue
		}
		g.source(at, pictureID, asset.FromUpload)
		g.req.References = append(g.req.References, image.Reference{Image: pictureID, Kind: string(engine.ContentReference), Strength: &weight})
	}
}

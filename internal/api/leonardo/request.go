package leonardo

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"bottega/internal/access"
	"bottega/internal/catalog"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
)

// What a request means that leaves these out, as Leonardo documents it. The SDKs send the same values.
const (
	defaultWidth  = 1024
	defaultHeight = 768
	defaultCount  = 4
)

// maxPrompt is Leonardo's limit, in characters.
const maxPrompt = 1500

// The field names of POST /generations that the code speaks about.
const (
	fPrompt     = "prompt"
	fModel      = "modelId"
	fCount      = "num_images"
	fWidth      = "width"
	fHeight     = "height"
	fPreset     = "presetStyle"
	fStyleUUID  = "styleUUID"
	fGuidance   = "guidance_scale"
	fSteps      = "num_inference_steps"
	fSeed       = "seed"
	fNegative   = "negative_prompt"
	fTransp     = "transparency"
	fSDVersion  = "sd_version"
	fScheduler  = "scheduler"
	fAlchemy    = "alchemy"
	kindOfImage = "image"
)

// generationFields is the table of POST /generations; the document and docs/api-leonardo.md are made from it.
var generationFields = newSchema("$.selectionSet.sdGenerationJob.args.arg1", []field{
	{fPrompt, typeString, honoured, nil, "Required, 1 to 1500 characters, or fewer where the model reads fewer."},
	{fModel, typeString, honoured, nil, "Id, name or alias of a model. Without it: the default model. The ids that Leonardo's clients carry are aliases (see below); an unknown id is refused."},
	{fCount, typeInt, honoured, nil, "Pictures, default 4. The limit is the model's, also for large sizes."},
	{fWidth, typeInt, honoured, nil, "Pixels, default 1024. The picture has exactly this width: nothing multiplies it afterwards."},
	{fHeight, typeInt, honoured, nil, "Pixels, default 768. As width."},
	{fPreset, typeString, honoured, nil, "A preset with a counterpart among the model's styles, or a style id of the model. See the table of styles; others are refused."},
	{fStyleUUID, typeString, honoured, nil, "As presetStyle, by the style ids of Leonardo's guides. It wins over presetStyle DYNAMIC, which SDKs send by themselves; with any other presetStyle it is refused."},
	{fGuidance, typeFloat, honoured, nil, "The number reaches the model as it is. Outside the model's range it is refused. Without it: the model's default, not 7."},
	{fSteps, typeInt, honoured, nil, "Sampler steps. Outside the model's range they are refused. Without it: the model's default."},
	{fSeed, typeBigInt, honoured, nil, "0 to 4294967295. Picture k of a request uses seed + k."},
	{fNegative, typeString, honoured, nil, "Refused when the model reads none."},
	{fTransp, typeString, honoured, nil, "foreground_only keeps the alpha channel; disabled, or nothing, paints on white. Refused when the model has no alpha channel."},
	{fAlchemy, typeBool, tolerated, nil, "SDKs send true. There is one quality here; both values give it."},
	{fSDVersion, typeString, honoured, nil, "Leonardo reads it only where modelId is missing. With modelId: any known version changes nothing. Without: v1_5 is the documented default and gives the default model; other versions are refused, name a model instead."},
	{fScheduler, typeString, tolerated, []string{"EULER_DISCRETE", "LEONARDO"}, "EULER_DISCRETE is the documented default and LEONARDO means the server's choice; both give the model's own sampler. Others are refused."},
	{"public", typeBool, refused, nil, "Pictures are private; there is no public feed. true is refused."},
	{"ultra", typeBool, refused, nil, "true is refused."},
	{"contrast", typeFloat, refused, nil, ""},
	{"contrastRatio", typeFloat, refused, nil, ""},
	{"photoReal", typeBool, refused, nil, "true is refused: the house model paints illustrations."},
	{"photoRealVersion", typeString, refused, nil, ""},
	{"photoRealStrength", typeFloat, refused, nil, ""},
	{"promptMagic", typeBool, refused, nil, "true is refused."},
	{"promptMagicVersion", typeString, refused, nil, ""},
	{"promptMagicStrength", typeFloat, refused, nil, ""},
	{"highContrast", typeBool, refused, nil, "true is refused."},
	{"highResolution", typeBool, refused, nil, "true is refused: ask for the size you want."},
	{"expandedDomain", typeBool, refused, nil, "true is refused."},
	{"fantasyAvatar", typeBool, refused, nil, "true is refused."},
	{"enhancePrompt", typeBool, refused, nil, "true is refused."},
	{"enhancePromptInstruction", typeString, refused, nil, ""},
	{fTiling, typeBool, honoured, nil, "The picture repeats without a seam. Refused when the model cannot."},
	{fInitID, typeString, honoured, nil, "An uploaded picture to start from; it is scaled and cut to the size of the picture."},
	{fInitGenerated, typeString, honoured, nil, "A generated picture to start from. Not with init_image_id."},
	{fInitStrength, typeFloat, honoured, nil, "0.1 to 0.9, with canvasRequest from 0; higher is closer to the start: our strength is 1 minus this. Without it: the model's default, or with a mask everything under it is painted anew."},
	{fImagePrompts, typeList, honoured, nil, "Ids of uploaded pictures that are looked at for their content, like controlnets of that kind."},
	{fPromptWeight, typeFloat, honoured, nil, "Above 0 to 1, for all imagePrompts."},
	{fControlnets, typeList, honoured, nil, "Pictures to look at, at most four with imagePrompts: see the table of image guidance."},
	{fCanvas, typeBool, honoured, nil, "With canvasRequestType, canvasInitId and canvasMaskId."},
	{fCanvasType, typeString, honoured, nil, "INPAINT and OUTPAINT paint where the mask is white and keep the rest byte for byte; the picture has the size of canvasInitId (1024 × 768, which SDKs send by themselves, counts as nothing said). IMG2IMG and SKETCH2IMG start from canvasInitId; a sketch has a strength of 0.8 unless init_strength says otherwise."},
	{fCanvasInit, typeString, honoured, nil, "An uploaded picture."},
	{fCanvasMask, typeString, honoured, nil, "An uploaded mask of canvasInitId's size: white is painted."},
	{"isInitImage", typeBool, refused, nil, "true is refused."},
	{"controlNet", typeBool, refused, nil, "true is refused: the older form of controlnets."},
	{"controlNetType", typeString, refused, nil, ""},
	{"weighting", typeFloat, refused, nil, ""},
	{"elements", typeList, refused, nil, ""},
	{"userElements", typeList, refused, nil, ""},
	{"unzoom", typeBool, refused, nil, "true is refused."},
	{"unzoomAmount", typeFloat, refused, nil, ""},
	{"upscaleRatio", typeFloat, refused, nil, ""},
})

// sdVersions is the closed list of the SDKs.
var sdVersions = []string{"v1_5", "v2", "v3", "SDXL_0_8", "SDXL_0_9", "SDXL_1_0", "SDXL_LIGHTNING", "PHOENIX", "FLUX", "FLUX_DEV", "KINO_2_0"}

// imageNames leads from the image kind's field names to this dialect's, for errors that come back.
var imageNames = map[string]string{
	"prompt": fPrompt, "negative_prompt": fNegative, "model": fModel, "style": fPreset, "width": fWidth, "height": fHeight,
	"count": fCount, "seed": fSeed, "steps": fSteps, "guidance_scale": fGuidance, "transparent": fTransp,
	"tile": fTiling,
}

// imageRequest turns what was sent into a request of the image kind, all but its pictures. Every field that is wrong is
// named at once; ranges are the model's business and are checked by the kind.
func imageRequest(v values, models Models) (*image.Request, catalog.Model, []fault.Field, error) {
	prompt, ok := v.text(fPrompt)
	if !ok {
		return nil, catalog.Model{}, nil, validationFailed("$", `expecting a value for non-nullable variable: "prompt"`)
	}
	if utf8.RuneCountInString(prompt) > maxPrompt {
		return nil, catalog.Model{}, nil, badRequest(fmt.Sprintf("Invalid prompt, maximum length of %d characters exceeded.", maxPrompt))
	}
	model, err := findModel(v, fModel, models)
	if err != nil {
		return nil, catalog.Model{}, nil, err
	}
	req := &image.Request{Prompt: prompt, Model: model.ID}
	var bad []fault.Field
	keep := func(f *fault.Field) {
		if f != nil {
			bad = append(bad, *f)
		}
	}
	keep(setStyle(req, v, model))
	keep(setTransparency(req, v))
	keep(checkSDVersion(v))
	req.NegativePrompt, _ = v.text(fNegative)
	req.Width, req.Height, req.Count = v.wholeOr(fWidth, defaultWidth), v.wholeOr(fHeight, defaultHeight), v.wholeOr(fCount, defaultCount)
	if n, ok := v.whole(fSeed); ok {
		req.Seed = &n
	}
	if n, ok := v.whole(fSteps); ok {
		steps := int(n)
		req.Steps = &steps
	}
	if x, ok := v.number(fGuidance); ok {
		req.Guidance = &x
	}
	return req, model, bad, nil
}

// wholeOr returns the number that was sent, or the dialect's default.
func (v values) wholeOr(name string, or int) *int {
	if n, ok := v.whole(name); ok {
		or = int(n)
	}
	return &or
}

func findModel(v values, name string, models Models) (catalog.Model, error) {
	id, _ := v.text(name)
	if m, ok := models.Find(id); ok {
		return m, nil
	}
	if m, ok := models.Find(strings.ToLower(id)); ok { // UUIDs are written both ways
		return m, nil
	}
	var known []string
	for _, m := range models.Models() {
		known = append(known, m.ID+" ("+m.Name+")")
	}
	return catalog.Model{}, badRequest(fmt.Sprintf("%s %s is not supported within the Production API; allowed: %s",
		v[name].spelling, shorten(id), strings.Join(known, ", ")))
}

// setStyle takes the style from presetStyle or styleUUID. Without either it is the dialect's default, DYNAMIC.
func setStyle(req *image.Request, v values, m catalog.Model) *fault.Field {
	preset, hasPreset := v.text(fPreset)
	uuid, hasUUID := v.text(fStyleUUID)
	hasPreset, hasUUID = hasPreset && preset != "", hasUUID && uuid != ""
	if !hasPreset {
		preset = "DYNAMIC"
	}
	if hasUUID {
		if preset != "DYNAMIC" {
			return &fault.Field{
				Name: v[fStyleUUID].spelling, Value: uuid, Message: "cannot be combined with " + v[fPreset].spelling,
				Allowed: "one of the two",
			}
		}
		style, ok := styleOfUUID(m, uuid)
		if !ok {
			return &fault.Field{Name: v[fStyleUUID].spelling, Value: uuid, Message: "is not a style of " + m.Name, Allowed: styleUUIDsOf(m)}
		}
		req.Style = &style
		return nil
	}
	style, ok := styleOfPreset(m, preset)
	if !ok {
		return &fault.Field{Name: v[fPreset].spelling, Value: preset, Message: "has no counterpart in " + m.Name, Allowed: presetsOf(m)}
	}
	req.Style = &style
	return nil
}

// setTransparency is explicit in both cases: here the default is an opaque picture, whatever the model's is.
func setTransparency(req *image.Request, v values) *fault.Field {
	mode, _ := v.text(fTransp)
	transparent := mode == "foreground_only"
	req.Transparent = &transparent
	if mode == "" || mode == "disabled" || transparent {
		return nil
	}
	return &fault.Field{Name: v[fTransp].spelling, Value: mode, Message: "is unknown", Allowed: "disabled, foreground_only"}
}

func checkSDVersion(v values) *fault.Field {
	version, ok := v.text(fSDVersion)
	if !ok || version == "" || version == "v1_5" {
		return nil
	}
	name := v[fSDVersion].spelling
	if !slices.Contains(sdVersions, version) {
		return &fault.Field{Name: name, Value: version, Message: "is unknown", Allowed: strings.Join(sdVersions, ", ")}
	}
	if id, ok := v.text(fModel); ok && id != "" {
		return nil
	}
	return &fault.Field{Name: name, Value: version, Message: "names a base model that is not on this server", Allowed: "v1_5, or a modelId"}
}

// submission is a decoded request, with what it takes to speak about it in the caller's words.
type submission struct {
	generation.SubmitRequest
	sent  values
	names map[string]string // the image kind's name → the documented one
}

// readGeneration decodes POST /generations.
func (d *dialect) readGeneration(w http.ResponseWriter, r *http.Request, actor access.Actor) (submission, error) {
	key, err := idempotencyKey(r)
	if err != nil {
		return submission{}, err
	}
	members, err := readObject(w, r)
	if err != nil {
		return submission{}, err
	}
	v, err := generationFields.decode(members)
	if err != nil {
		return submission{}, err
	}
	req, model, bad, err := imageRequest(v, d.Models)
	if err != nil {
		return submission{}, err
	}
	names, worse, err := d.guided(r.Context(), actor, v, req, model)
	if err != nil {
		return submission{}, err
	}
	if bad = append(bad, worse...); bad != nil {
		return submission{}, fault.Bad(bad...)
	}
	return submission{generation.SubmitRequest{Kind: kindOfImage, Input: req, IdempotencyKey: key}, v, names}, nil
}

// maxIdempotencyKey bounds the key; it is stored with the generation.
const maxIdempotencyKey = 100

func idempotencyKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	visible := func(c rune) bool { return c >= ' ' && c <= '~' }
	if len(key) > maxIdempotencyKey || strings.ContainsFunc(key, func(c rune) bool { return !visible(c) }) {
		return "", fault.Bad(fault.Field{
			Name: "Idempotency-Key", Message: "is not usable",
			Allowed: fmt.Sprintf("up to %d visible ASCII characters", maxIdempotencyKey),
		})
	}
	return key, nil
}

// inCallersWords turns the image kind's findings into the names and the texts of this dialect.
func inCallersWords(err error, v values, names map[string]string) error {
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid || len(f.Fields) == 0 {
		return err
	}
	out := v.rename(f, names)
	for _, field := range f.Fields {
		if field.Name == "width" || field.Name == "height" {
			out.Message = "invalid dimensions: " + out.Message
			break
		}
	}
	return out
}

package leonardo

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bottega/internal/access"
	"bottega/internal/catalog"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
)

// PriceResponse answers POST /pricing-calculator.
type PriceResponse struct {
	Cost ServiceCost `json:"calculateProductionApiServiceCost"`
}

// ServiceCost is a price in whole credits.
type ServiceCost struct {
	Cost int64 `json:"cost" doc:"what POST /generations would hold for the same request"`
}

// serviceImage is the one service there is.
const serviceImage = "IMAGE_GENERATION"

// services are the names the SDKs know, with those of older ones, so that the answer can say "not available" instead
// of "unknown".
var services = []string{
	serviceImage, "FANTASY_AVATAR_GENERATION", "MOTION_GENERATION", "MOTION_SVD_GENERATION",
	"MOTION_VIDEO_GENERATION", "VEO3_MOTION_VIDEO_GENERATION", "LCM_GENERATION", "MODEL_TRAINING", "TEXTURE_GENERATION",
	"UNIVERSAL_UPSCALER", "UNIVERSAL_UPSCALER_ULTRA",
}

// The field names of IMAGE_GENERATION that the code speaks about.
const (
	pWidth  = "imageWidth"
	pHeight = "imageHeight"
	pCount  = "numImages"
	pSteps  = "inferenceSteps"

	pControlnets = "controlnetCount"
)

// priceFields is the table of serviceParams.IMAGE_GENERATION.
var priceFields = newSchema("$.selectionSet.calculateProductionApiServiceCost.args.serviceParams.IMAGE_GENERATION", []field{
	{pWidth, typeInt, honoured, nil, "Default 1024."},
	{pHeight, typeInt, honoured, nil, "Default 768."},
	{pCount, typeInt, honoured, nil, "Default 4."},
	{pSteps, typeInt, honoured, nil, "Default: the model's."},
	{fModel, typeString, honoured, nil, "An addition of ours: the model to price, as in POST /generations."},
	{"isPhoenix", typeBool, honoured, nil, "Prices the model that has the alias of Phoenix 1.0."},
	{"isSDXL", typeBool, honoured, nil, "Prices the model that has the alias of Leonardo Diffusion XL."},
	{"isSDXLLightning", typeBool, honoured, nil, "Prices the model that has the alias of Leonardo Lightning XL."},
	{"isFluxDev", typeBool, honoured, nil, "Prices the model that has the alias of FLUX Dev."},
	{"isFluxSchnell", typeBool, honoured, nil, "Prices the model that has the alias of FLUX Schnell."},
	{"isFluxKontext", typeBool, refused, nil, "true is refused."},
	{"isModelCustom", typeBool, refused, nil, "true is refused: there are no custom models yet."},
	{"alchemyMode", typeBool, tolerated, nil, "Both values give the same price, as they give the same picture."},
	{"isUltra", typeBool, refused, nil, "true is refused."},
	{"ultra", typeBool, refused, nil, "The older name of isUltra."},
	{"highResolution", typeBool, refused, nil, "true is refused."},
	{"promptMagic", typeBool, refused, nil, "true is refused."},
	{"promptMagicStrength", typeFloat, refused, nil, ""},
	{"promptMagicVersion", typeString, refused, nil, ""},
	{"photoRealMode", typeBool, refused, nil, "true is refused."},
	{"photoRealVersion", typeString, refused, nil, ""},
	{"photoRealStrength", typeFloat, refused, nil, ""},
	{"loraCount", typeInt, refused, nil, "0 is taken; there are no elements yet."},
	{"controlnetsCost", typeInt, refused, nil, "0 is taken; give controlnetCount instead."},
	{pControlnets, typeInt, honoured, nil, "An addition of ours: how many controlnets and imagePrompts there will be."},
	{fTiling, typeBool, honoured, nil, "An addition of ours: as in POST /generations."},
})

// modelSwitches are the calculator's way to name a model.
var modelSwitches = []struct{ name, alias string }{
	{"isPhoenix", phoenixID},
	{"isSDXL", diffusionXLID},
	{"isSDXLLightning", lightningXLID},
	{"isFluxDev", fluxDevID},
	{"isFluxSchnell", fluxSchnellID},
}

var priceNames = map[string]string{"width": pWidth, "height": pHeight, "count": pCount, "steps": pSteps, "model": fModel, "tile": fTiling, "references": pControlnets}

func (d *dialect) price(w http.ResponseWriter, r *http.Request, actor access.Actor) (any, error) {
	members, err := readObject(w, r)
	if err != nil {
		return nil, err
	}
	params, err := imageServiceParams(members)
	if err != nil {
		return nil, err
	}
	v, err := priceFields.decode(params)
	if err != nil {
		return nil, err
	}
	model, err := pricedModel(v, d.Deps.Models)
	if err != nil {
		return nil, err
	}
	req := &image.Estimate{ReferenceCount: *v.wholeOr(pControlnets, 0), Request: image.Request{
		Prompt: "price", // no price depends on the words, but a request needs some
		Model:  model.ID, Tile: v.flag(fTiling),
		Width: v.wholeOr(pWidth, defaultWidth), Height: v.wholeOr(pHeight, defaultHeight), Count: v.wholeOr(pCount, defaultCount),
	}}
	if n, ok := v.whole(pSteps); ok {
		steps := int(n)
		req.Steps = &steps
	}
	quote, err := d.Generations.Quote(r.Context(), actor, generation.SubmitRequest{Kind: kindOfImage, Input: req})
	if err != nil {
		return nil, inCallersWords(err, v, priceNames)
	}
	return PriceResponse{ServiceCost{credits(quote.Total)}}, nil
}

// imageServiceParams checks the envelope and returns the parameters of the image service.
func imageServiceParams(members []member) ([]member, error) {
	var service, params any
	for _, m := range members {
		switch m.key {
		case "service":
			service = m.value
		case "serviceParams", "service_params":
			if params != nil {
				return nil, badRequest("the variables serviceParams and service_params are the same one; give it once")
			}
			params = m.value
		default:
			return nil, unknownVariable(m.key)
		}
	}
	if err := checkService(service); err != nil {
		return nil, err
	}
	if params == nil {
		return nil, nil
	}
	object, ok := params.(map[string]any)
	if !ok {
		return nil, validationFailed("$.serviceParams", "expected an object for type 'serviceParams', but found "+found(params))
	}
	for _, name := range sortedKeys(object) {
		if !slices.Contains(services, name) {
			return nil, unknownVariable("serviceParams." + name)
		}
		if name != serviceImage && object[name] != nil {
			return nil, fault.Bad(fault.Field{
				Name: "serviceParams." + name, Message: "does not belong to the service " + serviceImage,
				Allowed: serviceImage,
			})
		}
	}
	return imageParams(object[serviceImage])
}

func checkService(service any) error {
	if service == nil {
		return validationFailed("$", `expecting a value for non-nullable variable: "service"`)
	}
	name, ok := service.(string)
	switch {
	case !ok:
		return validationFailed("$.service", "expected a string for type 'String', but found "+found(service))
	case name == serviceImage:
		return nil
	case slices.Contains(services, name):
		return fault.Bad(fault.Field{Name: "service", Value: name, Message: "is not available on this server", Allowed: serviceImage})
	}
	return fault.Bad(fault.Field{Name: "service", Value: name, Message: "is unknown", Allowed: serviceImage})
}

func imageParams(v any) ([]member, error) {
	if v == nil {
		return nil, nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, validationFailed(priceFields.root, "expected an object for type '"+serviceImage+"', but found "+found(v))
	}
	members := make([]member, 0, len(object))
	for _, key := range sortedKeys(object) {
		members = append(members, member{key, object[key]})
	}
	return members, nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// pricedModel takes the model from modelId or from one of the switches; without any it is the default.
func pricedModel(v values, models Models) (catalog.Model, error) {
	var on []string
	ref, _ := v.text(fModel)
	if ref != "" {
		on = append(on, v[fModel].spelling)
	}
	for _, s := range modelSwitches {
		if v.flag(s.name) {
			on = append(on, v[s.name].spelling)
			ref = s.alias
		}
	}
	if len(on) > 1 {
		return catalog.Model{}, badRequest(fmt.Sprintf("%s name different models; give one", strings.Join(on, " and ")))
	}
	if m, ok := models.Find(ref); ok {
		return m, nil
	}
	if len(on) == 1 && on[0] != v[fModel].spelling {
		return catalog.Model{}, fault.Bad(fault.Field{Name: on[0], Value: true, Message: "names a model that is not on this server", Allowed: "false, or modelId"})
	}
	return findModel(v, fModel, models)
}

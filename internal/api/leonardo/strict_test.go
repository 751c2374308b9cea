package leonardo

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
)

// rule is what the official SDKs demand of one value. They were measured with mutated answers: whatever breaks a rule
// here throws in one of them, or is dropped without a word.
type rule func(v any) string

func anyOf(names ...string) rule {
	return func(v any) string {
		if s, ok := v.(string); ok && slices.Contains(names, s) {
			return ""
		}
		return fmt.Sprintf("%v is not one of %v", v, names)
	}
}

func nullOr(r rule) rule {
	return func(v any) string {
		if v == nil {
			return ""
		}
		return r(v)
	}
}

func isWhole(v any) string {
	if n, ok := v.(float64); ok && n == math.Trunc(n) && math.Abs(n) <= 1<<53 {
		return ""
	}
	return fmt.Sprintf("%v is not a whole number", v)
}

func isNumber(v any) string {
	if _, ok := v.(float64); ok {
		return ""
	}
	return fmt.Sprintf("%v is not a number", v)
}

func isText(v any) string {
	if _, ok := v.(string); ok {
		return ""
	}
	return fmt.Sprintf("%v is not text", v)
}

func isBool(v any) string {
	if _, ok := v.(bool); ok {
		return ""
	}
	return fmt.Sprintf("%v is not a boolean", v)
}

func isTime(v any) string {
	s, _ := v.(string)
	if _, err := time.Parse(time.RFC3339, s); err != nil || !strings.HasSuffix(s, "Z") {
		return fmt.Sprintf("%v is not a time in UTC", v)
	}
	return ""
}

func isURL(v any) string {
	if s, _ := v.(string); strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return ""
	}
	return fmt.Sprintf("%v is not an absolute URL", v)
}

// sdkStyles is the closed list both SDKs read presetStyle with.
var sdkStyles = []string{
	"ANIME", "BOKEH", "CINEMATIC", "CINEMATIC_CLOSEUP", "CREATIVE", "DYNAMIC", "ENVIRONMENT", "FASHION",
	"FILM", "FOOD", "GENERAL", "HDR", "ILLUSTRATION", "LEONARDO", "LONG_EXPOSURE", "MACRO", "MINIMALISTIC", "MONOCHROME",
	"MOODY", "NONE", "NEUTRAL", "PHOTOGRAPHY", "PORTRAIT", "RAYTRACED", "RENDER_3D", "RETRO", "SKETCH_BW", "SKETCH_COLOR",
	"STOCK_PHOTO", "VIBRANT", "UNPROCESSED",
}

// generationRules are the fields that must be there; the SDKs allow more to be absent, their users do not.
var generationRules = map[string]rule{
	"id": isText, "status": anyOf("PENDING", "COMPLETE", "FAILED"), "createdAt": isTime, "prompt": isText,
	"negativePrompt": nullOr(isText), "modelId": nullOr(isText), "imageWidth": isWhole, "imageHeight": isWhole,
	"inferenceSteps": nullOr(isWhole), "guidanceScale": nullOr(isNumber), "seed": nullOr(isWhole), "public": isBool,
	"presetStyle": nullOr(anyOf(sdkStyles...)),
}

// optionalRules are fields that may be absent, but never wrong. sdVersion stays within the names that every version
// of the SDKs knows.
var optionalRules = map[string]rule{
	"sdVersion": anyOf("v1_5", "v2", "v3", "SDXL_0_8", "SDXL_0_9", "SDXL_1_0", "SDXL_LIGHTNING", "PHOENIX", "FLUX", "FLUX_DEV"),
	"scheduler": anyOf("KLMS", "EULER_ANCESTRAL_DISCRETE", "EULER_DISCRETE", "DDIM", "DPM_SOLVER", "PNDM", "LEONARDO"),
	"photoReal": nullOr(isBool), "promptMagic": nullOr(isBool), "ultra": nullOr(isBool), "initStrength": nullOr(isNumber),
	"photoRealStrength": nullOr(isNumber), "promptMagicStrength": nullOr(isNumber), "promptMagicVersion": nullOr(isText),
}

var pictureRules = map[string]rule{"id": isText, "url": isURL, "nsfw": isBool, "likeCount": isWhole}

var optionalPictureRules = map[string]rule{
	"motion": nullOr(isBool), "fantasyAvatar": nullOr(isBool), "imageToVideo": nullOr(isBool), "motionMP4URL": nullOr(isText),
	"motionModel": nullOr(isText), "motionStrength": nullOr(isWhole),
}

func broken(object map[string]any, required, optional map[string]rule) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(required)) {
		if v, ok := object[name]; !ok {
			problems = append(problems, name+" is missing")
		} else if p := required[name](v); p != "" {
			problems = append(problems, name+": "+p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(optional)) {
		if v, ok := object[name]; ok {
			if p := optional[name](v); p != "" {
				problems = append(problems, name+": "+p)
			}
		}
	}
	return problems
}

// sdkProblems reads a generation as the SDKs do and lists what they would choke on.
func sdkProblems(g map[string]any) []string {
	problems := broken(g, generationRules, optionalRules)
	pictures, ok := g["generated_images"].([]any)
	if !ok {
		return append(problems, "generated_images is not a list")
	}
	if g["status"] == "PENDING" && len(pictures) > 0 {
		problems = append(problems, "a pending generation has pictures")
	}
	for _, p := range pictures {
		picture, _ := p.(map[string]any)
		problems = append(problems, broken(picture, pictureRules, optionalPictureRules)...)
		variations, ok := picture["generated_image_variation_generics"].([]any)
		if !ok {
			problems = append(problems, "generated_image_variation_generics is not a list")
		}
		for _, v := range variations {
			problems = append(problems, broken(v.(map[string]any), map[string]rule{
				"transformType": anyOf("OUTPAINT", "INPAINT", "UPSCALE", "UNZOOM", "NOBG"), "status": generationRules["status"],
			}, nil)...)
		}
	}
	if _, ok := g["generation_elements"].([]any); !ok {
		problems = append(problems, "generation_elements is not a list")
	}
	return problems
}

func asSDK(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// sample is a generation in a state, as the road hands it out.
func sample(state generation.State, p image.Params) *generation.Generation {
	params, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	g := &generation.Generation{ID: id.New(), AccountID: ann.ID, Kind: "image", State: state, Params: params, CreatedAt: start}
	for k := range p.Count {
		g.Images = append(g.Images, asset.Image{ID: id.New(), GenerationID: g.ID, Index: k})
	}
	return g
}

func address(img asset.Image) string { return "https://studio.example.org/assets/" + img.ID }

func TestPresent_NothingThatAnSDKRejects(t *testing.T) {
	models := catalog.New(houseModel())
	params := []image.Params{{}}
	for _, s := range append(houseModel().Image.Styles, catalog.Style{ID: "removed-since"}) {
		params = append(params, image.Params{
			Prompt: "x", ModelID: houseModel().ID, Style: s.ID, Width: 512, Height: 768, Count: 3,
			Seed: math.MaxUint32, Steps: 12, Guidance: 2.5,
		})
	}
	params = append(params, image.Params{ModelID: id.New(), Style: "flat", Count: 1}) // of a model that is gone
	for _, state := range []generation.State{generation.Waiting, generation.Running, generation.Complete, generation.Failed, generation.Cancelled, "new-state"} {
		for _, p := range params {
			g, err := present(sample(state, p), models, address)
			if err != nil {
				t.Fatal(err)
			}
			if problems := sdkProblems(asSDK(t, g)); len(problems) > 0 {
				t.Errorf("%s %+v: %s", state, p, strings.Join(problems, "; "))
			}
		}
	}
}

func TestPresent_PicturesWithoutAnAddressAreLeftOut(t *testing.T) {
	g := sample(generation.Complete, image.Params{Count: 3})
	out, err := present(g, catalog.New(houseModel()), func(img asset.Image) string {
		if img.Index == 1 {
			return ""
		}
		return address(img)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.GeneratedImages) != 2 || out.GeneratedImages[0].ID != g.Images[0].ID || out.GeneratedImages[1].ID != g.Images[2].ID {
		t.Errorf("pictures %+v, want the first and the third", out.GeneratedImages)
	}
}

func TestPresent_UnreadableParametersAreAnError(t *testing.T) {
	g := sample(generation.Complete, image.Params{})
	g.Params = json.RawMessage(`{"width":"wide"}`)
	if _, err := present(g, catalog.New(houseModel()), address); err == nil || !strings.Contains(err.Error(), g.ID) {
		t.Errorf("got %v, want an error that names the generation", err)
	}
}

// TestSDKProblems_SeesEveryMutation keeps the check above honest: each mutation was seen to break an SDK.
func TestSDKProblems_SeesEveryMutation(t *testing.T) {
	g, err := present(sample(generation.Complete, image.Params{Prompt: "x", Count: 1}), catalog.New(houseModel()), address)
	if err != nil {
		t.Fatal(err)
	}
	top := func(name string, v any) func(map[string]any) { return func(g map[string]any) { g[name] = v } }
	in := func(name string, v any) func(map[string]any) {
		return func(g map[string]any) { g["generated_images"].([]any)[0].(map[string]any)[name] = v }
	}
	for name, mutate := range map[string]func(map[string]any){
		"status COMPLETED": top("status", "COMPLETED"), "status PROCESSING": top("status", "PROCESSING"),
		"sdVersion unknown": top("sdVersion", "LUCID_ORIGIN"), "sdVersion of newer SDKs only": top("sdVersion", "KINO_2_0"),
		"sdVersion null": top("sdVersion", nil), "scheduler null": top("scheduler", nil), "scheduler unknown": top("scheduler", "FLOW"),
		"presetStyle unknown": top("presetStyle", "soft-3d"), "presetStyle absent": func(g map[string]any) { delete(g, "presetStyle") },
		"seed as text": top("seed", "42"), "prompt null": top("prompt", nil), "width fraction": top("imageWidth", 512.5),
		"createdAt without zone": top("createdAt", "2026-11-23T09:30:00.123"), "generated_images null": top("generated_images", nil),
		"pending with pictures": top("status", "PENDING"), "url null": in("url", nil), "url relative": in("url", "/assets/1"),
		"nsfw null": in("nsfw", nil), "likeCount null": in("likeCount", nil), "likeCount fraction": in("likeCount", 0.5),
		"motionStrength fraction": in("motionStrength", 2.5),
		"transformType unknown": in("generated_image_variation_generics", []any{
			map[string]any{"transformType": "UNIVERSAL_UPSCALER", "status": "COMPLETE"},
		}),
	} {
		body := asSDK(t, g)
		if problems := sdkProblems(body); len(problems) > 0 {
			t.Fatalf("the sample itself is wrong: %v", problems)
		}
		mutate(body)
		if len(sdkProblems(body)) == 0 {
			t.Errorf("%s is not noticed", name)
		}
	}
}

func TestAnswers_CountersAndCostsAreWholeNumbers(t *testing.T) {
	w := newWorld(t)
	var raw map[string]any
	w.call(annKey, "GET", "/me", nil).into(&raw)
	details := raw["user_details"].([]any)[0].(map[string]any)
	for _, p := range broken(details, map[string]rule{
		"paidTokens": nullOr(isWhole), "subscriptionTokens": isWhole, "subscriptionGptTokens": isWhole, "subscriptionModelTokens": isWhole,
		"apiConcurrencySlots": isWhole, "apiPaidTokens": nullOr(isWhole), "apiSubscriptionTokens": isWhole,
		"tokenRenewalDate": nullOr(isTime), "apiPlanTokenRenewalDate": nullOr(isTime),
	}, nil) {
		t.Errorf("/me: %s", p)
	}
	w.call(annKey, "POST", "/generations", sdkDefaults).into(&raw)
	job := raw["sdGenerationJob"].(map[string]any)
	cost := job["cost"].(map[string]any)
	for _, p := range append(broken(job, map[string]rule{"generationId": isText, "apiCreditCost": isWhole}, nil),
		broken(cost, map[string]rule{"amount": isText, "unit": anyOf("CREDITS", "DOLLARS")}, nil)...) {
		t.Errorf("/generations: %s", p)
	}
}

func TestCosts_AreRoundedUpAndExactAsText(t *testing.T) {
	for amount, want := range map[int64]struct {
		credits int64
		text    string
	}{1: {1, "0.001"}, 1000: {1, "1"}, 1001: {2, "1.001"}, 7000: {7, "7"}, 12_500: {13, "12.5"}} {
		a := tokenAmount(amount)
		if got := credits(a); got != want.credits || costOf(a) != (Cost{want.text, "CREDITS"}) {
			t.Errorf("%d milli-tokens are %d credits and %+v, want %+v", amount, got, costOf(a), want)
		}
	}
}

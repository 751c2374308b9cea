package leonardo

import (
	"fmt"
	"time"

	"bottega/internal/asset"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
)

// Generation is a generation as the SDKs read it. Two of their fields are left out on purpose: sdVersion and
// scheduler are closed lists of other people's models, and null or a new name there makes an SDK drop the whole
// answer.
type Generation struct {
	ID                  string           `json:"id"`
	Status              string           `json:"status" enum:"PENDING,COMPLETE,FAILED" doc:"a cancelled generation is FAILED"`
	CreatedAt           string           `json:"createdAt" format:"date-time"`
	Prompt              string           `json:"prompt"`
	NegativePrompt      string           `json:"negativePrompt" doc:"empty when there was none"`
	ModelID             string           `json:"modelId" doc:"the model that really works, never an alias"`
	ImageWidth          int              `json:"imageWidth"`
	ImageHeight         int              `json:"imageHeight"`
	InferenceSteps      int              `json:"inferenceSteps"`
	GuidanceScale       float64          `json:"guidanceScale"`
	Seed                int64            `json:"seed" doc:"of the first picture; the next ones count up"`
	PresetStyle         *string          `json:"presetStyle" doc:"the first preset that leads to the style used; null when none does"`
	Public              bool             `json:"public" doc:"always false"`
	PhotoReal           bool             `json:"photoReal" doc:"always false"`
	PromptMagic         bool             `json:"promptMagic" doc:"always false"`
	Ultra               bool             `json:"ultra" doc:"always false"`
	InitStrength        *float64         `json:"initStrength" doc:"how close to the picture it started from; null without one"`
	PhotoRealStrength   *float64         `json:"photoRealStrength" doc:"always null"`
	PromptMagicStrength *float64         `json:"promptMagicStrength" doc:"always null"`
	PromptMagicVersion  *string          `json:"promptMagicVersion" doc:"always null"`
	GeneratedImages     []GeneratedImage `json:"generated_images" nullable:"false" doc:"empty until COMPLETE"`
	GenerationElements  []any            `json:"generation_elements" nullable:"false" doc:"always empty"`
	FailedReason        *FailedReason    `json:"failedReason,omitempty" doc:"an addition of ours, only with FAILED"`
}

// GeneratedImage is one finished picture. The fields about clips are left out: every one of them may be absent.
type GeneratedImage struct {
	ID         string `json:"id"`
	URL        string `json:"url" doc:"signed, good for hours; every answer brings a fresh one" format:"uri"`
	NSFW       bool   `json:"nsfw" doc:"always false: nothing is classified"`
	LikeCount  int    `json:"likeCount" doc:"always 0"`
	Variations []any  `json:"generated_image_variation_generics" nullable:"false" doc:"always empty"`
}

// FailedReason says why a generation failed.
type FailedReason struct {
	Type    string `json:"type" doc:"code of the failure, or cancelled"`
	Message string `json:"message"`
}

// Statuses of a generation. The SDKs know no others.
const (
	statusPending  = "PENDING"
	statusComplete = "COMPLETE"
	statusFailed   = "FAILED"
)

func statusOf(s generation.State) string {
	switch s {
	case generation.Complete:
		return statusComplete
	case generation.Failed, generation.Cancelled:
		return statusFailed
	}
	return statusPending
}

// present writes a generation for the SDKs. address gives the URL of a picture, or nothing while there is none.
func present(g *generation.Generation, models Models, address func(asset.Image) string) (*Generation, error) {
	p, err := image.ParseParams(g.Params)
	if err != nil {
		return nil, fmt.Errorf("generation %s: %w", g.ID, err)
	}
	out := &Generation{
		ID: g.ID, Status: statusOf(g.State), CreatedAt: timestamp(g.CreatedAt),
		Prompt: p.Prompt, NegativePrompt: p.NegativePrompt, ModelID: p.ModelID,
		ImageWidth: p.Width, ImageHeight: p.Height, InferenceSteps: p.Steps, GuidanceScale: p.Guidance, Seed: p.Seed,
		GeneratedImages: []GeneratedImage{}, GenerationElements: []any{},
	}
	if m, ok := models.Find(p.ModelID); ok && p.ModelID != "" {
		out.PresetStyle = presetOf(m, p.Style)
	}
	if p.Init != nil {
		out.InitStrength = ptr(flip(p.Strength))
	}
	if out.Status == statusFailed {
		out.FailedReason = failedReason(g)
	}
	if !g.State.Final() {
		return out, nil
	}
	for _, img := range g.Images {
		if url := address(img); url != "" {
			out.GeneratedImages = append(out.GeneratedImages, GeneratedImage{ID: img.ID, URL: url, Variations: []any{}})
		}
	}
	return out, nil
}

func failedReason(g *generation.Generation) *FailedReason {
	switch {
	case g.Failure != nil:
		return &FailedReason{Type: g.Failure.Code, Message: g.Failure.Message}
	case g.State == generation.Cancelled:
		return &FailedReason{Type: "cancelled", Message: "the generation was cancelled"}
	}
	return &FailedReason{Type: codeUnexpected, Message: "the generation failed"}
}

// timestamp is RFC 3339 in UTC with milliseconds: the blueprint reads of the SDKs insist on the zone, and JavaScript
// and Python read this form alike.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

package image_test

import (
	"encoding/json"
	"testing"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/generation/kind/image"
)

// The house model's own scale is 1, where a negative prompt would count for nothing.
func TestPlan_ANegativePromptRaisesTheGuidanceThatNobodySaid(t *testing.T) {
	s := newStudio(t, apptest.SQLite(t), func(c *app.Config) {
		c.Models[0].Image.Guidance.Default = 1
	})
	for _, c := range []struct {
		negative string
		asked    *float64
		want     float64
	}{{"", nil, 1}, {"rain", nil, 1.5}, {"rain", ptr(3.0), 3}} {
		g := s.submit(&image.Request{Prompt: "a fox", NegativePrompt: c.negative, Guidance: c.asked})
		var got struct {
			Guidance float64 `json:"guidance_scale"`
		}
		if err := json.Unmarshal(g.Params, &got); err != nil || got.Guidance != c.want {
			t.Errorf("without %q at %v: guidance %v, %v; want %v", c.negative, c.asked, got.Guidance, err, c.want)
		}
	}
}

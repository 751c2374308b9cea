package image

import (
	"fmt"

	"bottega/internal/generation"
)

// Variations implements generation.Varied: fewer steps, a smaller picture, one picture instead of several, and a look
// that costs nothing.
func (k *Kind) Variations(input any) []generation.Variation {
	req, ok := input.(*Request)
	if !ok || req.Erase {
		return nil
	}
	model, ok := k.Catalog.Find(req.Model)
	if !ok {
		return nil
	}
	what := "the same picture"
	c := &checker{model: model}
	p := c.params(req)
	if p.Count > 1 {
		what = "the same pictures"
	}
	var list []generation.Variation
	add := func(name, text string, change map[string]any, edit func(*Request)) {
		own := *req
		edit(&own)
		list = append(list, generation.Variation{Name: name, Text: text, Change: change, Input: &own})
	}
	for _, q := range model.Image.Qualities {
		if q.ID == "draft" && q.Steps < p.Steps {
			add("draft", what+" at draft", map[string]any{"quality": q.ID, "steps": nil}, func(r *Request) {
				r.Quality, r.Steps = q.ID, nil
			})
		}
	}
	width, height := c.whole("width", req.Width, model.Image.Width), c.whole("height", req.Height, model.Image.Height)
	fromStart := req.Mask != "" || req.Expand != nil // the size is the start's
	if w, h, ok := smaller(model.Image.Width.Min, model.Image.Width.Step, width, height); ok && !fromStart {
		add("smaller", fmt.Sprintf("%s in %d × %d", what, w, h), map[string]any{"width": w, "height": h}, func(r *Request) {
			r.Width, r.Height = &w, &h
		})
	}
	if p.Count > 1 {
		one := 1
		add("single", "one picture", map[string]any{"count": one}, func(r *Request) { r.Count = &one })
	}
	return list
}

// smaller halves both sides, in the model's steps, as long as the shorter one stays a picture.
func smaller(least, step float64, width, height int) (w, h int, ok bool) {
	unit := max(1, int(step))
	w, h = width/2/unit*unit, height/2/unit*unit
	return w, h, min(w, h) >= max(64, int(least))
}

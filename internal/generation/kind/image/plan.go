package image

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/pricing"
)

// Kind makes pictures. It implements generation.Kind.
type Kind struct {
	Catalog *catalog.Catalog
	Engines engine.Set
	Store   *asset.Store
	Version string // of Bottega, for recipes
}

// Name is the kind's name in requests, rows and prices.
func (k *Kind) Name() string { return "image" }

// timePerPicture bounds the making of one picture; a stuck engine costs no more.
const timePerPicture = 2 * time.Minute

// Plan checks every field against the model's capability, refuses by field name, all wrong fields at once, and fixes
// what was left open, the seed included.
func (k *Kind) Plan(_ context.Context, _ access.Actor, input any) (generation.Planned, error) {
	req, ok := input.(*Request)
	if !ok {
		return generation.Planned{}, fmt.Errorf("plan image: input is a %T", input)
	}
	model, ok := k.Catalog.Find(req.Model)
	if !ok {
		return generation.Planned{}, fault.Bad(fault.Field{
			Name: "model", Value: req.Model, Message: "is not a model of this installation", Allowed: strings.Join(k.Catalog.Names(), ", "),
		})
	}
	c := &checker{model: model}
	p := Params{
		Prompt: c.text("prompt", req.Prompt, true), NegativePrompt: c.text("negative_prompt", req.NegativePrompt, false),
		Model: model.Name, ModelID: model.ID, ModelVersion: model.Version,
		Style: c.style(req.Style), Seed: c.seed(req.Seed),
		Width: c.whole("width", req.Width, model.Image.Width), Height: c.whole("height", req.Height, model.Image.Height),
		Count: c.whole("count", req.Count, model.Image.Count), Steps: c.whole("steps", req.Steps, model.Image.Steps),
		Guidance:    c.guidance(req),
		Adherence:   c.adherence(req.Adherence),
		Transparent: c.transparent(req.Transparent),
	}
	if p.NegativePrompt != "" && !model.Image.NegativePrompt {
		c.bad("negative_prompt", p.NegativePrompt, "is not supported by "+model.Name, "leave it out")
	}
	if len(c.fields) > 0 {
		return generation.Planned{}, fault.Bad(c.fields...)
	}
	params, err := json.Marshal(p)
	if err != nil {
		return generation.Planned{}, fmt.Errorf("plan image: %w", err)
	}
	return generation.Planned{
		Params: params, Count: p.Count, Model: model.Name, Engine: model.Engine,
		Facts: pricing.Facts{
			Model: model.Name, Kind: k.Name(), Width: p.Width, Height: p.Height, Steps: p.Steps, Count: p.Count,
		},
		Timeout: time.Duration(p.Count) * timePerPicture,
	}, nil
}

// ParseParams reads what Plan stored.
func ParseParams(raw json.RawMessage) (Params, error) {
	var p Params
	if err := json.Unmarshal(raw, &p); err != nil {
		return Params{}, fmt.Errorf("read image parameters: %w", err)
	}
	return p, nil
}

// checker collects what is wrong.
type checker struct {
	model  catalog.Model
	fields []fault.Field
}

func (c *checker) bad(name string, value any, message, allowed string) {
	c.fields = append(c.fields, fault.Field{Name: name, Value: value, Message: message, Allowed: allowed})
}

// text trims and checks a prompt. Line breaks and tabs become spaces; other control characters are refused, because
// they end up in files and on terminals.
func (c *checker) text(name, s string, required bool) string {
	if !utf8.ValidString(s) {
		c.bad(name, strings.ToValidUTF8(s, "?"), "is not valid UTF-8", "text")
		return ""
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, s))
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		c.bad(name, fmt.Sprintf("%q", s), "contains a control character", "printable text")
		return ""
	}
	switch n := utf8.RuneCountInString(s); {
	case n == 0 && required:
		c.bad(name, nil, "is missing", fmt.Sprintf("1 to %d characters", c.model.Image.MaxPrompt))
	case n > c.model.Image.MaxPrompt:
		c.bad(name, s, fmt.Sprintf("has %d characters", n), fmt.Sprintf("1 to %d characters", c.model.Image.MaxPrompt))
	}
	return s
}

func (c *checker) style(style *string) string {
	if style == nil || *style == "" {
		return c.model.Image.DefaultStyle
	}
	names := make([]string, len(c.model.Image.Styles))
	for i, s := range c.model.Image.Styles {
		if s.ID == *style {
			return s.ID
		}
		names[i] = s.ID
	}
	c.bad("style", *style, "is not a style of "+c.model.Name, strings.Join(names, ", "))
	return ""
}

func (c *checker) seed(seed *int64) int64 {
	if seed == nil {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails (documented)
		return int64(binary.LittleEndian.Uint32(b[:]))
	}
	if *seed < 0 || *seed > math.MaxUint32 {
		c.bad("seed", *seed, "is out of range", fmt.Sprintf("0 to %d", uint32(math.MaxUint32)))
	}
	return *seed
}

func (c *checker) whole(name string, v *int, r catalog.Range) int {
	if v == nil {
		return int(r.Default)
	}
	n := float64(*v)
	switch {
	case n < r.Min || n > r.Max:
		c.bad(name, *v, "is out of range", rangeText(r))
	case r.Step > 1 && math.Mod(n, r.Step) != 0:
		c.bad(name, *v, fmt.Sprintf("is not a multiple of %g", r.Step), rangeText(r))
	}
	return *v
}

func (c *checker) number(name string, v *float64, r catalog.Range) float64 {
	if v == nil {
		return r.Default
	}
	if math.IsNaN(*v) || *v < r.Min || *v > r.Max {
		c.bad(name, *v, "is out of range", rangeText(r))
	}
	return *v
}

// leadAway is the guidance scale of a request that names a negative prompt and no scale: at 1 nothing leads away.
const leadAway = 2

// guidance is the model's range, above 1 when there is a negative prompt: it is the scale that makes one count.
func (c *checker) guidance(req *Request) float64 {
	r := c.model.Image.Guidance
	if req.NegativePrompt == "" {
		return c.number("guidance_scale", req.Guidance, r)
	}
	if req.Guidance == nil {
		return max(r.Default, min(leadAway, r.Max))
	}
	if *req.Guidance == 1 {
		c.bad("guidance_scale", *req.Guidance, "makes the negative prompt count for nothing", "above 1, or no negative prompt")
		return 1
	}
	return c.number("guidance_scale", req.Guidance, r)
}

// adherence is the model's range, or -1 for painting without a reference.
func (c *checker) adherence(v *float64) float64 {
	if v != nil && *v == -1 {
		return -1
	}
	before := len(c.fields)
	a := c.number("adherence", v, c.model.Image.Adherence)
	if len(c.fields) > before {
		c.fields[before].Allowed += ", or -1 for no reference"
	}
	return a
}

func (c *checker) transparent(v *bool) bool {
	if v == nil {
		return c.model.Image.Transparent
	}
	if *v && !c.model.Image.Transparent {
		c.bad("transparent", true, "is not supported by "+c.model.Name, "false")
	}
	return *v
}

func rangeText(r catalog.Range) string {
	if r.Step > 1 {
		return fmt.Sprintf("%g to %g in steps of %g", r.Min, r.Max, r.Step)
	}
	return fmt.Sprintf("%g to %g", r.Min, r.Max)
}

package image

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"bottega/internal/catalog"
	"bottega/internal/fault"
)

// checker collects what is wrong.
type checker struct {
	model  catalog.Model
	fields []fault.Field
}

// params checks everything that needs no look at a picture.
func (c *checker) params(req *Request) Params {
	model := c.model
	p := Params{
		Prompt: c.text("prompt", req.Prompt, !req.Erase), NegativePrompt: c.text("negative_prompt", req.NegativePrompt, false),
		Model: model.Name, ModelID: model.ID, ModelVersion: model.Version,
		Style: c.style(req.Style), Seed: c.seed(req.Seed),
		Count:       c.whole("count", req.Count, model.Image.Count),
		Guidance:    c.guidance(req),
		Adherence:   c.adherence(req.Adherence),
		Transparent: c.transparent(req.Transparent),
		Tile:        req.Tile, Erase: req.Erase,
	}
	p.Steps, p.Quality = c.steps(req)
	p.Background = c.background(req, &p)
	if p.NegativePrompt != "" && !model.Image.NegativePrompt {
		c.bad("negative_prompt", p.NegativePrompt, "is not supported by "+model.Name, "leave it out")
	}
	if req.Tile && !model.Image.Tile {
		c.bad("tile", true, "is not supported by "+model.Name, "false")
	}
	p.Boxes = c.boxes(req.Boxes)
	return p
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
const leadAway = 1.5

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

// steps are those that were asked for, those of the quality, or the model's own. Both at once contradict each other.
func (c *checker) steps(req *Request) (int, string) {
	if req.Quality == "" {
		return c.whole("steps", req.Steps, c.model.Image.Steps), ""
	}
	if req.Steps != nil {
		c.bad("quality", req.Quality, "sets the steps, and so does steps", "one of the two")
		c.bad("steps", *req.Steps, "is set by quality already", "one of the two")
		return 0, ""
	}
	names := make([]string, len(c.model.Image.Qualities))
	for i, q := range c.model.Image.Qualities {
		if q.ID == req.Quality {
			return q.Steps, q.ID
		}
		names[i] = q.ID
	}
	if len(names) == 0 {
		names = []string{"steps"}
	}
	c.bad("quality", req.Quality, "is not a preset of "+c.model.Name, strings.Join(names, ", "))
	return 0, ""
}

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// background makes the picture opaque; asking for both is asking for nothing.
func (c *checker) background(req *Request, p *Params) string {
	if req.Background == "" {
		return ""
	}
	text := strings.ToLower(req.Background)
	if !colour.MatchString(text) {
		c.bad("background", req.Background, "is not a colour", "#rrggbb")
		return ""
	}
	if req.Transparent != nil && *req.Transparent {
		c.bad("background", text, "cannot be seen behind a transparent picture", "leave it out, or transparent false")
	}
	p.Transparent = false
	return text
}

// colourOf reads what background let through; empty is the engine's white.
func colourOf(text string) color.NRGBA {
	v, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 32)
	if err != nil {
		return color.NRGBA{}
	}
	return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

func rangeText(r catalog.Range) string {
	if r.Step > 1 {
		return fmt.Sprintf("%g to %g in steps of %g", r.Min, r.Max, r.Step)
	}
	return fmt.Sprintf("%g to %g", r.Min, r.Max)
}

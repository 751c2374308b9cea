package leonardo

import (
	"slices"
	"strings"

	"bottega/internal/catalog"
)

// look is a style as Leonardo's clients name it, and what it means here.
type look struct {
	preset string   // value of presetStyle; empty for looks that only have a styleUUID
	uuid   string   // value of styleUUID; empty when none is known
	title  string   // name of a look without a preset
	styles []string // house styles that serve it, best first; modelDefault = the model's own default; none = refused
}

// modelDefault stands for whatever style the model takes when none is named.
const modelDefault = "*"

// looks is every preset style of the official SDKs and every style id of their guides. The order matters once: a
// finished generation reports the first preset that leads to its style.
var looks = []look{
	{preset: "DYNAMIC", uuid: "111dc692-d470-4eec-b791-3475abac4c46", styles: []string{modelDefault}},
	{preset: "NONE", uuid: "556c1ee5-ec38-42e8-955a-1e82dad0ffa1", styles: []string{"none", modelDefault}},
	{preset: "LEONARDO", styles: []string{modelDefault}},
	{preset: "GENERAL", styles: []string{modelDefault}},
	{preset: "CREATIVE", uuid: "6fedbf1f-4a17-45ec-84fb-92fe524a29ef", styles: []string{modelDefault}},
	{preset: "UNPROCESSED", styles: []string{"none", modelDefault}},
	{preset: "RENDER_3D", uuid: "debdf72a-91a4-467b-bf61-cc02bdeb69c6", styles: []string{"soft-3d"}},
	{preset: "RAYTRACED", uuid: "b504f83c-3326-4947-82e1-7fe9e839ec0f", styles: []string{"soft-3d"}},
	{preset: "ILLUSTRATION", uuid: "645e4195-f63d-4715-a3f2-3fb1e6eb8c70", styles: []string{"illustration", "toon", "flat"}},
	{preset: "ANIME", styles: []string{"anime", "kawaii", "toon"}},
	{preset: "MINIMALISTIC", styles: []string{"minimal", "clean", "flat"}},
	{preset: "VIBRANT", uuid: "dee282d3-891f-4f73-ba02-7f8131e5541b", styles: []string{"vibrant", "gradient"}},
	{preset: "SKETCH_BW", styles: []string{"sketch", "ink", "line"}},
	{preset: "SKETCH_COLOR", styles: []string{"sketch-color", "freehand"}},
	{preset: "MONOCHROME", styles: []string{"monochrome", "silhouette", "ink"}},
	{preset: "RETRO", styles: []string{"retro", "pixel", "halftone"}},
	{preset: "BOKEH", uuid: "9fdc5e8c-4d13-49b4-9ce6-5a74cbb19177"},
	{preset: "CINEMATIC", uuid: "a5632c7c-ddbb-4e2f-ba34-8456ab3ac436"},
	{preset: "CINEMATIC_CLOSEUP"},
	{preset: "ENVIRONMENT"},
	{preset: "FASHION", uuid: "594c4a08-a522-4e0e-b7ff-e4dac4b6b622"},
	{preset: "FILM"},
	{preset: "FOOD"},
	{preset: "HDR"},
	{preset: "LONG_EXPOSURE"},
	{preset: "MACRO"},
	{preset: "MOODY"},
	{preset: "NEUTRAL"},
	{preset: "PHOTOGRAPHY"},
	{preset: "PORTRAIT"},
	{preset: "STOCK_PHOTO", uuid: "5bdc3f2a-1be6-4d1c-8e77-992a30824a2c"},
	{title: "Graphic Design 2D", uuid: "703d6fe5-7f1c-4a9e-8da0-5331f214d5cf", styles: []string{"flat", "clean"}},
	{title: "Graphic Design 3D", uuid: "7d7c2bc5-4b12-4ac3-81a9-630057e9e89f", styles: []string{"soft-3d"}},
	{title: "Acrylic", uuid: "3cbb655a-7ca4-463f-b697-8a03ad67327c", styles: []string{"acrylic"}},
	{title: "Watercolor", uuid: "1db308ce-c7ad-4d10-96fd-592fa6b75cc4", styles: []string{"watercolor"}},
	{title: "Game Concept", uuid: "09d2b5b5-d7c5-4c02-905d-9f84051640f4"},
	{title: "Portrait Cinematic", uuid: "4edb03c9-8a26-4041-9d01-f85b5d4abd71"},
	{title: "Portrait Fashion", uuid: "0d34f8e1-46d4-428f-8ddd-4b11811fa7c9"},
	{title: "Pro B&W", uuid: "22a9a7d2-2166-4d86-80ff-22e2643adbcf"},
	{title: "Pro Color", uuid: "7c3f932b-a572-47cb-9b9b-f20211e63b5b"},
	{title: "Pro Film", uuid: "581ba6d6-5aac-4492-bebe-54c424a0d46e"},
}

// in returns the style of the model that serves the look.
func (l look) in(m catalog.Model) (style string, ok bool) {
	for _, s := range l.styles {
		if s == modelDefault {
			return m.Image.DefaultStyle, true
		}
		if hasStyle(m, s) {
			return s, true
		}
	}
	return "", false
}

func hasStyle(m catalog.Model, id string) bool {
	return slices.ContainsFunc(m.Image.Styles, func(s catalog.Style) bool { return s.ID == id })
}

// styleOfPreset turns a presetStyle into a style of the model. The model's own style ids are taken too, so that
// every house style can be reached without an SDK's enum.
func styleOfPreset(m catalog.Model, preset string) (style string, ok bool) {
	for _, l := range looks {
		if l.preset != "" && l.preset == preset {
			return l.in(m)
		}
	}
	return preset, hasStyle(m, preset)
}

// styleOfUUID turns a styleUUID into a style of the model; the model's own style ids are taken too.
func styleOfUUID(m catalog.Model, id string) (style string, ok bool) {
	for _, l := range looks {
		if l.uuid != "" && strings.EqualFold(l.uuid, id) {
			return l.in(m)
		}
	}
	return id, hasStyle(m, id)
}

// presetOf is the way back: the first preset that leads to the style, or nil. Only names of the closed enum come out.
func presetOf(m catalog.Model, style string) *string {
	for _, l := range looks {
		if s, ok := l.in(m); ok && l.preset != "" && s == style {
			return &l.preset
		}
	}
	return nil
}

// presetsOf lists what presetStyle may be for the model, for error texts.
func presetsOf(m catalog.Model) string {
	return allowedLooks(m, func(l look) string { return l.preset })
}

// styleUUIDsOf lists what styleUUID may be for the model, for error texts.
func styleUUIDsOf(m catalog.Model) string {
	return allowedLooks(m, func(l look) string { return l.uuid })
}

func allowedLooks(m catalog.Model, name func(look) string) string {
	var names []string
	for _, l := range looks {
		if _, ok := l.in(m); ok && name(l) != "" {
			names = append(names, name(l))
		}
	}
	for _, s := range m.Image.Styles {
		names = append(names, s.ID)
	}
	return strings.Join(names, ", ")
}

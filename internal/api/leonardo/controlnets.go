package leonardo

import (
	"fmt"
	"slices"
	"strings"

	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/generation/kind/image"
)

// preprocessors leads from Leonardo's ids of image guidance, one for each base model, to what a picture is looked at
// for here. Ids that are known and not here (depth, pose, text, normal map, pattern, QR) are named in the refusal.
var preprocessors = map[int64]engine.ReferenceKind{
	67: engine.StyleReference, 166: engine.StyleReference, 299: engine.StyleReference, 298: engine.StyleReference,
	133: engine.CharacterReference, 397: engine.CharacterReference,
	100: engine.ContentReference, 364: engine.ContentReference, 233: engine.ContentReference, 232: engine.ContentReference,
	1: engine.EdgeReference, 12: engine.EdgeReference, 19: engine.EdgeReference, // canny
	10: engine.EdgeReference, 17: engine.EdgeReference, // sketch
	5: engine.EdgeReference, // line art
}

var unavailablePreprocessors = map[int64]string{
	3: "depth", 13: "depth", 20: "depth", 7: "pose", 16: "pose", 21: "pose", 11: "text image", 18: "text image", 22: "text image",
	6: "normal map", 15: "normal map", 8: "pattern", 9: "QR",
}

// strengths are the upper ends of the documented ranges of weight, halved: a weight of 0 to 2 is a strength of 0 to 1.
var strengths = map[engine.ReferenceKind]map[string]float64{
	engine.StyleReference:     {"Low": 0.2, "Mid": 0.4, "High": 0.6, "Ultra": 0.8, "Max": 1},
	engine.ContentReference:   {"Low": 0.33, "Mid": 0.66, "High": 1},
	engine.CharacterReference: {"Low": 0.33, "Mid": 0.66, "High": 1},
	engine.EdgeReference:      {"Low": 0.33, "Mid": 0.66, "High": 1},
}

// controlnet is one entry of controlnets.
type controlnet struct {
	image     string
	origin    string
	kind      engine.ReferenceKind
	strength  *float64
	influence float64 // 0 = not given
}

func (g *guide) controlnets() {
	v, ok := g.v[fControlnets]
	if !ok {
		return
	}
	nets := make([]controlnet, 0, 4)
	for i, entry := range v.value.([]any) {
		at := fmt.Sprintf("%s[%d]", v.spelling, i)
		object, ok := entry.(map[string]any)
		if !ok {
			g.refuse(at, nil, "must be an object", "{initImageId, initImageType, preprocessorId, weight or strengthType}")
			continue
		}
		before := len(g.bad)
		n := g.controlnet(at, object)
		if len(g.bad) == before {
			g.source(at+".initImageId", n.image, n.origin)
			g.names[fmt.Sprintf("references[%d].strength", len(nets))] = at + ".weight"
			g.names[fmt.Sprintf("references[%d].kind", len(nets))] = at + ".preprocessorId"
			nets = append(nets, n)
		}
	}
	g.names["references"] = fControlnets
	share(nets)
	for _, n := range nets {
		g.req.References = append(g.req.References, image.Reference{Image: n.image, Kind: string(n.kind), Strength: n.strength})
	}
}

// share lets influence weigh the style references against each other: the strongest keeps its strength.
func share(nets []controlnet) {
	most := 0.0
	for _, n := range nets {
		most = max(most, n.influence)
	}
	for i, n := range nets {
		if n.influence > 0 && n.strength != nil {
			nets[i].strength = ptr(*n.strength * n.influence / most)
		}
	}
}

// controlnetFields is the table of an entry of controlnets.
var controlnetFields = newSchema("", []field{
	{"initImageId", typeString, honoured, nil, "Required: the picture to look at."},
	{"initImageType", typeString, honoured, nil, "Required: GENERATED or UPLOADED."},
	{"preprocessorId", typeInt, honoured, nil, "Required: what the picture is looked at for, see the table below."},
	{"weight", typeFloat, honoured, nil, "Above 0 to 2; half of it is our strength."},
	{"strengthType", typeString, honoured, nil, "Low, Mid, High, and for style also Ultra and Max, instead of weight."},
	{"influence", typeFloat, honoured, nil, "Of style references: weighs several against each other."},
})

func (g *guide) controlnet(at string, object map[string]any) (n controlnet) {
	members := make([]member, 0, len(object))
	for _, key := range sortedKeys(object) {
		if controlnetFields.index[key] == nil {
			g.refuse(at+"."+shorten(key), nil, "is an unexpected variable", strings.Join(controlnetFields.names(), ", "))
			return n
		}
		members = append(members, member{key, object[key]})
	}
	v, err := controlnetFields.decode(members)
	if err != nil {
		g.refuse(at, nil, "is wrong: "+fault.As(err).Message, "see the documentation of controlnets")
		return n
	}
	return g.readControlnet(at, v)
}

func (g *guide) readControlnet(at string, v values) (n controlnet) {
	n.image, _ = v.text("initImageId")
	if n.image == "" {
		g.refuse(at+".initImageId", nil, "is missing", "the id of a picture of yours")
	}
	switch kind, _ := v.text("initImageType"); kind {
	case typeGenerated:
		n.origin = asset.FromGeneration
	case typeUploaded:
		n.origin = asset.FromUpload
	default:
		g.refuse(at+".initImageType", kind, "is unknown", typeGenerated+", "+typeUploaded)
	}
	preprocessor, given := v.whole("preprocessorId")
	kind, known := preprocessors[preprocessor]
	_, able := g.model.Image.Reference(kind)
	if !given || !known || !able {
		message := "is unknown"
		if what := unavailablePreprocessors[preprocessor]; what != "" {
			message = "(" + what + ") is not available on this server"
		} else if known {
			message = fmt.Sprintf("(%s) is not supported by %s", kind, g.model.Name)
		}
		g.refuse(at+".preprocessorId", preprocessor, message, preprocessorIDs(g.model))
		return n
	}
	n.kind = kind
	g.readWeight(at, v, &n)
	return n
}

func (g *guide) readWeight(at string, v values, n *controlnet) {
	weight, weighed := v.number("weight")
	name, typed := v.text("strengthType")
	typed = typed && name != ""
	able, _ := g.model.Image.Reference(n.kind)
	n.strength = ptr(able.Strength.Default)
	switch {
	case weighed && typed:
		g.refuse(at+".strengthType", name, "cannot be combined with weight", "one of the two")
	case weighed && !(weight > 0 && weight <= 2):
		g.refuse(at+".weight", weight, "is out of range", "above 0 to 2")
	case weighed:
		n.strength = ptr(weight / 2)
	case typed:
		s, ok := strengths[n.kind][name]
		if !ok {
			g.refuse(at+".strengthType", name, "is unknown for a "+string(n.kind)+" reference", strings.Join(sortedStrengths(n.kind), ", "))
		}
		n.strength = &s
	}
	influence, given := v.number("influence")
	if given && (n.kind != engine.StyleReference || !(influence > 0)) {
		g.refuse(at+".influence", influence, "is for style references", "above 0, or leave it out")
	}
	n.influence = influence
}

// names lists the documented names of a table.
func (s *schema) names() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.name
	}
	return names
}

func sortedStrengths(kind engine.ReferenceKind) []string {
	var names []string
	for _, name := range []string{"Low", "Mid", "High", "Ultra", "Max"} {
		if _, ok := strengths[kind][name]; ok {
			names = append(names, name)
		}
	}
	return names
}

// preprocessorIDs lists what the model can do, for error texts and the documentation.
func preprocessorIDs(m catalog.Model) string {
	var parts []string
	for _, r := range m.Image.References {
		parts = append(parts, fmt.Sprintf("%s (%s)", idsOf(r.Kind), r.Kind))
	}
	if parts == nil {
		return "leave controlnets out"
	}
	return strings.Join(parts, ", ")
}

// idsOf lists the preprocessor ids that lead to a kind of reference, the smallest first.
func idsOf(kind engine.ReferenceKind) string {
	var ids []int64
	for id, k := range preprocessors {
		if k == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ", "), "[]")
}

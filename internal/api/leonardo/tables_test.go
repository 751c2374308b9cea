package leonardo

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/engine"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/token"
)

var update = flag.Bool("update", false, "write docs/openapi-leonardo.json and the tables of docs/api-leonardo.md anew")

func tokenAmount(milli int64) token.Amount { return token.Amount(milli) }

func TestAliases_AreUniqueAndHoldTheSDKsDefault(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Aliases() {
		if !id.Valid(a.ID) || a.ID != strings.ToLower(a.ID) || seen[a.ID] || a.Title == "" {
			t.Errorf("alias %+v is not a lower-case UUID, comes twice or has no name", a)
		}
		seen[a.ID] = true
	}
	if Aliases()[0].ID != DefaultModelAlias || AliasIDs()[0] != DefaultModelAlias {
		t.Error("the default of the SDKs does not come first")
	}
}

func TestLooks_CoverEveryPresetOfTheSDKs(t *testing.T) {
	var presets []string
	uuids := map[string]bool{}
	for _, l := range looks {
		if l.preset != "" {
			presets = append(presets, l.preset)
		} else if l.title == "" || l.uuid == "" {
			t.Errorf("look %+v has no name", l)
		}
		if l.uuid != "" && (!id.Valid(l.uuid) || uuids[l.uuid]) {
			t.Errorf("style id %s is not a UUID or comes twice", l.uuid)
		}
		uuids[l.uuid] = true
	}
	slices.Sort(presets)
	want := slices.Sorted(slices.Values(sdkStyles))
	if !slices.Equal(presets, want) {
		t.Errorf("presets %v, want %v", presets, want)
	}
}

func TestLooks_OnTheHouseModel(t *testing.T) {
	m := houseModel()
	for preset, want := range map[string]string{
		"DYNAMIC": "soft-3d", "NONE": "none", "LEONARDO": "soft-3d", "RENDER_3D": "soft-3d", "ILLUSTRATION": "toon", "ANIME": "kawaii",
		"MINIMALISTIC": "clean", "SKETCH_BW": "ink", "RETRO": "pixel", "VIBRANT": "gradient", "pixel": "pixel",
		"SKETCH_COLOR": "", "PHOTOGRAPHY": "", "CINEMATIC": "", "dynamic": "", "watercolor": "",
	} {
		got, ok := styleOfPreset(m, preset)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("preset %s is style %q (%v), want %q", preset, got, ok, want)
		}
	}
	m.Image.Styles = m.Image.Styles[:1] // a model with soft-3d only: NONE falls back to what it has
	if got, ok := styleOfPreset(m, "NONE"); got != "soft-3d" || !ok {
		t.Errorf("NONE without a style of that name is %q, want the default", got)
	}
}

func TestPresetOf_IsTheWayBack(t *testing.T) {
	m := houseModel()
	for style, want := range map[string]string{"soft-3d": "DYNAMIC", "none": "NONE", "toon": "ILLUSTRATION", "kawaii": "ANIME", "flat": "", "gone": ""} {
		got := presetOf(m, style)
		if (got == nil) != (want == "") || (got != nil && *got != want) {
			t.Errorf("style %s is preset %v, want %q", style, got, want)
		}
	}
	for _, l := range looks { // sending back what was read changes nothing
		if style, ok := l.in(m); ok && l.preset != "" {
			if again, _ := styleOfPreset(m, *presetOf(m, style)); again != style {
				t.Errorf("%s leads to %s and back to %s", l.preset, style, again)
			}
		}
	}
}

func TestSpellings(t *testing.T) {
	for name, want := range map[string][]string{
		"num_images": {"numImages", "num_images"}, "modelId": {"modelId", "model_id"}, "styleUUID": {"styleUUID", "style_uuid"},
		"width": {"width"}, "init_generation_image_id": {"initGenerationImageId", "init_generation_image_id"},
	} {
		if got := spellings(name); !slices.Equal(got, want) {
			t.Errorf("spellings of %s: %v, want %v", name, got, want)
		}
	}
	for _, s := range []*schema{generationFields, priceFields} {
		if len(s.index) < len(s.fields) {
			t.Error("two fields share a name")
		}
		for _, f := range s.fields {
			for _, spelling := range spellings(f.name) {
				if s.index[spelling].name != f.name {
					t.Errorf("%s means %s and %s", spelling, f.name, s.index[spelling].name)
				}
			}
		}
	}
}

// FuzzDecode feeds the reader of requests. Whatever comes in, the answer is a request or a fault that may be shown,
// and an accepted body is one that encoding/json understands too.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		sdkDefaults, ``, `{}`, `[]`, `{"prompt":"x","width":33}`, `{"prompt":"x","prompt":"y"}`,
		`{"prompt":"x","styleUUID":"pixel"}`, `{"prompt":"\ud800","seed":1e300}`, `{"prompt":"x","elements":[[[{}]]]}`,
		`{"prompt":"x","num_images":2.0,"numImages":2}`,
		`{"prompt":"x","controlnets":[{"initImageId":"a","initImageType":"UPLOADED","preprocessorId":67,"weight":1.5,"influence":2}]}`,
		`{"prompt":"x","canvasRequest":true,"canvasRequestType":"INPAINT","canvasInitId":"a","canvasMaskId":"b","init_strength":0.5}`,
		`{"prompt":"x","imagePrompts":["a"],"imagePromptWeight":0.5,"init_image_id":"a"}`, `{"service":"IMAGE_GENERATION","serviceParams":{"IMAGE_GENERATION":{"isSDXL":true}}}`,
	} {
		f.Add([]byte(seed))
	}
	models := newWorld(f).models
	f.Fuzz(func(t *testing.T, body []byte) {
		members, err := parseObject(body)
		if err != nil {
			mustBeShown(t, err)
			return
		}
		var plain map[string]json.RawMessage // numbers stay text: 1e6300 is JSON, if no float64
		if err := json.Unmarshal(body, &plain); err != nil && len(members) > 0 {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if len(plain) != len(members) {
			t.Fatalf("%d members, encoding/json sees %d", len(members), len(plain))
		}
		if params, err := imageServiceParams(members); err != nil {
			mustBeShown(t, err)
		} else if v, err := priceFields.decode(params); err != nil {
			mustBeShown(t, err)
		} else if _, err := pricedModel(v, models); err != nil {
			mustBeShown(t, err)
		}
		v, err := generationFields.decode(members)
		if err != nil {
			mustBeShown(t, err)
			return
		}
		req, model, _, err := imageRequest(v, models)
		if err != nil {
			mustBeShown(t, err)
			return
		}
		d := &dialect{Deps{Uploads: &shelf{}}}
		if _, _, err := d.guided(t.Context(), access.Actor{AccountID: ann.ID}, v, req, model); err != nil {
			t.Fatalf("pictures: %v", err)
		}
		if (req.Width == nil) != (req.Height == nil) || (req.Width == nil && req.Mask == "") {
			t.Fatalf("half a size is missing: %+v", req)
		}
		if req.Count == nil || req.Style == nil || (req.Transparent == nil && req.Mask == "") || req.Model == "" {
			t.Fatalf("a default is missing: %+v", req)
		}
	})
}

func mustBeShown(t *testing.T, err error) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Message == "" {
		t.Fatalf("%v is not an error for a caller", err)
	}
}

const docs = "../../../docs/"

func TestDocument_IsCurrent(t *testing.T) {
	want, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	sameFile(t, docs+"openapi-leonardo.json", want)
	w := newWorld(t)
	if a := w.call("", "GET", "/openapi.json", nil); a.status != 200 || a.body != string(want) {
		t.Errorf("served: %d, %d bytes, want the document without a key", a.status, len(a.body))
	}
}

// TestAnswers_FollowTheDocument holds every operation's answer, and an error, against the published schema.
func TestAnswers_FollowTheDocument(t *testing.T) {
	w := newWorld(t)
	done := w.complete(w.create(sdkDefaults).GenerationID).ID
	bodies := map[string]string{
		"createGeneration": sdkDefaults, "pricingCalculator": `{"service":"IMAGE_GENERATION"}`,
		"uploadInitImage": `{"extension":"png"}`, "uploadCanvasInitImage": `{"initExtension":"png","maskExtension":"webp"}`,
	}
	uploaded := w.shelf.put(ann.ID, asset.FromUpload, 64, 64)
	doc := document()
	check := func(op operation, status, body string) {
		t.Helper()
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatalf("%s: %v in %s", op.id, err, body)
		}
		described := doc.Paths[op.path]
		h := map[string]*huma.Operation{"GET": described.Get, "POST": described.Post, "DELETE": described.Delete}[op.method]
		var res huma.ValidateResult
		huma.Validate(doc.Components.Schemas, h.Responses[status].Content["application/json"].Schema, huma.NewPathBuffer(nil, 0),
			huma.ModeReadFromServer, v, &res)
		for _, err := range res.Errors {
			t.Errorf("%s %s: %v in %s", op.id, status, err, body)
		}
	}
	for _, op := range operations { // deletion comes last in its path, but listing after it still answers
		path := strings.NewReplacer("init-image/{id}", "init-image/"+uploaded, "{id}", done, "{userId}", ann.ID).Replace(op.path)
		check(op, "401", w.call("", op.method, path, bodies[op.id]).body)
		a := w.call(annKey, op.method, path, bodies[op.id])
		if a.status != 200 {
			t.Fatalf("%s: %d %s", op.id, a.status, a.body)
		}
		check(op, "200", a.body)
	}
}

// TestReaderTables_AreCurrent keeps the tables of docs/api-leonardo.md what the code does.
func TestReaderTables_AreCurrent(t *testing.T) {
	path := filepath.FromSlash(docs + "api-leonardo.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, table := range map[string]string{
		"generation fields": fieldTable(generationFields), "price fields": fieldTable(priceFields),
		"styles": styleTable(), "models": modelTable(), "operations": operationTable(), "image guidance": guidanceTable(),
		"fields of image guidance": fieldTable(controlnetFields),
	} {
		begin, end := "<!-- "+name+": made by the tests -->\n", "<!-- end of "+name+" -->"
		i := bytes.Index(page, []byte(begin))
		j := bytes.Index(page, []byte(end))
		if i < 0 || j < i {
			t.Fatalf("docs/api-leonardo.md has no place for the table of %s", name)
		}
		page = slices.Concat(page[:i+len(begin)], []byte("\n"+table+"\n"), page[j:])
	}
	sameFile(t, path, page)
}

func sameFile(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not current; run go test ./internal/api/leonardo -update and look at the difference", path)
	}
}

func fieldTable(s *schema) string {
	var b strings.Builder
	b.WriteString("| Field | Type | Here | |\n|---|---|---|---|\n")
	for _, d := range []duty{honoured, tolerated, refused} {
		for _, f := range s.fields {
			if f.duty != d {
				continue
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.name, strings.ToLower(string(f.typ)), d, f.note)
		}
	}
	return b.String()
}

func styleTable() string {
	var b strings.Builder
	b.WriteString("| `presetStyle` | `styleUUID` | House styles, the first that the model has |\n|---|---|---|\n")
	for _, l := range looks {
		name, styles := l.title, strings.Join(l.styles, ", ")
		if l.preset != "" {
			name = "`" + l.preset + "`"
		}
		if l.uuid != "" {
			l.uuid = "`" + l.uuid + "`"
		}
		if styles == "" {
			styles = "none: refused"
		}
		styles = strings.ReplaceAll(styles, modelDefault, "the model's default")
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, l.uuid, styles)
	}
	return b.String()
}

func guidanceTable() string {
	var b strings.Builder
	b.WriteString("| `preprocessorId` | Looked at for |\n|---|---|\n")
	for _, kind := range []engine.ReferenceKind{engine.StyleReference, engine.ContentReference, engine.CharacterReference, engine.EdgeReference} {
		fmt.Fprintf(&b, "| %s | %s |\n", idsOf(kind), kind)
	}
	return b.String()
}

func modelTable() string {
	var b strings.Builder
	b.WriteString("| Id | Named there |\n|---|---|\n")
	for _, a := range Aliases() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a.ID, a.Title)
	}
	return b.String()
}

func operationTable() string {
	var b strings.Builder
	b.WriteString("| Request | Operation | |\n|---|---|---|\n")
	for _, op := range operations {
		fmt.Fprintf(&b, "| `%s %s` | `%s` | %s |\n", op.method, op.path, op.id, op.summary)
	}
	return b.String()
}

package leonardo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bottega/internal/fault"
	"bottega/internal/id"
)

// sdkDefaults is the body that both official SDKs send for a call without arguments.
const sdkDefaults = `{"alchemy":true,"height":768,"modelId":"b24e16ff-06e3-43eb-8d33-4416c2d75876","num_images":4,
	"presetStyle":"DYNAMIC","prompt":"A majestic cat in the snow","width":1024}`

func TestCreate_DefaultsOfTheSDKs(t *testing.T) {
	w := newWorld(t)
	job := w.create(sdkDefaults)
	// 4 × (400 + 12 × 50 + 0.75 × 1000) milli-tokens
	if want := (Job{GenerationID: job.GenerationID, APICreditCost: 7, Cost: Cost{"7", "CREDITS"}}); job != want || !id.Valid(job.GenerationID) {
		t.Errorf("job %+v, want %+v", job, want)
	}
	req := w.lastRequest()
	if *req.Width != 1024 || *req.Height != 768 || *req.Count != 4 || *req.Style != "soft-3d" || *req.Transparent ||
		req.Seed != nil || req.Steps != nil || req.Guidance != nil || req.Model != houseModel().ID {
		t.Errorf("reached the road as %+v", *req)
	}
	pending := w.read(job.GenerationID)
	if pending.Status != "PENDING" || len(pending.GeneratedImages) != 0 {
		t.Errorf("before the work: %+v", pending)
	}
	g := w.complete(job.GenerationID)
	preset := "DYNAMIC"
	want := &Generation{
		ID: job.GenerationID, Status: "COMPLETE", CreatedAt: "2026-11-23T09:30:00.123Z", Prompt: "A majestic cat in the snow",
		ModelID: houseModel().ID, ImageWidth: 1024, ImageHeight: 768, InferenceSteps: 12, GuidanceScale: 2, Seed: g.Seed,
		PresetStyle: &preset, GeneratedImages: g.GeneratedImages, GenerationElements: []any{},
	}
	if diff := cmp.Diff(want, g); diff != "" {
		t.Error(diff)
	}
	if len(g.GeneratedImages) != 4 {
		t.Fatalf("%d pictures, want 4", len(g.GeneratedImages))
	}
	for _, img := range g.GeneratedImages {
		if want := w.url + "/assets/" + img.ID + "/original.png?exp=1&sig=x"; img.URL != want || img.NSFW || img.LikeCount != 0 {
			t.Errorf("picture %+v, want url %s", img, want)
		}
	}
}

func TestCreate_EveryHonouredField(t *testing.T) {
	w := newWorld(t)
	g := w.complete(w.create(map[string]any{
		"prompt": "a fox", "negative_prompt": "a dog", "modelId": "tempera-image", "width": 256, "height": 320.0, "num_images": 2,
		"seed": 42, "num_inference_steps": 20, "guidance_scale": 7.5, "presetStyle": "ILLUSTRATION", "transparency": "foreground_only",
	}).GenerationID)
	preset := "ILLUSTRATION"
	want := &Generation{
		ID: g.ID, Status: "COMPLETE", CreatedAt: g.CreatedAt, Prompt: "a fox", NegativePrompt: "a dog", ModelID: houseModel().ID,
		ImageWidth: 256, ImageHeight: 320, InferenceSteps: 20, GuidanceScale: 7.5, Seed: 42, PresetStyle: &preset,
		GeneratedImages: g.GeneratedImages, GenerationElements: []any{},
	}
	if diff := cmp.Diff(want, g); diff != "" {
		t.Error(diff)
	}
	if len(g.GeneratedImages) != 2 || !*w.lastRequest().Transparent || *w.lastRequest().Style != "toon" {
		t.Errorf("%d pictures of %+v", len(g.GeneratedImages), *w.lastRequest())
	}
}

func TestCreate_CamelAndSnakeCaseAreTheSameField(t *testing.T) {
	w := newWorld(t)
	snake := `{"prompt":"x","model_id":"tempera-image","preset_style":"ANIME","num_images":3,"num_inference_steps":9,"guidance_scale":3,"negative_prompt":"n","sd_version":"v1_5","init_image_id":null,"photo_real":false}`
	camel := `{"prompt":"x","modelId":"tempera-image","presetStyle":"ANIME","numImages":3,"numInferenceSteps":9,"guidanceScale":3,"negativePrompt":"n","sdVersion":"v1_5","initImageId":null,"photoReal":false}`
	w.create(snake)
	a := *w.lastRequest()
	w.create(camel)
	if diff := cmp.Diff(a, *w.lastRequest()); diff != "" {
		t.Errorf("snake and camel differ:\n%s", diff)
	}
	if *a.Count != 3 || *a.Steps != 9 || *a.Guidance != 3 || a.NegativePrompt != "n" || *a.Style != "kawaii" {
		t.Errorf("the fields did not arrive: %+v", a)
	}
	w.call(annKey, "POST", "/generations", `{"prompt":"x","num_images":1,"numImages":2}`).
		refused(400, "bad-request", "num_images", "numImages", "give it once")
}

func TestCreate_AskingForNothingIsNotRefused(t *testing.T) {
	w := newWorld(t)
	for _, f := range generationFields.fields {
		if f.duty != refused {
			continue
		}
		nothings := []string{"null"}
		switch f.typ {
		case typeBool:
			nothings = append(nothings, "false")
		case typeString:
			nothings = append(nothings, `""`)
		case typeList:
			nothings = append(nothings, "[]")
		}
		for _, v := range nothings {
			w.create(fmt.Sprintf(`{"prompt":"x",%q:%s}`, f.name, v))
		}
	}
}

func TestCreate_EveryRefusedFieldIsNamed(t *testing.T) {
	asks := map[valueType]string{typeBool: "true", typeString: `"v2"`, typeFloat: "0.5", typeInt: "1", typeList: `[{"a":1}]`}
	w := newWorld(t)
	for _, f := range generationFields.fields {
		if f.duty == refused {
			for _, name := range spellings(f.name) {
				w.call(annKey, "POST", "/generations", fmt.Sprintf(`{"prompt":"x",%q:%s}`, name, asks[f.typ])).
					refused(400, "bad-request", name, "is not available on this server", "allowed: ")
			}
		}
	}
	if len(w.submitted) != 0 {
		t.Errorf("%d requests went through", len(w.submitted))
	}
	w.call(annKey, "POST", "/generations", `{"prompt":"x","unzoom":true,"contrast":3.5,"elements":[1]}`).
		refused(400, "bad-request", "unzoom", "contrast", "elements")
}

func TestCreate_BadInput(t *testing.T) {
	long := strings.Repeat("ü", 1501)
	cases := []struct {
		name, body, code string
		path             string // "$" when empty
		parts            []string
	}{
		{"no body", ``, "validation-failed", "", []string{`expecting a value for non-nullable variable: "prompt"`}},
		{"no prompt", `{"width":512}`, "validation-failed", "", []string{`expecting a value for non-nullable variable: "prompt"`}},
		{"null prompt", `{"prompt":null}`, "validation-failed", "", []string{`expecting a value for non-nullable variable: "prompt"`}},
		{"empty prompt", `{"prompt":" \n "}`, "bad-request", "", []string{"prompt", "is missing"}},
		{"long prompt", `{"prompt":"` + long + `"}`, "bad-request", "", []string{"Invalid prompt, maximum length of 1500 characters exceeded."}},
		{"control character", `{"prompt":"a\u0000b"}`, "bad-request", "", []string{"prompt", "control character"}},
		{"unknown name", `{"prompt":"x","sd_Version":"v2"}`, "bad-request", "", []string{"Unexpected variable sd_Version"}},
		{"unknown null", `{"prompt":"x","foo":null}`, "bad-request", "", []string{"Unexpected variable foo"}},
		{"same key twice", `{"prompt":"x","prompt":"y"}`, "bad-request", "", []string{"prompt is given twice"}},
		{"truncated", `{"prompt":"x"`, "bad-request", "", []string{"not valid JSON", "too early"}},
		{"two objects", `{"prompt":"x"}{}`, "bad-request", "", []string{"not valid JSON", "follows"}},
		{"list", `["x"]`, "bad-request", "", []string{"must be a JSON object"}},
		{"not JSON", `prompt=x`, "bad-request", "", []string{"not valid JSON"}},
		{"not UTF-8", "{\"prompt\":\"\xff\"}", "bad-request", "", []string{"UTF-8"}},
		{
			"boolean as text", `{"prompt":"x","photoReal":"true"}`, "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.photoReal",
			[]string{"expected a boolean for type 'Boolean', but found a string"},
		},
		{
			"prompt as number", `{"prompt":5}`, "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.prompt",
			[]string{"expected a string for type 'String', but found the number 5"},
		},
		{
			"width as text", `{"prompt":"x","width":"512"}`, "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.width",
			[]string{"expected a 32-bit integer for type 'Int', but found a string"},
		},
		{"fraction of a pixel", `{"prompt":"x","width":512.5}`, "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.width", []string{"512.5"}},
		{"huge width", `{"prompt":"x","width":1e400}`, "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.width", []string{"1e400"}},
		{
			"guidance as list", `{"prompt":"x","guidanceScale":[]}`, "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.guidanceScale",
			[]string{"expected a float for type 'Float', but found a list"},
		},
		{"elements as object", `{"prompt":"x","elements":{}}`, "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.elements", []string{"a list", "an object"}},
		{"width off the grid", `{"prompt":"x","width":33}`, "bad-request", "", []string{"invalid dimensions: width", "33", "32 to 1536 in steps of 8"}},
		{"width and height", `{"prompt":"x","width":0,"height":99999}`, "bad-request", "", []string{"invalid dimensions", "width", "height", "99999"}},
		{"too many", `{"prompt":"x","num_images":9}`, "bad-request", "", []string{"num_images", "9", "1 to 8"}},
		{"too many, camel", `{"prompt":"x","numImages":9}`, "bad-request", "", []string{"numImages", "9"}},
		{"too few", `{"prompt":"x","num_images":0}`, "bad-request", "", []string{"num_images"}},
		{"steps", `{"prompt":"x","num_inference_steps":61}`, "bad-request", "", []string{"num_inference_steps", "61", "1 to 60"}},
		{"guidance", `{"prompt":"x","guidance_scale":20.5}`, "bad-request", "", []string{"guidance_scale", "20.5", "1 to 20"}},
		{"seed", `{"prompt":"x","seed":9999999998}`, "bad-request", "", []string{"seed", "9999999998", "0 to 4294967295"}},
		{"negative seed", `{"prompt":"x","seed":-1}`, "bad-request", "", []string{"seed", "-1"}},
		{
			"model", `{"prompt":"x","modelId":"e71a1c2f-4f80-4800-934f-2c68979d8cc8"}`, "bad-request", "",
			[]string{"modelId e71a1c2f-4f80-4800-934f-2c68979d8cc8 is not supported within the Production API", houseModel().ID, "tempera-image"},
		},
		{"photograph", `{"prompt":"x","presetStyle":"PHOTOGRAPHY"}`, "bad-request", "", []string{"presetStyle", "PHOTOGRAPHY", "DYNAMIC", "ILLUSTRATION", "kawaii"}},
		{"no such preset", `{"prompt":"x","preset_style":"dynamic"}`, "bad-request", "", []string{"preset_style", `"dynamic"`, "DYNAMIC"}},
		{"no such style id", `{"prompt":"x","styleUUID":"5bdc3f2a-1be6-4d1c-8e77-992a30824a2c"}`, "bad-request", "", []string{"styleUUID", "111dc692-d470-4eec-b791-3475abac4c46"}},
		{"two styles", `{"prompt":"x","presetStyle":"ANIME","styleUUID":"111dc692-d470-4eec-b791-3475abac4c46"}`, "bad-request", "", []string{"styleUUID", "presetStyle"}},
		{"transparency", `{"prompt":"x","transparency":"background"}`, "bad-request", "", []string{"transparency", "disabled, foreground_only"}},
		{"scheduler", `{"prompt":"x","scheduler":"KLMS"}`, "bad-request", "", []string{"scheduler", "KLMS", "EULER_DISCRETE"}},
		{"base model", `{"prompt":"x","sd_version":"FLUX"}`, "bad-request", "", []string{"sd_version", "FLUX", "v1_5"}},
		{"no base model", `{"prompt":"x","modelId":"tempera-image","sd_version":"v9"}`, "bad-request", "", []string{"sd_version", "v9"}},
		{"public", `{"prompt":"x","public":true}`, "bad-request", "", []string{"public", "false"}},
	}
	w := newWorld(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := w.call(annKey, "POST", "/generations", c.body)
			a.t = t
			path := c.path
			if path == "" {
				path = "$"
			}
			if b := a.refused(400, c.code, c.parts...); b.Path != path {
				t.Errorf("path %q, want %q", b.Path, path)
			}
		})
	}
	if len(w.submitted) != 0 {
		t.Errorf("%d bad requests went through", len(w.submitted))
	}
	w.call(annKey, "POST", "/generations", `{"prompt":"`+strings.Repeat("x", maxBody)+`"}`).refused(413, "too-large")
}

func TestCreate_SDVersionMeansNothingBesideAModel(t *testing.T) {
	w := newWorld(t)
	for _, v := range sdVersions {
		w.create(fmt.Sprintf(`{"prompt":"x","modelId":%q,"sd_version":%q}`, phoenixID, v))
	}
	w.create(`{"prompt":"x","modelId":null,"sd_version":"v1_5","scheduler":"LEONARDO","alchemy":false}`)
}

func TestCreate_EveryAliasIsTheHouseModel(t *testing.T) {
	w := newWorld(t)
	for _, a := range Aliases() {
		w.create(fmt.Sprintf(`{"prompt":"x","modelId":%q}`, strings.ToUpper(a.ID)))
		if got := w.lastRequest().Model; got != houseModel().ID {
			t.Errorf("%s (%s) is %s", a.ID, a.Title, got)
		}
	}
}

func TestCreate_StyleUUIDWinsOverTheSDKsDefaultPreset(t *testing.T) {
	w := newWorld(t)
	for uuid, want := range map[string]string{
		"645e4195-f63d-4715-a3f2-3fb1e6eb8c70": "toon", "703D6FE5-7F1C-4A9E-8DA0-5331F214D5CF": "flat",
		"556c1ee5-ec38-42e8-955a-1e82dad0ffa1": "none", "pixel": "pixel",
	} {
		w.create(fmt.Sprintf(`{"prompt":"x","presetStyle":"DYNAMIC","styleUUID":%q}`, uuid))
		if got := *w.lastRequest().Style; got != want {
			t.Errorf("styleUUID %s is the style %s, want %s", uuid, got, want)
		}
	}
}

func TestCreate_ServiceErrorsKeepTheirStatus(t *testing.T) {
	w := newWorld(t)
	busy := fault.New(fault.RateLimited, "queue_full", "20 generations are waiting already")
	busy.RetryAfter = 1500 * time.Millisecond
	for _, c := range []struct {
		err    error
		status int
		code   string
		part   string
	}{
		{fault.New(fault.Insufficient, "insufficient_tokens", "this costs 7 tokens and 2 are left: 5 are missing"), 402, "insufficient-tokens", "5 are missing"},
		{fault.New(fault.Forbidden, "moderated", "content moderation filter: naked"), 403, "access-denied", "content moderation"},
		{fault.New(fault.Conflict, "idempotency_key_used", "used for another request"), 409, "conflict", "another request"},
		{busy, 429, "rate-limited", "waiting"},
		{fault.New(fault.Unavailable, "busy", "try again"), 503, "unavailable", "try again"},
		{fmt.Errorf("disk full at /secret/path"), 500, "unexpected", "something went wrong on our side"},
	} {
		w.fail = c.err
		a := w.call(annKey, "POST", "/generations", sdkDefaults)
		b := a.refused(c.status, c.code, c.part)
		if strings.Contains(a.body, "secret") || b.Path != "$" {
			t.Errorf("shown: %s", a.body)
		}
		if got := a.header.Get("Retry-After"); c.status == 429 && got != "2" {
			t.Errorf("Retry-After %q, want 2 seconds", got)
		}
	}
}

func TestCreate_IdempotencyKey(t *testing.T) {
	w := newWorld(t)
	send := func(key, prompt string) answer {
		return w.call(annKey, "POST", "/generations", fmt.Sprintf(`{"prompt":%q}`, prompt), "Idempotency-Key", key)
	}
	first := send("order-1", "a fox")
	if again := send("order-1", "a fox"); again.status != 200 || again.body != first.body {
		t.Errorf("the second answer is %d %s, want %s", again.status, again.body, first.body)
	}
	if other := send("order-2", "a fox"); other.body == first.body {
		t.Error("another key gave the same generation")
	}
	send("order-1", "a dog").refused(409, "conflict")
	send(strings.Repeat("k", 101), "a fox").refused(400, "bad-request", "Idempotency-Key", "100")
	send("schlüssel", "a fox").refused(400, "bad-request", "Idempotency-Key")
}

package leonardo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bottega/internal/generation"
	"bottega/internal/id"
)

func TestGet_AndDelete(t *testing.T) {
	w := newWorld(t)
	job := w.create(sdkDefaults)
	w.call(annKey, "DELETE", "/generations/"+job.GenerationID, nil).refused(409, "conflict")
	w.complete(job.GenerationID)
	var gone DeleteResponse
	w.call(annKey, "DELETE", "/generations/"+job.GenerationID, nil).into(&gone)
	if gone.Deleted.ID != job.GenerationID {
		t.Errorf("deleted %q, want %q", gone.Deleted.ID, job.GenerationID)
	}
	for _, path := range []string{job.GenerationID, id.New(), "nonsense", "%00", strings.Repeat("x", 500)} {
		w.call(annKey, "GET", "/generations/"+path, nil).refused(404, "not-found")
		w.call(annKey, "DELETE", "/generations/"+path, nil).refused(404, "not-found")
	}
}

func TestList(t *testing.T) {
	w := newWorld(t)
	var ids []string // newest first
	for range 12 {
		ids = append([]string{w.create(`{"prompt":"x","num_images":1}`).GenerationID}, ids...)
	}
	list := func(query string) (got []string) {
		var res ListResponse
		w.call(annKey, "GET", "/generations/user/"+ann.ID+query, nil).into(&res)
		for _, g := range res.Generations {
			got = append(got, g.ID)
		}
		return got
	}
	for query, want := range map[string][]string{"": ids[:10], "?limit=2&offset=3": ids[3:5], "?offset=10": ids[10:], "?offset=99": nil} {
		if diff := cmp.Diff(want, list(query)); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
	if a := w.call(annKey, "GET", "/generations/user/"+ann.ID+"?offset=99", nil); a.body != "{\"generations\":[]}\n" {
		t.Errorf("an empty page is %s", a.body)
	}
	for query, part := range map[string]string{
		"limit=0": "limit", "limit=101": "1 to 100", "limit=x": "limit", "offset=-1": "offset", "offset=1.5": "offset",
		"limit=1&limit=2": "limit", "offset=99999999": "offset", "limit=0&offset=-1": "offset",
		"page=2": "Unexpected variable page",
	} {
		w.call(annKey, "GET", "/generations/user/"+ann.ID+"?"+query, nil).refused(400, "bad-request", part)
	}
}

func TestMe(t *testing.T) {
	w := newWorld(t)
	renews := "2026-12-01T00:00:00.000Z"
	// 0.4 + 100.3 + 50.3 tokens of the plan and 500.25 bought: each cut to whole tokens.
	want := MeResponse{[]UserDetails{{
		User: User{ID: ann.ID, Username: ann.Email}, TokenRenewalDate: &renews, APIPlanTokenRenewalDate: &renews,
		SubscriptionTokens: 151, PaidTokens: 500, APISubscriptionTokens: 151, APIPaidTokens: 500, APIConcurrencySlots: 2,
	}}}
	var got MeResponse
	w.call(annKey, "GET", "/me", nil).into(&got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPlatformModels(t *testing.T) {
	other := houseModel()
	other.ID, other.Name, other.Title, other.Preview, other.Aliases = id.New(), "other", "Other", false, nil
	w := newWorld(t, houseModel(), other)
	var got ModelsResponse
	w.call(annKey, "GET", "/platformModels", nil).into(&got)
	want := ModelsResponse{[]PlatformModel{
		{ID: houseModel().ID, Name: "Tempera Image", Description: "Illustrations, stickers and icons.", Featured: true},
		{ID: other.ID, Name: "Other", Description: "Illustrations, stickers and icons."},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPrice_IsWhatIsHeld(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ params, request string }{
		{`{}`, sdkDefaults},
		{
			`{"imageWidth":256,"imageHeight":320,"numImages":2,"inferenceSteps":10,"alchemyMode":true}`,
			`{"prompt":"x","width":256,"height":320,"num_images":2,"num_inference_steps":10}`,
		},
		{
			`{"image_width":1536,"image_height":1536,"num_images":8,"isPhoenix":true,"photoRealMode":false,"loraCount":0,"controlnetsCost":0}`,
			`{"prompt":"x","width":1536,"height":1536,"num_images":8}`,
		},
	} {
		var price PriceResponse
		w.call(annKey, "POST", "/pricing-calculator", `{"service":"IMAGE_GENERATION","serviceParams":{"IMAGE_GENERATION":`+c.params+`}}`).into(&price)
		if job := w.create(c.request); job.APICreditCost != price.Cost.Cost || job.APICreditCost < 1 {
			t.Errorf("%s is priced %d and held %d", c.params, price.Cost.Cost, job.APICreditCost)
		}
	}
	var price PriceResponse
	w.call(annKey, "POST", "/pricing-calculator", `{"service":"IMAGE_GENERATION"}`).into(&price)
	if price.Cost.Cost != 7 {
		t.Errorf("the SDKs' defaults cost %d, want 7", price.Cost.Cost)
	}
}

func TestPrice_BadInput(t *testing.T) {
	w := newWorld(t)
	image := func(params string) string {
		return `{"service":"IMAGE_GENERATION","serviceParams":{"IMAGE_GENERATION":` + params + `}}`
	}
	for body, want := range map[string]string{
		`{}`:                           `non-nullable variable: "service"`,
		`{"service":5}`:                "expected a string",
		`{"service":"LCM_GENERATION"}`: "LCM_GENERATION",
		`{"service":"BAKING"}`:         "is unknown",
		`{"service":"IMAGE_GENERATION","serviceParams":[]}`:                               "expected an object",
		`{"service":"IMAGE_GENERATION","serviceParams":{"BAKING":{}}}`:                    "Unexpected variable serviceParams.BAKING",
		`{"service":"IMAGE_GENERATION","serviceParams":{"LCM_GENERATION":{"width":512}}}`: "does not belong",
		`{"service":"IMAGE_GENERATION","serviceParams":{},"service_params":{}}`:           "give it once",
		`{"service":"IMAGE_GENERATION","params":{}}`:                                      "Unexpected variable params",
		image(`5`):                                "expected an object",
		image(`{"width":512}`):                    "Unexpected variable width",
		image(`{"imageWidth":7}`):                 "invalid dimensions: imageWidth",
		image(`{"numImages":9}`):                  "numImages",
		image(`{"inferenceSteps":1000}`):          "inferenceSteps",
		image(`{"isUltra":true}`):                 "isUltra",
		image(`{"loraCount":2}`):                  "loraCount",
		image(`{"isModelCustom":true}`):           "isModelCustom",
		image(`{"isPhoenix":true,"isSDXL":true}`): "isPhoenix and isSDXL",
		image(`{"modelId":"nope"}`):               "modelId nope is not supported",
		image(`{"photoRealMode":"yes"}`):          "expected a boolean",
	} {
		a := w.call(annKey, "POST", "/pricing-calculator", body)
		var b ErrorBody
		if err := json.Unmarshal([]byte(a.body), &b); err != nil || a.status != 400 || !strings.Contains(b.Message, want) {
			t.Errorf("%s: %d %s, want 400 with %q", body, a.status, a.body, want)
		}
	}
	plain := houseModel()
	plain.Aliases = nil
	newWorld(t, plain).call(annKey, "POST", "/pricing-calculator", image(`{"isFluxDev":true}`)).
		refused(400, "bad-request", "isFluxDev", "not on this server")
}

func TestFinishedBadly(t *testing.T) {
	for _, c := range []struct {
		state   generation.State
		failure *generation.Failure
		want    FailedReason
	}{
		{generation.Failed, &generation.Failure{Code: "engine_timeout", Message: "the engine took too long"}, FailedReason{"engine_timeout", "the engine took too long"}},
		{generation.Failed, nil, FailedReason{"unexpected", "the generation failed"}},
		{generation.Cancelled, nil, FailedReason{"cancelled", "the generation was cancelled"}},
	} {
		w := newWorld(t)
		job := w.create(sdkDefaults)
		w.list[0].State, w.list[0].Failure = c.state, c.failure
		g := w.read(job.GenerationID)
		if g.Status != "FAILED" || len(g.GeneratedImages) != 0 || g.FailedReason == nil || *g.FailedReason != c.want {
			t.Errorf("%s: %+v, reason %+v", c.state, g, g.FailedReason)
		}
	}
}

package studio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/api/studio"
	"bottega/internal/apptest"
	"bottega/internal/generation"
)

// waitState asks over HTTP until the generation is in the state.
func (v *visitor) waitState(id, state string) answer {
	v.t.Helper()
	var a answer
	v.site.Wait(func() error {
		a = v.must(200, "GET", "/generations/"+id, nil)
		if got := a.text("state"); got != state {
			return fmt.Errorf("generation is %s, want %s", got, state)
		}
		return nil
	})
	return a
}

func TestGeneration_FromQuoteToDelete(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v := s.member("ada@example.com")
		request := map[string]any{"prompt": "a red fox", "count": 2, "seed": 4294967295, "style": "flat", "width": 64, "height": 96}
		q := v.must(200, "POST", "/quote", request)
		price := q.number("total_mt")
		if price <= 0 || q.at("enough") != true || q.number("available_mt") != 150_000 || len(q.list("lines")) == 0 {
			t.Fatalf("quote is %s", q.raw)
		}
		g := v.must(200, "POST", "/generations", request, "Idempotency-Key", "once")
		if g.text("state") != "waiting" || g.number("position") != 1 || g.number("price_mt") != price || g.at("started_at") != nil ||
			g.text("model_title") != "Scripted" || g.number("seed") != 4294967295 || g.at("failure") != nil || len(g.list("images")) != 0 {
			t.Errorf("accepted %s", g.raw)
		}
		id := g.text("id")
		if again := v.must(200, "POST", "/generations", request, "Idempotency-Key", "once"); again.text("id") != id {
			t.Error("the same key made a second generation")
		}
		request["count"] = 3
		if a := v.call("POST", "/generations", request, "Idempotency-Key", "once"); a.status != 409 {
			t.Errorf("the same key with another request: %d %s, want 409", a.status, a.raw)
		}
		if b := v.must(200, "GET", "/wallet", nil); b.number("balance", "available_mt") != 150_000-price || b.number("balance", "held_mt") != price {
			t.Errorf("wallet with the price held: %s", b.raw)
		}
		if a := v.call("DELETE", "/generations/"+id, nil); a.status != 409 {
			t.Errorf("deleting open work: %d %s, want 409", a.status, a.raw)
		}
		s.Run()
		done := v.waitState(id, "complete")
		if done.number("charged_mt") != price || done.text("finished_at") == "" || done.number("position") != 0 {
			t.Errorf("finished %s", done.raw)
		}
		images := done.list("images")
		if len(images) != 2 || images[1]["seed"] != float64(0) || images[0]["height"] != float64(96) {
			t.Fatalf("pictures %v", images)
		}
		checkRecipe(t, images[0])
		v.must(204, "DELETE", "/generations/"+id, nil)
		v.refused(v.call("GET", "/generations/"+id, nil), 404, "generation_not_found")
		v.refused(v.call("DELETE", "/generations/"+id, nil), 404, "generation_not_found")
		s.Verify()
	})
}

func checkRecipe(t *testing.T, img map[string]any) {
	t.Helper()
	for _, field := range []string{"url", "download_url", "webp_url", "preview_url", "thumb_url"} {
		address, _ := img[field].(string)
		if !strings.HasPrefix(address, "/assets/") || !strings.Contains(address, "sig=") {
			t.Errorf("%s is %q, want a signed address on this server", field, address)
		}
	}
	recipe, _ := img["recipe"].(map[string]any)
	if recipe["prompt"] != "a red fox" || recipe["style"] != "flat" || recipe["negative_prompt"] != "" {
		t.Errorf("recipe is %v", recipe)
	}
	for _, list := range []string{"sources", "notes"} {
		if _, ok := recipe[list].([]any); !ok {
			t.Errorf("%s is %v, want a list", list, recipe[list])
		}
	}
}

func TestGenerations_ListPagesNewestFirst(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	var want []string
	for i := range 5 {
		g := v.must(200, "POST", "/generations", map[string]any{"prompt": fmt.Sprint("fox ", i)})
		want = append([]string{g.text("id")}, want...)
		s.Clock.Advance(time.Millisecond)
	}
	var got []string
	path := "/generations?limit=2"
	for range 5 {
		a := v.must(200, "GET", path, nil)
		for _, g := range a.list("items") {
			id, _ := g["id"].(string)
			got = append(got, id)
		}
		next := a.text("next")
		if next == "" {
			break
		}
		path = "/generations?limit=2&cursor=" + next
	}
	if strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestGeneration_CancelGivesTheTokensBack(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	id := v.must(200, "POST", "/generations", map[string]any{"prompt": "a fox"}).text("id")
	if a := v.must(200, "POST", "/generations/"+id+"/cancel", nil); a.text("state") != "cancelled" || a.number("charged_mt") != 0 {
		t.Errorf("cancelled %s", a.raw)
	}
	v.refused(v.call("POST", "/generations/"+id+"/cancel", nil), 409, "generation_ended")
	w := v.must(200, "GET", "/wallet", nil)
	if w.number("balance", "available_mt") != 150_000 || w.text("plan", "name") != "free" || w.number("plan", "concurrency") != 1 {
		t.Errorf("wallet %s", w.raw)
	}
	items := v.must(200, "GET", "/journal", nil).list("items")
	if len(items) < 3 || items[0]["op"] != "release" || items[1]["op"] != "hold" || items[1]["generation_id"] != id ||
		items[1]["prompt"] != "a fox" || items[len(items)-1]["op"] != "grant" || items[len(items)-1]["prompt"] != nil {
		t.Errorf("journal %v", items)
	}
	var sum float64
	for _, it := range items {
		amount, _ := it["amount_mt"].(float64)
		sum += amount
	}
	if sum != 150_000 {
		t.Errorf("the journal adds up to %v, the balance is 150000", sum)
	}
}

func TestGeneration_WithoutTokensSaysWhatIsMissing(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	big := map[string]any{"prompt": "a fox", "count": 8, "steps": 50, "width": 1536, "height": 1536}
	price := v.must(200, "POST", "/quote", big).number("total_mt")
	v.must(200, "POST", "/generations", big)
	left := 150_000 - price
	if q := v.must(200, "POST", "/quote", big); q.at("enough") != false || q.number("available_mt") != left {
		t.Errorf("quote with %d left: %s", left, q.raw)
	}
	a := v.call("POST", "/generations", big)
	v.refused(a, 402, "insufficient_tokens")
	if a.number("details", "price_mt") != price || a.number("details", "available_mt") != left ||
		a.number("details", "missing_mt") != price-left || a.text("details", "next_tokens_at") != "2026-11-24T00:00:00Z" {
		t.Errorf("details are %v", a.at("details"))
	}
}

// fields is the names of the fields that an answer refuses.
func (a answer) fields() string {
	var names []string
	for _, e := range a.list("errors") {
		name, _ := e["field"].(string)
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

func TestRequests_AreRefusedByFieldName(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	for name, c := range map[string]struct{ path, body, fields string }{
		"unknown field":     {"/generations", `{"prompt":"x","finish":"high","hd":true}`, "finish,hd"},
		"missing":           {"/generations", `{}`, "prompt"},
		"wrong types":       {"/generations", `{"prompt":3,"width":"wide","transparent":"yes","steps":1.5}`, "prompt,steps,transparent,width"},
		"not a multiple":    {"/generations", `{"prompt":"x","width":33}`, "width"},
		"out of range":      {"/quote", `{"prompt":"","width":8,"count":9,"seed":-1}`, "count,seed,width"},
		"control character": {"/generations", `{"prompt":"x\u0007y"}`, "prompt"},
		"huge number":       {"/generations", `{"prompt":"x","seed":1e300}`, "body"},
		"not JSON":          {"/generations", `{"prompt":`, "body"},
		"a list":            {"/generations", `[]`, "body"},
		"nothing":           {"/generations", ``, ""},
		"key name":          {"/keys", `{"name":""}`, "name"},
	} {
		a := v.call("POST", c.path, c.body)
		v.refused(a, 422, "invalid_request")
		if a.fields() != c.fields {
			t.Errorf("%s: fields %q in %s, want %q", name, a.fields(), a.raw, c.fields)
		}
		if strings.Contains(string(a.raw), "Go struct") || strings.Contains(string(a.raw), "studio.") {
			t.Errorf("%s: the answer speaks of our code: %s", name, a.raw)
		}
	}
	for path, field := range map[string]string{
		"/generations?limit=0": "limit", "/generations?limit=101": "limit", "/generations?limit=x": "limit",
		"/generations?cursor=zzz": "cursor", "/generations?page=2": "page", "/journal?cursor=-1": "cursor",
	} {
		a := v.call("GET", path, nil)
		v.refused(a, 422, "invalid_request")
		if a.fields() != field {
			t.Errorf("GET %s: fields %q in %s, want %s", path, a.fields(), a.raw, field)
		}
	}
}

func TestRequests_BodiesHaveBoundsAndAType(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	long := `{"prompt":"` + strings.Repeat("a", 1<<20) + `"}`
	v.refused(v.call("POST", "/generations", long), 413, "body_too_large")
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+studio.Prefix+"/generations", io.MultiReader(strings.NewReader(long)))
	if err != nil {
		t.Fatal(err)
	}
	res, err := v.client.Do(req) // chunked: its length is not declared
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("a long body of unknown length: %d, want 413", res.StatusCode)
	}
	a := v.call("POST", "/generations", "prompt=fox", "Content-Type", "application/x-www-form-urlencoded")
	v.refused(a, 415, "unsupported_media_type")
}

func TestKeys_AreShownOnceAndRevoked(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	made := v.must(200, "POST", "/keys", map[string]any{"name": "script"})
	if !strings.HasPrefix(made.text("key"), made.text("prefix")) || made.text("name") != "script" {
		t.Errorf("made %s", made.raw)
	}
	if _, err := s.Auth.Key(t.Context(), made.text("key")); err != nil {
		t.Errorf("the key is refused: %v", err)
	}
	list := v.must(200, "GET", "/keys", nil)
	if strings.Contains(string(list.raw), made.text("key")) || len(list.list("items")) != 1 || list.list("items")[0]["last_used_at"] == nil {
		t.Errorf("listed %s", list.raw)
	}
	v.must(204, "DELETE", "/keys/"+made.text("id"), nil)
	if _, err := s.Auth.Key(t.Context(), made.text("key")); err == nil {
		t.Error("a revoked key is accepted")
	}
	for range 10 {
		v.must(200, "POST", "/keys", map[string]any{"name": "script"})
	}
	v.refused(v.call("POST", "/keys", map[string]any{"name": "script"}), 409, "too_many_keys")
}

func TestModels_SayWhatEachCanDo(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	items := s.member("ada@example.com").must(200, "GET", "/models", nil).list("items")
	if len(items) != 1 || items[0]["name"] != "scripted" || items[0]["max_prompt"] != float64(1500) {
		t.Fatalf("models %v", items)
	}
	width, _ := items[0]["width"].(map[string]any)
	if width["min"] != float64(32) || width["max"] != float64(1536) || width["step"] != float64(8) || width["default"] != float64(64) {
		t.Errorf("width is %v", width)
	}
}

func TestErrors_InternalOnesAreLoggedAndNotShown(t *testing.T) {
	s := newSite(t, apptest.SQLite(t), func(d *studio.Deps, _ *http.Server) { d.Generations = broken{d.Generations} })
	v := s.member("ada@example.com")
	a := v.call("GET", "/generations", nil)
	v.refused(a, 500, "internal")
	if strings.Contains(string(a.raw), "disk") {
		t.Errorf("the answer tells our secret: %s", a.raw)
	}
	if !strings.Contains(s.log.String(), "the disk of node 7 is on fire") {
		t.Errorf("the log does not tell what happened:\n%s", s.log)
	}
}

// broken fails where the real one would ask the database.
type broken struct{ studio.Generations }

var errFire = errors.New("the disk of node 7 is on fire")

func (broken) List(context.Context, access.Actor, generation.Page) ([]generation.Generation, string, error) {
	return nil, "", errFire
}

package leonardo_test

import (
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/api/leonardo"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/auth"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/plan"
)

// installation is a whole one, reached over HTTP only.
type installation struct {
	*apptest.World
	t      *testing.T
	url    string
	header http.Header // of the last answer
}

func newInstallation(t *testing.T, ref string) *installation {
	t.Helper()
	world := apptest.New(t, ref, func(c *app.Config) { c.Models[0].Aliases = leonardo.AliasIDs() })
	handler, err := world.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &installation{World: world, t: t, url: server.URL}
}

// key makes an API key that ends at expires; zero = never.
func (in *installation) key(a access.Actor, expires time.Time) string {
	in.t.Helper()
	key, _, err := in.Auth.CreateKey(in.t.Context(), a.AccountID, "test", expires, auth.KeyTerms{})
	if err != nil {
		in.t.Fatal(err)
	}
	return key
}

func (in *installation) call(key, method, path, body string, headers ...string) (status int, answer map[string]any) {
	in.t.Helper()
	req, err := http.NewRequestWithContext(in.t.Context(), method, in.url+leonardo.Prefix+path, strings.NewReader(body))
	if err != nil {
		in.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		in.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	in.header = res.Header
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		in.t.Fatal(err)
	}
	if ct := res.Header.Get("Content-Type"); ct != "application/json" {
		in.t.Errorf("%s %s: type %q: %s", method, path, ct, raw)
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		in.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
	}
	return res.StatusCode, answer
}

// create submits and returns the generation's id and its price.
func (in *installation) create(key, body string, headers ...string) (generationID string, price float64) {
	in.t.Helper()
	status, answer := in.call(key, "POST", "/generations", body, headers...)
	if status != http.StatusOK {
		in.t.Fatalf("create: %d %v", status, answer)
	}
	job := answer["sdGenerationJob"].(map[string]any)
	return job["generationId"].(string), job["apiCreditCost"].(float64)
}

func (in *installation) read(key, generationID string) map[string]any {
	in.t.Helper()
	status, answer := in.call(key, "GET", "/generations/"+generationID, "")
	if status != http.StatusOK {
		in.t.Fatalf("read: %d %v", status, answer)
	}
	return answer["generations_by_pk"].(map[string]any)
}

// finished waits until the generation is no longer pending.
func (in *installation) finished(key, generationID string) (g map[string]any) {
	in.t.Helper()
	in.Wait(func() error {
		if g = in.read(key, generationID); g["status"] == "PENDING" {
			return fmt.Errorf("generation %s is pending", generationID)
		}
		return nil
	})
	return g
}

func TestServer_FromRequestToPicture(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		in := newInstallation(t, ref)
		user := in.User("apprentice")
		key := in.key(user, time.Time{})
		before := in.Available(user)
		generationID, price := in.create(key, `{"prompt":"a red fox","width":96,"height":64,"num_images":2,"seed":7,"modelId":"`+leonardo.DefaultModelAlias+`"}`)
		if g := in.read(key, generationID); g["status"] != "PENDING" || len(g["generated_images"].([]any)) != 0 {
			t.Errorf("before the work: %v", g)
		}
		if status, answer := in.call(key, "DELETE", "/generations/"+generationID, ""); status != http.StatusConflict {
			t.Errorf("deleting unfinished work: %d %v, want 409", status, answer)
		}
		in.Run()
		g := in.finished(key, generationID)
		pictures := g["generated_images"].([]any)
		if g["status"] != "COMPLETE" || g["seed"] != 7.0 || g["modelId"] != apptest.Model().ID || len(pictures) != 2 {
			t.Fatalf("finished as %v", g)
		}
		if spent := before - in.Available(user); float64(spent) != price {
			t.Errorf("%d tokens went, the answer said %v", spent, price)
		}
		address := pictures[0].(map[string]any)["url"].(string)
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if cfg, err := png.DecodeConfig(res.Body); err != nil || cfg.Width != 96 || cfg.Height != 64 {
			t.Errorf("%s is %+v, %v, want a PNG of 96 × 64", address, cfg, err)
		}
		if status, answer := in.call(key, "DELETE", "/generations/"+generationID, ""); status != http.StatusOK {
			t.Errorf("delete: %d %v", status, answer)
		}
		if status, _ := in.call(key, "GET", "/generations/"+generationID, ""); status != http.StatusNotFound {
			t.Errorf("a deleted generation is %d, want 404", status)
		}
		in.Verify()
	})
}

func TestServer_CancelledIsFailedAndFree(t *testing.T) {
	in := newInstallation(t, apptest.SQLite(t))
	user := in.User(plan.Free)
	key := in.key(user, time.Time{})
	before := in.Available(user)
	generationID, _ := in.create(key, `{"prompt":"x","width":64,"height":64}`)
	if _, err := in.Generations.Cancel(t.Context(), user, generationID); err != nil {
		t.Fatal(err)
	}
	g := in.read(key, generationID)
	reason, _ := g["failedReason"].(map[string]any)
	if g["status"] != "FAILED" || reason["type"] != "cancelled" || in.Available(user) != before {
		t.Errorf("%v with %d of %d tokens left", g, in.Available(user), before)
	}
}

func TestServer_NotEnoughTokensSaysHowMany(t *testing.T) {
	in := newInstallation(t, apptest.SQLite(t))
	key := in.key(in.User(plan.Free), time.Time{})
	for range 30 { // the free plan's 150 tokens are gone long before
		status, answer := in.call(key, "POST", "/generations", `{"prompt":"x","width":1536,"height":1536,"num_images":8,"num_inference_steps":50}`)
		switch status {
		case http.StatusOK:
			continue
		case http.StatusPaymentRequired:
			if text := answer["error"].(string); answer["code"] != "insufficient-tokens" || !strings.Contains(text, "missing") {
				t.Errorf("402 says %v", answer)
			}
			return
		}
		t.Fatalf("%d %v, want 200 until it is 402", status, answer)
	}
	t.Error("30 large requests were paid with 150 tokens")
}

func TestServer_AQueueThatIsFullSays429(t *testing.T) {
	in := newInstallation(t, apptest.SQLite(t))
	key := in.key(in.User(plan.Free), time.Time{})
	for range 100 {
		status, answer := in.call(key, "POST", "/generations", `{"prompt":"x","width":32,"height":32,"num_images":1,"num_inference_steps":1}`)
		switch status {
		case http.StatusOK:
			continue
		case http.StatusTooManyRequests:
			if seconds, err := strconv.Atoi(in.header.Get("Retry-After")); answer["code"] != "rate-limited" || err != nil || seconds < 1 {
				t.Errorf("429 says %v and Retry-After %q", answer, in.header.Get("Retry-After"))
			}
			return
		}
		t.Fatalf("%d %v, want 200 until it is 429", status, answer)
	}
	t.Error("100 requests were queued on the free plan")
}

// Retry-After of a full queue is when one's own work makes room.
func TestServer_AQueueThatIsFullSaysWhenThereIsRoom(t *testing.T) {
	in := newInstallation(t, apptest.SQLite(t))
	body := `{"prompt":"x","width":64,"height":64,"num_images":1}`
	in.Run()
	gate := make(chan struct{})
	in.Engine.Script(enginetest.Script{Gate: gate})
	first := in.User("maestro")
	measured := in.Submit(first, "a fox", 1)
	in.WaitState(first, measured.ID, generation.Running)
	in.Clock.Advance(12 * time.Second)
	close(gate)
	in.WaitState(first, measured.ID, generation.Complete)
	in.Clock.Advance(2 * time.Second)

	next := make(chan struct{})
	in.Engine.Script(enginetest.Script{Gate: next})
	user := in.User(plan.Free)
	running := in.Submit(user, "a fox", 1)
	in.WaitState(user, running.ID, generation.Running)
	key := in.key(user, time.Time{})
	for range 5 {
		in.create(key, body)
	}
	in.Clock.Advance(9 * time.Second)
	status, answer := in.call(key, "POST", "/generations", body)
	if got := in.header.Get("Retry-After"); status != http.StatusTooManyRequests || got != "3" {
		t.Errorf("%d %v and Retry-After %q, want 429 and the 3 seconds that are left of what runs", status, answer, got)
	}
	close(next)
}

func TestServer_IdempotencyKey(t *testing.T) {
	in := newInstallation(t, apptest.SQLite(t))
	user := in.User("maestro")
	key := in.key(user, time.Time{})
	body := `{"prompt":"once","width":64,"height":64,"num_images":1}`
	first, price := in.create(key, body, "Idempotency-Key", "order 1")
	before := in.Available(user)
	if again, p := in.create(key, body, "Idempotency-Key", "order 1"); again != first || p != price || in.Available(user) != before {
		t.Errorf("the second request made %s for %v, want %s again, for nothing", again, p, first)
	}
	status, answer := in.call(key, "POST", "/generations", strings.Replace(body, "once", "twice", 1), "Idempotency-Key", "order 1")
	if status != http.StatusConflict {
		t.Errorf("the key with another request: %d %v, want 409", status, answer)
	}
}

// TestServer_Authorization walks the operations of a real server as everybody who must not get through.
func TestServer_Authorization(t *testing.T) {
	in := newInstallation(t, apptest.SQLite(t))
	owner, stranger := in.User(plan.Free), in.User(plan.Free)
	ownKey, strangersKey := in.key(owner, time.Time{}), in.key(stranger, time.Time{})
	generationID, _ := in.create(ownKey, `{"prompt":"x","width":64,"height":64,"num_images":1}`)

	expired := in.key(owner, apptest.Start.Add(time.Hour))
	in.Clock.Advance(2 * time.Hour)
	revoked := in.key(owner, time.Time{})
	keys, err := in.Auth.Keys(t.Context(), owner.AccountID)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if strings.HasPrefix(revoked, k.Prefix) {
			if err := in.Auth.RevokeKey(t.Context(), owner.AccountID, k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	operations := []struct{ method, path, body string }{
		{"GET", "/me", ""},
		{"POST", "/generations", `{"prompt":"x"}`},
		{"GET", "/generations/" + generationID, ""},
		{"DELETE", "/generations/" + generationID, ""},
		{"GET", "/generations/user/" + owner.AccountID, ""},
		{"GET", "/platformModels", ""},
		{"POST", "/pricing-calculator", `{"service":"IMAGE_GENERATION"}`},
	}
	for _, op := range operations {
		for name, key := range map[string]string{"no": "", "unknown": id.New(), "misspelt": ownKey + "x", "expired": expired, "revoked": revoked} {
			if status, answer := in.call(key, op.method, op.path, op.body); status != http.StatusUnauthorized || answer["code"] != "access-denied" {
				t.Errorf("%s %s with %s key: %d %v, want 401", op.method, op.path, name, status, answer)
			}
		}
		if strings.Contains(op.path, generationID) || strings.Contains(op.path, owner.AccountID) {
			if status, answer := in.call(strangersKey, op.method, op.path, op.body); status != http.StatusNotFound || answer["code"] != "not-found" {
				t.Errorf("%s %s as a stranger: %d %v, want 404", op.method, op.path, status, answer)
			}
		}
	}
	if g := in.read(ownKey, generationID); g["status"] != "PENDING" {
		t.Errorf("after all of this the generation is %v", g)
	}
	if _, answer := in.call(strangersKey, "GET", "/generations/user/"+stranger.AccountID, ""); len(answer["generations"].([]any)) != 0 {
		t.Errorf("the stranger's list holds %v", answer)
	}
}

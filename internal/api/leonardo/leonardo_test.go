package leonardo

import (
	"net/http"
	"strings"
	"testing"

	"bottega/internal/id"
)

func TestRoutes_NothingElseIsThere(t *testing.T) {
	w := newWorld(t)
	w.call(annKey, "POST", "/variations/nobg", `{"id":"x"}`).refused(404, "not-found", "POST /variations/nobg")
	w.call(annKey, "GET", "/", nil).refused(404, "not-found")
	for path, allow := range map[string]string{"/me": "GET", "/generations": "POST", "/generations/" + id.New(): "GET, DELETE"} {
		a := w.call(annKey, "PUT", path, `{}`)
		a.refused(http.StatusMethodNotAllowed, "bad-request")
		if got := a.header.Get("Allow"); got != allow {
			t.Errorf("PUT %s: Allow %q, want %q", path, got, allow)
		}
	}
}

// TestAuthorization walks every operation as everybody who must not get through.
func TestAuthorization(t *testing.T) {
	w := newWorld(t)
	done := w.create(sdkDefaults).GenerationID
	w.complete(done)
	bodies := map[string]string{"createGeneration": sdkDefaults, "pricingCalculator": `{"service":"IMAGE_GENERATION"}`}
	submitted := len(w.submitted)
	for _, op := range operations {
		path := strings.NewReplacer("{id}", done, "{userId}", ann.ID).Replace(op.path)
		t.Run(op.id, func(t *testing.T) {
			for name, header := range map[string]string{
				"no key": "", "no scheme": annKey, "another scheme": "Basic " + annKey, "empty": "Bearer ", "unknown": "Bearer " + id.New(),
				"revoked": "Bearer " + revokedKey, "expired": "Bearer " + expiredKey,
			} {
				a := w.call("", op.method, path, bodies[op.id], "Authorization", header)
				a.t = t
				a.refused(401, "access-denied")
				if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("%s: WWW-Authenticate is %q", name, a.header.Get("WWW-Authenticate"))
				}
			}
			if strings.Contains(op.path, "{") { // somebody else's generation, somebody else's list
				a := w.call(benKey, op.method, path, bodies[op.id])
				a.t = t
				a.refused(404, "not-found")
			}
		})
	}
	if len(w.submitted) != submitted || w.read(done).Status != statusComplete {
		t.Error("somebody got through")
	}
	w.call("", "GET", "/me", nil, "Cookie", "sid=anything; __Host-sid=anything").refused(401, "access-denied")
	var list ListResponse
	w.call(benKey, "GET", "/generations/user/"+ben.ID, nil).into(&list)
	if len(list.Generations) != 0 {
		t.Errorf("Ben sees %d generations of Ann's", len(list.Generations))
	}
}

func TestAbsolute_PublicURL(t *testing.T) {
	r, err := http.NewRequest("GET", "http://inside:8080/api/rest/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ public, path, want string }{
		{"", "/assets/1", "http://inside:8080/assets/1"},
		{"https://studio.example.org", "/assets/1", "https://studio.example.org/assets/1"},
		{"https://studio.example.org", "https://bucket.example.org/1", "https://bucket.example.org/1"},
	} {
		d := &dialect{Deps{PublicURL: c.public}}
		if got := d.absolute(r, c.path); got != c.want {
			t.Errorf("%q with public URL %q is %s, want %s", c.path, c.public, got, c.want)
		}
	}
}

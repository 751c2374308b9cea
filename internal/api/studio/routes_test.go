package studio_test

import (
	"encoding/json"
	"image/color"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bottega/internal/api/studio"
	"bottega/internal/apptest"
)

// declared is a route as the document has it.
type declared struct {
	method, path string
	open         bool
}

// everyRoute reads the routes from the document, so that a new one is tested without anybody thinking of it.
func everyRoute(t *testing.T) []declared {
	t.Helper()
	raw, err := studio.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Security *[]map[string][]string `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	var out []declared
	for path, methods := range doc.Paths {
		for method, op := range methods {
			open := op.Security == nil || len(*op.Security) == 0
			out = append(out, declared{method: strings.ToUpper(method), path: path, open: open})
		}
	}
	slices.SortFunc(out, func(a, b declared) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return out
}

func (d declared) String() string { return d.method + " " + d.path }

// body is what a route wants before it looks for the thing that its address names.
func (d declared) body() any {
	switch d.String() {
	case "PUT /teams/{id}":
		return map[string]any{"name": "Mine now"}
	case "POST /teams/{id}/transfer":
		return map[string]any{"account_id": nobody}
	case "POST /teams/{id}/invitations":
		return map[string]any{}
	case "POST /teams/{id}/payments":
		return map[string]any{"pack": "small"}
	case "POST /teams/{id}/subscription/preview":
		return map[string]any{"action": "change", "plan": "team-starter"}
	case "POST /teams/{id}/subscription/change":
		return map[string]any{"action": "change", "plan": "team-starter", "shown_at": "2026-11-23T12:00:00Z", "version": 0}
	case "PUT /teams/{id}/auto-top-up":
		return map[string]any{"enabled": false, "pack": "small", "threshold_mt": 1000, "ceiling_micros": 9_000_000}
	}
	if d.method == http.MethodPut {
		return map[string]any{}
	}
	return nil
}

// nobody is an id that nothing has.
const nobody = "0198c0de-0000-4000-8000-000000000000"

// at fills an address with ids.
func (d declared) at(thing string) string {
	return strings.NewReplacer("{id}", thing, "{member}", nobody, "{invitation}", nobody, "{payment}", nobody).Replace(d.path)
}

func TestRoutes_OnlyTheseAreOpen(t *testing.T) {
	var open []string
	for _, r := range everyRoute(t) {
		if r.open {
			open = append(open, r.String())
		}
	}
	want := []string{"POST /alerts/unsubscribe", "POST /owner", "POST /signin", "POST /signout", "POST /signup", "GET /status"}
	if !slices.Equal(open, want) {
		t.Errorf("open routes are %v, want %v", open, want)
	}
}

func TestRoutes_StrangersAndEndedSessionsAreRefused(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ended := s.member("ada@example.com")
		s.Clock.Advance(14 * 24 * time.Hour)
		forged := s.stranger()
		for _, r := range everyRoute(t) {
			if r.open {
				continue
			}
			path := r.at(nobody)
			for name, a := range map[string]answer{
				"a stranger":    s.stranger().call(r.method, path, nil),
				"a forger":      forged.call(r.method, path, nil, "Cookie", "sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
				"ended session": ended.call(r.method, path, nil),
			} {
				if a.status != http.StatusUnauthorized || a.text("code") != "unauthenticated" {
					t.Errorf("%s: %s got %d %s, want 401", r, name, a.status, a.raw)
				}
			}
		}
	})
}

func TestRoutes_WhatIsSomebodyElsesIsNotFound(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, eve := s.member("ada@example.com"), s.member("eve@example.com")
		work := ada.must(200, "POST", "/generations", map[string]any{"prompt": "a fox"}).text("id")
		key := ada.must(200, "POST", "/keys", map[string]any{"name": "script"}).text("id")
		team := ada.must(200, "POST", "/teams", map[string]any{"name": "Ada's"}).text("id")
		upload := ada.upload("picture", picture(t, 8, 8, color.White)).text("id")
		tried := 0
		for _, r := range everyRoute(t) {
			if !strings.Contains(r.path, "{id}") {
				continue
			}
			want := http.StatusNotFound
			if strings.HasPrefix(r.path, "/admin/") {
				want = http.StatusForbidden // whatever the id: it says nothing about who or what is there
			}
			for _, theirs := range []string{work, key, upload, team, nobody, "x", "%00", strings.Repeat("a", 3000)} {
				a := eve.call(r.method, r.at(theirs), r.body())
				if a.status != want {
					t.Errorf("%s of id %.40q got %d %s, want %d", r, theirs, a.status, a.raw, want)
				}
			}
			tried++
		}
		if tried < 4 {
			t.Errorf("only %d routes take an id", tried)
		}
		if got := ada.must(200, "GET", "/generations/"+work, nil).text("state"); got != "waiting" {
			t.Errorf("the generation is %s after a stranger's tries, want waiting", got)
		}
		if n := len(ada.must(200, "GET", "/keys", nil).list("items")); n != 1 {
			t.Errorf("%d keys after a stranger's tries, want 1", n)
		}
		for _, list := range []string{"/generations", "/keys", "/teams"} {
			if n := len(eve.must(200, "GET", list, nil).list("items")); n != 0 {
				t.Errorf("a stranger sees %d items in %s", n, list)
			}
		}
	})
}

func TestRoutes_AnswerInTheAPIsFormWhatNoRouteTakes(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	v.refused(v.call("GET", "/nowhere", nil), 404, "not_found")
	v.refused(v.call("GET", "/", nil), 404, "not_found")
	for _, r := range everyRoute(t) {
		a := v.call("PATCH", r.at("x"), nil)
		v.refused(a, 405, "method_not_allowed")
		if !strings.Contains(a.header.Get("Allow"), r.method) {
			t.Errorf("PATCH %s: Allow is %q, want %s in it", r.path, a.header.Get("Allow"), r.method)
		}
	}
}

func TestRoutes_NothingIsCachedAndEverythingIsNamedInTheLog(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	v.must(200, "POST", "/generations", map[string]any{"prompt": "a very private fox"})
	v.must(422, "POST", "/generations", map[string]any{"prompt": "a very private fox", "width": 33})
	a := v.must(404, "GET", "/generations/0198c0de-0000-4000-8000-000000000000", nil)
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy is %q", csp)
	}
	log := s.log.String()
	for _, want := range []string{
		`"route":"POST /api/studio/signup"`, `"route":"GET /api/studio/generations/{id}"`, `"status":404`, a.header.Get("X-Request-Id"),
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}
	for _, secret := range []string{password, "private fox", "ada@example.com", v.cookie().Value} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

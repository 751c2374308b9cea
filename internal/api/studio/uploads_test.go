package studio_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"bottega/internal/api"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/asset"
)

// picture is a PNG of one colour.
func picture(t *testing.T, width, height int, c color.Color) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func (v *visitor) upload(purpose, file string) answer {
	v.t.Helper()
	return v.must(200, "POST", "/uploads?purpose="+purpose, file, "Content-Type", "image/png")
}

func TestUploads_ArePrivateAndCanBeDeleted(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada, eve := s.member("ada@example.com"), s.member("eve@example.com")
		up := ada.upload("picture", picture(t, 80, 48, color.White))
		name := up.text("id")
		if up.number("width") != 80 || up.number("height") != 48 || up.text("purpose") != "picture" || up.at("expires_at") != nil ||
			!strings.Contains(up.text("preview_url"), name) || !strings.HasPrefix(up.text("placeholder"), "data:image/webp") {
			t.Errorf("upload is %s", up.raw)
		}
		mask := ada.upload("mask", picture(t, 80, 48, color.White))
		if mask.at("expires_at") == nil {
			t.Errorf("mask is %s", mask.raw)
		}
		if list := ada.must(200, "GET", "/uploads", nil).list("items"); len(list) != 1 || list[0]["id"] != name {
			t.Errorf("list is %v, want the picture without the mask", list)
		}
		if list := eve.must(200, "GET", "/uploads", nil).list("items"); len(list) != 0 {
			t.Errorf("a stranger sees %v", list)
		}
		for _, method := range []string{"GET", "DELETE"} {
			eve.refused(eve.call(method, "/uploads/"+name, nil), 404, "upload_not_found")
		}
		eve.refused(eve.call("POST", "/generations", map[string]any{"prompt": "x", "init_image": name}), 422, "invalid_request")
		if got := ada.must(200, "GET", "/uploads/"+name, nil).text("id"); got != name {
			t.Errorf("after a stranger's tries the upload is %q", got)
		}
		ada.must(204, "DELETE", "/uploads/"+name, nil)
		ada.refused(ada.call("GET", "/uploads/"+name, nil), 404, "upload_not_found")
	})
}

func TestUploads_BadFilesAreRefusedByFieldName(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	ada := s.member("ada@example.com")
	whole := picture(t, 64, 64, color.White)
	for name, file := range map[string]string{"text": "hello", "cut": whole[:len(whole)-20], "animated": whole[:33] + "\x00\x00\x00\x08acTL\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00" + whole[33:]} {
		a := ada.call("POST", "/uploads", file, "Content-Type", "image/png")
		ada.refused(a, 422, "invalid_request")
		if errs := a.list("errors"); len(errs) != 1 || errs[0]["field"] != "file" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	ada.refused(ada.call("POST", "/uploads?purpose=avatar", whole, "Content-Type", "image/png"), 422, "invalid_request")
	if a := ada.call("POST", "/uploads", "", "Content-Type", "image/png"); a.status != 422 {
		t.Errorf("nothing: %d %s", a.status, a.raw)
	}
	ada.refused(ada.call("POST", "/uploads", strings.Repeat("x", asset.MaxUploadBytes+1), "Content-Type", "image/png"), 413, "body_too_large")
	ada.refused(ada.call("POST", "/quote", strings.Repeat("x", api.MaxJSONBody+1)), 413, "body_too_large")
	if list := ada.must(200, "GET", "/uploads", nil).list("items"); len(list) != 0 {
		t.Errorf("kept %v", list)
	}
}

func TestUploads_PagesGoFromTheNewestToTheOldest(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		ada := s.member("ada@example.com")
		var want []string
		for i := range 5 {
			s.Clock.Advance(1000)
			want = append([]string{ada.upload("picture", picture(t, 40+i, 40, color.White)).text("id")}, want...)
		}
		var got []string
		for cursor, pages := "", 0; pages < 4; pages++ {
			page := ada.must(200, "GET", "/uploads?limit=2&cursor="+cursor, nil)
			for _, up := range page.list("items") {
				got = append(got, up["id"].(string))
			}
			if cursor = page.text("next"); cursor == "" {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("pages give %v, want %v", got, want)
		}
		ada.refused(ada.call("GET", "/uploads?cursor=nonsense", nil), 422, "invalid_request")
	})
}

// TestShown_ComesBackAsItCanBeSentAgain: what a generation says it was shown is a request.
func TestShown_ComesBackAsItCanBeSentAgain(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	s.Run()
	ada := s.member("ada@example.com")
	init, mask := ada.upload("picture", picture(t, 80, 48, color.White)).text("id"), ada.upload("mask", picture(t, 80, 48, color.White)).text("id")
	request := map[string]any{
		"prompt": "a fox", "init_image": init, "mask": mask, "expand": map[string]any{"left": 8}, "strength": 0.7, "quality": "draft",
		"references": []any{map[string]any{"image": init, "kind": "style", "strength": 0.4}},
		"boxes":      []any{map[string]any{"x": 0, "y": 0, "width": 0.5, "height": 0.5, "prompt": "a hat"}},
	}
	first := ada.must(200, "POST", "/generations", request)
	if q := ada.must(200, "POST", "/quote", request); q.number("total_mt") != first.number("price_mt") {
		t.Errorf("quoted %d, held %d", q.number("total_mt"), first.number("price_mt"))
	}
	shown, _ := first.at("shown").(map[string]any)
	for name, want := range map[string]any{"init_image": init, "mask": mask, "strength": 0.7, "quality": "draft", "tile": false, "background": ""} {
		if shown[name] != want {
			t.Errorf("shown.%s is %v, want %v", name, shown[name], want)
		}
	}
	again := map[string]any{"prompt": "a fox"}
	for name, v := range shown {
		if v != "" && v != false {
			again[name] = v
		}
	}
	second := ada.must(200, "POST", "/generations", again)
	if a, b := fmt.Sprint(first.at("shown")), fmt.Sprint(second.at("shown")); a != b {
		t.Errorf("sent again it shows\n%s, was\n%s", b, a)
	}
	var done answer
	s.Wait(func() error {
		if done = ada.must(200, "GET", "/generations/"+first.text("id"), nil); done.text("state") != "complete" {
			return fmt.Errorf("state is %s", done.text("state"))
		}
		return nil
	})
	recipe, err := json.Marshal(done.list("images")[0]["recipe"].(map[string]any)["inputs"])
	want := fmt.Sprintf(`[{"id":%q,"origin":"upload","role":"init","strength":0.7},{"id":%q,"origin":"upload","role":"mask","strength":0},{"id":%q,"origin":"upload","role":"style","strength":0.4}]`, init, mask, init)
	if err != nil || string(recipe) != want {
		t.Errorf("inputs are %s, want %s", recipe, want)
	}
	made := done.list("images")[0]["id"].(string)
	for id, origin := range map[string]string{init: "upload", made: "generated"} {
		if p := ada.must(200, "GET", "/pictures/"+id, nil); p.text("origin") != origin || p.number("height") != 48 || !strings.Contains(p.text("thumb_url"), id) {
			t.Errorf("picture is %s, want %s", p.raw, origin)
		}
	}
	model := ada.must(200, "GET", "/models", nil).list("items")[0]
	if model["masks"] != true || model["max_references"] != 4.0 || len(model["qualities"].([]any)) != 3 || len(model["references"].([]any)) != 4 {
		t.Errorf("model is %v", model)
	}
}

func TestRoutes_UploadsTakeNoOtherSite(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	ada := s.member("ada@example.com")
	a := ada.call("POST", "/uploads", picture(t, 8, 8, color.White), "Content-Type", "image/png", "Sec-Fetch-Site", "cross-site")
	if a.status != http.StatusForbidden {
		t.Errorf("from another site: %d %s", a.status, a.raw)
	}
}

// What one keeps is added up, made and uploaded; nobody sees another's.
func TestStorage_SaysWhatOneKeeps(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) {
			c.Keeping = app.Keeping{Quota: map[string]int64{"free": 1_000_000}, FreeDays: 90}
		})
		s := newSiteOf(t, w)
		ada, eve := s.member("ada@example.com"), s.member("eve@example.com")
		up := ada.upload("picture", picture(t, 30, 20, color.White))
		a := ada.must(200, "GET", "/storage", nil)
		if a.number("pictures") != 1 || a.number("bytes") != up.number("bytes") || a.number("allowed_bytes") != 1_000_000 || a.number("keep_days") != 90 {
			t.Errorf("one upload: %s", a.raw)
		}
		if e := eve.must(200, "GET", "/storage", nil); e.number("pictures") != 0 || e.number("bytes") != 0 {
			t.Errorf("somebody else: %s", e.raw)
		}
	})
}

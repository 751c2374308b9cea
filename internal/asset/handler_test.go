package asset_test

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/id"
)

type served struct {
	handler http.Handler
	signer  *asset.Signer
	clock   *clock.Fake
	db      *db.DB
	image   asset.Image
	store   *asset.Store
}

func serve(t *testing.T, store *asset.Store, prompt string) served {
	t.Helper()
	w := served{signer: asset.NewSigner(testKey), clock: clock.NewFake(noon), store: store}
	w.db = apptest.OpenDB(t, apptest.SQLite(t))
	account := id.New()
	in := keepRequest(account, newGeneration(t, w.db, account), 0)
	in.Recipe = recipe(prompt)
	var err error
	if w.image, err = store.Keep(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	insertImages(t, w.db, w.image)
	w.handler = asset.Handler(store, w.db, w.signer, w.clock)
	return w
}

func (w served) get(method, address string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, address, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func TestHandler_ServesEveryVariantSafely(t *testing.T) {
	eachStore(t, func(t *testing.T, s *asset.Store) {
		w := serve(t, s, "a fox")
		for v, kind := range map[asset.Variant]string{
			asset.OriginalPNG: "image/png", asset.OriginalWebP: "image/webp", asset.PreviewWebP: "image/webp", asset.ThumbWebP: "image/webp",
		} {
			address := w.signer.URL(w.image.ID, v, noon, false)
			rec := w.get("GET", address)
			h := rec.Header()
			if rec.Code != 200 || rec.Body.Len() == 0 || h.Get("Content-Type") != kind || h.Get("Content-Length") != strconv.Itoa(rec.Body.Len()) {
				t.Fatalf("%s: %d, %d bytes, %v", v, rec.Code, rec.Body.Len(), h)
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("Content-Disposition") != "" {
				t.Errorf("%s: headers %v", v, h)
			}
			var age int
			if _, err := fmt.Sscanf(h.Get("Cache-Control"), "private, immutable, max-age=%d", &age); err != nil || age < 6*3600 || age > 12*3600 {
				t.Errorf("%s: Cache-Control %q", v, h.Get("Cache-Control"))
			}
			if again := w.get("GET", address, "If-None-Match", h.Get("ETag")); again.Code != 304 || again.Body.Len() != 0 {
				t.Errorf("%s: the known ETag gave %d", v, again.Code)
			}
			if head := w.get("HEAD", address); head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != h.Get("Content-Length") {
				t.Errorf("%s: HEAD gave %d, %v", v, head.Code, head.Header())
			}
		}
	})
}

func TestHandler_Ranges(t *testing.T) {
	eachStore(t, func(t *testing.T, s *asset.Store) {
		w := serve(t, s, "a fox")
		address := w.signer.URL(w.image.ID, asset.OriginalPNG, noon, false)
		whole := w.get("GET", address).Body.String()
		part := w.get("GET", address, "Range", "bytes=1-3")
		if part.Code != 206 || part.Body.String() != "PNG" || part.Header().Get("Content-Range") != fmt.Sprintf("bytes 1-3/%d", len(whole)) {
			t.Errorf("bytes 1-3: %d %q %v", part.Code, part.Body, part.Header())
		}
		if tail := w.get("GET", address, "Range", "bytes=-12"); tail.Code != 206 || tail.Body.String() != whole[len(whole)-12:] {
			t.Errorf("the last 12 bytes: %d %q", tail.Code, tail.Body)
		}
		if beyond := w.get("GET", address, "Range", "bytes=99999999-"); beyond.Code != 416 {
			t.Errorf("beyond the end: %d", beyond.Code)
		}
	})
}

func TestHandler_StrangersGetNotFound(t *testing.T) {
	s, _ := localStore(t)
	w := serve(t, s, "a fox")
	good := w.signer.URL(w.image.ID, asset.ThumbWebP, noon, false)
	for name, address := range map[string]string{
		"no signature":    "/assets/" + w.image.ID + "/thumb.webp",
		"other variant":   strings.Replace(good, "thumb.webp", "original.png", 1),
		"unknown variant": w.signer.URL(w.image.ID, "secret.txt", noon, false),
		"more path":       strings.Replace(good, "thumb.webp", "x/../thumb.webp", 1),
		"bare":            "/assets/",
		"download added":  good + "&download=1",
		"unknown picture": w.signer.URL(id.New(), asset.ThumbWebP, noon, false),
		"other key":       asset.NewSigner(make([]byte, 32)).URL(w.image.ID, asset.ThumbWebP, noon, false),
	} {
		if rec := w.get("GET", address); rec.Code != 404 || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %v", name, rec.Code, rec.Header())
		}
	}
	if rec := w.get("POST", good); rec.Code != 405 || rec.Header().Get("Allow") == "" {
		t.Errorf("POST: %d", rec.Code)
	}
	w.clock.Advance(12*time.Hour + time.Second)
	if rec := w.get("GET", good); rec.Code != 404 {
		t.Errorf("an expired address: %d", rec.Code)
	}
	w.clock.Advance(-12 * time.Hour)
	ctx := context.Background()
	if err := w.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := asset.DeleteByGeneration(ctx, tx, w.image.GenerationID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if rec := w.get("GET", good); rec.Code != 404 {
		t.Errorf("a deleted picture: %d", rec.Code)
	}
}

func TestFileName_IsSafeEverywhere(t *testing.T) {
	for prompt, want := range map[string]string{
		"A red Fox, sticker!":                   "a-red-fox-sticker-",
		"../../etc/passwd\r\nSet-Cookie: x=\"y": "etc-passwd-set-cookie-x-y-",
		"ein süßer Fuchs 狐 🦊":                   "ein-süßer-fuchs-狐-",
		"🦊\x00\xff":                             "bottega-",
		"":                                      "bottega-",
		strings.Repeat("word ", 50):             "word-word-word-word-word-word-word-word-word-wor-",
	} {
		img := asset.Image{ID: id.New(), Recipe: recipe(prompt)}
		for v, ending := range map[asset.Variant]string{asset.OriginalPNG: ".png", asset.OriginalWebP: ".webp"} {
			if got, want := asset.FileName(img, v), want+img.ID[:8]+ending; got != want {
				t.Errorf("%.20q is saved as %q, want %q", prompt, got, want)
			}
		}
	}
}

func TestHandler_DownloadIsAnAttachmentWithItsName(t *testing.T) {
	s, _ := localStore(t)
	w := serve(t, s, "Füchse\"; filename=evil.exe\r\n🦊 狐")
	rec := w.get("GET", w.signer.URL(w.image.ID, asset.OriginalPNG, noon, true))
	header := rec.Header().Get("Content-Disposition")
	kind, params, err := mime.ParseMediaType(strings.Replace(header, `filename="`, `old="`, 1))
	if rec.Code != 200 || err != nil || kind != "attachment" {
		t.Fatalf("%d, %q, %v", rec.Code, header, err)
	}
	short := w.image.ID[:8]
	if want := "füchse-filename-evil-exe-狐-" + short + ".png"; params["filename"] != want {
		t.Errorf("saved as %q, want %q", params["filename"], want)
	}
	if want := "f_chse-filename-evil-exe-_-" + short + ".png"; params["old"] != want {
		t.Errorf("old readers save %q, want %q", params["old"], want)
	}
}

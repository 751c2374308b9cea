package asset_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/id"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// TestMain lets the crash test run this binary as the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("BOTTEGA_ASSET_CRASHER"); dir != "" {
		crasher(dir)
		return
	}
	os.Exit(m.Run())
}

// eachDB runs a test on both databases.
func eachDB(t *testing.T, test func(t *testing.T, d *db.DB)) {
	apptest.Databases(t, func(t *testing.T, ref string) { test(t, apptest.OpenDB(t, ref)) })
}

// newGeneration puts an account and a generation in place, which rows of pictures refer to.
func newGeneration(t *testing.T, d *db.DB, accountID string) string {
	t.Helper()
	g := id.New()
	if err := insertGeneration(d, accountID, g); err != nil {
		t.Fatal(err)
	}
	return g
}

func insertGeneration(d *db.DB, accountID, generationID string) error {
	ctx := context.Background()
	return d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at)
			VALUES ($1, $2, '', 'user', 'free', 0, 0) ON CONFLICT DO NOTHING`, accountID, accountID+"@example.com"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO generation (id, account_id, kind, model, params, pictures, timeout_ms, state, price,
			charged, sheet_version, failure_code, failure_message, idem_hash, created_at, started_at, finished_at, deleted_at)
			VALUES ($1, $2, 'image', 'm', '{}', 1, 0, 'complete', 0, 0, 1, '', '', '', 0, 0, 0, 0)`, generationID, accountID)
		return err
	})
}

func insertImages(t *testing.T, d *db.DB, imgs ...asset.Image) {
	t.Helper()
	ctx := context.Background()
	if err := d.Tx(ctx, func(tx *db.Tx) error { return asset.InsertImages(ctx, tx, imgs) }); err != nil {
		t.Fatal(err)
	}
}

func localStore(t testing.TB) (*asset.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "assets")
	return openStore(t, dir), dir
}

func openStore(t testing.TB, ref string) *asset.Store {
	t.Helper()
	s, err := asset.OpenStore(context.Background(), ref, 4_000_000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// painting is a picture with soft edges, different for every n.
func painting(w, h, n int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			a := 255
			if (x-w/2)*(x-w/2)+(y-h/2)*(y-h/2) > w*h/6 {
				a = 0
			}
			img.SetNRGBA(x, y, color.NRGBA{uint8(x + n), uint8(y * 2), uint8(x * y / 64), uint8(a)})
		}
	}
	return img
}

func recipe(prompt string) asset.Recipe {
	return asset.Recipe{
		Generator: "Bottega 0.1.0", Kind: "image", Model: "tempera-image", ModelVersion: "0.1.0+w1", Prompt: prompt,
		Style: "sticker", Seed: 7, Steps: 12, Guidance: 3, Adherence: 0.5, Transparent: true, Width: 160, Height: 100,
		GeneratedWidth: 256, GeneratedHeight: 256, CreatedAt: noon, Notes: []string{"“qux” is unknown"},
		Sources: []engine.Source{{ID: "fox", Title: "Fox", Author: "A. Painter", Licence: "CC-BY-4.0", Origin: "drawings@1.2.3"}},
	}
}

func keep(t testing.TB, s *asset.Store, accountID, generationID string, n int) asset.Image {
	t.Helper()
	m, err := s.Keep(context.Background(), keepRequest(accountID, generationID, n))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func keepRequest(accountID, generationID string, n int) asset.KeepRequest {
	return asset.KeepRequest{
		AccountID: accountID, GenerationID: generationID, Index: n, Picture: painting(160, 100, n),
		Recipe: recipe(fmt.Sprintf("fox number %d", n)), At: noon,
	}
}

// files lists what lies in a local store, by path below it.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			found = append(found, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

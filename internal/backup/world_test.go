package backup_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/backup"
	"bottega/internal/db"
	"bottega/internal/generation"
	imagekind "bottega/internal/generation/kind/image"
)

// furnished is an installation with accounts, finished and waiting work, pictures and uploads.
type furnished struct {
	*apptest.World
	users   []access.Actor
	data    string
	waiting string // a generation of the second user
}

// furnish makes one on a database, with its files in a folder of its own.
func furnish(t *testing.T, ref string, generations int) furnished {
	t.Helper()
	data := t.TempDir()
	w := furnished{World: apptest.New(t, ref, func(c *app.Config) { c.Data = data }), data: data}
	for range 3 {
		w.users = append(w.users, w.User("artisan"))
	}
	stop := w.Run()
	var ids []string
	for i := range generations {
		ids = append(ids, w.Submit(w.users[i%3], fmt.Sprintf("fox “%d” \\ \n\t<&> 狐 🦊", i), 1+i%2).ID)
	}
	for i, id := range ids {
		w.WaitState(w.users[i%3], id, generation.Complete)
	}
	stop()
	w.Upload(w.users[0], asset.ForPicture, painting(40, 30, 7))
	w.waiting = w.Submit(w.users[1], "one that waits", 2).ID
	return w
}

func (w furnished) installation() backup.Installation {
	return backup.Installation{DB: w.DB, Files: w.Assets, Clock: w.Clock}
}

// load submits until ctx ends, and deletes or cancels much of it again. It counts what was accepted.
func (w furnished) load(ctx context.Context, accepted *atomic.Int64) {
	for n := 0; ctx.Err() == nil; n++ {
		user, count := w.users[n%3], 1+n%2
		g, err := w.Generations.Submit(ctx, user, generation.SubmitRequest{
			Kind: "image", Input: &imagekind.Request{Prompt: fmt.Sprintf("under load %d", n), Count: &count},
		})
		if err != nil {
			continue // the account's line is full
		}
		accepted.Add(1)
		if n%5 == 0 {
			_, _ = w.Generations.Cancel(ctx, user, g.ID) // it may have ended
		}
		for n%2 == 0 && ctx.Err() == nil && w.Generations.Delete(ctx, user, g.ID) != nil {
			time.Sleep(time.Millisecond) // until it has ended
		}
	}
}

func painting(width, height, n int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * n), uint8(y * n), uint8(x + y), 255})
		}
	}
	return img
}

// empty opens a database without tables, and a store without files.
func empty(t *testing.T, w furnished, database, storage string) backup.Installation {
	t.Helper()
	d, err := db.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	files, err := asset.OpenStore(t.Context(), storage, 4_000_000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return backup.Installation{DB: d, Files: files, Clock: w.Clock}
}

// content is what an installation's rows come to.
func content(t *testing.T, in backup.Installation) backup.Content {
	t.Helper()
	s, err := backup.Look(t.Context(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.Content
}

// open opens what was brought in as an installation, checks it, and lets it work.
func open(t *testing.T, database, storage string) *apptest.World {
	t.Helper()
	w := apptest.New(t, database, func(c *app.Config) { c.Storage = storage })
	w.Verify()
	return w
}

// checkPictures reads every picture of the users, whole.
func checkPictures(t *testing.T, w *apptest.World, users []access.Actor) (pictures int) {
	t.Helper()
	for _, u := range users {
		list, _, err := w.Generations.List(t.Context(), u, generation.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range list {
			for _, img := range g.Images {
				key := asset.Key(img.AccountID, img.SHA256, asset.OriginalPNG)
				data, err := w.Assets.Fetch(t.Context(), key)
				if err == nil {
					err = asset.CheckContent(key, data)
				}
				if err != nil {
					t.Errorf("picture %s: %v", img.ID, err)
				}
				pictures++
			}
		}
	}
	return pictures
}

func sameRows(t *testing.T, want, got backup.Content) {
	t.Helper()
	if len(want.Tables) < 20 {
		t.Fatalf("only %d tables were carried", len(want.Tables))
	}
	sums := map[string]string{}
	for _, x := range want.Tables {
		sums[x.Name] = fmt.Sprint(x.Rows, x.Sum)
	}
	for _, x := range got.Tables {
		if sums[x.Name] != fmt.Sprint(x.Rows, x.Sum) {
			t.Errorf("the table %s has %d rows with the sum %s, want %s", x.Name, x.Rows, x.Sum, sums[x.Name])
		}
	}
	if len(got.Tables) != len(want.Tables) || fmt.Sprint(got.Sequences) != fmt.Sprint(want.Sequences) {
		t.Errorf("%d tables and %v, want %d and %v", len(got.Tables), got.Sequences, len(want.Tables), want.Sequences)
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, filepath.Join(dir, e.Name()))
	}
	return names
}

package app_test

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/backup"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/generation"
)

var errStillOpen = errors.New("something is not made yet")

// unpack copies the installation of version 10 into a folder.
func unpack(t *testing.T) (data string) {
	t.Helper()
	data = t.TempDir()
	if err := os.CopyFS(filepath.Join(data, "files"), os.DirFS("testdata/version10/files")); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("testdata/version10/bottega.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err == nil {
		err = os.WriteFile(filepath.Join(data, "bottega.db"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// toPostgres carries it over as it is, without bringing it up to date.
func toPostgres(t *testing.T, data, ref string) {
	t.Helper()
	from, err := db.Open(t.Context(), filepath.Join(data, "bottega.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	to, err := db.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = to.Close() }()
	files, err := asset.OpenStore(t.Context(), filepath.Join(data, "files"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	source := backup.Installation{DB: from, Files: files, Clock: clock.System{}}
	survey, err := backup.Look(t.Context(), source, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Move(t.Context(), source, backup.Installation{DB: to, Files: files, Clock: clock.System{}}, survey, nil); err != nil {
		t.Fatal(err)
	}
	if version, _, err := to.Version(t.Context(), to); err != nil || version != 10 {
		t.Fatalf("the database has version %d, %v; want 10, so that opening upgrades it", version, err)
	}
}

// What the previous version of the program left behind, work in the middle included, is opened by this one: the ledger
// is right, people can sign in, their pictures are there, what ran and waited is made, and new work is taken.
func TestUpgrade_OpensWhatThePreviousVersionLeft(t *testing.T) {
	apptest.EmptyDatabases(t, func(t *testing.T, ref string) {
		data := unpack(t)
		if filepath.Base(ref) == "test.db" {
			ref = filepath.Join(data, "bottega.db")
		} else {
			toPostgres(t, data, ref)
		}
		w := apptest.New(t, ref, func(c *app.Config) {
			c.Data, c.Clock = data, clock.NewFake(time.Date(2026, 11, 26, 16, 0, 0, 0, time.UTC))
			house := apptest.Model() // the scripted engine stands in for the house model
			house.ID, house.Name, house.Engine = "7e3a1c52-9d84-4b6f-8a20-5c1f0e9b7d31", "tempera-image", app.TemperaEngine
			c.Models, c.Engines[app.TemperaEngine] = append(c.Models, house), c.Engines["scripted"]
		})
		w.Verify()
		if _, acc, err := w.Auth.SignIn(t.Context(), "ada@example.com", "correct horse battery", "test"); err != nil || acc.Email != "ada@example.com" {
			t.Fatalf("signing in: %v", err)
		}
		ada, err := w.Accounts.ByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		actor := access.Actor{AccountID: ada.ID, Role: ada.Role}
		before := w.Available(actor)
		w.Run()
		states := map[generation.State]int{}
		w.Wait(func() error {
			list, _, err := w.Generations.List(t.Context(), actor, generation.Page{Limit: 100})
			if err != nil {
				return err
			}
			clear(states)
			for _, g := range list {
				states[g.State]++
				for _, img := range g.Images {
					if file, err := w.Assets.Fetch(t.Context(), asset.Key(img.AccountID, img.SHA256, asset.OriginalPNG)); err != nil || int64(len(file)) != img.Bytes {
						t.Errorf("picture %s has %d bytes, %v, want %d", img.ID, len(file), err, img.Bytes)
					}
				}
			}
			if states[generation.Waiting]+states[generation.Running] > 0 {
				return errStillOpen
			}
			return nil
		})
		if states[generation.Complete] != 6 {
			t.Errorf("the generations are %v, want 6 complete: 3 from before, and the 3 that were cut off", states)
		}
		w.WaitState(actor, w.Submit(actor, "a fox of the new version", 1).ID, generation.Complete)
		if after := w.Available(actor); before == 0 || after == 0 || after > before {
			t.Errorf("ada had %d tokens before her work and %d after", before, after)
		}
		w.Verify()
	})
}

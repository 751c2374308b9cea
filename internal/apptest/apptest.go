// Package apptest is the one door to a test world: a whole installation on a real database, with a scripted engine in
// place of a slow one. Tests of the road above a single package start here.
package apptest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	goimage "image"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/app"
	"bottega/internal/asset"
	"bottega/internal/catalog"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
)

// Databases runs the test on SQLite and on PostgreSQL. ref is what app.Config.Database and db.Open take.
func Databases(t *testing.T, test func(t *testing.T, ref string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// EmptyDatabases is Databases without a schema: for tests of what brings a database up.
func EmptyDatabases(t *testing.T, test func(t *testing.T, ref string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, EmptyPostgres(t)) })
}

// SQLite returns the path of a database that does not exist yet, in the test's own folder.
func SQLite(t testing.TB) string { return t.TempDir() + "/test.db" }

// Postgres makes a database with this program's schema on the server named by BOTTEGA_TEST_POSTGRES and drops it when
// the test has passed; a failed test keeps it and prints its name. Without a server the test fails: `make test-go`
// starts one.
func Postgres(t testing.TB) string { t.Helper(); return newPostgres(t, postgresTemplate) }

// EmptyPostgres is Postgres without a schema.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	return newPostgres(t, func(context.Context, *sql.DB, url.URL) (string, error) { return "template1", nil })
}

func newPostgres(t testing.TB, template func(context.Context, *sql.DB, url.URL) (string, error)) string {
	t.Helper()
	server := os.Getenv("BOTTEGA_TEST_POSTGRES")
	if server == "" {
		t.Fatal("BOTTEGA_TEST_POSTGRES is not set: run the tests with scripts/with-postgres.sh, as `make test-go` does")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("BOTTEGA_TEST_POSTGRES: %v", err)
	}
	name := "bottega_" + strings.ReplaceAll(id.New(), "-", "")
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	from, err := template(t.Context(), admin, *u)
	if err != nil {
		t.Fatalf("make the template of a test database: %v", err)
	}
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from); err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	t.Cleanup(func() {
		defer func() { _ = admin.Close() }()
		if t.Failed() {
			t.Logf("the database %s was kept", name)
			return
		}
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

// OpenDB opens and migrates a database and closes it with the test.
func OpenDB(t testing.TB, ref string) *db.DB {
	t.Helper()
	fill(t, ref)
	d, err := db.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// World is an installation under test.
type World struct {
	*app.App
	Engine *enginetest.Scripted
	Clock  *clock.Fake
	t      testing.TB
}

// Model is the catalogue entry of the scripted engine.
func Model() catalog.Model {
	return catalog.Model{
		ID: "11111111-2222-4333-8444-555555555555", Name: "scripted", Title: "Scripted", Version: "1", Engine: "scripted",
		Image: catalog.Capability{
			Width: catalog.Range{Min: 32, Max: 1536, Step: 8, Default: 64}, Height: catalog.Range{Min: 32, Max: 1536, Step: 8, Default: 64},
			Count: catalog.Range{Min: 1, Max: 8, Step: 1, Default: 1}, Steps: catalog.Range{Min: 1, Max: 50, Step: 1, Default: 2},
			Guidance: catalog.Range{Min: 1, Max: 12, Step: 0.1, Default: 2}, Adherence: catalog.Range{Min: 0, Max: 1, Step: 0.05, Default: 0.35},
			MaxPrompt: 1500, Styles: []catalog.Style{{ID: "none", Title: "None"}, {ID: "flat", Title: "Flat"}}, DefaultStyle: "none",
			NegativePrompt: true, Transparent: true,
			Strength: catalog.Range{Min: 0, Max: 1, Step: 0.05, Default: 0.6}, Masks: true, Erase: true,
			References: references(), MaxReferences: 4, MaxBoxes: 8, Tile: true,
			Qualities: []catalog.Quality{{ID: "standard", Title: "Standard", Steps: 2}, {ID: "draft", Title: "Draft", Steps: 1}, {ID: "best", Title: "Best", Steps: 4}},
		},
	}
}

func references() []catalog.ReferenceUse {
	var list []catalog.ReferenceUse
	for _, kind := range []engine.ReferenceKind{engine.StyleReference, engine.ContentReference, engine.CharacterReference, engine.EdgeReference} {
		list = append(list, catalog.ReferenceUse{Kind: kind, Strength: catalog.Range{Min: 0, Max: 1, Step: 0.05, Default: 0.5}})
	}
	return list
}

// Start is when the fake clock begins.
var Start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// New opens an installation on the database. Its clock stands still until the test moves it; nothing runs until Run.
func New(t testing.TB, ref string, change ...func(*app.Config)) *World {
	t.Helper()
	w := &World{Engine: enginetest.NewScripted(enginetest.Script{}), Clock: clock.NewFake(Start), t: t}
	cfg := app.Config{
		Version: "test", Data: t.TempDir(), Database: ref, SlotCount: 4, Poll: 20 * time.Millisecond, Grace: 10 * time.Second,
		Clock: w.Clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Engines: engine.Set{"scripted": w.Engine}, Models: []catalog.Model{Model()},
	}
	for _, f := range change {
		f(&cfg)
	}
	fill(t, cfg.Database)
	a, err := app.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.App = a
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

// Run lets the installation work until stop is called, or the test ends. Cleanups run last to first, so it stops
// before it is closed.
func (w *World) Run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.App.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("run: %v", err)
		}
	}
	w.t.Cleanup(stop)
	return stop
}

// User makes an account on the plan.
func (w *World) User(planName string) access.Actor {
	w.t.Helper()
	acc, err := w.Accounts.Create(w.t.Context(), account.New{
		Email: id.New() + "@example.com", Password: "correct horse battery", Role: access.RoleUser, Plan: planName,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return access.Actor{AccountID: acc.ID, Role: acc.Role}
}

// Submit submits pictures of the prompt and fails the test when that is refused.
func (w *World) Submit(actor access.Actor, prompt string, count int) *generation.Generation {
	w.t.Helper()
	g, err := w.Generations.Submit(w.t.Context(), actor, generation.SubmitRequest{
		Kind: "image", Input: &image.Request{Prompt: prompt, Count: &count},
	})
	if err != nil {
		w.t.Fatalf("submit %q: %v", prompt, err)
	}
	return g
}

// Upload keeps a picture of the actor's own and fails the test when it is refused.
func (w *World) Upload(actor access.Actor, purpose asset.Purpose, picture goimage.Image) asset.Upload {
	w.t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		w.t.Fatal(err)
	}
	up, err := w.Uploads.Add(w.t.Context(), actor, purpose, "file", file.Bytes())
	if err != nil {
		w.t.Fatalf("upload: %v", err)
	}
	return up
}

// WaitState waits until the generation is in the state and returns it.
func (w *World) WaitState(actor access.Actor, generationID string, state generation.State) *generation.Generation {
	w.t.Helper()
	var g *generation.Generation
	w.Wait(func() error {
		var err error
		if g, err = w.Generations.Get(w.t.Context(), actor, generationID); err != nil {
			return err
		}
		if g.State != state {
			return fmt.Errorf("generation is %s (%v), want %s", g.State, g.Failure, state)
		}
		return nil
	})
	return g
}

// Wait waits for a fact: it asks until f returns nil, and fails the test with f's last error after 20 seconds.
func (w *World) Wait(f func() error) {
	w.t.Helper()
	var err error
	for range 2000 {
		if err = f(); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("waited 20 seconds: %v", err)
}

// Verify fails the test when the ledger or the road is wrong.
func (w *World) Verify() {
	w.t.Helper()
	problem := func(p string) { w.t.Errorf("verify: %s", p) }
	if _, err := w.Ledger.Verify(w.t.Context(), problem); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Generations.Verify(w.t.Context(), problem); err != nil {
		w.t.Fatal(err)
	}
}

// Available returns what the actor can spend, in whole tokens.
func (w *World) Available(actor access.Actor) int64 {
	w.t.Helper()
	b, err := w.Ledger.Balance(w.t.Context(), actor.AccountID)
	if err != nil {
		w.t.Fatal(err)
	}
	return b.Available.Tokens()
}

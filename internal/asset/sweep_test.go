package asset_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/id"
)

func known(d *db.DB) func(accountID, sha256 string) (bool, error) {
	return func(accountID, sha256 string) (bool, error) {
		return asset.FileUsed(context.Background(), d, accountID, sha256)
	}
}

func TestSweep_RemovesOnlyOldOrphans(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	eachStore(t, func(t *testing.T, s *asset.Store) {
		ctx, account := context.Background(), id.New()
		g := newGeneration(t, d, account)
		wanted, orphan := keep(t, s, account, g, 0), keep(t, s, account, g, 1)
		insertImages(t, d, wanted)
		now := clock.System{}.Now()
		if n, err := s.Sweep(ctx, known(d), 24*time.Hour, now.Add(23*time.Hour)); err != nil || n != 0 {
			t.Errorf("young files: %d removed, %v", n, err)
		}
		if n, err := s.Sweep(ctx, known(d), 24*time.Hour, now.Add(25*time.Hour)); err != nil || n != 3 {
			t.Errorf("the orphan's three files: %d removed, %v", n, err)
		}
		for _, v := range []asset.Variant{asset.OriginalPNG, asset.PreviewWebP, asset.ThumbWebP} {
			content(t, s, wanted, v)
		}
		if _, err := s.OpenVariant(ctx, orphan, asset.OriginalPNG); err == nil {
			t.Error("the orphan is still there")
		}
		if n, err := s.Sweep(ctx, known(d), 24*time.Hour, now.Add(25*time.Hour)); err != nil || n != 0 {
			t.Errorf("a second sweep: %d removed, %v", n, err)
		}
	})
}

func TestSweep_RemovesHalfWrittenFilesAndNothingForeign(t *testing.T) {
	d := apptest.OpenDB(t, apptest.SQLite(t))
	s, dir := localStore(t)
	account := id.New()
	m := keep(t, s, account, newGeneration(t, d, account), 0)
	insertImages(t, d, m)
	folder := filepath.Join(dir, account, m.SHA256[:2])
	half := filepath.Join(folder, m.SHA256+".original.png.18af0c.tmp") // what a killed write leaves
	foreign := []string{
		filepath.Join(dir, "README"), filepath.Join(folder, "notes.txt"), filepath.Join(folder, "x.tmp"),
		filepath.Join(dir, account, "zz", m.SHA256+".original.png"),
	}
	for _, p := range append(foreign, half) {
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.Sweep(context.Background(), known(d), time.Hour, clock.System{}.Now().Add(2*time.Hour))
	if err != nil || n != 1 {
		t.Errorf("%d removed, %v", n, err)
	}
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("the half-written file: %v", err)
	}
	for _, p := range foreign {
		if _, err := os.Stat(p); err != nil {
			t.Errorf("a foreign file: %v", err)
		}
	}
	content(t, s, m, asset.OriginalPNG)
}

// crasher keeps pictures and writes every second one's row until it is killed; it says on stdout what is committed.
func crasher(dir string) {
	ctx := context.Background()
	s, err := asset.OpenStore(ctx, filepath.Join(dir, "assets"), 4_000_000)
	exitOn(err)
	d, err := db.Open(ctx, filepath.Join(dir, "test.db"))
	exitOn(err)
	account := os.Getenv("BOTTEGA_ASSET_ACCOUNT")
	for n := 0; ; n++ {
		g := id.New()
		exitOn(insertGeneration(d, account, g))
		in := keepRequest(account, g, n)
		in.Recipe.Prompt = g // no two pictures are one file
		m, err := s.Keep(ctx, in)
		exitOn(err)
		if n%2 == 0 {
			exitOn(d.Tx(ctx, func(tx *db.Tx) error { return asset.InsertImages(ctx, tx, []asset.Image{m}) }))
		}
		fmt.Println(g)
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Killed at any moment, no row is a lie, and a sweep leaves exactly the files of rows.
func TestKeep_KilledProcessLeavesNoLies(t *testing.T) {
	dir, account := t.TempDir(), id.New()
	d := apptest.OpenDB(t, filepath.Join(dir, "test.db"))
	for round := range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "BOTTEGA_ASSET_CRASHER="+dir, "BOTTEGA_ASSET_ACCOUNT="+account)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 5 + 2*round {
			if !lines.Scan() {
				t.Fatalf("the process ended by itself: %s", &stderr)
			}
		}
		_ = cmd.Process.Kill() // SIGKILL, wherever it is by now
		_ = cmd.Wait()
	}

	s := openStore(t, filepath.Join(dir, "assets"))
	rows, err := d.Query(context.Background(), `SELECT id FROM image`)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for rows.Next() {
		var imageID string
		if err := rows.Scan(&imageID); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, imageID)
	}
	_ = rows.Close()
	if len(ids) < 6 {
		t.Fatalf("only %d rows", len(ids))
	}
	before := len(files(t, filepath.Join(dir, "assets")))
	removed, err := s.Sweep(context.Background(), known(d), time.Hour, clock.System{}.Now().Add(2*time.Hour))
	if err != nil || removed == 0 || before-removed != 3*len(ids) {
		t.Errorf("%d files, %d swept, %d rows of three files each (%v)", before, removed, len(ids), err)
	}
	for _, imageID := range ids {
		m, err := asset.ByID(context.Background(), d, imageID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(content(t, s, m, asset.OriginalPNG))); err != nil {
			t.Errorf("picture %s: %v", imageID, err)
		}
	}
	for _, f := range files(t, filepath.Join(dir, "assets")) {
		if strings.HasSuffix(f, ".tmp") {
			t.Errorf("half-written file %s is left", f)
		}
	}
}

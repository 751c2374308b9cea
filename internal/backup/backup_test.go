package backup_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/backup"
	"bottega/internal/db"
	"bottega/internal/generation"
)

// From either database to the other, both forms of a backup, a folder and an S3 server: what comes back is what was there.
func TestRestore_BringsEverythingBack(t *testing.T) {
	databases := map[string]func(testing.TB) string{"sqlite": apptest.SQLite, "postgres": apptest.Postgres}
	for _, c := range []struct{ from, to, path, store string }{
		{"sqlite", "postgres", "b/", "s3"},
		{"postgres", "sqlite", "b.tar", "folder"},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			w := furnish(t, databases[c.from](t), 5)
			want := content(t, w.installation())
			path := filepath.Join(t.TempDir(), c.path) + strings.Repeat("/", strings.Count(c.path, "/"))
			m, err := backup.Write(t.Context(), w.installation(), path, "test", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := backup.Verify(t.Context(), path, nil); err != nil {
				t.Fatal(err)
			}
			ref, storage := databases[c.to](t), filepath.Join(t.TempDir(), "files")
			if c.store == "s3" {
				storage = apptest.S3(t)
			}
			to := empty(t, w, ref, storage)
			if _, err := backup.Restore(t.Context(), path, to, nil); err != nil {
				t.Fatal(err)
			}
			sameRows(t, want, content(t, to))
			back := open(t, ref, storage)
			if n := checkPictures(t, back, w.users); n != 7 || m.Files != 3*8 || m.Lost != 0 {
				t.Errorf("%d pictures are back of %d files, want 7 of 24 (with an upload)", n, m.Files)
			}
			// It works: what waited is made, and events go on after the last number.
			back.Run()
			back.WaitState(w.users[1], w.waiting, generation.Complete)
			back.Verify()
			var first int64
			if err := back.DB.QueryRow(t.Context(), "SELECT MIN(id) FROM outbox WHERE id > $1", want.Sequences["outbox.id"]).Scan(&first); err != nil ||
				first <= want.Sequences["outbox.id"] || want.Sequences["outbox.id"] == 0 {
				t.Errorf("the first new event has the number %d after %v, %v", first, want.Sequences, err)
			}
		})
	}
}

// Backups are taken while people submit and delete (on SQLite with make test-long; there a test of the program does it, too). Each of them comes back whole: exact tokens, and a file for each row.
func TestWrite_UnderLoadIsOneMoment(t *testing.T) {
	databases := map[string]func(testing.TB) string{"postgres": apptest.Postgres}
	if os.Getenv("BOTTEGA_TEST_LONG") != "" {
		databases["sqlite"] = apptest.SQLite
	}
	for name, ref := range databases {
		t.Run(name, func(t *testing.T) { underLoad(t, ref(t)) })
	}
}

func underLoad(t *testing.T, ref string) {
	w := furnish(t, ref, 4)
	stop := w.Run()
	over, end := context.WithCancel(t.Context())
	var accepted atomic.Int64
	ended := make(chan struct{})
	go func() { defer close(ended); w.load(over, &accepted) }()
	folder := t.TempDir()
	for i := 0; i < 3 || accepted.Load() < 12; i++ {
		w.Clock.Advance(1e9) // its own name
		if _, err := backup.Write(t.Context(), w.installation(), folder, "test", nil); err != nil {
			t.Fatalf("backup %d: %v", i, err)
		}
	}
	end()
	<-ended
	stop()
	moments := entries(t, filepath.Join(folder, "backups"))
	for _, moment := range moments[len(moments)-1:] {
		ref, storage := apptest.SQLite(t), t.TempDir()
		if _, err := backup.Restore(t.Context(), moment, empty(t, w, ref, storage), nil); err != nil {
			t.Fatal(err)
		}
		checkPictures(t, open(t, ref, storage), w.users)
	}
}

// One installation for what follows, because making one takes seconds; each changes what the others do not look at.
func TestWrite_IsWholeAndVerified(t *testing.T) {
	w := furnish(t, apptest.SQLite(t), 9)
	for _, c := range []struct {
		name string
		test func(*testing.T, furnished)
	}{
		{"every damage is found", everyDamageIsFound},
		{"nothing is left half", nothingHalf},
		{"a newer database is refused", newerIsRefused},
		{"a folder keeps each picture once", eachPictureOnce},
		{"a picture deleted meanwhile", deletedMeanwhile},
		{"a lost file is named", lostFileIsNamed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, w) })
	}
}

// A picture that is deleted between its row and its file makes the rows be read again.
func deletedMeanwhile(t *testing.T, w furnished) {
	list, _, err := w.Generations.List(t.Context(), w.users[0], generation.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	path, readings := filepath.Join(t.TempDir(), "b.tar"), 0
	m, err := backup.Write(t.Context(), w.installation(), path, "test", func(what string, done, of int64) {
		if what == "reading rows" {
			readings++
		}
		if what == "copying pictures" && done == 1 && readings == 1 {
			for _, g := range list {
				if err := w.Generations.Delete(t.Context(), w.users[0], g.ID); err != nil {
					t.Error(err)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if readings != 2 || m.Lost != 0 {
		t.Errorf("the rows were read %d times and %d pictures lost, want 2 and none", readings, m.Lost)
	}
	to := empty(t, w, apptest.SQLite(t), t.TempDir())
	if _, err := backup.Restore(t.Context(), path, to, nil); err != nil {
		t.Fatal(err)
	}
	sameRows(t, content(t, w.installation()), content(t, to))
}

// What the installation itself has lost is said, and everything else is there.
func lostFileIsNamed(t *testing.T, w furnished) {
	list, _, err := w.Generations.List(t.Context(), w.users[2], generation.Page{Limit: 10})
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	img := list[0].Images[0]
	if err := w.Assets.Remove(t.Context(), img.AccountID, img.SHA256); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.tar")
	m, err := backup.Write(t.Context(), w.installation(), path, "test", nil)
	if err != nil || m.Lost != 1 || !slices.Equal(m.Missing, []string{asset.Key(img.AccountID, img.SHA256, asset.OriginalPNG)}) {
		t.Fatalf("%d lost: %v, %v; want the one that was removed", m.Lost, m.Missing, err)
	}
	if _, err := backup.Restore(t.Context(), path, empty(t, w, apptest.SQLite(t), t.TempDir()), nil); err != nil {
		t.Fatal(err)
	}
}

func nothingHalf(t *testing.T, w furnished) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := backup.Write(ctx, w.installation(), filepath.Join(dir, "b.tar"), "test", func(what string, _, _ int64) {
		if what == "copying pictures" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(entries(t, dir)) != 0 {
		t.Errorf("a backup that was cut off: %v, and there is %v", err, entries(t, dir))
	}
	path := filepath.Join(dir, "b.tar")
	if _, err := backup.Write(t.Context(), w.installation(), path, "test", nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || len(entries(t, dir)) != 1 {
		t.Errorf("the backup is %v, %v, beside %v; want it alone, for its user only", info.Mode(), err, entries(t, dir))
	}
	if _, err := backup.Write(t.Context(), w.installation(), path, "test", nil); err == nil {
		t.Error("a backup that was there was overwritten")
	}
}

// A byte that differs anywhere is found, and so is an end that is missing.
func everyDamageIsFound(t *testing.T, w furnished) {
	whole := filepath.Join(t.TempDir(), "b.tar")
	if _, err := backup.Write(t.Context(), w.installation(), whole, "test", nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.tar")
	check := func(what string, changed []byte) {
		t.Helper()
		if err := os.WriteFile(broken, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Verify(t.Context(), broken, nil); err == nil {
			t.Errorf("%s was not found", what)
		}
	}
	pictures := bytes.Index(data, []byte("IDAT"))
	after := func(name string) int { return bytes.Index(data, []byte(name)) + 512 } // the header of tar
	for name, at := range map[string]int{
		"a picture": pictures + 20, "the rows": after("rows.jsonl.gz") + 200, "the list": after("files.jsonl.gz") + 40,
		"the manifest": bytes.Index(data, []byte("taken_at")) + 14,
	} {
		changed := bytes.Clone(data)
		changed[at] ^= 0x01
		check("a changed byte in "+name, changed)
	}
	for range 20 {
		check("a missing end", data[:rand.IntN(len(data)-3000)])
	}
}

func eachPictureOnce(t *testing.T, w furnished) {
	root := t.TempDir()
	write := func() {
		t.Helper()
		w.Clock.Advance(1e9)
		if _, err := backup.Write(t.Context(), w.installation(), root, "test", nil); err != nil {
			t.Fatal(err)
		}
	}
	write()
	files := func() (n int) {
		_ = filepath.WalkDir(filepath.Join(root, "files"), func(_ string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				n++
			}
			return err
		})
		return n
	}
	before := files()
	list, _, err := w.Generations.List(t.Context(), w.users[0], generation.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Generations.Delete(t.Context(), w.users[0], list[0].ID); err != nil {
		t.Fatal(err)
	}
	gone := 3 * len(list[0].Images)
	w.Upload(w.users[0], asset.ForPicture, painting(50, 30, 3))
	write()
	if n := files(); n != before+3 {
		t.Errorf("the second backup made %d files of %d, want 3 more: the new upload's", n, before)
	}
	for _, moment := range entries(t, filepath.Join(root, "backups")) {
		if _, err := backup.Verify(t.Context(), moment, nil); err != nil {
			t.Errorf("%s: %v", moment, err)
		}
	}
	if n, err := backup.Prune(root, 1); n != 1 || err != nil {
		t.Fatalf("%d backups were removed, %v", n, err)
	}
	if n := files(); n != before+3-gone {
		t.Errorf("%d files are left, want %d: without those of the picture that was deleted", n, before+3-gone)
	}
	if _, err := backup.Verify(t.Context(), root, nil); err != nil {
		t.Error(err)
	}
	if n, err := backup.Prune(root, 1); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

var errCut = errors.New("cut off")

// Cut off at any statement, the same call goes on and ends with the same rows; meanwhile nobody can use the database.
func TestMove_GoesOnWhereItWasCutOff(t *testing.T) {
	w := furnish(t, apptest.SQLite(t), 6)
	changedIsRefused(t, w)
	want := content(t, w.installation())
	ref, storage := apptest.EmptyPostgres(t), t.TempDir()
	to := empty(t, w, ref, storage)
	survey, err := backup.Look(t.Context(), w.installation(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cuts := 0
	for {
		left := rand.IntN(12) + 2*cuts*cuts // comparing in the end takes some hundred statements at once
		to.DB.Disturb(func(string) error {
			if left--; left < 0 {
				return errCut
			}
			return nil
		})
		_, err := backup.Move(t.Context(), w.installation(), to, survey, nil)
		to.DB.Disturb(nil)
		if err == nil {
			break
		}
		if !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		if _, begun, _ := to.DB.Transferred(t.Context(), ""); begun {
			if err := to.DB.Migrate(t.Context()); !errors.Is(err, db.ErrUnfinished) {
				t.Fatalf("a database that is half there can be used: %v", err)
			}
		}
		cuts++
	}
	if cuts < 3 {
		t.Errorf("it was cut off %d times only", cuts)
	}
	sameRows(t, want, content(t, to))
	if arrived, err := survey.Arrived(t.Context(), to.DB); !arrived || err != nil {
		t.Errorf("it has arrived: %v, %v", arrived, err)
	}
	back := open(t, ref, storage)
	if n := checkPictures(t, back, w.users); n != 9 {
		t.Errorf("%d pictures have moved, want 9", n)
	}
	sameRows(t, want, content(t, w.installation())) // the source is as it was
}

// changedIsRefused begins a move, changes the source, and sees that it does not go on.
func changedIsRefused(t *testing.T, w furnished) {
	t.Helper()
	to := empty(t, w, apptest.EmptyPostgres(t), t.TempDir())
	survey, err := backup.Look(t.Context(), w.installation(), nil)
	if err != nil {
		t.Fatal(err)
	}
	to.DB.Disturb(func(s string) error {
		if strings.Contains(s, `"generation"`) {
			return errCut
		}
		return nil
	})
	if _, err := backup.Move(t.Context(), w.installation(), to, survey, nil); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	to.DB.Disturb(nil)
	w.User("free")
	changed, err := backup.Look(t.Context(), w.installation(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Move(t.Context(), w.installation(), to, changed, nil); !errors.Is(err, db.ErrUnfinished) {
		t.Fatalf("a changed source went on: %v", err)
	}
	if err := to.DB.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if tables, err := to.DB.Tables(t.Context(), to.DB); err != nil || len(tables) != 0 {
		t.Errorf("cleared, it still has %v, %v", tables, err)
	}
}

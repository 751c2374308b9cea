package app_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/db"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/plan"
)

// nothing is done between two looks at what has ended.
func nothing() {}

// TestFault_ConnectionsCutInTheMiddle cuts connections to PostgreSQL at random messages, most often at a commit: before
// it arrives, or before its answer does.
func TestFault_ConnectionsCutInTheMiddle(t *testing.T) {
	w, ref := newWire(t, apptest.Postgres(t))
	one := apptest.New(t, ref, live(s3(t)))
	cuts, commits, want := atomic.Int64{}, atomic.Int64{}, int64(times(25, 1000))
	kept := want * 2 / 5 // for commits, so that the others do not use up all of them
	one.Run()
	p := newPress(t, times(8, 250), 60*time.Millisecond, one)
	w.when(func(message byte, commit bool) cut {
		odds, most := 150, want-kept
		if commit {
			odds, most = 4, want
		}
		if cuts.Load() >= most || rand.IntN(odds) != 0 {
			return pass
		}
		cuts.Add(1)
		if commit {
			commits.Add(1)
		}
		if (commit || message == 'Q' || message == 'S') && rand.IntN(2) == 0 { // what has an answer
			return cutAfter
		}
		return cutBefore
	})
	for p.busy() {
		time.Sleep(10 * time.Millisecond)
	}
	w.when(nil)
	if cuts.Load() < want/4 || commits.Load() == 0 {
		t.Errorf("only %d connections were cut, %d at a commit", cuts.Load(), commits.Load())
	}
	p.checkExact(nothing)
	t.Logf("%d connections were cut, %d of them at a commit", cuts.Load(), commits.Load())
}

// TestFault_ACommitWhoseAnswerIsLost: the caller hears of an error, and the same key finds what was committed.
func TestFault_ACommitWhoseAnswerIsLost(t *testing.T) {
	w, ref := newWire(t, apptest.Postgres(t))
	one := apptest.New(t, ref)
	user := one.User(plan.Free)
	for _, c := range []cut{cutBefore, cutAfter} {
		w.when(func(message byte, commit bool) cut {
			if commit {
				return c
			}
			return pass
		})
		request := generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox"}, IdempotencyKey: string(rune('a' + c))}
		_, err := one.Generations.Submit(t.Context(), user, request)
		if db.Trouble(err) == "" {
			t.Fatalf("without an answer to the commit: %v", err)
		}
		w.when(nil)
		open := 0
		count := func() {
			if err := one.DB.QueryRow(t.Context(), "SELECT COUNT(*) FROM generation").Scan(&open); err != nil {
				t.Fatal(err)
			}
		}
		count()
		before := open
		if _, err := one.Generations.Submit(t.Context(), user, request); err != nil {
			t.Fatal(err)
		}
		if count(); c == cutAfter && open != before || c == cutBefore && open != before+1 {
			t.Errorf("cut %d: %d generations before the second try, %d after it", c, before, open)
		}
	}
	one.Verify()
}

// TestFault_TheDatabaseIsKilledAndRestarted does that under load, as a power cut would and in order.
func TestFault_TheDatabaseIsKilledAndRestarted(t *testing.T) {
	c := apptest.NewCluster(t)
	store := s3(t)
	ref := c.URL()
	one := apptest.New(t, ref, live(store))
	two := apptest.New(t, ref, live(store))
	one.Run()
	two.Run()
	p := newPress(t, times(8, 200), 200*time.Millisecond, one, two)
	for range times(1, 50) {
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
		c.Kill()
		c.Start()
		p.more()
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
		c.Restart()
		p.more()
	}
	p.checkExact(nothing)
}

// TestFault_TheDiskIsFull: it is full for a while, as far as the database can tell: what was accepted ends when there is room again.
func TestFault_TheDiskIsFull(t *testing.T) {
	one := apptest.New(t, apptest.SQLite(t), live(""))
	one.Run()
	pages := func(statement string) {
		err := one.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), statement)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p := newPress(t, times(6, 200), 50*time.Millisecond, one)
	refused := false
	for range times(2, 40) {
		time.Sleep(time.Duration(50+rand.IntN(100)) * time.Millisecond)
		pages("PRAGMA max_page_count = 1") // SQLite takes the present size when that is more
		for deadline := time.Now().Add(10 * time.Second); !refused && time.Now().Before(deadline); {
			err := one.DB.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), "INSERT INTO secret (name, value) VALUES ($1, $2)", "big", string(make([]byte, 1<<20)))
				return err
			})
			refused = db.Trouble(err) == "the disk is full"
		}
		time.Sleep(100 * time.Millisecond)
		pages("PRAGMA max_page_count = 4294967294")
	}
	if !refused {
		t.Error("the disk was never full")
	}
	p.checkExact(nothing)
}

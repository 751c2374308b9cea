package app_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"testing"
	"time"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/asset"
	"bottega/internal/disk"
	"bottega/internal/fault"
	"bottega/internal/generation"
	imagekind "bottega/internal/generation/kind/image"
	"bottega/internal/ledger"
	"bottega/internal/plan"
)

// submit asks for a picture with a key, and may be refused.
func submit(t *testing.T, w *apptest.World, actor access.Actor, key string) (*generation.Generation, error) {
	t.Helper()
	return w.Generations.Submit(t.Context(), actor, generation.SubmitRequest{Kind: "image", Input: &imagekind.Request{Prompt: "a fox"}, IdempotencyKey: key})
}

// Who keeps as much as the plan allows is refused before anything is charged; what was accepted before is found again,
// deleting makes room, and other plans do not notice.
func TestKeeping_AQuotaRefusesAtSubmission(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) { c.Keeping.Quota = map[string]int64{plan.Free: 10} })
		w.Run()
		ada, other := w.User(plan.Free), w.User("artisan")
		first, err := submit(t, w, ada, "one")
		if err != nil {
			t.Fatal(err)
		}
		w.WaitState(ada, first.ID, generation.Complete)
		before := w.Available(ada)
		var small bytes.Buffer
		if err := png.Encode(&small, image.NewNRGBA(image.Rect(0, 0, 8, 8))); err != nil {
			t.Fatal(err)
		}
		_, err = submit(t, w, ada, "two")
		if f := fault.As(err); !errors.Is(err, asset.ErrQuota) || f.Kind != fault.Conflict || f.Details["allowed_bytes"] != int64(10) {
			t.Fatalf("over the quota: %v", err)
		}
		if again, err := submit(t, w, ada, "one"); err != nil || again.ID != first.ID {
			t.Errorf("the same key gave %v, %v", again, err)
		}
		if _, err := w.Uploads.Add(t.Context(), ada, asset.ForPicture, "file", small.Bytes()); !errors.Is(err, asset.ErrQuota) {
			t.Errorf("an upload over the quota: %v", err)
		}
		if after := w.Available(ada); after != before {
			t.Errorf("refused work cost %d tokens", before-after)
		}
		g, err := submit(t, w, other, "three")
		if err != nil {
			t.Fatalf("another plan: %v", err)
		}
		w.WaitState(other, g.ID, generation.Complete)
		if err := w.Generations.Delete(t.Context(), ada, first.ID); err != nil {
			t.Fatal(err)
		}
		if g, err = submit(t, w, ada, "four"); err != nil {
			t.Fatalf("with room again: %v", err)
		}
		w.WaitState(ada, g.ID, generation.Complete)
		w.Verify()
	})
}

func TestKeeping_ADiskThatIsNearlyFullTakesNothingNew(t *testing.T) {
	room := disk.Room{Free: 99, Total: 1000}
	w := apptest.New(t, apptest.SQLite(t), func(c *app.Config) {
		c.Keeping = app.Keeping{MinFree: 100, Room: func(string) (disk.Room, error) { return room, nil }}
	})
	user := w.User("artisan")
	_, err := submit(t, w, user, "one")
	if f := fault.As(err); !errors.Is(err, asset.ErrLittleRoom) || f.Kind != fault.Unavailable || f.RetryAfter == 0 {
		t.Fatalf("with little room: %v", err)
	}
	room.Free = 100
	if _, err := submit(t, w, user, "one"); err != nil {
		t.Fatalf("with room again: %v", err)
	}
}

// What the free plan made goes when its days are over; what a paid plan made stays, and for as many days again after it.
func TestKeeping_FreePicturesGoWhenTheirDaysAreOver(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) { c.Keeping.FreeDays = 30 })
		stop := w.Run()
		free, paid, fallen := w.User(plan.Free), w.User("artisan"), w.User("artisan")
		ids := map[string]string{}
		for _, u := range []access.Actor{free, paid, fallen} {
			g := w.Submit(u, "a fox", 1)
			w.WaitState(u, g.ID, generation.Complete)
			ids[u.AccountID] = g.ID
		}
		stop()
		there := func(u access.Actor) bool {
			_, err := w.Generations.Get(t.Context(), u, ids[u.AccountID])
			if err != nil && !errors.Is(err, generation.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		check := func(after string, want [3]bool) {
			t.Helper()
			if err := w.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := [3]bool{there(free), there(paid), there(fallen)}; got != want {
				t.Errorf("after %s there are %v, want %v (free, paid, fallen to free)", after, got, want)
			}
		}
		w.Clock.Advance(29 * 24 * time.Hour)
		check("29 days", [3]bool{true, true, true})
		_, err := w.Plans.Change(t.Context(), fallen.AccountID, func(now time.Time, s plan.Subscription, _ *ledger.Wallet) (plan.Subscription, error) {
			return s.Put(now, plan.Free)
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(2 * 24 * time.Hour)
		check("31 days", [3]bool{false, true, true})
		w.Clock.Advance(30 * 24 * time.Hour)
		check("61 days", [3]bool{false, true, false})
		w.Verify()
	})
}

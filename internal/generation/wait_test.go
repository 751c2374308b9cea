package generation_test

import (
	"strings"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
)

func TestWait_IsSaidInPlainUnits(t *testing.T) {
	for _, c := range []struct {
		from, to time.Duration
		want     string
	}{
		{5 * time.Second, 5 * time.Second, "5 s"},
		{5 * time.Second, 10 * time.Second, "5 to 10 s"},
		{30 * time.Second, 2 * time.Minute, "30 s to 2 min"},
		{2 * time.Minute, 4 * time.Minute, "2 to 4 min"},
		{50 * time.Minute, 2 * time.Hour, "50 min to 2 h"},
	} {
		if got := (generation.Wait{From: c.from, To: c.to}).String(); got != c.want {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// The relaxed way says how long it takes once pictures were made here, and longer while more is in the line.
func TestOffer_SaysHowLongRelaxedTakes(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref, func(c *app.Config) { c.Grace = 100 * time.Millisecond })
		user := w.User("artisan")
		count := 4
		relaxed := func() generation.Alternative {
			t.Helper()
			o, err := w.Generations.Offer(t.Context(), user, generation.SubmitRequest{Kind: "image", Input: &image.Request{Prompt: "a fox", Count: &count}})
			if err != nil {
				t.Fatal(err)
			}
			last := o.Alternatives[len(o.Alternatives)-1]
			if last.Name != "relaxed" {
				t.Fatalf("alternatives are %+v", o.Alternatives)
			}
			return last
		}
		if a := relaxed(); a.Wait != nil || a.Text != "relaxed: free, when there is room" {
			t.Errorf("nothing was measured: %+v", a)
		}
		stop := w.Run()
		gate := make(chan struct{})
		w.Engine.Script(enginetest.Script{Gate: gate})
		g := w.Submit(user, "a fox", 4)
		w.WaitState(user, g.ID, generation.Running)
		w.Clock.Advance(8 * time.Second)
		close(gate)
		w.WaitState(user, g.ID, generation.Complete)
		w.Clock.Advance(2 * time.Second)
		first := relaxed()
		if first.Wait == nil || !strings.HasPrefix(first.Text, "relaxed: free, about ") || first.Wait.From > 8*time.Second || first.Wait.To < 16*time.Second {
			t.Fatalf("a picture takes 8 s: %+v, %+v", first, first.Wait)
		}
		w.Engine.Script(enginetest.Script{Gate: make(chan struct{})}) // what runs now does not end
		for range 5 {
			_, err := w.Generations.Submit(t.Context(), user, generation.SubmitRequest{
				Kind: "image", Input: &image.Request{Prompt: "more", Count: &count}, Lane: generation.Relaxed,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.Clock.Advance(2 * time.Second)
		if later := relaxed(); later.Wait == nil || later.Wait.From <= first.Wait.From {
			t.Errorf("behind five of one's own: %+v, alone %+v", later.Wait, first.Wait)
		}
		stop()
		w.Clock.Advance(2 * time.Second)
		if a := relaxed(); a.Wait != nil {
			t.Errorf("nobody works any more, and it takes %+v", a.Wait)
		}
	})
}

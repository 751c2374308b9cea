package generation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/token"
)

func TestPace_IsTheMedianAndNeedsMeasurements(t *testing.T) {
	took := func(seconds ...int) (out []generation.Measured) {
		for _, s := range seconds {
			out = append(out, generation.Measured{Took: time.Duration(s) * time.Second, Weight: token.Whole(2)})
		}
		return out
	}
	for _, c := range []struct {
		name     string
		measured []generation.Measured
		want     time.Duration // 0 = not known
	}{
		{"nothing", nil, 0},
		{"two are too few", took(4, 4), 0},
		{"three", took(4, 6, 8), 3 * time.Second},
		{"one that hung does not count", took(4, 4, 4, 9000), 2 * time.Second},
		{"what took no time or cost nothing says nothing", append(took(0, 0, 4, 4), generation.Measured{Took: time.Hour}), 0},
	} {
		got, ok := generation.Pace(c.measured)
		if got != c.want || ok != (c.want > 0) {
			t.Errorf("%s: %s, %v, want %s", c.name, got, ok, c.want)
		}
	}
}

func TestEstimateWait_IsARoundedRange(t *testing.T) {
	for _, c := range []struct {
		perToken time.Duration
		ahead    generation.Ahead
		want     string
	}{
		{time.Second, generation.Ahead{Own: token.Whole(4), Slots: 1}, "5 to 10 s"},
		{time.Millisecond, generation.Ahead{Own: token.Whole(4), Slots: 1}, "5 s"},
		{time.Second, generation.Ahead{Own: token.Whole(4), Line: token.Whole(116), Slots: 1}, "2 to 4 min"},
		{time.Second, generation.Ahead{Own: token.Whole(4), Line: token.Whole(116), Slots: 4}, "30 s to 2 min"},
		{time.Second, generation.Ahead{Own: token.Whole(4), Line: token.Whole(116), Mine: token.Whole(116), Slots: 4}, "2 to 4 min"},
		{time.Minute, generation.Ahead{Own: token.Whole(4), Line: token.Whole(116), Slots: 1}, "2 to 4 h"},
		{time.Hour, generation.Ahead{Own: token.Max, Line: token.Max, Slots: 1}, "336 to 672 h"},
		{time.Second, generation.Ahead{Own: token.Whole(50), Slots: 0}, "50 s to 2 min"},
	} {
		if got := generation.EstimateWait(c.perToken, c.ahead).String(); got != c.want {
			t.Errorf("%s a token, %+v: %s, want %s", c.perToken, c.ahead, got, c.want)
		}
	}
}

// The relaxed way says how long it takes once pictures were made here, and longer while more is in the line.
func TestOffer_SaysHowLongRelaxedTakes(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
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
		for i := range 3 {
			gate := make(chan struct{})
			w.Engine.Script(enginetest.Script{Gate: gate})
			g := w.Submit(user, fmt.Sprint("fox ", i), 4)
			w.WaitState(user, g.ID, generation.Running)
			w.Clock.Advance(8 * time.Second)
			close(gate)
			w.WaitState(user, g.ID, generation.Complete)
		}
		stop()
		w.Clock.Advance(time.Minute)
		first := relaxed()
		if first.Wait == nil || !strings.HasPrefix(first.Text, "relaxed: free, about ") || first.Wait.From > 8*time.Second || first.Wait.To < 16*time.Second {
			t.Fatalf("a picture takes 8 s: %+v, %+v", first, first.Wait)
		}
		for range 5 {
			w.Submit(user, "more", 8)
		}
		w.Clock.Advance(time.Minute)
		if later := relaxed(); later.Wait == nil || later.Wait.From <= first.Wait.From {
			t.Errorf("behind five others: %+v, alone %+v", later.Wait, first.Wait)
		}
	})
}

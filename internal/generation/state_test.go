package generation

import (
	"testing"

	"pgregory.net/rapid"
)

// TestNext_RandomWalks: whatever happens in whatever order, a generation ends at most once and never comes back.
func TestNext_RandomWalks(t *testing.T) {
	events := []Event{EventStart, EventReturn, EventSucceed, EventFail, EventCancel}
	rapid.Check(t, func(t *rapid.T) {
		s, endings := Waiting, 0
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			before := s
			e := rapid.SampledFrom(events).Draw(t, "event")
			next, err := Next(s, e)
			switch {
			case before.Final() && err == nil:
				t.Fatalf("%s accepted %s", before, e)
			case err != nil && next != before:
				t.Fatalf("%s refused %s and became %s", before, e, next)
			case next == Complete && before != Running && !before.Final():
				t.Fatalf("%s became complete without running", before)
			}
			if next.Final() && !before.Final() {
				endings++
			}
			s = next
		}
		if endings > 1 {
			t.Fatalf("it ended %d times", endings)
		}
	})
}

func TestNext_EveryOpenStateCanEnd(t *testing.T) {
	for _, s := range []State{Waiting, Running} {
		for _, e := range []Event{EventFail, EventCancel} {
			if next, err := Next(s, e); err != nil || !next.Final() {
				t.Errorf("%s cannot %s: %v", s, e, err)
			}
		}
	}
}

package queue

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestBreaker_OpensAfterFailuresInARowAndForLongerEachTime(t *testing.T) {
	var b breaker
	for n := range failuresOpen - 1 {
		if b.fail("t", noon) || b.room(noon) != roomAny {
			t.Fatalf("open after %d failures", n+1)
		}
	}
	if b.worked() {
		t.Fatal("it was not open")
	}
	for n := range failuresOpen {
		if opened := b.fail("t", noon); opened != (n == failuresOpen-1) {
			t.Fatalf("failure %d after one that worked: opened %v", n+1, opened)
		}
	}
	now, want := noon, openFirst
	for range 10 {
		if b.room(now) != roomNone || b.room(now.Add(want-time.Microsecond)) != roomNone {
			t.Fatalf("it lets something start before %s", want)
		}
		now = now.Add(want)
		if b.room(now) != roomOne {
			t.Fatalf("after %s nothing may try", want)
		}
		b.trial = "trial"
		if b.room(now) != roomNone {
			t.Fatal("a second ticket may start beside the one that tries")
		}
		if b.fail("one that ran before", now) {
			t.Fatal("an older run opened it for longer")
		}
		if !b.fail("trial", now) {
			t.Fatal("the failed trial did not open it again")
		}
		want = min(2*want, openMost)
	}
	if want != openMost {
		t.Fatalf("it is open for %s after ten trials, want %s", want, openMost)
	}
	if !b.worked() || b.room(now) != roomAny {
		t.Fatal("a run that went well did not close it")
	}
}

func TestBreaker_AClockThatGoesBackDoesNotKeepItOpen(t *testing.T) {
	var b breaker
	for range failuresOpen {
		b.fail("t", noon.Add(time.Hour))
	}
	if b.room(noon) != roomOne {
		t.Fatal("an hour back, nothing may try")
	}
}

// What was chosen before the breaker opened and begins after is no trial: when it fails too, nothing is open for longer.
func TestBreaker_WhatWasChosenBeforeItOpenedTriesNothing(t *testing.T) {
	all := newBreakers(slog.New(slog.NewTextHandler(io.Discard, nil)))
	for n := range failuresOpen {
		all.fail(Ticket{ID: string(rune('a' + n)), Needs: "e"}, noon, errors.New("away"))
	}
	late := Ticket{ID: "late", Needs: "e"}
	all.begin(late, noon)
	if all.fail(late, noon, errors.New("away")) || all.get("e").open != openFirst || all.get("e").opened != 1 {
		t.Errorf("the breaker is %+v", all.get("e"))
	}
	all.end(late)
	all.begin(late, noon.Add(openFirst))
	if !all.fail(late, noon.Add(openFirst), errors.New("away")) || all.get("e").open != 2*openFirst {
		t.Errorf("after a trial that failed it is %+v", all.get("e"))
	}
}

// However runs end, there is never a second trial beside the first, and a run that goes well always closes.
func TestBreaker_OneTrialAtATime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := newBreakers(slog.New(slog.NewTextHandler(io.Discard, nil)))
		now := noon
		running := map[string]bool{} // id → began while it was open
		for n := range 200 {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				now = now.Add(time.Duration(rapid.IntRange(-10, 60).Draw(t, "seconds")) * time.Second)
			case 1, 2:
				ready, trying := all.ready([]string{"e"}, now)
				if len(ready) == 0 {
					break
				}
				trials := 0
				for _, open := range running {
					if open {
						trials++
					}
				}
				if trying["e"] && trials > 0 {
					t.Fatal("a second trial may start")
				}
				id := string(rune('a'+n%26)) + string(rune('0'+n/26))
				running[id] = trying["e"]
				all.begin(Ticket{ID: id, Needs: "e"}, now)
			default:
				for id, trial := range running {
					ticket := Ticket{ID: id, Needs: "e"}
					switch rapid.IntRange(0, 2).Draw(t, "how") {
					case 0:
						all.worked(ticket)
						if got, _ := all.ready([]string{"e"}, now); len(got) != 1 || all.get("e").open != 0 {
							t.Fatal("a run went well and the engine is not ready")
						}
						for other := range running {
							running[other] = false // closed: what runs is no trial any more
						}
					case 1:
						if opened := all.fail(ticket, now, errors.New("away")); trial && all.get("e").trial != "" {
							t.Fatalf("a failed trial is still one (opened %v)", opened)
						}
					}
					all.end(ticket)
					delete(running, id)
					break
				}
			}
		}
	})
}

func TestBackoff_GrowsAndIsBounded(t *testing.T) {
	for attempt, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 4 * time.Second, 3: 16 * time.Second, 4: time.Minute, 400: time.Minute} {
		if got := backoff(attempt); got != want {
			t.Errorf("after attempt %d: %s, want %s", attempt, got, want)
		}
	}
}

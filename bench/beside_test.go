package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bottega/internal/clock"
)

func TestInvokeEnd_OnlyWhatIsComplete(t *testing.T) {
	for _, c := range []struct{ message, id string }{
		{`42["queue_item_status_changed",{"item_id":7,"status":"completed","batch_id":"b"}]`, "7"},
		{`42["queue_item_status_changed",{"item_id":7,"status":"in_progress"}]`, ""},
		{`42["queue_item_status_changed",{"item_id":7,"status":"canceled"}]`, ""},
		{`42["invocation_complete",{"item_id":7,"status":"completed"}]`, ""},
		{`42["queue_item_status_changed"]`, ""},
		{`42{"item_id":7}`, ""},
		{`40{"sid":"s"}`, ""},
		{`2`, ""},
		{``, ""},
	} {
		if id, ok := invokeEnd([]byte(c.message)); id != c.id || ok != (c.id != "") {
			t.Errorf("%s tells the end of %q (%t), want %q", c.message, id, ok, c.id)
		}
	}
}

func TestRestarted_CountsWhatWasAccepted(t *testing.T) {
	var r restarted
	r.count([]string{"a", "b", "c", "d", "e", "f"}, map[string]outcome{
		"a": {"complete", 1}, "b": {"complete", 2}, "c": {"complete", 0}, "d": {"canceled", 1}, "e": {"canceled", 0}, "other": {"complete", 1},
	})
	want := map[string]int{"complete with 2 pictures": 1, "complete with 0 pictures": 1, "canceled": 2, "lost": 1}
	if r.once != 1 || !maps.Equal(r.others, want) {
		t.Errorf("counted %d once and %v, want 1 and %v", r.once, r.others, want)
	}
}

// stubborn is a studio that starts only after so many starts.
type stubborn struct {
	scripted
	starts, want, kills int
}

func (s *stubborn) start(context.Context) error {
	if s.starts++; s.starts < s.want {
		return fmt.Errorf("%w; its last words: no", errEnded)
	}
	return nil
}

func (s *stubborn) kill() error {
	s.kills++
	return nil
}

func TestRestarted_StartsWhatEndedAgain(t *testing.T) {
	var r restarted
	s := &stubborn{want: 4}
	if err := r.startAgain(t.Context(), s); err != nil || s.starts != 4 || s.kills != 3 || r.failed != 3 {
		t.Errorf("%d starts, %d kills, %d counted (%v), want 4, 3, 3", s.starts, s.kills, r.failed, err)
	}
	s = &stubborn{want: 100}
	if err := r.startAgain(t.Context(), s); !errors.Is(err, errEnded) || s.starts != 10 {
		t.Errorf("a studio that never starts was started %d times and gave %v", s.starts, err)
	}
}

// scripted is a studio whose generations are all over after so many looks.
type scripted struct {
	looks, submitted int
	failed           bool
	deaf             bool // its stream of events ends at once
}

func (*scripted) start(context.Context) error { return nil }
func (*scripted) kill() error                 { return nil }

func (s *scripted) submit(context.Context, int) (string, error) {
	s.submitted++
	return strconv.Itoa(s.submitted), nil
}

func (s *scripted) left(context.Context) (int, error) {
	s.looks--
	return max(0, s.looks), nil
}

func (s *scripted) outcomes(context.Context) (map[string]outcome, error) {
	all := map[string]outcome{}
	for i := range s.submitted {
		all[strconv.Itoa(i+1)] = outcome{state: "complete"}
	}
	if s.failed {
		all["1"] = outcome{state: "failed"}
	}
	return all, nil
}

func (s *scripted) pictures(context.Context) (int, error) { return 0, nil }

func (s *scripted) ends(context.Context) (<-chan ended, error) {
	out := make(chan ended, 10)
	if s.deaf {
		close(out)
		return out, nil
	}
	for i := range 3 {
		out <- ended{strconv.Itoa(i + 1), (clock.System{}).Now().Add(time.Duration(3-i) * time.Hour)}
	}
	return out, nil
}

func TestBeside_AMeasurementWithAFailureIsNone(t *testing.T) {
	ctx := t.Context()
	if err := allComplete(ctx, &scripted{submitted: 3}, 3); err != nil {
		t.Error(err)
	}
	if err := allComplete(ctx, &scripted{submitted: 3, failed: true}, 3); err == nil || !strings.Contains(err.Error(), "ended as failed") {
		t.Errorf("of a failed generation the measurement says %v", err)
	}
	if err := allComplete(ctx, &scripted{submitted: 2}, 3); err == nil {
		t.Error("a lost generation is not noticed")
	}
}

func TestBeside_WaitsUntilFewAreLeft(t *testing.T) {
	s := &scripted{looks: 5}
	if err := fewerThan(t.Context(), s, 3); err != nil || s.looks != 2 {
		t.Errorf("after %v %d are left, want 2", err, s.looks)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := empty(ctx, &scripted{looks: 1 << 30}); !errors.Is(err, context.Canceled) {
		t.Errorf("a studio that never ends gives %v", err)
	}
}

func TestBeside_IdleTimesEndWithTheNews(t *testing.T) {
	took, err := idleTimes(t.Context(), &scripted{}, 3)
	if err != nil || len(took) != 3 || took[0] > time.Hour || took[2] < 2*time.Hour {
		t.Errorf("three generations took %v (%v), want about 1, 2 and 3 hours", took, err)
	}
	if _, err := idleTimes(t.Context(), &scripted{deaf: true}, 1); err == nil {
		t.Error("a stream that ends without the news is not noticed")
	}
}

func TestBeside_InvokeAIThatIsNotThere(t *testing.T) {
	o := options{Dir: t.TempDir(), InvokeAI: filepath.Join(t.TempDir(), "invokeai-web")}
	for _, run := range []func() (studio, error){newInvokeAI(o, invokeNothing), newInvokeAI(o, invokeBlank)} {
		if _, err := run(); err == nil || !strings.Contains(err.Error(), "make bench-invokeai") {
			t.Errorf("it says %v, want what installs it", err)
		}
	}
}

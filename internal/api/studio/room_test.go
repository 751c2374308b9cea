package studio_test

import (
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/engine/enginetest"
)

// With a measured pace, who is at a bound is told when their own work makes room.
func TestLimits_SayWhenThereIsRoom(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	s.Run()
	gate, next := make(chan struct{}), make(chan struct{})
	s.Engine.Script(enginetest.Script{Gate: gate})
	eve, ada := s.member("eve@example.com"), s.member("ada@example.com")
	small := map[string]any{"prompt": "a fox"}
	measured := eve.must(200, "POST", "/generations", small).text("id")
	eve.waitState(measured, "running")
	s.Clock.Advance(13 * time.Second) // within the lease
	close(gate)
	eve.waitState(measured, "complete")
	s.Clock.Advance(2 * time.Second)
	s.Engine.Script(enginetest.Script{Gate: next})
	running := ada.must(200, "POST", "/generations", small).text("id")
	ada.waitState(running, "running")
	for range 5 {
		ada.must(200, "POST", "/generations", small)
	}
	s.Clock.Advance(6 * time.Second)
	a := ada.call("POST", "/generations", small)
	ada.refused(a, 429, "queue_full")
	if got := a.header.Get("Retry-After"); got != "7" {
		t.Errorf("6 of 13 seconds have gone and Retry-After is %q, want 7", got)
	}
	close(next)
}

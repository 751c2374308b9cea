package queue

import (
	"testing"
	"time"

	"bottega/internal/token"
)

// A lane of one slot, on which one account has a long line and others come back as soon as their work has ended: in
// line stands only the flood and what of the others waits just then.
func TestForecast_CountsThoseWhoComeBack(t *testing.T) {
	const others, each = 10, 5 * time.Second // of a ticket of one token
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	p := &past{}
	m := &machine{lanes: map[string]*lane{LaneFast: {}}}
	flood := token.Whole(200)
	tell := func() Wait {
		f := &Forecast{
			at: at, slots: 1, works: map[string]bool{"e": true}, typical: time.Duration(perTokens) * each, lanes: p.goings(m), lessons: p.lessons(),
			running: []time.Duration{each}, ahead: map[string][]standing{}, shares: map[string][]Share{}, paces: map[modelKey]time.Duration{},
		}
		// The last of the flood: all of it is before it, and nothing else.
		start := m.lanes[LaneFast].Now + int64(flood)
		return f.Place(Ticket{ID: "last", Share: "flood", Lane: LaneFast, Weight: token.Whole(1), Start: start, Needs: "e"}, 200, flood).Wait
	}
	alone := 201 * each
	if w := tell(); w.At.Sub(at) != alone {
		t.Errorf("with nothing seen yet it starts in %s, want %s: the work that is in line", w.At.Sub(at), alone)
	}
	for range 30 { // rounds: one of the flood, one of each of the others
		p.speeds.see(at, LaneFast, m.lanes[LaneFast].Now, true)
		at = at.Add((others + 1) * each)
		m.lanes[LaneFast].Now += int64(token.Whole(1))
		flood -= token.Whole(1)
	}
	p.speeds.see(at, LaneFast, m.lanes[LaneFast].Now, true)
	want := time.Duration(flood/token.Whole(1)) * (others + 1) * each
	if got := tell().At.Sub(at); got < want*98/100 || got > want*102/100 {
		t.Errorf("beside ten who come back it starts in %s, want %s", got, want)
	}
}

func TestLaneSpeeds_OnlyWhatWaitsIsMeasured(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	s := &laneSpeeds{}
	look := func(after time.Duration, now int64, waits bool) {
		at = at.Add(after)
		s.see(at, LaneFast, now, waits)
	}
	for i := range int64(9) {
		look(time.Second, i*10, true)
	}
	if got := s.of(LaneFast); got != 0 {
		t.Errorf("after 8 steps the speed is %v, want none yet", got)
	}
	for i := range int64(300) {
		look(time.Second, (9+i)*10, true)
	}
	near := func(want float64) {
		t.Helper()
		if got := s.of(LaneFast); got < 0.99*want || got > 1.01*want {
			t.Errorf("the speed is %v, want %v", got, want)
		}
	}
	near(10)
	look(time.Second, 3080, false) // nothing waits: what is between does not count
	look(30*time.Second, 3080, false)
	look(30*time.Second, 3080, true)
	near(10)
	look(time.Hour, 1e9, true) // nobody looked
	near(10)
	for i := range int64(3600) { // and then it goes twice as fast, for longer than is remembered
		look(time.Second, 1e9+20*(i+1), true)
	}
	near(20)
	if got := s.of(LaneRelaxed); got != 0 {
		t.Errorf("a lane that was never seen has speed %v", got)
	}
}

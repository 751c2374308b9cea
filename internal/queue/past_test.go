package queue

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// told is a ticket that was promised a start after so much work ahead.
func told(id string, at time.Time, work time.Duration, r ratios) Ticket {
	after := func(ratio float64) time.Time { return at.Add(time.Duration(float64(work) * ratio)) }
	return Ticket{ID: id, QueuedAt: at, Attempt: 1, Expected: Wait{At: after(r.middle), Low: after(r.low), High: after(r.high), Work: work}}
}

func TestPast_LearnsWhatWaitsAreWrongBy(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	p := &past{}
	for i := range 400 { // short waits are right, those of half an hour take four to six times as long
		p.note(told(fmt.Sprint("short", i), at, 30*time.Second, usual), at.Add(time.Duration(28+i%5)*time.Second))
		p.note(told(fmt.Sprint("long", i), at, 30*time.Minute, usual), at.Add(time.Duration(120+i%61)*time.Minute))
	}
	l := p.lessons()
	if r := l.of(30 * time.Second); r.middle < 0.9 || r.middle > 1.1 || r.high > 1.45 {
		t.Errorf("short waits are multiplied with %v, want about 1", r)
	}
	if r := l.of(30 * time.Minute); r.middle < 4.5 || r.middle > 5.5 || r.low > 4.2 || r.low < 2.7 || r.high < 6 || r.high > 7.9 {
		t.Errorf("long waits are multiplied with %v, want 5 between a little less than 4 and a little more than 6", r)
	}
	if r := l.of(5 * time.Hour); r != usual {
		t.Errorf("waits of hours are multiplied with %v; nothing was learned about them", r)
	}
	untaught, taught := &past{}, &past{}
	for i := range 400 {
		started := at.Add(time.Duration(120+i%61) * time.Minute)
		untaught.note(told(fmt.Sprint("long", i), at, 30*time.Minute, usual), started)
		taught.note(told(fmt.Sprint("long", i), at, 30*time.Minute, l.of(30*time.Minute)), started)
	}
	was, is := untaught.accuracy(), taught.accuracy()
	if was.Inside > 0 || is.Inside < 0.85 || is.Error > 20*time.Minute || was.Error < 90*time.Minute {
		t.Errorf("%.2f are inside and half are off by %v (%.2f and %v before); want nine of ten", is.Inside, is.Error, was.Inside, was.Error)
	}
}

func TestPast_WaitsForAMomentTeachNothing(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	p := &past{}
	for i := range 100 {
		p.note(told(fmt.Sprint(i), at, 0, usual), at.Add(time.Minute))
	}
	if r := p.lessons().of(0); r != usual {
		t.Errorf("a wait for nothing is multiplied with %v", r)
	}
	if a := p.accuracy(); a.Foretold == 0 || a.Inside != 0 {
		t.Errorf("%+v; they were all too late", a)
	}
}

func TestPast_ARangeHoldsItsMiddle(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		p := &past{}
		for i, real := range rapid.SliceOfN(rapid.Int64Range(0, int64(100*time.Hour)), 0, 600).Draw(t, "real") {
			work := time.Duration(rapid.Int64Range(0, int64(10*time.Hour)).Draw(t, "work"))
			p.note(told(fmt.Sprint(i), at, work, usual), at.Add(time.Duration(real)))
		}
		for i, r := range p.lessons() {
			if r.low > r.middle || r.middle > r.high || r.low < 0 {
				t.Fatalf("horizon %d: %+v", i, r)
			}
		}
		if len(p.lately) > horizons*pastKept {
			t.Fatalf("%d outcomes are remembered", len(p.lately))
		}
	})
}

package studio_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bottega/internal/apptest"
	"bottega/internal/engine/enginetest"
)

// waiting submits pictures and returns their ids, the first one first.
func (v *visitor) waiting(n int) (ids []string) {
	v.t.Helper()
	for i := range n {
		ids = append(ids, v.must(200, "POST", "/generations", map[string]any{"prompt": fmt.Sprint("fox ", i)}).text("id"))
		v.site.Clock.Advance(time.Millisecond)
	}
	return ids
}

// order is the ids of what waits by their places; what has none is left out.
func (v *visitor) order(ids []string) []string {
	v.t.Helper()
	v.site.Clock.Advance(2 * time.Second) // a forecast is a second old at most
	places := map[string]int64{}
	for _, id := range ids {
		if n := v.must(200, "GET", "/generations/"+id, nil).number("position"); n > 0 {
			places[id] = n
		}
	}
	out := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return places[id] == 0 })
	slices.SortFunc(out, func(a, b string) int { return int(places[a] - places[b]) })
	for i, id := range out {
		if places[id] != int64(i+1) {
			v.t.Fatalf("places are %v, want 1 to %d", places, len(out))
		}
	}
	return out
}

func TestQueue_OwnersMoveWhatWaits(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v := s.member("ada@example.com")
		id := v.waiting(4)
		for _, c := range []struct {
			what, id, before string
			want             []string
		}{
			{"as they came", "", "", id},
			{"the last before the second", id[3], id[1], []string{id[0], id[3], id[1], id[2]}},
			{"one before all", id[2], "first", []string{id[2], id[0], id[3], id[1]}},
			{"the first once more before all", id[2], "first", []string{id[2], id[0], id[3], id[1]}},
			{"the first behind all", id[2], "", []string{id[0], id[3], id[1], id[2]}},
		} {
			if c.id != "" {
				v.must(204, "PUT", "/generations/"+c.id+"/place", map[string]any{"before": c.before})
			}
			if got := v.order(id); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.what, got, c.want)
			}
		}
		v.refused(v.call("PUT", "/generations/"+id[0]+"/place", map[string]any{"before": "nobody"}), 409, "generation_not_waiting")
		s.Run()
		for _, id := range id {
			v.waitState(id, "complete")
		}
		v.refused(v.call("PUT", "/generations/"+id[0]+"/place", map[string]any{"before": "first"}), 409, "generation_not_waiting")
		s.Verify()
	})
}

func TestQueue_OneIsKeptBackAndLetGo(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v := s.member("ada@example.com")
		id := v.waiting(3)
		v.must(204, "PUT", "/generations/"+id[0]+"/paused", map[string]any{"paused": true})
		if got := v.order(id); !slices.Equal(got, id[1:]) {
			t.Errorf("what can run is %v, want %v", got, id[1:])
		}
		if g := v.must(200, "GET", "/generations/"+id[0], nil); g.at("paused") != true || g.at("starts") != nil {
			t.Errorf("kept back: %s", g.raw)
		}
		if q := v.must(200, "GET", "/queue", nil); q.number("waiting") != 2 || q.number("kept") != 1 || q.at("paused") != false {
			t.Errorf("the line is %s", q.raw)
		}
		s.Run()
		v.waitState(id[2], "complete")
		if g := v.must(200, "GET", "/generations/"+id[0], nil); g.text("state") != "waiting" {
			t.Errorf("what is kept back is %s after the others ran", g.text("state"))
		}
		v.must(204, "PUT", "/generations/"+id[0]+"/paused", map[string]any{"paused": false})
		if g := v.waitState(id[0], "complete"); g.at("paused") != false {
			t.Errorf("finished %s", g.raw)
		}
		s.Verify()
	})
}

func TestQueue_AllIsKeptBackAlsoWhatComesLater(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v, eve := s.member("ada@example.com"), s.member("eve@example.com")
		id := v.waiting(2)
		v.must(204, "PUT", "/queue", map[string]any{"paused": true})
		id = append(id, v.waiting(1)...)
		if q := v.must(200, "GET", "/queue", nil); q.at("paused") != true || q.number("waiting") != 3 || q.at("done") != nil {
			t.Errorf("the line is %s", q.raw)
		}
		if q := eve.must(200, "GET", "/queue", nil); q.at("paused") != false || q.number("waiting") != 0 {
			t.Errorf("somebody else's line is %s", q.raw)
		}
		if got := v.order(id); len(got) != 0 {
			t.Errorf("%v have a place while all is kept back", got)
		}
		s.Run()
		eve.waitState(eve.waiting(1)[0], "complete")
		for _, id := range id {
			if got := v.must(200, "GET", "/generations/"+id, nil).text("state"); got != "waiting" {
				t.Errorf("a generation of a paused account is %s", got)
			}
		}
		v.must(204, "PUT", "/queue", map[string]any{"paused": false})
		for _, id := range id {
			v.waitState(id, "complete")
		}
		if q := v.must(200, "GET", "/queue", nil); q.at("paused") != false || q.number("waiting") != 0 || q.at("done") != nil {
			t.Errorf("the line is %s in the end", q.raw)
		}
		s.Verify()
	})
}

func TestQueue_CancelWaitingLeavesWhatRuns(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v, eve := s.member("ada@example.com"), s.member("eve@example.com")
		release := make(chan struct{})
		s.Engine.Script(enginetest.Script{Gate: release})
		id, hers := v.waiting(4), eve.waiting(1)
		s.Run()
		v.waitState(id[0], "running")
		if q := v.must(200, "GET", "/queue", nil); q.number("running") != 1 || q.number("waiting") != 3 {
			t.Errorf("the line is %s", q.raw)
		}
		if n := v.must(200, "POST", "/queue/cancel", nil).number("cancelled"); n != 3 {
			t.Errorf("%d cancelled, want 3", n)
		}
		for _, id := range id[1:] {
			if g := v.waitState(id, "cancelled"); g.number("charged_mt") != 0 {
				t.Errorf("cancelled while it waited: %s", g.raw)
			}
		}
		if n := v.must(200, "POST", "/queue/cancel", nil).number("cancelled"); n != 0 {
			t.Errorf("%d cancelled the second time, want 0", n)
		}
		close(release)
		v.waitState(id[0], "complete")
		eve.waitState(hers[0], "complete")
		s.Verify()
	})
}

func TestQueue_TheStreamTellsPlacesAndWaits(t *testing.T) {
	s := newSite(t, apptest.SQLite(t))
	v := s.member("ada@example.com")
	id := v.waiting(2)
	s.Clock.Advance(2 * time.Second) // a forecast is a second old at most
	stream := v.listen(0)
	place := func(what, id string, keep func(told) bool) {
		t.Helper()
		stream.next(what, func(m told) bool { return m.event == "place" && m.data["id"] == id && keep(m) })
	}
	place("the place of the second", id[1], func(m told) bool { return m.data["position"] == 2.0 && m.data["paused"] == false })
	stream.next("the line", func(m told) bool { return m.event == "queue" && m.data["waiting"] == 2.0 })
	v.must(204, "PUT", "/generations/"+id[1]+"/place", map[string]any{"before": "first"})
	place("its new place", id[1], func(m told) bool { return m.data["position"] == 1.0 })
	v.must(204, "PUT", "/generations/"+id[0]+"/paused", map[string]any{"paused": true})
	place("that the other is kept back", id[0], func(m told) bool { return m.data["position"] == 0.0 && m.data["paused"] == true })
	v.must(204, "PUT", "/queue", map[string]any{"paused": true})
	stream.next("that all is kept back", func(m told) bool { return m.event == "queue" && m.data["paused"] == true })
	v.must(204, "PUT", "/queue", map[string]any{"paused": false})
	v.must(204, "PUT", "/generations/"+id[0]+"/paused", map[string]any{"paused": false})
	s.Run()
	stream.next("that nothing is left", func(m told) bool {
		return m.event == "queue" && m.data["waiting"] == 0.0 && m.data["running"] == 0.0 && m.data["paused"] == false
	})
}

// A wait is told with its range once a run was measured, and with it when the last is done.
func TestQueue_WaitsAreForetoldFromWhatWasMeasured(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newSite(t, ref)
		v := s.member("ada@example.com")
		run := func() (end func()) {
			gate := make(chan struct{})
			s.Engine.Script(enginetest.Script{Gate: gate})
			id := v.waiting(1)[0]
			v.waitState(id, "running")
			return func() { close(gate); v.waitState(id, "complete") }
		}
		s.Run()
		end := run()
		if g := v.must(200, "GET", "/generations/"+v.waiting(1)[0], nil); g.at("starts") != nil {
			t.Errorf("foretold before anything was measured: %s", g.raw)
		}
		v.must(200, "POST", "/queue/cancel", nil)
		s.Clock.Advance(8 * time.Second) // less than a lease
		end()
		end = run()
		defer end()
		id := v.waiting(3)
		s.Clock.Advance(2 * time.Second) // a forecast is a second old at most
		var last time.Time
		for i, id := range id {
			g := v.must(200, "GET", "/generations/"+id, nil)
			at, low, high := g.time("starts", "at"), g.time("starts", "low"), g.time("starts", "high")
			if g.number("position") != int64(i+1) || at.Before(last) || low.After(at) || high.Before(at) || at.Sub(apptest.Start) > time.Minute {
				t.Errorf("the %dth is expected %s", i+1, g.at("starts"))
			}
			last = at
		}
		if q := v.must(200, "GET", "/queue", nil); !q.time("done", "at").After(last) || q.time("done", "high").Before(q.time("done", "at")) {
			t.Errorf("the last starts at %v and all is done at %s", last, q.raw)
		}
	})
}

// time reads an RFC 3339 time.
func (a answer) time(path ...string) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, a.text(path...)) // what is none is the zero time, which the test notices
	return at
}

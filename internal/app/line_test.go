package app_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/engine/enginetest"
	"bottega/internal/generation"
	"bottega/internal/operator"
	"bottega/internal/queue"
)

// The numbers of the line follow what waits, runs and was foretold.
func TestMetrics_TellOfTheLine(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		w := apptest.New(t, ref)
		h, err := w.Handler()
		if err != nil {
			t.Fatal(err)
		}
		metrics := func() string {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.RemoteAddr = "127.0.0.1:5"
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			return rec.Body.String()
		}
		has := func(when string, lines ...string) {
			t.Helper()
			got := metrics()
			for _, l := range lines {
				if !strings.Contains(got, "\n"+l+"\n") {
					t.Errorf("%s: no line %q in\n%s", when, l, got)
				}
			}
		}
		has("before anything", `bottega_queue_tickets{lane="fast",state="waiting"} 0`, "bottega_queue_workers 0",
			"bottega_queue_wait_error_seconds 0", "bottega_queue_wait_inside_ratio NaN",
			`bottega_engine_open{engine="scripted"} 0`, `bottega_engine_failures_total{engine="scripted"} 0`, `bottega_engine_opened_total{engine="scripted"} 0`)
		ada := w.User("free")
		gate := make(chan struct{})
		w.Engine.Script(enginetest.Script{Gate: gate})
		first := w.Submit(ada, "a fox", 1)
		w.Run()
		w.WaitState(ada, first.ID, generation.Running)
		w.Clock.Advance(4 * time.Second)
		second := w.Submit(ada, "an owl", 1)
		has("with one running", `bottega_queue_tickets{lane="fast",state="running"} 1`, `bottega_queue_tickets{lane="fast",state="waiting"} 1`,
			`bottega_queue_lane_paused{lane="fast"} 0`, "bottega_queue_workers 1", "bottega_queue_slots 4")
		w.Wait(func() error { // the first has its script
			if w.Engine.Calls() == 0 {
				return errors.New("the engine was not asked")
			}
			return nil
		})
		next := make(chan struct{})
		w.Engine.Script(enginetest.Script{Gate: next})
		close(gate)
		w.WaitState(ada, second.ID, generation.Running)
		// A forecast is a second old at most. The clock moves while the line is quiet: a look that began before would take
		// the third at a moment at which it was not there.
		w.Clock.Advance(2 * time.Second)
		close(next)
		w.WaitState(ada, second.ID, generation.Complete)
		third := w.Submit(ada, "a bee", 1) // the first whose wait could be foretold
		w.WaitState(ada, third.ID, generation.Complete)
		has("after a foretold wait", "bottega_queue_waits_total 1", "bottega_queue_wait_inside_ratio 1")
		if err := w.Operator.PauseLane(t.Context(), operator.Shell, queue.LaneAPI, true); err != nil {
			t.Fatal(err)
		}
		has("with a paused lane", `bottega_queue_lane_paused{lane="api"} 1`, `bottega_queue_lane_paused{lane="fast"} 0`)
	})
}

// The numbers of the models are those of the engines, as they are when somebody asks.
func TestMetrics_TellOfModels(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		shelf := enginetest.NewShelf(enginetest.OnShelf{Name: "a", Memory: 1000}, enginetest.OnShelf{Name: "b", Memory: 500, Resident: true})
		w := apptest.New(t, ref, func(c *app.Config) { c.Engines["shelf"] = shelf })
		metrics := func() string {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.RemoteAddr = "127.0.0.1:5"
			rec := httptest.NewRecorder()
			w.WorkHandler().ServeHTTP(rec, r)
			return rec.Body.String()
		}
		has := func(lines ...string) {
			t.Helper()
			got := metrics()
			for _, l := range lines {
				if !strings.Contains(got, "\n"+l+"\n") {
					t.Errorf("no line %q in\n%s", l, got)
				}
			}
		}
		has(`bottega_model_resident{engine="shelf",model="a"} 0`, `bottega_model_resident{engine="shelf",model="b"} 1`,
			`bottega_model_memory_bytes{engine="shelf",model="a"} 1000`, `bottega_model_memory_bytes{engine="shelf",model="b"} 500`)
		if strings.Contains(metrics(), `bottega_model_resident{engine="scripted"`) {
			t.Error("an engine that loads nothing has models")
		}
		if err := w.Generations.Load(t.Context(), "shelf", "a", func(int64, int64) {}); err != nil {
			t.Fatal(err)
		}
		has(`bottega_model_resident{engine="shelf",model="a"} 1`)
	})
}

package app

import (
	"context"
	"fmt"
	"strings"

	"bottega/internal/queue"
)

// lineMetrics is the line in Prometheus's text form: of all servers, except how right the waits were that this one told.
func (a *App) lineMetrics(ctx context.Context) (string, error) {
	lanes, err := queue.States(ctx, a.DB)
	if err != nil {
		return "", err
	}
	workers, err := queue.Workers(ctx, a.DB)
	if err != nil {
		return "", err
	}
	there, slots, now := 0, 0, a.Clock.Now()
	for _, w := range workers {
		if !w.Gone(now) {
			there, slots = there+1, slots+w.Slots
		}
	}
	var b strings.Builder
	head := func(name, kind, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	head("bottega_queue_tickets", "gauge", "Unfinished work; admitted runs next, waiting stands behind its account's window.")
	for _, l := range lanes {
		for _, s := range []struct {
			state string
			n     int
		}{{"running", l.Running}, {"admitted", l.Admitted}, {"waiting", l.Waiting}} {
			fmt.Fprintf(&b, "bottega_queue_tickets{lane=%q,state=%q} %d\n", l.Lane, s.state, s.n)
		}
	}
	head("bottega_queue_lane_paused", "gauge", "1 = the operator lets nothing of the lane start.")
	for _, l := range lanes {
		paused := 0
		if l.Paused {
			paused = 1
		}
		fmt.Fprintf(&b, "bottega_queue_lane_paused{lane=%q} %d\n", l.Lane, paused)
	}
	head("bottega_queue_workers", "gauge", "Processes that work and were heard of lately.")
	fmt.Fprintf(&b, "bottega_queue_workers %d\n", there)
	head("bottega_queue_slots", "gauge", "What they run at once.")
	fmt.Fprintf(&b, "bottega_queue_slots %d\n", slots)
	engines := a.Line.Engines()
	head("bottega_engine_open", "gauge", "1 = the engine fails again and again: its work waits in line, as far as this process goes.")
	for _, e := range engines {
		open := 0
		if e.Open {
			open = 1
		}
		fmt.Fprintf(&b, "bottega_engine_open{engine=%q} %d\n", e.Engine, open)
	}
	head("bottega_engine_failures_total", "counter", "Runs of this process that failed by the engine's own fault.")
	for _, e := range engines {
		fmt.Fprintf(&b, "bottega_engine_failures_total{engine=%q} %d\n", e.Engine, e.Failures)
	}
	head("bottega_engine_opened_total", "counter", "Times this process stopped giving work to the engine.")
	for _, e := range engines {
		fmt.Fprintf(&b, "bottega_engine_opened_total{engine=%q} %d\n", e.Engine, e.Opened)
	}
	right := a.Line.Accuracy()
	head("bottega_queue_waits_total", "counter", "Waits that were foretold and have ended, of this process.")
	fmt.Fprintf(&b, "bottega_queue_waits_total %d\n", right.Foretold)
	head("bottega_queue_wait_error_seconds", "gauge", "How far off the foretold waits were: median of the last 256; 0 before the first.")
	fmt.Fprintf(&b, "bottega_queue_wait_error_seconds %g\n", right.Error.Seconds())
	head("bottega_queue_wait_inside_ratio", "gauge", "Part of the waits that ended within the foretold range, 0 to 1; NaN before the first.")
	if right.Foretold == 0 {
		b.WriteString("bottega_queue_wait_inside_ratio NaN\n")
	} else {
		fmt.Fprintf(&b, "bottega_queue_wait_inside_ratio %g\n", right.Inside)
	}
	return b.String(), nil
}

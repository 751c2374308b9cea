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
		if !w.Gone(now) && !w.Drained {
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
	kept, drained := 0, 0
	for _, l := range lanes {
		kept += l.Kept
	}
	for _, w := range workers {
		if w.Drained && !w.Gone(now) {
			drained++
		}
	}
	head("bottega_queue_kept_tickets", "gauge", "Waiting work that owners or operators keep back.")
	fmt.Fprintf(&b, "bottega_queue_kept_tickets %d\n", kept)
	head("bottega_queue_drained_workers", "gauge", "Workers that an operator lets start nothing.")
	fmt.Fprintf(&b, "bottega_queue_drained_workers %d\n", drained)
	head("bottega_operator_actions_total", "counter", "What operators did, or were refused, through this process.")
	for _, c := range a.Operator.Counts() {
		fmt.Fprintf(&b, "bottega_operator_actions_total{action=%q,outcome=\"done\"} %d\n", c.Action, c.Done)
		fmt.Fprintf(&b, "bottega_operator_actions_total{action=%q,outcome=\"refused\"} %d\n", c.Action, c.Refused)
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

package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bottega/internal/engine/remote"
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
		if !w.Gone(now) && w.Slots > 0 && !w.Drained {
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
	a.operatorMetrics(&b, head, lanes, workers)
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
	a.modelMetrics(&b, head)
	a.workerMetrics(&b, head)
	right := a.Line.Accuracy()
	head("bottega_queue_waits_total", "counter", "Waits that were foretold and have ended, of this process.")
	fmt.Fprintf(&b, "bottega_queue_waits_total %d\n", a.Line.Foretold())
	head("bottega_queue_wait_error_seconds", "gauge", "How far off the foretold waits were that ended lately, of all servers: the median; 0 before the first.")
	fmt.Fprintf(&b, "bottega_queue_wait_error_seconds %g\n", right.Error.Seconds())
	head("bottega_queue_wait_inside_ratio", "gauge", "Part of the waits that ended lately, of all servers, within the foretold range, 0 to 1; NaN before the first.")
	if right.Foretold == 0 {
		b.WriteString("bottega_queue_wait_inside_ratio NaN\n")
	} else {
		fmt.Fprintf(&b, "bottega_queue_wait_inside_ratio %g\n", right.Inside)
	}
	return b.String(), nil
}

// modelMetrics is what the engines of this process have in memory, and what it did with models, workers that are connected to it
// included.
func (a *App) modelMetrics(b *strings.Builder, head func(name, kind, help string)) {
	models := a.Generations.Models()
	head("bottega_model_resident", "gauge", "1 = the model is in memory of this process and what it has started; 0 = it is loaded before it works.")
	for _, m := range models {
		resident := 0
		if m.Resident {
			resident = 1
		}
		fmt.Fprintf(b, "bottega_model_resident{engine=%q,model=%q} %d\n", m.Engine, m.Name, resident)
	}
	head("bottega_model_memory_bytes", "gauge", "What the model takes while it is resident: measured once it was, else an estimate.")
	for _, m := range models {
		fmt.Fprintf(b, "bottega_model_memory_bytes{engine=%q,model=%q} %d\n", m.Engine, m.Name, m.Memory)
	}
	counts := a.Line.ModelCounts()
	head("bottega_model_loads_total", "counter", "Loads of models that have ended, by outcome: done, failed, dropped (nobody waited any more), lost (somebody else begins again).")
	for _, c := range counts {
		for _, outcome := range slices.Sorted(maps.Keys(c.Loads)) {
			fmt.Fprintf(b, "bottega_model_loads_total{engine=%q,model=%q,outcome=%q} %d\n", c.Engine, c.Model, outcome, c.Loads[outcome])
		}
	}
	head("bottega_model_load_seconds_total", "counter", "Seconds that loads of models took, whatever their outcome.")
	for _, c := range counts {
		fmt.Fprintf(b, "bottega_model_load_seconds_total{engine=%q,model=%q} %g\n", c.Engine, c.Model, c.Seconds)
	}
	head("bottega_model_evictions_total", "counter", "Models taken out of memory, by reason: room (for another one), idle, drain.")
	for _, c := range counts {
		for _, reason := range slices.Sorted(maps.Keys(c.Evictions)) {
			fmt.Fprintf(b, "bottega_model_evictions_total{engine=%q,model=%q,reason=%q} %d\n", c.Engine, c.Model, reason, c.Evictions[reason])
		}
	}
}

// workerMetrics is who works for this server over HTTP, what was refused, and whether other processes are heard.
func (a *App) workerMetrics(b *strings.Builder, head func(name, kind, help string)) {
	c := a.Workers.Counts()
	head("bottega_worker_sessions", "gauge", "Workers that are connected to this server.")
	fmt.Fprintf(b, "bottega_worker_sessions %d\n", c.Sessions)
	head("bottega_worker_joined_total", "counter", "Workers that this server let in.")
	fmt.Fprintf(b, "bottega_worker_joined_total %d\n", c.Joined)
	head("bottega_worker_refused_total", "counter", "Workers that were not let in, and answers that were not taken, by reason.")
	for _, code := range remote.Codes() {
		fmt.Fprintf(b, "bottega_worker_refused_total{reason=%q} %d\n", code, c.Refused[code])
	}
	listening := 0
	if a.Bus.Listening() {
		listening = 1
	}
	head("bottega_bus_listening", "gauge", "1 = this process hears the others on its PostgreSQL at once; 0 = it looks by itself, or there is SQLite.")
	fmt.Fprintf(b, "bottega_bus_listening %d\n", listening)
	head("bottega_bus_dropped_total", "counter", "Notes to other processes that were not sent; they look by themselves.")
	fmt.Fprintf(b, "bottega_bus_dropped_total %d\n", a.Bus.Dropped())
}

// operatorMetrics is what operators, and owners of work, have stopped.
func (a *App) operatorMetrics(b *strings.Builder, head func(name, kind, help string), lanes []queue.LaneState, workers []queue.WorkerState) {
	kept, drained := 0, 0
	for _, l := range lanes {
		kept += l.Kept
	}
	for _, w := range workers {
		if w.Drained && !w.Gone(a.Clock.Now()) {
			drained++
		}
	}
	head("bottega_queue_kept_tickets", "gauge", "Waiting work that owners or operators keep back.")
	fmt.Fprintf(b, "bottega_queue_kept_tickets %d\n", kept)
	head("bottega_queue_drained_workers", "gauge", "Workers that an operator lets start nothing.")
	fmt.Fprintf(b, "bottega_queue_drained_workers %d\n", drained)
	head("bottega_operator_actions_total", "counter", "What operators did, or were refused, through this process.")
	for _, c := range a.Operator.Counts() {
		fmt.Fprintf(b, "bottega_operator_actions_total{action=%q,outcome=\"done\"} %d\n", c.Action, c.Done)
		fmt.Fprintf(b, "bottega_operator_actions_total{action=%q,outcome=\"refused\"} %d\n", c.Action, c.Refused)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/queue"
	"bottega/internal/token"
)

const (
	queueDecision = "queue_decision_us"
	simJain       = "sim_jain"
	simStarved    = "sim_starved"
	simBusy       = "sim_utilisation"
	simLight      = "sim_light_wait_p99"
	simForetold   = "sim_inside_ratio"
	simDecision   = "sim_decision_us"

	simModelLoads    = "sim_model_loads"
	simModelLoading  = "sim_model_loading_share"
	simModelBusy     = "sim_model_utilisation"
	simModelWait     = "sim_model_wait_p50"
	simModelWait99   = "sim_model_wait_p99"
	simModelLight    = "sim_model_light_wait_p99"
	simModelTogether = "sim_model_together"
	simModelJain     = "sim_model_jain"
	simModelStarved  = "sim_model_starved"

	longLine      = 1_000_000 // tickets
	longLineOf    = 10_000    // accounts
	longLinePart  = 100       // accounts written in one transaction
	decisionSlots = 16        // filled by one choice
	decisions     = 300
)

// queueChoice measures how long it takes to choose what runs next from a long line in the database.
func queueChoice(ctx context.Context, o options) (results []result, err error) {
	dir, err := os.MkdirTemp(o.Dir, "line-*")
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, filepath.Join(dir, "bench.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	for first := 0; first < longLineOf; first += longLinePart {
		if err := fillLine(ctx, d, first); err != nil {
			return nil, err
		}
	}
	line := queue.New(d, clock.System{}, chooser{}, chooser{}, queue.Options{
		Owner: "bench", Slots: decisionSlots, Lease: time.Minute, MaxAttempts: 3, Poll: time.Second,
	}, slog.New(slog.DiscardHandler))
	now := clock.System{}
	var took []time.Duration
	for range decisions {
		start := now.Now()
		chosen, err := line.Choose(ctx, decisionSlots)
		if err == nil && len(chosen) != decisionSlots {
			err = fmt.Errorf("%d tickets were chosen, want %d", len(chosen), decisionSlots)
		}
		if err != nil {
			return nil, err
		}
		took = append(took, now.Now().Sub(start)/decisionSlots)
	}
	slices.Sort(took)
	return []result{{
		Name: queueDecision, Value: float64(percentile(took, 0.5).Nanoseconds()) / 1000, Unit: "µs",
		Note: fmt.Sprintf("of each of %d tickets chosen at once from SQLite; %d tickets of %d accounts wait", decisionSlots, longLine, longLineOf),
	}}, nil
}

// fillLine puts tickets of some accounts into the line, which may run two at a time.
func fillLine(ctx context.Context, d *db.DB, first int) error {
	accounts := make([]string, longLinePart)
	for i := range accounts {
		accounts[i] = fmt.Sprintf("account-%d", first+i)
	}
	at := clock.System{}.Now()
	return d.Tx(ctx, func(tx *db.Tx) error {
		line, err := queue.Load(ctx, tx, accounts)
		if err != nil {
			return err
		}
		for i := range longLine / longLineOf {
			for _, a := range accounts {
				line.Add(&queue.Ticket{
					ID: fmt.Sprintf("%s-%d", a, i), AccountID: a, Share: a, Lane: queue.Lanes()[i%3], Weight: token.Whole(int64(1 + i%20)),
					Needs: "engine", Model: "model", QueuedAt: at.Add(time.Duration(i) * time.Millisecond),
				}, 2)
			}
		}
		return line.Save(ctx, tx)
	})
}

// chooser has one engine and runs nothing.
type chooser struct{}

func (chooser) Started(context.Context, *db.Tx, []queue.Ticket, time.Time) error { return nil }
func (chooser) Returned(context.Context, *db.Tx, []string, time.Time) error      { return nil }
func (chooser) Run(context.Context, queue.Ticket) bool                           { return false }
func (chooser) Spent(context.Context, queue.Ticket) error                        { return nil }
func (chooser) Engines() []string                                                { return []string{"engine"} }
func (chooser) Concurrency(context.Context, string) int                          { return 2 }

// queueDay simulates a day of a large installation, with the rules of the queue and, against it, first come first served.
func queueDay(context.Context, options) ([]result, error) {
	day := queue.Simulation{Accounts: 100_000, Slots: 200, Day: 24 * time.Hour, Load: 0.9, Floods: 100, Fails: 7 * 24 * time.Hour, Seed: 1}
	fair := day.Run()
	day.FIFO = true
	fifo := day.Run()
	note := fmt.Sprintf("%d accounts, %d slots, %d jobs, %d runs lost", day.Accounts, day.Slots, fair.Jobs, fair.Lost)
	return []result{
		{Name: simJain, Value: fair.Jain, Unit: "index", Note: "compute among floods that had work waiting all through four hours; " + note},
		{Name: simStarved, Value: float64(fair.Starved), Unit: "jobs", Against: "first come, first served", AgainstValue: float64(fifo.Starved)},
		{Name: simBusy, Value: fair.Utilisation, Unit: "share", Against: "first come, first served", AgainstValue: fifo.Utilisation},
		{Name: simLight, Value: fair.LightP99.Seconds(), Unit: "s", Against: "first come, first served", AgainstValue: fifo.LightP99.Seconds(), Note: "paid jobs of accounts that had nothing in line"},
		{Name: simForetold, Value: fair.Foretold.Inside, Unit: "share", Note: fmt.Sprintf("%d foretold, median error %s", fair.Foretold.Foretold, fair.Foretold.Error.Round(time.Second))},
		{Name: simDecision, Value: float64(fair.Decision.Nanoseconds()) / 1000, Unit: "µs", Note: "in memory"},
	}, nil
}

// queueModels simulates the same day with more models than a GPU has room for, which paint some jobs together: loads by demand
// and age, and, against it, first come first served with the least recently used model evicted.
func queueModels(context.Context, options) ([]result, error) {
	day := queue.Simulation{
		Accounts: 100_000, Slots: 200, Day: 24 * time.Hour, Load: 0.9, Floods: 100, Fails: 7 * 24 * time.Hour, Seed: 1,
		Models: 50, Memory: 3, LoadTime: 30 * time.Second, Batch: 4, Gain: 0.4,
	}
	ours := day.Run()
	day.FIFO = true
	first := day.Run()
	note := fmt.Sprintf("%d models, %d fit a GPU, %s a load, up to %d jobs together; %d jobs, %d evictions against %d",
		day.Models, day.Memory, day.LoadTime, day.Batch, ours.Jobs, ours.Evictions, first.Evictions)
	against := func(name string, value, other float64, unit string) result {
		return result{Name: name, Value: value, Unit: unit, Against: "first come, first served; least recently used", AgainstValue: other}
	}
	loads := against(simModelLoads, float64(ours.Loads), float64(first.Loads), "loads")
	loads.Note = note
	return []result{
		loads,
		against(simModelLoading, ours.Loading, first.Loading, "share"),
		against(simModelBusy, ours.Utilisation, first.Utilisation, "share"),
		against(simModelTogether, ours.Together, first.Together, "jobs"),
		against(simModelWait, ours.WaitP50.Seconds(), first.WaitP50.Seconds(), "s"),
		against(simModelWait99, ours.WaitP99.Seconds(), first.WaitP99.Seconds(), "s"),
		against(simModelLight, ours.LightP99.Seconds(), first.LightP99.Seconds(), "s"),
		against(simModelStarved, float64(ours.Starved), float64(first.Starved), "jobs"),
		{Name: simModelJain, Value: ours.Jain, Unit: "index"},
	}, nil
}

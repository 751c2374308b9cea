package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"golang.org/x/sync/errgroup"

	"bottega/internal/access"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/engine"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/pricing"
	"bottega/internal/queue"
	"bottega/internal/token"
)

// queueNoop is how many generations that do nothing pass the whole road in a second (held, in line, leased, run, paid,
// told), as a share of what River does with jobs that do nothing, on the same PostgreSQL in the same run.
const queueNoop = "queue_noop_vs_river"

const (
	noopJobs       = 5_000 // of each
	noopSubmitters = 64
	noopSlots      = 64
	noopPatience   = 5 * time.Minute
)

func noopVsRiver(ctx context.Context, o options) ([]result, error) {
	if o.Postgres == "" {
		return nil, nil
	}
	ours, err := noopGenerations(ctx, o.Postgres)
	if err != nil {
		return nil, fmt.Errorf("our generations: %w", err)
	}
	rivers, err := noopRiver(ctx, o.Postgres)
	if err != nil {
		return nil, fmt.Errorf("jobs of River: %w", err)
	}
	return []result{{
		Name: queueNoop, Value: ours / rivers, Unit: "share", Against: "River's jobs/s", AgainstValue: rivers,
		Note: fmt.Sprintf("%.0f generations/s from the first submission to the last end; %d of each by %d submitters, %d at once", ours, noopJobs, noopSubmitters, noopSlots),
	}}, nil
}

// noop is a kind that does nothing, for an account that may run many at once.
type noop struct{ ran atomic.Int64 }

func (*noop) Entitlement(context.Context, string) (generation.Entitlement, error) {
	return generation.Entitlement{
		Schedule:    ledger.Always(ledger.Term{Plan: "bench", Daily: token.Max}),
		Concurrency: noopSlots, Queue: 1 << 30,
	}, nil
}

func (*noop) Name() string { return "image" }

func (*noop) Plan(context.Context, access.Actor, any) (generation.Planned, error) {
	return generation.Planned{
		Params: json.RawMessage(`{}`), Count: 1, Model: "instant", Engine: "noop", Timeout: time.Minute,
		Facts: pricing.Facts{Model: "instant", Kind: "image", Width: 32, Height: 32, Steps: 1, Count: 1},
	}, nil
}

func (n *noop) Run(context.Context, generation.Job) (generation.Result, error) {
	n.ran.Add(1)
	return generation.Result{}, nil
}

// noopGenerations returns generations a second.
func noopGenerations(ctx context.Context, ref string) (rate float64, err error) {
	d, err := db.Open(ctx, ref)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx); err != nil {
		return 0, err
	}
	accounts, err := makeAccounts(ctx, d, 1)
	if err != nil {
		return 0, err
	}
	sheet, err := pricing.BuiltIn()
	if err != nil {
		return 0, err
	}
	n, log, now := &noop{}, slog.New(slog.DiscardHandler), clock.System{}
	hub := event.NewHub(d)
	s := generation.New(generation.Deps{
		DB: d, Clock: now, Prices: sheet, Kinds: []generation.Kind{n}, Entitlements: n, Hub: hub, Log: log, Present: engine.Set{"noop": n},
	})
	defer s.Close()
	line := queue.New(d, now, s, s, queue.Options{
		Owner: id.New(), Slots: noopSlots, Lease: 15 * time.Second, MaxAttempts: generation.MaxAttempts, Poll: 500 * time.Millisecond,
	}, log)
	s.Attach(line)
	work, stop := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- line.Run(work, time.Minute) }()
	defer func() { stop(); err = errors.Join(err, <-ran) }()

	began := now.Now()
	err = together(ctx, noopSubmitters, noopJobs, func(ctx context.Context) error {
		_, err := s.Submit(ctx, access.Actor{AccountID: accounts[0]}, generation.SubmitRequest{Kind: "image", Input: struct{}{}})
		return err
	})
	if err != nil {
		return 0, err
	}
	err = until(ctx, func() (bool, error) {
		own, err := s.Own(ctx, access.Actor{AccountID: accounts[0]})
		return own.Running+own.Waiting == 0, err
	})
	took := now.Now().Sub(began)
	if err == nil && n.ran.Load() != noopJobs {
		err = fmt.Errorf("%d runs for %d generations", n.ran.Load(), noopJobs)
	}
	return noopJobs / took.Seconds(), err
}

// nothingArgs is a job of River's that does nothing.
type nothingArgs struct{}

func (nothingArgs) Kind() string { return "nothing" }

type nothingWorker struct {
	river.WorkerDefaults[nothingArgs]
	ran *atomic.Int64
}

func (w *nothingWorker) Work(context.Context, *river.Job[nothingArgs]) error {
	w.ran.Add(1)
	return nil
}

// noopRiver returns jobs a second: inserted one by one by as many as submit generations, and worked as many at once.
func noopRiver(ctx context.Context, ref string) (rate float64, err error) {
	pool, err := pgxpool.New(ctx, ref)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		return 0, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return 0, err
	}
	var ran atomic.Int64
	workers := river.NewWorkers()
	river.AddWorker(workers, &nothingWorker{ran: &ran})
	client, err := river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: noopSlots}}, Workers: workers,
		FetchCooldown: time.Millisecond, FetchPollInterval: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return 0, err
	}
	if err := client.Start(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Stop(context.WithoutCancel(ctx))) }()
	done, unsubscribe := client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 2 * noopJobs, Kinds: []river.EventKind{river.EventKindJobCompleted},
	})
	defer unsubscribe()
	now := clock.System{}
	began := now.Now()
	err = together(ctx, noopSubmitters, noopJobs, func(ctx context.Context) error {
		_, err := client.Insert(ctx, nothingArgs{}, nil)
		return err
	})
	if err != nil {
		return 0, err
	}
	patience, cancel := context.WithTimeout(ctx, noopPatience)
	defer cancel()
	for range noopJobs {
		select {
		case <-done: // it stands in the database as completed
		case <-patience.Done():
			return 0, fmt.Errorf("%d of %d jobs ran: %w", ran.Load(), noopJobs, patience.Err())
		}
	}
	return noopJobs / now.Now().Sub(began).Seconds(), nil
}

// together calls f so many times from so many goroutines.
func together(ctx context.Context, callers, times int, f func(ctx context.Context) error) error {
	var left atomic.Int64
	left.Store(int64(times))
	group, ctx := errgroup.WithContext(ctx)
	for range callers {
		group.Go(func() error {
			for left.Add(-1) >= 0 {
				if err := f(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// until asks every five milliseconds until the answer is yes.
func until(ctx context.Context, f func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, noopPatience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it is not done: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/pricing"
	"bottega/internal/token"
)

const (
	holdsSQLite   = "ledger_holds_per_second" // the embedded default
	holdsPostgres = "ledger_holds_per_second_postgres"

	submitters = 64
	holdTime   = 3 * time.Second
)

// ledgerHolds measures whole submissions (hold, journal, generation, ticket, event) on one wallet by 64 submitters at
// once, through the batch and, against it, with one transaction for each.
func ledgerHolds(ctx context.Context, o Options) ([]Result, error) {
	var results []Result
	for _, d := range []struct{ name, ref string }{{holdsSQLite, ""}, {holdsPostgres, o.Postgres}} {
		if d.name == holdsPostgres && d.ref == "" {
			continue
		}
		var rates [2]float64
		for i, batch := range []int{0, 1} {
			rate, err := holdRate(ctx, o, d.ref, batch)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", d.name, err)
			}
			rates[i] = rate
		}
		results = append(results, Result{
			Name: d.name, Value: rates[0], Unit: "holds/s",
			Against: "one transaction per hold", AgainstValue: rates[1],
			Note: fmt.Sprintf("one wallet, %d submitters; %.1f times as many", submitters, rates[0]/rates[1]),
		})
	}
	return results, nil
}

// plenty is an account without limits, and a kind that plans nothing.
type plenty struct{}

func (plenty) Entitlement(context.Context, string) (generation.Entitlement, error) {
	return generation.Entitlement{
		Schedule:    ledger.Always(ledger.Term{Plan: "bench", Daily: token.Max}),
		Concurrency: 1, Queue: 1 << 30,
	}, nil
}

func (plenty) Name() string { return "image" }

func (plenty) Plan(context.Context, access.Actor, any) (generation.Planned, error) {
	return generation.Planned{
		Params: json.RawMessage(`{}`), Count: 1, Model: "instant", Engine: "instant", Timeout: time.Minute,
		Facts: pricing.Facts{Model: "instant", Kind: "image", Width: 32, Height: 32, Steps: 1, Count: 1},
	}, nil
}

func (plenty) Run(context.Context, generation.Job) (generation.Result, error) {
	return generation.Result{}, errors.New("the benchmark runs nothing")
}

func holdRate(ctx context.Context, o Options, ref string, batch int) (rate float64, err error) {
	if ref == "" {
		dir, err := os.MkdirTemp(o.Dir, "holds-*")
		if err != nil {
			return 0, err
		}
		ref = filepath.Join(dir, "bench.db")
	}
	d, err := db.Open(ctx, ref)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx); err != nil {
		return 0, err
	}
	accounts := account.NewStore(d, clock.System{}, account.NewPasswords(1))
	acc, err := accounts.Create(ctx, account.New{Email: id.New() + "@example.com", Password: id.New(), Role: access.RoleUser, Plan: plan.Operator})
	if err != nil {
		return 0, err
	}
	sheet, err := pricing.BuiltIn()
	if err != nil {
		return 0, err
	}
	s := generation.New(generation.Deps{
		DB: d, Clock: clock.System{}, Prices: sheet, Kinds: []generation.Kind{plenty{}}, Entitlements: plenty{},
		Hub: event.NewHub(d), Log: slog.New(slog.DiscardHandler), MaxBatch: batch,
	})
	defer s.Close()
	return submitAll(ctx, s, access.Actor{AccountID: acc.ID})
}

// submitAll submits from many goroutines for a while and returns the rate.
func submitAll(ctx context.Context, s *generation.Service, actor access.Actor) (float64, error) {
	until, cancel := context.WithTimeout(ctx, holdTime)
	defer cancel()
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range submitters {
		wg.Go(func() {
			for until.Err() == nil {
				if _, err := s.Submit(ctx, actor, generation.SubmitRequest{Kind: "image", Input: struct{}{}}); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / holdTime.Seconds(), nil
}

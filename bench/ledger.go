package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"bottega/internal/access"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/generation"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/pricing"
	"bottega/internal/token"
)

// hotNames are the benchmarks of submissions on one database.
type hotNames struct{ ratio, holds, spread, p50, p99, bytes string }

var (
	hotSQLite = hotNames{
		"ledger_hot_ratio_sqlite", "ledger_holds_per_second_sqlite", "ledger_spread_holds_per_second_sqlite",
		"ledger_hold_p50_sqlite", "ledger_hold_p99_sqlite", "ledger_hold_bytes_sqlite",
	}
	hotPostgres = hotNames{
		"ledger_hot_ratio_postgres", "ledger_holds_per_second_postgres", "ledger_spread_holds_per_second_postgres",
		"ledger_hold_p50_postgres", "ledger_hold_p99_postgres", "ledger_hold_bytes_postgres",
	}
)

func (n hotNames) all() []string { return []string{n.ratio, n.holds, n.spread, n.p50, n.p99, n.bytes} }

const (
	holdTime    = 3 * time.Second
	crowd       = 512    // submitters of the headline figures
	spreadOver  = 10_000 // wallets
	oneEach     = 1      // operations a transaction, without the batch
	everyBatch  = 0      // the default
	spreadBatch = 1_000  // accounts made in one transaction
)

func ledgerSQLite(ctx context.Context, o options) ([]result, error) {
	dir, err := os.MkdirTemp(o.Dir, "holds-*")
	if err != nil {
		return nil, err
	}
	return ledgerHolds(ctx, hotSQLite, filepath.Join(dir, "bench.db"))
}

func ledgerPostgres(ctx context.Context, o options) ([]result, error) {
	if o.Postgres == "" {
		return nil, nil
	}
	return ledgerHolds(ctx, hotPostgres, o.Postgres)
}

// ledgerHolds measures whole submissions (hold, journal, generation, ticket, event) on one wallet by 1, 64 and 512
// submitters at once, through the batch and, against it, with one transaction for each; then over many wallets.
func ledgerHolds(ctx context.Context, names hotNames, ref string) (results []result, err error) {
	d, err := db.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	one, err := makeAccounts(ctx, d, 1)
	if err != nil {
		return nil, err
	}
	many, err := makeAccounts(ctx, d, spreadOver)
	if err != nil {
		return nil, err
	}
	var hot, single pace
	var steps []string
	for _, submitters := range []int{1, 64, crowd} {
		if hot, err = submitAll(ctx, d, one, submitters, everyBatch); err != nil {
			return nil, err
		}
		if single, err = submitAll(ctx, d, one, submitters, oneEach); err != nil {
			return nil, err
		}
		steps = append(steps, fmt.Sprintf("%d submitters %.0f against %.0f", submitters, hot.rate, single.rate))
	}
	spread, err := submitAll(ctx, d, many, crowd, everyBatch)
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("one wallet, %d submitters", crowd)
	return []result{
		{
			Name: names.ratio, Value: hot.rate / single.rate, Unit: "times",
			Against: "holds/s with one transaction per hold", AgainstValue: single.rate, Note: strings.Join(steps, "; "),
		},
		{Name: names.holds, Value: hot.rate, Unit: "holds/s", Note: note},
		{Name: names.spread, Value: spread.rate, Unit: "holds/s", Note: fmt.Sprintf("%d wallets, %d submitters", spreadOver, crowd)},
		{
			Name: names.p50, Value: milliseconds(percentile(hot.took, 0.5)), Unit: "ms",
			Against: "one transaction per hold", AgainstValue: milliseconds(percentile(single.took, 0.5)), Note: note,
		},
		{
			Name: names.p99, Value: milliseconds(percentile(hot.took, 0.99)), Unit: "ms",
			Against: "one transaction per hold", AgainstValue: milliseconds(percentile(single.took, 0.99)), Note: note,
		},
		{
			Name: names.bytes, Value: hot.bytes, Unit: "bytes/hold",
			Against: "one transaction per hold", AgainstValue: single.bytes, Note: written(d) + "; " + note,
		},
	}, nil
}

// written says what is counted as written.
func written(d *db.DB) string {
	if d.Dialect == db.Postgres {
		return "write-ahead log (pg_current_wal_lsn)"
	}
	return "what this process gave the disk (/proc/self/io)"
}

// bytesWritten is a counter that only grows; what it counts, written says.
func bytesWritten(ctx context.Context, d *db.DB) (n int64, err error) {
	if d.Dialect == db.Postgres {
		err = d.QueryRow(ctx, `SELECT (pg_current_wal_lsn() - '0/0')::bigint`).Scan(&n)
		return n, err
	}
	counters, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(counters)) {
		if rest, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, errors.New("/proc/self/io has no write_bytes")
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

const insertAccount = `INSERT INTO account (id, email, password_hash, role, plan, plan_since, created_at)
	VALUES ($1, $2, '', 'user', 'free', $3, $3)`

// makeAccounts writes accounts straight into the table: argon2id would take longer than the benchmark.
func makeAccounts(ctx context.Context, d *db.DB, n int) ([]string, error) {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = id.New()
	}
	now := db.Micros(clock.System{}.Now())
	for part := range slices.Chunk(ids, spreadBatch) {
		err := d.Tx(ctx, func(tx *db.Tx) error {
			for _, account := range part {
				_, err := tx.Exec(ctx, insertAccount, account, account+"@example.com", now)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("make accounts: %w", err)
		}
	}
	return ids, nil
}

// pace is what one run of submitters reached.
type pace struct {
	rate  float64         // submissions/s
	took  []time.Duration // of each, sorted
	bytes float64         // written, each
}

// submitAll submits for a while from as many goroutines, the accounts taking turns.
func submitAll(ctx context.Context, d *db.DB, accounts []string, submitters, batch int) (p pace, err error) {
	sheet, err := pricing.BuiltIn()
	if err != nil {
		return p, err
	}
	s := generation.New(generation.Deps{
		DB: d, Clock: clock.System{}, Prices: sheet, Kinds: []generation.Kind{plenty{}}, Entitlements: plenty{},
		Hub: event.NewHub(d), Log: slog.New(slog.DiscardHandler), MaxBatch: batch,
	})
	defer s.Close()
	before, err := bytesWritten(ctx, d)
	if err != nil {
		return p, err
	}
	now := clock.System{}
	began := now.Now()
	all := make([][]time.Duration, submitters)
	group, ctx := errgroup.WithContext(ctx)
	for i := range submitters {
		group.Go(func() error {
			for turn := i; now.Now().Sub(began) < holdTime; turn += submitters {
				actor := access.Actor{AccountID: accounts[turn%len(accounts)]}
				start := now.Now()
				if _, err := s.Submit(ctx, actor, generation.SubmitRequest{Kind: "image", Input: struct{}{}}); err != nil {
					return err
				}
				all[i] = append(all[i], now.Now().Sub(start))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return p, err
	}
	seconds := now.Now().Sub(began).Seconds()
	after, err := bytesWritten(context.WithoutCancel(ctx), d)
	p.took = slices.Concat(all...)
	slices.Sort(p.took)
	p.rate, p.bytes = float64(len(p.took))/seconds, float64(after-before)/float64(len(p.took))
	return p, err
}

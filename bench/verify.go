package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

const (
	verifySQLite   = "ledger_verify_lines_per_second"
	verifyPostgres = "ledger_verify_lines_per_second_postgres"

	verifyHolds = 40_000 // each two lines of the journal
)

// ledgerVerify measures how fast a journal is computed again.
func ledgerVerify(ctx context.Context, o Options) (results []Result, err error) {
	for _, d := range []struct{ name, ref string }{{verifySQLite, ""}, {verifyPostgres, o.Postgres}} {
		if d.name == verifyPostgres && d.ref == "" {
			continue
		}
		r, err := verifyRate(ctx, o, d.ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		r.Name = d.name
		results = append(results, r)
	}
	return results, nil
}

func verifyRate(ctx context.Context, o Options, ref string) (r Result, err error) {
	if ref == "" {
		dir, err := os.MkdirTemp(o.Dir, "verify-*")
		if err != nil {
			return r, err
		}
		ref = filepath.Join(dir, "bench.db")
	}
	d, err := db.Open(ctx, ref)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx); err != nil {
		return r, err
	}
	if err := fillJournal(ctx, d, "verify-"+id.New()); err != nil {
		return r, err
	}
	now := clock.System{}
	start := now.Now()
	s := ledger.NewService(d, now, nil)
	problems := 0
	c, err := s.Verify(ctx, func(string) { problems++ })
	if err == nil && problems > 0 {
		err = fmt.Errorf("%d problems in a journal nobody touched", problems)
	}
	seconds := now.Now().Sub(start).Seconds()
	return Result{Value: float64(c.Entries) / seconds, Unit: "lines/s", Note: fmt.Sprintf("%d lines, hashes included", c.Entries)}, err
}

// fillJournal writes a wallet with a long history.
func fillJournal(ctx context.Context, d *db.DB, walletID string) error {
	now := clock.System{}.Now()
	schedule := ledger.Always(ledger.Term{Plan: "bench", Daily: token.Max})
	for first := 0; first < verifyHolds; first += 1000 {
		err := d.Tx(ctx, func(tx *db.Tx) error {
			wallets, _, err := ledger.Load(ctx, tx, []string{walletID}, nil)
			if err != nil {
				return err
			}
			w := wallets[walletID]
			if err := w.Advance(now, schedule); err != nil {
				return err
			}
			for range 1000 {
				h, err := w.Hold(ledger.HoldRequest{GenerationID: id.New(), Amount: 3000, SheetVersion: 1, Note: "bench"})
				if err == nil {
					err = w.Capture(h, h.Amount, false)
				}
				if err != nil {
					return err
				}
			}
			return ledger.Save(ctx, tx, wallets)
		})
		if err != nil {
			return fmt.Errorf("write a journal: %w", err)
		}
	}
	return nil
}

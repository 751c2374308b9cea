package generation

import (
	"context"
	"fmt"

	"bottega/internal/db"
	"bottega/internal/ledger"
	"bottega/internal/queue"
)

// Check compares the open generations with open holds and tickets, in one snapshot.
func Check(ctx context.Context, d *db.DB, problem func(string)) error {
	return d.Snapshot(ctx, func(q db.Queryer) error {
		open, err := openIDs(ctx, q)
		if err != nil {
			return err
		}
		holds, err := ledger.OpenHolds(ctx, q)
		if err != nil {
			return err
		}
		tickets, err := queue.IDs(ctx, q)
		if err != nil {
			return err
		}
		if err := queue.Check(ctx, q, problem); err != nil {
			return err
		}
		for _, other := range []struct {
			what string
			ids  map[string]bool
		}{{"an open hold", holds}, {"a ticket", tickets}} {
			for id := range open {
				if !other.ids[id] {
					problem("generation " + id + " is open and does not have " + other.what)
				}
			}
			for id := range other.ids {
				if !open[id] {
					problem("generation " + id + " has " + other.what + " and is not open")
				}
			}
		}
		return nil
	})
}

func openIDs(ctx context.Context, q db.Queryer) (map[string]bool, error) {
	set, err := db.Set(ctx, q, "SELECT id FROM generation WHERE state IN ('waiting', 'running')")
	if err != nil {
		return nil, fmt.Errorf("list open generations: %w", err)
	}
	return set, nil
}

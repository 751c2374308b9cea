package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Load reads wallets with their open grants, and the given holds with the grants they came from, for changing inside
// tx. Wallets that do not exist yet are made. Rows are locked in the order of ids, so that two transactions never wait
// for each other in a circle.
func Load(ctx context.Context, tx *db.Tx, walletIDs, holdIDs []string) (map[string]*Wallet, map[string]*Hold, error) {
	holds, err := loadHolds(ctx, tx, holdIDs)
	if err != nil {
		return nil, nil, err
	}
	ids := map[string]bool{}
	for _, w := range walletIDs {
		ids[w] = true
	}
	var legs []string
	for _, h := range holds {
		ids[h.WalletID] = true
		for _, l := range h.Legs {
			legs = append(legs, l.Grant)
		}
	}
	sorted := make([]string, 0, len(ids))
	for w := range ids {
		sorted = append(sorted, w)
	}
	sort.Strings(sorted)
	if err := createMissing(ctx, tx, sorted); err != nil {
		return nil, nil, err
	}
	wallets, err := readWallets(ctx, tx, sorted, tx.ForUpdate())
	if err != nil {
		return nil, nil, err
	}
	if err := readGrants(ctx, tx, wallets, sorted, legs); err != nil {
		return nil, nil, err
	}
	// A hold may have ended between its first reading and the lock on its wallet: read again under the lock.
	if tx.Dialect() == db.Postgres && len(holdIDs) > 0 {
		if holds, err = loadHolds(ctx, tx, holdIDs); err != nil {
			return nil, nil, err
		}
	}
	return wallets, holds, nil
}

// Lock makes whoever else changes a wallet wait, or who spends from it, until the commit.
func Lock(ctx context.Context, tx *db.Tx, walletID string) error {
	if err := createMissing(ctx, tx, []string{walletID}); err != nil {
		return err
	}
	_, err := readWallets(ctx, tx, []string{walletID}, tx.ForUpdate())
	return err
}

// createMissing makes empty wallets. Conflicts are with somebody else who makes the same one.
func createMissing(ctx context.Context, tx *db.Tx, ids []string) error {
	rows := make([][]any, len(ids))
	for i, w := range ids {
		rows[i] = []any{w, 0, 0, 0, 0, "", 0, -1}
	}
	err := tx.Insert(ctx, "INSERT INTO wallet (id, available, held, seq, clock, head_hash, schedule, started) VALUES ", rows,
		" ON CONFLICT (id) DO NOTHING")
	if err != nil {
		return fmt.Errorf("make wallets: %w", err)
	}
	return nil
}

// readWallets uses the primary key.
func readWallets(ctx context.Context, q db.Queryer, ids []string, suffix string) (map[string]*Wallet, error) {
	wallets := make(map[string]*Wallet, len(ids))
	err := eachChunk(ids, func(chunk []any) error {
		rows, err := q.Query(ctx, "SELECT id, available, held, seq, clock, head_hash, schedule, started FROM wallet WHERE id IN "+
			db.In(1, len(chunk))+" ORDER BY id"+suffix, chunk...)
		if err != nil {
			return fmt.Errorf("read wallets: %w", err)
		}
		return scanAll(rows, func() error {
			w := &Wallet{}
			var clock int64
			if err := rows.Scan(&w.ID, &w.Available, &w.Held, &w.Seq, &clock, &w.HeadHash, &w.Schedule, &w.Started); err != nil {
				return err
			}
			w.Clock = db.Time(clock)
			wallets[w.ID] = w
			return nil
		})
	})
	return wallets, err
}

const grantColumns = `id, wallet_id, kind, source_ref, amount, remaining, held, spent, expired, moved, owed, due, is_open, expires_at, created_at`

// readGrants uses the partial index on open grants, and the primary key for the legs of holds.
func readGrants(ctx context.Context, q db.Queryer, wallets map[string]*Wallet, ids, legs []string) error {
	read := func(query string) func(chunk []any) error {
		return func(chunk []any) error {
			rows, err := q.Query(ctx, query+db.In(1, len(chunk))+" ORDER BY created_at, id", chunk...)
			if err != nil {
				return fmt.Errorf("read grants: %w", err)
			}
			return scanAll(rows, func() error {
				g, walletID, err := scanGrant(rows)
				if err != nil {
					return err
				}
				if w := wallets[walletID]; w != nil && w.grant(g.ID) == nil {
					w.Grants = append(w.Grants, g)
				}
				return nil
			})
		}
	}
	if err := eachChunk(ids, read("SELECT "+grantColumns+" FROM ledger_grant WHERE is_open = 1 AND wallet_id IN ")); err != nil {
		return err
	}
	return eachChunk(legs, read("SELECT "+grantColumns+" FROM ledger_grant WHERE id IN "))
}

// Recall reads grants of a loaded wallet that are over, by their references, for changing as if they had been loaded with it.
// The unique index on wallet and reference.
func Recall(ctx context.Context, tx *db.Tx, w *Wallet, refs ...string) error {
	for _, ref := range refs {
		if ref == "" || w.named(ref) != nil {
			continue
		}
		rows, err := tx.Query(ctx, "SELECT "+grantColumns+" FROM ledger_grant WHERE wallet_id = $1 AND source_ref = $2", w.ID, ref)
		if err != nil {
			return fmt.Errorf("read grant %s: %w", ref, err)
		}
		err = scanAll(rows, func() error {
			g, _, err := scanGrant(rows)
			if err == nil {
				w.Grants = append(w.Grants, g)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func scanGrant(rows *sql.Rows) (*Grant, string, error) {
	g := &Grant{}
	var walletID string
	var open int
	var expires, created int64
	err := rows.Scan(&g.ID, &walletID, &g.Kind, &g.Ref, &g.Amount, &g.Remaining, &g.Held, &g.Spent, &g.Expired,
		&g.Moved, &g.Owed, &g.Due, &open, &expires, &created)
	g.Open, g.ExpiresAt, g.CreatedAt = open == 1, db.Time(expires), db.Time(created)
	return g, walletID, err
}

// loadHolds uses the primary key.
func loadHolds(ctx context.Context, q db.Queryer, ids []string) (map[string]*Hold, error) {
	holds := make(map[string]*Hold, len(ids))
	err := eachChunk(ids, func(chunk []any) error {
		rows, err := q.Query(ctx, `SELECT id, wallet_id, amount, captured, state, legs, created_at, ended_at, sheet_version, model
			FROM hold WHERE id IN `+db.In(1, len(chunk)), chunk...)
		if err != nil {
			return fmt.Errorf("read holds: %w", err)
		}
		return scanAll(rows, func() error {
			h := &Hold{}
			var legs string
			var created, ended int64
			if err := rows.Scan(&h.ID, &h.WalletID, &h.Amount, &h.Captured, &h.State, &legs, &created, &ended, &h.SheetVersion, &h.Model); err != nil {
				return err
			}
			h.CreatedAt, h.EndedAt = db.Time(created), db.Time(ended)
			holds[h.ID] = h
			return json.Unmarshal([]byte(legs), &h.Legs)
		})
	})
	return holds, err
}

// Save writes what operations changed on the wallets: a few statements for all of them together.
func Save(ctx context.Context, tx *db.Tx, wallets map[string]*Wallet) error {
	var walletRows, grantRows, holdRows, entryRows [][]any
	for _, w := range wallets {
		if !w.changed && len(w.entries) == 0 && len(w.touched) == 0 && len(w.holds) == 0 {
			continue
		}
		walletRows = append(walletRows, []any{w.ID, w.Available, w.Held, w.Seq, db.Micros(w.Clock), w.HeadHash, w.Schedule, w.Started})
		for g := range w.touched {
			grantRows = append(grantRows, []any{
				g.ID, w.ID, g.Kind, g.Ref, g.Amount, g.Remaining, g.Held, g.Spent, g.Expired, g.Moved, g.Owed, g.Due,
				db.Bool(g.Open), db.Micros(g.ExpiresAt), db.Micros(g.CreatedAt),
			})
		}
		for _, h := range w.holds {
			legs, err := json.Marshal(h.Legs)
			if err != nil {
				return fmt.Errorf("write hold %s: %w", h.ID, err)
			}
			holdRows = append(holdRows, []any{
				h.ID, h.WalletID, h.Amount, h.Captured, h.State, string(legs), db.Micros(h.CreatedAt), db.Micros(h.EndedAt),
				h.SheetVersion, h.Model,
			})
		}
		for _, e := range w.entries {
			entryRows = append(entryRows, []any{
				e.WalletID, e.Seq, e.GrantID, e.HoldID, e.Op, e.From, e.To, e.Amount, e.Note, db.Micros(e.At), e.Hash, e.Sheet,
			})
		}
		w.changed, w.entries, w.touched, w.holds = false, nil, nil, nil
	}
	return saveRows(ctx, tx, walletRows, grantRows, holdRows, entryRows)
}

func saveRows(ctx context.Context, tx *db.Tx, wallets, grants, holds, entries [][]any) error {
	for _, s := range []struct {
		what, head, tail string
		rows             [][]any
	}{
		{
			"wallets", "INSERT INTO wallet (id, available, held, seq, clock, head_hash, schedule, started) VALUES ",
			` ON CONFLICT (id) DO UPDATE SET available = excluded.available, held = excluded.held, seq = excluded.seq,
				clock = excluded.clock, head_hash = excluded.head_hash, schedule = excluded.schedule, started = excluded.started`, wallets,
		},
		{
			"grants", "INSERT INTO ledger_grant (" + grantColumns + ") VALUES ",
			` ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, remaining = excluded.remaining, held = excluded.held,
				spent = excluded.spent, expired = excluded.expired, moved = excluded.moved, owed = excluded.owed, due = excluded.due, is_open = excluded.is_open,
				expires_at = excluded.expires_at`, grants,
		},
		{
			"holds", "INSERT INTO hold (id, wallet_id, amount, captured, state, legs, created_at, ended_at, sheet_version, model) VALUES ",
			` ON CONFLICT (id) DO UPDATE SET captured = excluded.captured, state = excluded.state, legs = excluded.legs,
				ended_at = excluded.ended_at`, holds,
		},
		{
			"journal", "INSERT INTO entry (wallet_id, seq, grant_id, hold_id, op, from_box, to_box, amount, note, at, hash, sheet_version) VALUES ",
			"", entries,
		},
	} {
		if len(s.rows) == 0 {
			continue
		}
		if err := tx.Insert(ctx, s.head, s.rows, s.tail); err != nil {
			return fmt.Errorf("write %s: %w", s.what, err)
		}
	}
	return nil
}

// eachChunk calls f with at most 5000 ids at a time, as query arguments.
func eachChunk(ids []string, f func(chunk []any) error) error {
	for len(ids) > 0 {
		n := min(len(ids), 5000)
		chunk := make([]any, n)
		for i, s := range ids[:n] {
			chunk[i] = s
		}
		if err := f(chunk); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// scanAll calls scan for every row and closes rows.
func scanAll(rows *sql.Rows, scan func() error) error {
	defer func() { _ = rows.Close() }() // Err tells what matters
	for rows.Next() {
		if err := scan(); err != nil {
			return fmt.Errorf("read row: %w", err)
		}
	}
	return rows.Err()
}

// Layer is what is available in one layer of a wallet with one expiry.
type Layer struct {
	Kind      GrantKind
	Available token.Amount
	ExpiresAt time.Time // zero = never
}

package generation

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// payer is the wallet that pays for an actor's work: the account's tokens, or its API credits for a key that says so.
func payer(a access.Actor) string {
	if a.Credits {
		return ledger.CreditsOf(a.AccountID)
	}
	return a.AccountID
}

// spendKey is a key's month.
type spendKey struct{ keyID, month string }

func monthOf(keyID string, at time.Time) spendKey {
	return spendKey{keyID, at.UTC().Format("2006-01")}
}

// spending is what keys have used in their months, and what this batch adds to it.
type spending struct {
	used map[spendKey]token.Amount // with what this batch has added
	more map[spendKey]token.Amount
}

// add counts an amount, which may be negative when something comes back.
func (s *spending) add(k spendKey, amount token.Amount) {
	if k.keyID == "" || amount == 0 {
		return
	}
	s.used[k] += amount
	s.more[k] += amount
}

// allow refuses what a key's budget does not cover any more.
func (s *spending) allow(op *submission, price token.Amount) error {
	k := monthOf(op.actor.KeyID, op.at)
	if k.keyID == "" || op.actor.Budget == 0 || s.used[k]+price <= op.actor.Budget {
		return nil
	}
	next := time.Date(op.at.Year(), op.at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	f := fault.New(fault.Insufficient, "key_budget_spent", fmt.Sprintf(
		"this costs %s and the budget of this API key has %s of %s left until %s", price, max(0, op.actor.Budget-s.used[k]),
		op.actor.Budget, next.Format(time.DateOnly)))
	f.Details = map[string]any{
		"price_mt": int64(price), "budget_mt": int64(op.actor.Budget), "used_mt": int64(s.used[k]), "resets_at": next.Format(time.RFC3339),
	}
	return f
}

// loadSpending reads what the keys of a batch's submissions have used. The wallets are locked already, and keys of one
// wallet come one after the other; rows are locked for those whose wallet was changed meanwhile. Primary key.
func loadSpending(ctx context.Context, tx *db.Tx, ops []operation) (spending, error) {
	s := spending{used: map[spendKey]token.Amount{}, more: map[spendKey]token.Amount{}}
	asked := map[spendKey]bool{}
	for _, op := range ops {
		if op.submit == nil || op.submit.actor.Budget == 0 {
			continue
		}
		k := monthOf(op.submit.actor.KeyID, op.submit.at)
		if k.keyID == "" || asked[k] {
			continue
		}
		asked[k] = true
		used, err := usedBy(ctx, tx, k)
		if err != nil {
			return s, err
		}
		s.used[k] = used
	}
	return s, nil
}

func usedBy(ctx context.Context, q db.Queryer, k spendKey) (token.Amount, error) {
	var used token.Amount
	// Primary key; no row is nothing used.
	err := q.QueryRow(ctx, "SELECT COALESCE(SUM(used), 0) FROM key_spend WHERE key_id = $1 AND month = $2", k.keyID, k.month).Scan(&used)
	if err != nil {
		return 0, fmt.Errorf("read what key %s has used: %w", k.keyID, err)
	}
	return used, nil
}

func (s *spending) save(ctx context.Context, tx *db.Tx) error {
	for k, more := range s.more {
		if more == 0 {
			continue
		}
		statement := `INSERT INTO key_spend (key_id, month, used) VALUES ($1, $2, $3)
			ON CONFLICT (key_id, month) DO UPDATE SET used = key_spend.used + excluded.used`
		if more < 0 { // the row is there: what comes back was counted once
			statement = "UPDATE key_spend SET used = used + $3 WHERE key_id = $1 AND month = $2"
		}
		if _, err := tx.Exec(ctx, statement, k.keyID, k.month, more); err != nil {
			return fmt.Errorf("write what key %s has used: %w", k.keyID, err)
		}
	}
	return nil
}

// KeyUsed is what an API key has used in the running UTC month, held amounts included.
func (s *Service) KeyUsed(ctx context.Context, keyID string) (token.Amount, error) {
	return usedBy(ctx, s.DB, monthOf(keyID, s.Clock.Now()))
}

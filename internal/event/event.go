// Package event tells people what happened to their work. Facts are written to an outbox in the transaction that makes
// them true, and only committed rows are ever sent; progress, which nobody needs twice, goes straight to whoever
// listens and is dropped when they are slow. What a fact means belongs to its sender.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"bottega/internal/db"
)

// Topics of stored events.
const (
	TopicGeneration = "generation" // something about a generation changed: read it again
	TopicDeleted    = "deleted"
	TopicBalance    = "balance"
	TopicAlert      = "alert"    // somebody is told something
	TopicProgress   = "progress" // not stored
)

// Record is a fact to be written.
type Record struct {
	AccountID string
	Topic     string
	Subject   string // the id it is about
	At        time.Time
}

// Message is what a subscriber gets.
type Message struct {
	ID       int64 // number in the outbox; 0 for progress
	Topic    string
	Subject  string
	Progress json.RawMessage // with TopicProgress
}

// outboxLock makes the order of outbox numbers the order of commits on PostgreSQL, where two transactions may
// otherwise commit in the other order and a reader would skip the later one. SQLite has one writer anyway.
const outboxLock = 0x626f74 // "bot"

// Append writes facts in the caller's transaction. Call Hub.Wake after the commit.
func Append(ctx context.Context, tx *db.Tx, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	if tx.Dialect() == db.Postgres {
		if err := tx.Later(ctx, "SELECT pg_advisory_xact_lock($1)", outboxLock); err != nil {
			return fmt.Errorf("lock outbox: %w", err)
		}
	}
	rows := make([][]any, len(records))
	for i, r := range records {
		rows[i] = []any{r.AccountID, r.Topic, r.Subject, db.Micros(r.At)}
	}
	if err := tx.Insert(ctx, "INSERT INTO outbox (account_id, topic, subject, created_at) VALUES ", rows, ""); err != nil {
		return fmt.Errorf("write outbox: %w", err)
	}
	return nil
}

// Since returns whose facts came after a number of the outbox, each account once, and the number to go on from. after < 0
// asks for the number alone. Primary key.
func Since(ctx context.Context, q db.Queryer, after int64) (accounts []string, last int64, err error) {
	if after < 0 {
		if err := q.QueryRow(ctx, "SELECT COALESCE(MAX(id), 0) FROM outbox").Scan(&last); err != nil {
			return nil, 0, fmt.Errorf("read outbox: %w", err)
		}
		return nil, last, nil
	}
	rows, err := q.Query(ctx, "SELECT id, account_id FROM outbox WHERE id > $1 AND topic <> 'alert' ORDER BY id LIMIT 5000", after)
	if err != nil {
		return nil, after, fmt.Errorf("read outbox: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what matters
	last = after
	seen := map[string]bool{}
	for rows.Next() {
		var account string
		if err := rows.Scan(&last, &account); err != nil {
			return nil, after, fmt.Errorf("read outbox: %w", err)
		}
		if !seen[account] {
			seen[account] = true
			accounts = append(accounts, account)
		}
	}
	return accounts, last, rows.Err()
}

// Prune deletes facts older than before. A client that was away for longer reads its lists again.
func Prune(ctx context.Context, d *db.DB, before time.Time) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM outbox WHERE created_at < $1", db.Micros(before))
		return err
	})
}

// Package audit keeps what the operator did: who, what, to whom, when and why. Lines are written in the transaction that
// makes them true and are never changed. What an action means it leaves to whoever writes it down; it holds no prompts, no
// secrets and no pictures.
package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"bottega/internal/db"
	"bottega/internal/fault"
)

// Line is one thing that was done.
type Line struct {
	ID        int64 // grows
	At        time.Time
	Actor     string // account; empty = whoever has the shell
	Action    string // "lane.pause"
	Subject   string // what it was done to
	AccountID string // whose it is; empty = nobody's
	Reason    string
	Details   map[string]any // small; shown as it is
}

// Append writes a line in the caller's transaction.
func Append(ctx context.Context, tx *db.Tx, l Line) error {
	details, err := json.Marshal(l.Details)
	if err != nil {
		return fmt.Errorf("write the audit line of %s: %w", l.Action, err)
	}
	_, err = tx.Exec(ctx, "INSERT INTO audit (at, actor, action, subject, account_id, reason, details) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		db.Micros(l.At), l.Actor, l.Action, l.Subject, l.AccountID, l.Reason, string(details))
	if err != nil {
		return fmt.Errorf("write the audit line of %s: %w", l.Action, err)
	}
	return nil
}

const columns = "id, at, actor, action, subject, account_id, reason, details"

// Page asks for part of the log, newest first.
type Page struct {
	AccountID string // whose; empty = everybody's
	Limit     int    // 1 … 200
	Cursor    string // of the page before; empty = from the newest
}

// List reads a page and the cursor of the next one, empty at the end. Primary key and index audit_account.
func List(ctx context.Context, q db.Queryer, p Page) ([]Line, string, error) {
	if p.Limit < 1 || p.Limit > 200 {
		return nil, "", fault.Bad(fault.Field{Name: "limit", Value: p.Limit, Message: "is out of range", Allowed: "1 to 200"})
	}
	before := int64(math.MaxInt64)
	if p.Cursor != "" {
		var err error
		if before, err = strconv.ParseInt(p.Cursor, 10, 64); err != nil {
			return nil, "", fault.Bad(fault.Field{Name: "cursor", Value: p.Cursor, Message: "is not from this list"})
		}
	}
	query := "SELECT " + columns + " FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2"
	args := []any{before, p.Limit + 1}
	if p.AccountID != "" {
		query = "SELECT " + columns + " FROM audit WHERE id < $1 AND account_id = $3 AND account_id <> '' ORDER BY id DESC LIMIT $2"
		args = append(args, p.AccountID)
	}
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, "", fmt.Errorf("read the audit log: %w", err)
	}
	list, err := scan(rows)
	if err != nil || len(list) <= p.Limit {
		return list, "", err
	}
	list = list[:p.Limit]
	return list, strconv.FormatInt(list[p.Limit-1].ID, 10), nil
}

func scan(rows *sql.Rows) ([]Line, error) {
	defer func() { _ = rows.Close() }()
	var list []Line
	for rows.Next() {
		var l Line
		var at int64
		var details string
		if err := rows.Scan(&l.ID, &at, &l.Actor, &l.Action, &l.Subject, &l.AccountID, &l.Reason, &details); err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		if err := json.Unmarshal([]byte(details), &l.Details); err != nil {
			return nil, fmt.Errorf("read the audit line %d: %w", l.ID, err)
		}
		l.At = db.Time(at)
		list = append(list, l)
	}
	return list, rows.Err()
}

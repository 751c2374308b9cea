// Package queue keeps the line of accepted work that is not finished, and decides what runs next. A ticket is in the
// line from the transaction that accepts its generation to the one that ends it; a lease says who runs it and until
// when. The dispatcher promises that a ticket is run by one worker at a time, that an expired lease moves on, and that
// no account runs more at once than its limit. What running means it leaves to its Worker.
package queue

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Ticket is a place in the line.
type Ticket struct {
	ID        string // the generation's id
	AccountID string
	Lane      string
	Weight    token.Amount // compute, for fair shares
	Needs     string       // engine that must be there
	QueuedAt  time.Time
	Attempt   int // times it was started
	Owner     string
	Until     time.Time // end of the lease; with no owner: not before
}

// The lanes: work that is paid, and work that is done when there is room. Their names sort in that order.
const (
	LaneFast    = "fast"
	LaneRelaxed = "relaxed"
)

const columns = "id, account_id, lane, weight, needs, queued_at, attempt, lease_owner, lease_until"

// Insert puts tickets into the line in the caller's transaction.
func Insert(ctx context.Context, tx *db.Tx, tickets []Ticket) error {
	if len(tickets) == 0 {
		return nil
	}
	rows := make([][]any, len(tickets))
	for i, t := range tickets {
		rows[i] = []any{t.ID, t.AccountID, t.Lane, t.Weight, t.Needs, db.Micros(t.QueuedAt), 0, "", 0}
	}
	if err := tx.Insert(ctx, "INSERT INTO ticket ("+columns+") VALUES ", rows, ""); err != nil {
		return fmt.Errorf("write tickets: %w", err)
	}
	return nil
}

// Delete takes tickets out of the line. Primary key.
func Delete(ctx context.Context, tx *db.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, "DELETE FROM ticket WHERE id IN "+db.In(1, len(ids)), anys(ids)...); err != nil {
		return fmt.Errorf("delete tickets: %w", err)
	}
	return nil
}

// ByID reads tickets. Primary key.
func ByID(ctx context.Context, q db.Queryer, ids []string) (map[string]Ticket, error) {
	found := map[string]Ticket{}
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM ticket WHERE id IN "+db.In(1, len(ids)), anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	list, err := scan(rows)
	for _, t := range list {
		found[t.ID] = t
	}
	return found, err
}

// CountByAccount counts the tickets of accounts, running ones included. Index on account_id.
func CountByAccount(ctx context.Context, q db.Queryer, accounts []string) (map[string]int, error) {
	counts := map[string]int{}
	if len(accounts) == 0 {
		return counts, nil
	}
	rows, err := q.Query(ctx, "SELECT account_id, COUNT(*) FROM ticket WHERE account_id IN "+
		db.In(1, len(accounts))+" GROUP BY account_id", anys(accounts)...)
	if err != nil {
		return nil, fmt.Errorf("count tickets: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var account string
		var n int
		if err := rows.Scan(&account, &n); err != nil {
			return nil, fmt.Errorf("count tickets: %w", err)
		}
		counts[account] = n
	}
	return counts, rows.Err()
}

// Waiting counts the tickets that nobody runs.
func Waiting(ctx context.Context, q db.Queryer) (int, error) {
	var n int
	if err := q.QueryRow(ctx, "SELECT COUNT(*) FROM ticket WHERE lease_owner = ''").Scan(&n); err != nil {
		return 0, fmt.Errorf("count waiting tickets: %w", err)
	}
	return n, nil
}

// Position is the ticket's place among those that wait, from 1; 0 when it is not waiting. Index on (lane, queued_at, id).
func Position(ctx context.Context, q db.Queryer, id string, now time.Time) (int, error) {
	t, err := ByID(ctx, q, []string{id})
	if err != nil {
		return 0, err
	}
	me, ok := t[id]
	if !ok || (me.Owner != "" && me.Until.After(now)) {
		return 0, nil
	}
	var before int
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM ticket WHERE lease_owner = ''
		AND (lane < $3 OR (lane = $3 AND (queued_at < $1 OR (queued_at = $1 AND id < $2))))`, db.Micros(me.QueuedAt), id, me.Lane).Scan(&before)
	if err != nil {
		return 0, fmt.Errorf("count tickets before %s: %w", id, err)
	}
	return before + 1, nil
}

// Load is how much work is in the line.
type Load struct {
	Weight  token.Amount // of all tickets, running ones included
	Running int          // tickets that somebody runs
}

// LoadOf sums up the line. It reads all of it: ask now and then, not for every request.
func LoadOf(ctx context.Context, q db.Queryer, now time.Time) (Load, error) {
	var l Load
	err := q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(weight), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN lease_until > $1 AND lease_owner <> '' THEN 1 ELSE 0 END), 0) AS BIGINT)
		FROM ticket`, db.Micros(now)).Scan(&l.Weight, &l.Running)
	if err != nil {
		return l, fmt.Errorf("sum up the line: %w", err)
	}
	return l, nil
}

// RelaxedOf is the weight of an account's own tickets in the relaxed lane, which run one after the other. Index on
// account_id.
func RelaxedOf(ctx context.Context, q db.Queryer, accountID string) (token.Amount, error) {
	var weight token.Amount
	err := q.QueryRow(ctx, "SELECT CAST(COALESCE(SUM(weight), 0) AS BIGINT) FROM ticket WHERE account_id = $1 AND lane = 'relaxed'", accountID).Scan(&weight)
	if err != nil {
		return 0, fmt.Errorf("sum up the relaxed work of %s: %w", accountID, err)
	}
	return weight, nil
}

// IDs returns the ids of all tickets.
func IDs(ctx context.Context, q db.Queryer) (map[string]bool, error) {
	rows, err := q.Query(ctx, "SELECT id FROM ticket")
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	return db.Set(rows)
}

func scan(rows *sql.Rows) ([]Ticket, error) {
	defer func() { _ = rows.Close() }()
	var list []Ticket
	for rows.Next() {
		var t Ticket
		var queued, until int64
		err := rows.Scan(&t.ID, &t.AccountID, &t.Lane, &t.Weight, &t.Needs, &queued, &t.Attempt, &t.Owner, &until)
		if err != nil {
			return nil, fmt.Errorf("read ticket: %w", err)
		}
		t.QueuedAt, t.Until = db.Time(queued), db.Time(until)
		list = append(list, t)
	}
	return list, rows.Err()
}

func anys(ids []string) []any {
	out := make([]any, len(ids))
	for i, s := range ids {
		out[i] = s
	}
	return out
}

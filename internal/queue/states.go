package queue

import (
	"context"
	"fmt"
	"time"

	"bottega/internal/db"
)

// What the operator sees.

// LaneState is a lane as the operator sees it.
type LaneState struct {
	Lane                       string
	Paused                     bool
	Running, Admitted, Waiting int       // tickets: running, next to run, outside their windows
	Kept                       int       // of the waiting ones, what owners or the operator keep back
	Oldest                     time.Time // when the ticket came that waits longest and is not kept back; zero = none
}

// States reads all lanes. It counts tickets: for people, not for the road.
func States(ctx context.Context, q db.Queryer) ([]LaneState, error) {
	m, err := readMachine(ctx, q)
	if err != nil {
		return nil, err
	}
	var list []LaneState
	for _, name := range Lanes() {
		s := LaneState{Lane: name, Paused: m.lanes[name] != nil && m.lanes[name].Paused}
		var oldest int64
		err := q.QueryRow(ctx, `SELECT COALESCE(SUM(CASE WHEN t.lease_owner <> '' THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN t.lease_owner = '' AND t.admitted = 1 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN t.lease_owner = '' AND t.admitted = 0 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN t.lease_owner = '' AND (t.paused = 1 OR s.paused = 1 OR s.stopped <> '') THEN 1 ELSE 0 END), 0),
			COALESCE(MIN(CASE WHEN t.lease_owner = '' AND t.paused = 0 AND s.paused = 0 AND s.stopped = '' THEN t.queued_at END), 0)
			FROM ticket t JOIN queue_share s ON s.share = t.share AND s.lane = t.lane WHERE t.lane = $1`, name).
			Scan(&s.Running, &s.Admitted, &s.Waiting, &s.Kept, &oldest)
		if err != nil {
			return nil, fmt.Errorf("count the tickets of lane %s: %w", name, err)
		}
		s.Oldest = db.Time(oldest)
		list = append(list, s)
	}
	return list, nil
}

// Backlog is an account that has work in the line.
type Backlog struct {
	AccountID        string
	Paused           bool   // by its owner
	Stopped          string // by the operator, and why; empty = not
	Rate             int    // percent of a usual part of the machine
	Running, Waiting int    // tickets, of all lanes; what waits may be kept back
}

// Backlogs reads the accounts with the most waiting work. It counts tickets: for people, not for the road.
func Backlogs(ctx context.Context, q db.Queryer, most int) ([]Backlog, error) {
	rows, err := q.Query(ctx, `SELECT t.account_id, SUM(CASE WHEN t.lease_owner <> '' THEN 1 ELSE 0 END), SUM(CASE WHEN t.lease_owner = '' THEN 1 ELSE 0 END) AS waiting,
		(SELECT COALESCE(MAX(s.paused), 0) FROM queue_share s WHERE s.share = t.account_id),
		(SELECT COALESCE(MAX(s.stopped), '') FROM queue_share s WHERE s.share = t.account_id),
		(SELECT COALESCE(MAX(s.rate), 100) FROM queue_share s WHERE s.share = t.account_id)
		FROM ticket t GROUP BY t.account_id ORDER BY waiting DESC, t.account_id LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("list waiting accounts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Backlog
	for rows.Next() {
		var b Backlog
		if err := rows.Scan(&b.AccountID, &b.Running, &b.Waiting, &b.Paused, &b.Stopped, &b.Rate); err != nil {
			return nil, fmt.Errorf("list waiting accounts: %w", err)
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

// Counted is what an account has in line.
type Counted struct{ Running, Waiting, Kept int }

// Counts counts what accounts have in line; those without anything are missing. Index on account_id.
func Counts(ctx context.Context, q db.Queryer, accounts []string) (map[string]Counted, error) {
	out := map[string]Counted{}
	if len(accounts) == 0 {
		return out, nil
	}
	rows, err := q.Query(ctx, `SELECT account_id, SUM(CASE WHEN lease_owner <> '' THEN 1 ELSE 0 END), SUM(CASE WHEN lease_owner = '' AND paused = 0 THEN 1 ELSE 0 END),
		SUM(CASE WHEN lease_owner = '' AND paused = 1 THEN 1 ELSE 0 END) FROM ticket WHERE account_id IN `+db.In(1, len(accounts))+" GROUP BY account_id", anys(accounts)...)
	if err != nil {
		return nil, fmt.Errorf("count tickets: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var account string
		var c Counted
		if err := rows.Scan(&account, &c.Running, &c.Waiting, &c.Kept); err != nil {
			return nil, fmt.Errorf("count tickets: %w", err)
		}
		out[account] = c
	}
	return out, rows.Err()
}

// Pace is how long a slot takes for a thousand tokens of a model's weight, measured.
type Pace struct {
	Engine, Model string
	Takes         time.Duration
	Runs          int64
}

// Paces reads all paces.
func Paces(ctx context.Context, q db.Queryer) ([]Pace, error) {
	rows, err := q.Query(ctx, "SELECT engine, model, micros, runs FROM pace ORDER BY engine, model")
	if err != nil {
		return nil, fmt.Errorf("read paces: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Pace
	for rows.Next() {
		var p Pace
		var micros int64
		if err := rows.Scan(&p.Engine, &p.Model, &micros, &p.Runs); err != nil {
			return nil, fmt.Errorf("read paces: %w", err)
		}
		p.Takes = time.Duration(micros) * time.Microsecond
		list = append(list, p)
	}
	return list, rows.Err()
}

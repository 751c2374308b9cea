// Package queue keeps the line of accepted work that is not finished, and decides what runs next. A ticket is in the
// line from the transaction that accepts its generation to the one that ends it; a lease says who runs it and until
// when. The dispatcher promises that a ticket is run by one worker at a time, that an expired lease moves on, that no
// account runs more at once than its limit, and that accounts share the machine by compute (fair.go states the bound).
// What running means it leaves to its Worker.
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
	Share     string // whose window it waits in; see ShareOf
	Lane      string
	Weight    token.Amount // compute, for fair shares
	Rate      int          // percent of a usual part of the machine; the line sets it
	Pixels    int64        // of its pictures
	Passed    int          // times a later one of its account took its turn; see warm.go
	Needs     string       // engine that must be there
	Model     string
	QueuedAt  time.Time
	Place     int64 // order among the account's own, smallest first
	Paused    bool  // its owner keeps it back
	Admitted  bool  // inside the account's window
	Start     int64 // virtual time of its turn; an estimate until it is admitted
	Expected  Wait  // what was said when it was accepted; zero = nothing
	Attempt   int   // times it was started
	Deaths    int   // of them, those that ended with the process that ran it
	Owner     string
	LeasedAt  time.Time
	Until     time.Time // end of the lease; with no owner: not before
	RequestID string    // of the submission, for the operator; may be empty
}

// The lanes. Paid work of people and of programs has one each, so that neither holds up the other; relaxed work is done
// when there is room.
const (
	LaneFast    = "fast"
	LaneAPI     = "api"
	LaneRelaxed = "relaxed"
)

// Lanes in the order of their names on pages.
func Lanes() []string { return []string{LaneFast, LaneAPI, LaneRelaxed} }

const columns = `id, account_id, share, lane, weight, rate, needs, model, queued_at, place, paused, admitted, start,
	expected, expected_low, expected_high, attempt, lease_owner, leased_at, lease_until, deaths, request_id, pixels, passed, expected_work`

// insert puts tickets into the line in the caller's transaction.
func insert(ctx context.Context, tx *db.Tx, tickets []*Ticket) error {
	rows := make([][]any, len(tickets))
	for i, t := range tickets {
		rows[i] = []any{
			t.ID, t.AccountID, t.Share, t.Lane, t.Weight, t.Rate, t.Needs, t.Model, db.Micros(t.QueuedAt), t.Place, db.Bool(t.Paused), db.Bool(t.Admitted),
			t.Start, db.Micros(t.Expected.At), db.Micros(t.Expected.Low), db.Micros(t.Expected.High), t.Attempt, "", 0, db.Micros(t.Until), t.Deaths, t.RequestID,
			t.Pixels, t.Passed, t.Expected.Work.Microseconds(),
		}
	}
	if err := tx.Insert(ctx, "INSERT INTO ticket ("+columns+") VALUES ", rows, ""); err != nil {
		return fmt.Errorf("write tickets: %w", err)
	}
	return nil
}

// remove takes tickets out of the line. Primary key.
func remove(ctx context.Context, tx *db.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := tx.Later(ctx, "DELETE FROM ticket WHERE id IN "+db.In(1, len(ids)), anys(ids)...); err != nil {
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

// IDs returns the ids of all tickets.
func IDs(ctx context.Context, q db.Queryer) (map[string]bool, error) {
	set, err := db.Set(ctx, q, "SELECT id FROM ticket")
	if err != nil {
		return nil, fmt.Errorf("list tickets: %w", err)
	}
	return set, nil
}

func scan(rows *sql.Rows) ([]Ticket, error) {
	defer func() { _ = rows.Close() }()
	var list []Ticket
	for rows.Next() {
		var t Ticket
		var queued, expected, low, high, leased, until, work int64
		err := rows.Scan(&t.ID, &t.AccountID, &t.Share, &t.Lane, &t.Weight, &t.Rate, &t.Needs, &t.Model, &queued, &t.Place, &t.Paused, &t.Admitted,
			&t.Start, &expected, &low, &high, &t.Attempt, &t.Owner, &leased, &until, &t.Deaths, &t.RequestID, &t.Pixels, &t.Passed, &work)
		if err != nil {
			return nil, fmt.Errorf("read ticket: %w", err)
		}
		t.QueuedAt, t.LeasedAt, t.Until = db.Time(queued), db.Time(leased), db.Time(until)
		t.Expected = Wait{At: db.Time(expected), Low: db.Time(low), High: db.Time(high), Work: time.Duration(work) * time.Microsecond}
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

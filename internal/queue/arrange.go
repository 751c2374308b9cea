package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"bottega/internal/db"
)

// ErrNotWaiting says that a ticket is not the account's, or does not wait any more.
var ErrNotWaiting = errors.New("it is not waiting")

// Arrangement changes the order of an account's waiting tickets of one lane, the next one first, or what of them its
// owner keeps back. It gets all of them and returns the same ones.
type Arrangement func(waiting []Ticket) ([]Ticket, error)

// arrangeMost bounds how many tickets are arranged at once.
const arrangeMost = 10_000

// Arrange lets an account's owner change the order of what waits, in the caller's transaction. Tickets that were in the
// window and do not run yet give their turn back and get a new one; that never brings the account more of the machine.
func Arrange(ctx context.Context, tx *db.Tx, share, lane string, change Arrangement) error {
	l, err := Load(ctx, tx, []string{share})
	if err != nil {
		return err
	}
	s := l.shares[shareKey{share, lane}]
	if s == nil {
		return ErrNotWaiting
	}
	waiting, err := waitingOf(ctx, tx, share, lane, tx.ForUpdate())
	if err != nil {
		return err
	}
	for i := range waiting {
		s.takeBack(&waiting[i], l.partyOf(s))
	}
	waiting, err = change(waiting)
	if err != nil {
		return err
	}
	for i, t := range waiting {
		_, err := tx.Exec(ctx, "UPDATE ticket SET place = $1, paused = $2, admitted = 0 WHERE id = $3", int64(i+1), db.Bool(t.Paused), t.ID)
		if err != nil {
			return fmt.Errorf("arrange %s: %w", t.ID, err)
		}
	}
	return l.promoteAll(ctx, tx)
}

// takeBack puts a ticket that does not run yet behind the window again.
func (s *Share) takeBack(t *Ticket, party *Share) {
	if !t.Admitted {
		return
	}
	t.Admitted = false
	s.Admitted--
	s.Waiting++
	s.Behind += t.Weight
	party.Finish = min(party.Finish, t.Start)
	s.Finish = party.Finish
}

// waitingOf reads the share's tickets of a lane that nobody runs, in the order in which they would. Index ticket_share.
func waitingOf(ctx context.Context, q db.Queryer, share, lane, suffix string) ([]Ticket, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+` FROM ticket WHERE share = $1 AND lane = $2 AND lease_owner = ''
		ORDER BY admitted DESC, place, id LIMIT $3`+suffix, share, lane, arrangeMost)
	if err != nil {
		return nil, fmt.Errorf("read the tickets of %s: %w", share, err)
	}
	return scan(rows)
}

// WaitingOf returns the first tickets of an account that nobody runs, of all lanes.
func WaitingOf(ctx context.Context, q db.Queryer, account string, most int) ([]Ticket, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+` FROM ticket WHERE account_id = $1 AND lease_owner = ''
		ORDER BY admitted DESC, place, id LIMIT $2`, account, most)
	if err != nil {
		return nil, fmt.Errorf("read the tickets of %s: %w", account, err)
	}
	return scan(rows)
}

// First stands for the ticket that waits in front of all the others of its lane.
const First = "first"

// Move puts one ticket before another of the same lane; with an empty before, behind all.
func Move(id, before string) Arrangement {
	return func(waiting []Ticket) ([]Ticket, error) {
		before := before
		if before == First && len(waiting) > 0 {
			before = waiting[0].ID
		}
		at := func(id string) int { return slices.IndexFunc(waiting, func(t Ticket) bool { return t.ID == id }) }
		from := at(id)
		if from < 0 || (before != "" && at(before) < 0) {
			return nil, ErrNotWaiting
		}
		if id == before {
			return waiting, nil
		}
		moved := waiting[from]
		waiting = slices.Delete(waiting, from, from+1)
		to := len(waiting)
		if before != "" {
			to = at(before)
		}
		return slices.Insert(waiting, to, moved), nil
	}
}

// Pause keeps one ticket back, or lets it go.
func Pause(id string, paused bool) Arrangement {
	return func(waiting []Ticket) ([]Ticket, error) {
		i := slices.IndexFunc(waiting, func(t Ticket) bool { return t.ID == id })
		if i < 0 {
			return nil, ErrNotWaiting
		}
		waiting[i].Paused = paused
		return waiting, nil
	}
}

// PauseAll keeps all of an account's waiting work back, also what comes in later, or lets it go: its own, and what it has
// in line for teams. What runs goes on.
func PauseAll(ctx context.Context, tx *db.Tx, account string, paused bool) error {
	return changeShares(ctx, tx, account, func(s *Share) { s.Paused = paused })
}

// changeShares changes every share of an account: its own, and those for teams. Where that changes who may start, or how
// fast its turns come, what waits in the windows gives its turn back and gets a new one.
func changeShares(ctx context.Context, tx *db.Tx, account string, change func(*Share)) error {
	shares, err := db.Set(ctx, tx, "SELECT DISTINCT share FROM ticket WHERE account_id = $1", account) // index on account_id
	if err != nil {
		return fmt.Errorf("read the shares of %s: %w", account, err)
	}
	shares[account] = true
	l, err := Load(ctx, tx, slices.Collect(maps.Keys(shares)))
	if err != nil {
		return err
	}
	for _, k := range slices.SortedFunc(maps.Keys(l.shares), compareKeys) {
		s := l.shares[k]
		if !shares[s.ID] {
			continue
		}
		before := *s
		change(s)
		if *s == before {
			continue
		}
		if err := l.emptyWindow(ctx, tx, s); err != nil {
			return err
		}
	}
	return l.promoteAll(ctx, tx)
}

// emptyWindow takes everything out of the window that does not run yet.
func (l *Line) emptyWindow(ctx context.Context, tx *db.Tx, s *Share) error {
	waiting, err := waitingOf(ctx, tx, s.ID, s.Lane, tx.ForUpdate())
	if err != nil {
		return err
	}
	for _, t := range waiting {
		if !t.Admitted {
			continue
		}
		s.takeBack(&t, l.partyOf(s))
		if _, err := tx.Exec(ctx, "UPDATE ticket SET admitted = 0 WHERE id = $1", t.ID); err != nil {
			return fmt.Errorf("keep %s back: %w", t.ID, err)
		}
	}
	return nil
}

// Check tells of every share that does not say what the tickets say.
func Check(ctx context.Context, q db.Queryer, problem func(string)) error {
	rows, err := q.Query(ctx, `SELECT s.share, s.lane, s.waiting, s.admitted, s.behind, COALESCE(t.waiting, 0), COALESCE(t.admitted, 0), COALESCE(t.behind, 0)
		FROM queue_share s LEFT JOIN (SELECT share, lane, SUM(1 - admitted) AS waiting, SUM(admitted) AS admitted,
			SUM((1 - admitted) * weight) AS behind FROM ticket GROUP BY share, lane) t
		ON t.share = s.share AND t.lane = s.lane
		WHERE s.waiting <> COALESCE(t.waiting, 0) OR s.admitted <> COALESCE(t.admitted, 0) OR s.behind <> COALESCE(t.behind, 0)`)
	if err != nil {
		return fmt.Errorf("check the shares: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var share, lane string
		var has, want [3]int64
		if err := rows.Scan(&share, &lane, &has[0], &has[1], &has[2], &want[0], &want[1], &want[2]); err != nil {
			return fmt.Errorf("check the shares: %w", err)
		}
		problem(fmt.Sprintf("share %s in lane %s says %v tickets waiting, admitted and weight behind; the line has %v", share, lane, has, want))
	}
	return rows.Err()
}

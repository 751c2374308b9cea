package queue

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Line is the part of the line that one transaction changes: the shares of some accounts and the tickets that come and
// go. Load it after the wallets are locked and before generations are, change it, and Save it once.
type Line struct {
	shares   map[shareKey]*Share
	before   map[shareKey]Share // as they are in the database
	now      map[string]int64   // virtual time by lane
	added    []*Ticket
	removed  []string
	measured []measured
}

type shareKey struct{ account, lane string }

// Load reads and locks the shares of accounts, in the order of their keys.
func Load(ctx context.Context, tx *db.Tx, accounts []string) (*Line, error) {
	l := &Line{shares: map[shareKey]*Share{}, before: map[shareKey]Share{}, now: map[string]int64{}}
	if len(accounts) == 0 {
		return l, nil
	}
	if err := makeShares(ctx, tx, accounts); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, "SELECT "+shareColumns+" FROM queue_share WHERE account_id IN "+db.In(1, len(accounts))+
		" ORDER BY account_id, lane"+tx.ForUpdate(), anys(accounts)...) // primary key
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	shares, err := scanShares(rows)
	if err != nil {
		return nil, err
	}
	for i, s := range shares {
		k := shareKey{s.AccountID, s.Lane}
		l.shares[k], l.before[k] = &shares[i], s
	}
	m, err := readMachine(ctx, tx)
	if err != nil {
		return nil, err
	}
	for name, lane := range m.lanes {
		l.now[name] = lane.Now
	}
	return l, nil
}

// makeShares makes the rows of accounts that were never in line, a row for each lane. Conflicts are with somebody else
// who makes the same ones.
func makeShares(ctx context.Context, tx *db.Tx, accounts []string) error {
	rows, err := tx.Query(ctx, "SELECT DISTINCT account_id FROM queue_share WHERE account_id IN "+db.In(1, len(accounts)), anys(accounts)...)
	if err != nil {
		return fmt.Errorf("read shares: %w", err)
	}
	known, err := db.Set(rows)
	if err != nil {
		return err
	}
	var missing [][]any
	for _, a := range slices.Sorted(slices.Values(accounts)) {
		for _, lane := range Lanes() {
			if !known[a] {
				missing = append(missing, []any{a, lane, 0, 0, 0, 1, 0, 0})
			}
		}
	}
	err = tx.Insert(ctx, "INSERT INTO queue_share ("+shareColumns+") VALUES ", missing, " ON CONFLICT (account_id, lane) DO NOTHING")
	if err != nil {
		return fmt.Errorf("make shares: %w", err)
	}
	return nil
}

// Length is how many tickets the account has, running ones included.
func (l *Line) Length(account string) int {
	n := 0
	for _, name := range Lanes() {
		if s := l.shares[shareKey{account, name}]; s != nil {
			n += s.Waiting + s.Admitted
		}
	}
	return n
}

// Add puts a ticket into the line: into its account's window, whose size is room, or behind it. ahead is how many of
// the account's own tickets wait before it, and their weight; t gets its turn when it is admitted at once.
func (l *Line) Add(t *Ticket, room int) (ahead int, weight token.Amount) {
	s := l.share(t.AccountID, t.Lane, room)
	t.Rate, t.Place = max(1, t.Rate), db.Micros(t.QueuedAt)
	ahead, weight = s.Waiting, s.Behind
	if s.Waiting == 0 && s.open() > 0 {
		s.admit(l.now[t.Lane], t)
	} else {
		t.Start = max(l.now[t.Lane], s.Finish+cost(s.Behind, t.Rate)) // as it looks now
		s.Waiting++
		s.Behind += t.Weight
	}
	l.added = append(l.added, t)
	return ahead, weight
}

// Remove takes a ticket out of the line. ran is how long a run that ended well took; 0 = nothing to learn from.
func (l *Line) Remove(t Ticket, room int, ran time.Duration) {
	s := l.share(t.AccountID, t.Lane, room)
	if t.Admitted {
		s.Admitted--
	} else {
		s.Waiting--
		s.Behind -= t.Weight
	}
	l.removed = append(l.removed, t.ID)
	if ran > 0 && t.Weight > 0 {
		l.measured = append(l.measured, measured{t.Needs, t.Model, t.Weight, ran})
	}
}

// share is the account's part of a lane, told the size of its window. A window of the relaxed lane is small.
func (l *Line) share(account, lane string, room int) *Share {
	s := l.shares[shareKey{account, lane}]
	if s == nil { // an account that Load was not told of: a programming mistake, found by the first test
		panic(fmt.Sprintf("queue: the share of account %s was not loaded", account))
	}
	s.Room = max(1, room)
	if lane == LaneRelaxed {
		s.Room = min(s.Room, relaxedAtOnce)
	}
	return s
}

// Save writes the changes, and lets tickets into the windows that have room now.
func (l *Line) Save(ctx context.Context, tx *db.Tx) error {
	if err := insert(ctx, tx, l.added); err != nil {
		return err
	}
	if err := remove(ctx, tx, l.removed); err != nil {
		return err
	}
	if err := l.promoteAll(ctx, tx); err != nil {
		return err
	}
	return savePace(ctx, tx, l.measured)
}

// promoteAll lets tickets into the windows that have room, and writes the shares that changed.
func (l *Line) promoteAll(ctx context.Context, tx *db.Tx) error {
	var changed [][]any
	for _, k := range slices.SortedFunc(maps.Keys(l.shares), compareKeys) {
		s := l.shares[k]
		if err := promote(ctx, tx, s, l.now[s.Lane]); err != nil {
			return err
		}
		if *s != l.before[k] {
			changed = append(changed, shareRow(s))
		}
	}
	return saveShares(ctx, tx, changed)
}

func compareKeys(a, b shareKey) int {
	if a.account != b.account {
		return strings.Compare(a.account, b.account)
	}
	return strings.Compare(a.lane, b.lane)
}

// promote admits the account's next tickets into its window. Index ticket_wait.
func promote(ctx context.Context, tx *db.Tx, s *Share, now int64) error {
	n := min(s.open(), s.Waiting)
	if n == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, "SELECT "+columns+` FROM ticket WHERE account_id = $1 AND lane = $2 AND admitted = 0 AND paused = 0
		ORDER BY place, id LIMIT $3`, s.AccountID, s.Lane, n)
	if err != nil {
		return fmt.Errorf("read the tickets of %s: %w", s.AccountID, err)
	}
	next, err := scan(rows)
	if err != nil {
		return err
	}
	for _, t := range next {
		s.admit(now, &t)
		s.Waiting--
		s.Behind -= t.Weight
		if _, err := tx.Exec(ctx, "UPDATE ticket SET admitted = 1, start = $1 WHERE id = $2", t.Start, t.ID); err != nil {
			return fmt.Errorf("admit %s: %w", t.ID, err)
		}
	}
	return nil
}

const shareColumns = "account_id, lane, waiting, behind, admitted, room, finish, paused"

func shareRow(s *Share) []any {
	return []any{s.AccountID, s.Lane, s.Waiting, s.Behind, s.Admitted, s.Room, s.Finish, db.Bool(s.Paused)}
}

// saveShares writes whole rows that are locked.
func saveShares(ctx context.Context, tx *db.Tx, rows [][]any) error {
	err := tx.Insert(ctx, "INSERT INTO queue_share ("+shareColumns+") VALUES ", rows, ` ON CONFLICT (account_id, lane) DO UPDATE SET
		waiting = excluded.waiting, behind = excluded.behind, admitted = excluded.admitted, room = excluded.room,
		finish = excluded.finish, paused = excluded.paused`)
	if err != nil {
		return fmt.Errorf("write shares: %w", err)
	}
	return nil
}

func scanShares(rows *sql.Rows) ([]Share, error) {
	defer func() { _ = rows.Close() }()
	var list []Share
	for rows.Next() {
		var s Share
		if err := rows.Scan(&s.AccountID, &s.Lane, &s.Waiting, &s.Behind, &s.Admitted, &s.Room, &s.Finish, &s.Paused); err != nil {
			return nil, fmt.Errorf("read shares: %w", err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

package queue

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
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
	at       time.Time // of the change; zero = not known
}

type shareKey struct{ share, lane string }

// Load reads and locks shares, and those of their parties, in the order of their keys.
func Load(ctx context.Context, tx *db.Tx, shares []string) (*Line, error) {
	l := &Line{shares: map[shareKey]*Share{}, before: map[shareKey]Share{}, now: map[string]int64{}}
	if len(shares) == 0 {
		return l, nil
	}
	known := map[string]bool{}
	for _, s := range shares {
		known[s], known[party(s)], known[member(s)] = true, true, true
	}
	shares = slices.Sorted(maps.Keys(known))
	list, err := lockShares(ctx, tx, shares)
	if err != nil {
		return nil, err
	}
	if len(list) < len(shares)*len(Lanes()) { // some were never in line
		if err := makeShares(ctx, tx, shares); err != nil {
			return nil, err
		}
		if list, err = lockShares(ctx, tx, shares); err != nil {
			return nil, err
		}
	}
	for i, s := range list {
		k := shareKey{s.ID, s.Lane}
		l.shares[k], l.before[k] = &list[i], s
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

// lockShares reads the rows of shares, in the order in which everybody locks them. Primary key.
func lockShares(ctx context.Context, tx *db.Tx, shares []string) ([]Share, error) {
	rows, err := tx.Query(ctx, "SELECT "+shareColumns+" FROM queue_share WHERE share IN "+db.In(1, len(shares))+
		" ORDER BY share, lane"+tx.ForUpdate(), anys(shares)...)
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	return scanShares(rows)
}

// makeShares makes the rows of those that were never in line, a row for each lane. Conflicts are with those that were, and
// with somebody else who makes the same ones.
func makeShares(ctx context.Context, tx *db.Tx, shares []string) error {
	var rows [][]any
	for _, s := range shares {
		for _, lane := range Lanes() {
			rows = append(rows, shareRow(&Share{ID: s, Lane: lane, Room: 1, Rate: Usual}))
		}
	}
	err := tx.Insert(ctx, "INSERT INTO queue_share ("+shareColumns+") VALUES ", rows, " ON CONFLICT (share, lane) DO NOTHING")
	if err != nil {
		return fmt.Errorf("make shares: %w", err)
	}
	return nil
}

// AsOf says when the change is made: tickets that wait for their next attempt until later stay outside their windows.
func (l *Line) AsOf(now time.Time) { l.at = now }

// Length is how many tickets a share has, running ones included.
func (l *Line) Length(share string) int {
	n := 0
	for _, name := range Lanes() {
		if s := l.shares[shareKey{share, name}]; s != nil {
			n += s.Waiting + s.Admitted
		}
	}
	return n
}

// Pixels are those of the pictures of all tickets of a share, running ones included.
func (l *Line) Pixels(share string) (n int64) {
	for _, name := range Lanes() {
		if s := l.shares[shareKey{share, name}]; s != nil {
			n += s.Pixels
		}
	}
	return n
}

// Add puts a ticket into the line: into its account's window, whose size is room, or behind it. ahead is how many of
// the account's own tickets wait before it, and their weight; t gets its turn when it is admitted at once.
func (l *Line) Add(t *Ticket, room int) (ahead int, weight token.Amount) {
	s := l.share(t.Share, t.Lane, room)
	own := l.shares[shareKey{member(t.Share), t.Lane}] // whoever keeps the own line back keeps all back
	s.Paused, s.Stopped, s.Rate, s.RateUntil = own.Paused, own.Stopped, own.Rate, own.RateUntil
	s.Pixels += t.Pixels
	t.Rate, t.Place = s.Rate, db.Micros(t.QueuedAt)
	ahead, weight = s.Waiting, s.Behind
	if s.Waiting == 0 && s.open() > 0 {
		s.admit(l.now[t.Lane], t, l.partyOf(s))
	} else {
		t.Start = max(l.now[t.Lane], l.partyOf(s).Finish+turns(s.Behind, t.Rate)) // as it looks now
		s.Waiting++
		s.Behind += t.Weight
	}
	l.added = append(l.added, t)
	return ahead, weight
}

// Remove takes a ticket out of the line. ran is how long a run that ended well took; 0 = nothing to learn from.
func (l *Line) Remove(t Ticket, room int, ran time.Duration) {
	s := l.share(t.Share, t.Lane, room)
	if t.Admitted {
		s.Admitted--
	} else {
		s.Waiting--
		s.Behind -= t.Weight
	}
	s.Pixels -= t.Pixels
	l.removed = append(l.removed, t.ID)
	if ran > 0 && t.Weight > 0 {
		l.measured = append(l.measured, measured{t.Needs, t.Model, t.Weight, ran})
	}
}

// partyOf is the share whose turns these tickets take.
func (l *Line) partyOf(s *Share) *Share { return l.shares[shareKey{party(s.ID), s.Lane}] }

// share is told the size of its window. A window of the relaxed lane is small.
func (l *Line) share(id, lane string, room int) *Share {
	s := l.shares[shareKey{id, lane}]
	if s == nil { // one that Load was not told of: a programming mistake, found by the first test
		panic(fmt.Sprintf("queue: share %s was not loaded", id))
	}
	s.Room = max(1, room)
	if lane == LaneRelaxed {
		s.Room = min(s.Room, relaxedAtOnce)
	}
	return s
}

// Save writes the changes, and lets tickets into the windows that have room now.
func (l *Line) Save(ctx context.Context, tx *db.Tx) error {
	if err := remove(ctx, tx, l.removed); err != nil { // first: what moves to another lane is both
		return err
	}
	if err := insert(ctx, tx, l.added); err != nil {
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
		if err := l.promote(ctx, tx, l.shares[k]); err != nil {
			return err
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(l.shares), compareKeys) {
		if s := l.shares[k]; *s != l.before[k] {
			changed = append(changed, shareRow(s))
		}
	}
	return saveShares(ctx, tx, changed)
}

func compareKeys(a, b shareKey) int {
	if a.share != b.share {
		return strings.Compare(a.share, b.share)
	}
	return strings.Compare(a.lane, b.lane)
}

// promote admits the next tickets of a share into its window. Index ticket_wait.
func (l *Line) promote(ctx context.Context, tx *db.Tx, s *Share) error {
	n := min(s.open(), s.Waiting)
	if n == 0 {
		return nil
	}
	due, wrong := l.due()
	rows, err := tx.Query(ctx, "SELECT "+columns+` FROM ticket WHERE share = $1 AND lane = $2 AND admitted = 0 AND paused = 0
		AND (lease_until <= $4 OR lease_until > $5) ORDER BY place, id LIMIT $3`, s.ID, s.Lane, n, due, wrong)
	if err != nil {
		return fmt.Errorf("read the tickets of %s: %w", s.ID, err)
	}
	next, err := scan(rows)
	if err != nil {
		return err
	}
	for _, t := range next {
		t.Rate = s.Rate
		s.admit(l.now[s.Lane], &t, l.partyOf(s))
		s.Waiting--
		s.Behind -= t.Weight
		if err := tx.Later(ctx, "UPDATE ticket SET admitted = 1, start = $1, rate = $2 WHERE id = $3", t.Start, t.Rate, t.ID); err != nil {
			return fmt.Errorf("admit %s: %w", t.ID, err)
		}
	}
	return nil
}

// due is the latest moment until which a ticket may have been told to wait that goes into its window now, and one after
// which no ticket can have been told so by a clock that was right.
func (l *Line) due() (until, wrong int64) {
	if l.at.IsZero() {
		return math.MaxInt64, math.MaxInt64
	}
	return db.Micros(l.at), db.Micros(l.at.Add(2 * backoffMost))
}

const shareColumns = "share, lane, waiting, behind, admitted, room, finish, paused, stopped, rate, rate_until, pixels"

func shareRow(s *Share) []any {
	return []any{s.ID, s.Lane, s.Waiting, s.Behind, s.Admitted, s.Room, s.Finish, db.Bool(s.Paused), s.Stopped, s.Rate, s.RateUntil, s.Pixels}
}

// saveShares writes whole rows that are locked.
func saveShares(ctx context.Context, tx *db.Tx, rows [][]any) error {
	err := tx.Insert(ctx, "INSERT INTO queue_share ("+shareColumns+") VALUES ", rows, ` ON CONFLICT (share, lane) DO UPDATE SET
		waiting = excluded.waiting, behind = excluded.behind, admitted = excluded.admitted, room = excluded.room,
		finish = excluded.finish, paused = excluded.paused, stopped = excluded.stopped, rate = excluded.rate, rate_until = excluded.rate_until,
		pixels = excluded.pixels`)
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
		if err := rows.Scan(&s.ID, &s.Lane, &s.Waiting, &s.Behind, &s.Admitted, &s.Room, &s.Finish, &s.Paused, &s.Stopped, &s.Rate, &s.RateUntil, &s.Pixels); err != nil {
			return nil, fmt.Errorf("read shares: %w", err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bottega/internal/db"
)

// What the operator may do with the line. None of it ends work or touches what is paid; tickets keep their places.

// PauseLane lets nothing of a lane start on any server, or goes on; the other lanes take its room.
func PauseLane(ctx context.Context, tx *db.Tx, lane string, paused bool) error {
	if !slices.Contains(Lanes(), lane) {
		return fmt.Errorf("%w %q: want %s", ErrNoLane, lane, strings.Join(Lanes(), ", "))
	}
	if _, err := tx.Exec(ctx, "UPDATE queue_lane SET paused = $1 WHERE lane = $2", db.Bool(paused), lane); err != nil {
		return fmt.Errorf("pause lane %s: %w", lane, err)
	}
	return nil
}

// What an operator can name that is not there.
var (
	ErrNoLane   = errors.New("there is no lane")
	ErrNoWorker = errors.New("there is no such worker")
)

// Drain lets a process finish what it runs and start nothing more, or goes on. It lasts as long as the process: one that
// starts anew has another name.
func Drain(ctx context.Context, tx *db.Tx, owner string, drained bool) error {
	n, err := tx.Exec(ctx, "UPDATE worker SET drained = $1 WHERE owner = $2", db.Bool(drained), owner) // primary key
	if err != nil {
		return fmt.Errorf("drain worker %s: %w", owner, err)
	}
	if n == 0 {
		return ErrNoWorker
	}
	return nil
}

// drained reports whether the operator wants this process to start nothing. Primary key.
func drained(ctx context.Context, q db.Queryer, owner string) (bool, error) {
	var n int
	err := q.QueryRow(ctx, "SELECT COALESCE(MAX(drained), 0) FROM worker WHERE owner = $1", owner).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read worker %s: %w", owner, err)
	}
	return n != 0, nil
}

// The bounds of a rate: a quarter of a usual part of the machine, and four of them.
const (
	LeastRate = Usual / 4
	MostRate  = Usual * 4
)

// SetRate gives an account more or less of the machine than others get, in percent, until a time (zero = for good). The
// caller has checked the bounds.
func SetRate(ctx context.Context, tx *db.Tx, account string, rate int, until time.Time) error {
	return changeShares(ctx, tx, account, func(s *Share) { s.Rate, s.RateUntil = rate, db.Micros(until) })
}

// Stop lets nothing of an account start, also what comes in later, and says why; an empty reason lets it go on. What runs
// goes on, what waits keeps its order.
func Stop(ctx context.Context, tx *db.Tx, account, reason string) error {
	return changeShares(ctx, tx, account, func(s *Share) { s.Stopped = reason })
}

// Standing is what the operator has set for an account.
type Standing struct {
	Stopped   string
	Rate      int
	RateUntil time.Time // zero = for good
}

// Standings reads what the operator has set; accounts that never had anything in line are missing. Primary key.
func Standings(ctx context.Context, q db.Queryer, accounts []string) (map[string]Standing, error) {
	out := map[string]Standing{}
	if len(accounts) == 0 {
		return out, nil
	}
	rows, err := q.Query(ctx, "SELECT DISTINCT share, stopped, rate, rate_until FROM queue_share WHERE share IN "+db.In(1, len(accounts)), anys(accounts)...)
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var account string
		var s Standing
		var until int64
		if err := rows.Scan(&account, &s.Stopped, &s.Rate, &until); err != nil {
			return nil, fmt.Errorf("read shares: %w", err)
		}
		s.RateUntil = db.Time(until)
		out[account] = s
	}
	return out, rows.Err()
}

// endRates gives accounts their usual part of the machine again when the time of another one is over. Partial index
// queue_share_rate.
func (d *Dispatcher) endRates(ctx context.Context, now time.Time) error {
	shares, err := db.Set(ctx, d.db, "SELECT DISTINCT share FROM queue_share WHERE rate_until > 0 AND rate_until <= $1", db.Micros(now))
	if err != nil {
		return fmt.Errorf("look for rates that end: %w", err)
	}
	for share := range shares {
		err := d.db.Tx(ctx, func(tx *db.Tx) error { return SetRate(ctx, tx, member(share), Usual, time.Time{}) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Relax moves a waiting ticket of a loaded share to the relaxed lane, where it stands among the account's own as old as it
// is. Its turn goes back to the lane it leaves.
func (l *Line) Relax(t Ticket, room int) {
	s := l.share(t.Share, t.Lane, room)
	s.takeBack(&t, l.partyOf(s))
	s.Waiting--
	s.Behind -= t.Weight
	s.Pixels -= t.Pixels
	l.removed = append(l.removed, t.ID)
	t.Lane, t.Paused, t.Expected = LaneRelaxed, false, Wait{}
	l.Add(&t, room)
}

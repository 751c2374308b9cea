package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// Forecast says how long a wallet lasts when its account goes on spending as it did.
type Forecast struct {
	Pace    token.Amount // a day
	Basis   int          // whole days it was taken from
	RunsOut time.Time    // zero = not within Horizon
}

// What a forecast looks at: up to paceDays whole UTC days back and Horizon ahead.
const (
	paceDays    = 14
	minPaceDays = 3 // whole days an account must have had
	minBusyDays = 2 // of them with spending: one burst is no pace
	Horizon     = 90 * 24 * time.Hour
)

const day = 24 * time.Hour

// Pace is what is spent a day, from the whole days' spending, oldest first; false when that says nothing yet. The
// dearest day counts no more than the one after it, so that one burst does not set the pace of weeks.
func Pace(days []token.Amount) (token.Amount, bool) {
	days = days[max(0, len(days)-paceDays):]
	busy := 0
	for _, d := range days {
		if d > 0 {
			busy++
		}
	}
	if len(days) < minPaceDays || busy < minBusyDays {
		return 0, false
	}
	sorted := slices.Clone(days)
	slices.Sort(sorted)
	sorted[len(sorted)-1] = sorted[len(sorted)-2]
	var sum token.Amount
	for _, d := range sorted {
		sum += d
	}
	n := token.Amount(len(days))
	return (sum + n - 1) / n, true
}

// stepsADay is how finely the time ahead is walked through.
const stepsADay = 4

// RunsOut walks a wallet into the future, spending at a pace: what the schedule brings arrives, what expires goes, and
// the layers are spent in their order. It returns the moment from which the pace cannot be paid, zero when that is
// beyond the horizon. The wallet is changed and must not be saved.
func (w *Wallet) RunsOut(s Schedule, pace token.Amount) (time.Time, error) {
	begin := w.Clock
	var spent token.Amount
	for step := range int(Horizon/day) * stepsADay {
		now := begin.Add(time.Duration(step) * day / stepsADay)
		if err := w.Advance(now, s); err != nil {
			return time.Time{}, err
		}
		due := pace*token.Amount(step+1)/stepsADay - spent
		if due > w.Spendable() {
			return now, nil
		}
		spent += due
		w.use(due)
	}
	return time.Time{}, nil
}

// use spends an amount without a hold and without a line: only of a wallet that is not saved.
func (w *Wallet) use(amount token.Amount) {
	for _, g := range w.spendable() {
		part := min(amount, g.Remaining)
		g.Remaining -= part
		g.Spent += part
		w.Available -= part
		amount -= part
	}
}

// Forecast says how long an account's tokens last; nil when its spending says nothing yet. expected is the schedule as
// it goes on if nobody changes anything, with its payments made.
func (s *Service) Forecast(ctx context.Context, accountID string, expected Schedule) (*Forecast, error) {
	w, _, err := s.now(ctx, accountID)
	if err != nil {
		return nil, err
	}
	days, err := s.spentByDay(ctx, accountID, w.Clock)
	if err != nil {
		return nil, err
	}
	f := &Forecast{Basis: len(days)}
	var says bool
	if f.Pace, says = Pace(days); !says {
		return nil, nil
	}
	f.RunsOut, err = w.RunsOut(expected, f.Pace)
	return f, err
}

// spentByDay is what was spent on each whole UTC day up to yesterday, oldest first: the last paceDays, or as many as the
// wallet has had. Primary key (wallet_id, seq), over the lines of those days.
func (s *Service) spentByDay(ctx context.Context, walletID string, now time.Time) ([]token.Amount, error) {
	var first, head int64
	err := s.db.QueryRow(ctx, `SELECT w.seq, e.at FROM wallet w JOIN entry e ON e.wallet_id = w.id AND e.seq = 1
		WHERE w.id = $1`, walletID).Scan(&head, &first)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read spending: %w", err)
	}
	today := now.Truncate(day)
	since := today.Add(-paceDays * day)
	if whole := db.Time(first).Add(day - 1).Truncate(day); whole.After(since) {
		since = whole // the day it began was not a whole one
	}
	if !since.Before(today) {
		return nil, nil
	}
	from, err := s.lineAt(ctx, walletID, head, since)
	if err != nil {
		return nil, err
	}
	days := make([]token.Amount, today.Sub(since)/day)
	rows, err := s.db.Query(ctx, `SELECT at / $4, CAST(SUM(amount) AS BIGINT) FROM entry
		WHERE wallet_id = $1 AND seq >= $2 AND op = 'capture' AND at < $3 GROUP BY 1`,
		walletID, from, today.UnixMicro(), day.Microseconds())
	if err != nil {
		return nil, fmt.Errorf("read spending: %w", err)
	}
	err = scanAll(rows, func() error {
		var n int64
		var amount token.Amount
		if err := rows.Scan(&n, &amount); err != nil {
			return err
		}
		days[n-since.UnixMicro()/day.Microseconds()] = amount
		return nil
	})
	return days, err
}

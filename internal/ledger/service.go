package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/token"
)

// Schedules tells what an account's plans bring in.
type Schedules interface {
	Schedule(ctx context.Context, accountID string) (Schedule, error)
}

// Service answers questions about wallets and makes grants. Holds are taken and ended by the generation package, in
// its own transactions, with Load, Wallet and Save.
type Service struct {
	db        *db.DB
	clock     clock.Clock
	schedules Schedules
}

// NewService returns a service on the database.
func NewService(d *db.DB, c clock.Clock, s Schedules) *Service {
	return &Service{db: d, clock: c, schedules: s}
}

// Balance is what an account has.
type Balance struct {
	Available, Held token.Amount
	Layers          []Layer // in spending order
	Frozen          token.Amount
	FrozenUntil     time.Time    // when a frozen bank is given up
	RenewsAt        time.Time    // when the next tokens of the plan arrive; zero = never
	Owed            token.Amount // what the next ones pay off first
	Pools           []Pool       // what the plan brought last and has not ended, the day's and the month's tokens, even when used up
	NewestTopUp     string       // id of the newest top-up; empty = none
}

// Draw is what one layer pays of a price.
type Draw struct {
	Kind   GrantKind
	Amount token.Amount
	Left   token.Amount // of the whole layer, afterwards
}

// Spend says which layers would pay a price, in the order in which a hold takes them; false when they hold too little.
func (b Balance) Spend(price token.Amount) ([]Draw, bool) {
	if price > b.Available {
		return nil, false
	}
	var draws []Draw
	rest := price
	for _, l := range b.Layers {
		part := min(rest, l.Available)
		rest -= part
		i := slices.IndexFunc(draws, func(d Draw) bool { return d.Kind == l.Kind })
		switch {
		case i >= 0:
			draws[i].Amount += part
			draws[i].Left += l.Available - part
		case part > 0:
			draws = append(draws, Draw{Kind: l.Kind, Amount: part, Left: l.Available - part})
		}
	}
	return draws, true
}

// Balance reads a wallet as it is now. Nothing is written: what is due arrives with the next operation.
func (s *Service) Balance(ctx context.Context, accountID string) (Balance, error) {
	w, schedule, err := s.now(ctx, accountID)
	if err != nil {
		return Balance{}, err
	}
	b := Balance{
		Available: w.Spendable(), Held: w.Held, Frozen: w.Available - w.Spendable(), RenewsAt: w.RenewsAt(schedule), Owed: w.Owed(),
		Pools: w.pools(), NewestTopUp: w.newestTopUp(),
	}
	if bank := w.find(Bank); bank != nil && b.Frozen > 0 {
		b.FrozenUntil = bank.ExpiresAt
	}
	for _, g := range w.spendable() {
		last := len(b.Layers) - 1
		if last >= 0 && b.Layers[last].Kind == g.Kind && b.Layers[last].ExpiresAt.Equal(g.ExpiresAt) {
			b.Layers[last].Available += g.Remaining
			continue
		}
		b.Layers = append(b.Layers, Layer{Kind: g.Kind, Available: g.Remaining, ExpiresAt: g.ExpiresAt})
	}
	return b, nil
}

// now loads a wallet and brings it up to date, in memory only.
func (s *Service) now(ctx context.Context, accountID string) (*Wallet, Schedule, error) {
	for try := 0; ; try++ {
		schedule, err := s.schedules.Schedule(ctx, accountID)
		if err != nil {
			return nil, schedule, err
		}
		wallets, err := readWallets(ctx, s.db, []string{accountID}, "")
		if err != nil {
			return nil, schedule, err
		}
		w := wallets[accountID]
		if w == nil {
			w = &Wallet{ID: accountID, Started: -1}
			wallets[accountID] = w
		}
		if err := readGrants(ctx, s.db, wallets, []string{accountID}, nil); err != nil {
			return nil, schedule, err
		}
		if err = w.Advance(s.clock.Now(), schedule); !errors.Is(err, ErrStale) || try == 3 {
			return w, schedule, err
		}
	}
}

// Grant gives tokens to an account. The same reference grants once; a second time is ErrGrantTwice.
func (s *Service) Grant(ctx context.Context, accountID string, r GrantRequest) error {
	return s.GrantAnd(ctx, accountID, r, nil)
}

// GrantAnd is Grant with something more that is written in the same transaction.
func (s *Service) GrantAnd(ctx context.Context, accountID string, r GrantRequest, also func(tx *db.Tx) error) error {
	err := s.change(ctx, accountID, func(w *Wallet) error { return w.Grant(r) }, also)
	if db.IsUnique(err) {
		return ErrGrantTwice
	}
	return err
}

// Change loads an account's wallet, brings it up to date, lets f decide, and writes what that changed.
func (s *Service) Change(ctx context.Context, accountID string, f func(w *Wallet) error) error {
	return s.change(ctx, accountID, f, nil)
}

func (s *Service) change(ctx context.Context, accountID string, f func(w *Wallet) error, also func(tx *db.Tx) error) error {
	for try := 0; ; try++ {
		schedule, err := s.schedules.Schedule(ctx, accountID) // before the transaction: on SQLite nothing else is asked in it
		if err != nil {
			return err
		}
		err = s.db.Tx(ctx, func(tx *db.Tx) error {
			wallets, _, err := Load(ctx, tx, []string{accountID}, nil)
			if err != nil {
				return err
			}
			w := wallets[accountID]
			if err := w.Advance(s.clock.Now(), schedule); err != nil {
				return err
			}
			if err := f(w); err != nil {
				return err
			}
			if also != nil {
				if err := also(tx); err != nil {
					return err
				}
			}
			return Save(ctx, tx, wallets)
		})
		if !errors.Is(err, ErrStale) || try == 3 {
			return err
		}
	}
}

// ErrWrong says that Verify found at least one problem.
var ErrWrong = errors.New("the ledger is wrong")

// OpenHolds returns the ids of the holds that have not ended. Partial indexes hold_open and hold_eased.
func OpenHolds(ctx context.Context, q db.Queryer) (map[string]bool, error) {
	set, err := db.Set(ctx, q, "SELECT id FROM hold WHERE state = 'held' UNION ALL SELECT id FROM hold WHERE state = 'eased'")
	if err != nil {
		return nil, fmt.Errorf("list open holds: %w", err)
	}
	return set, nil
}

// Granted is the amount of the grant of that reference in a wallet; 0 when there is none. Unique index of the reference.
func (s *Service) Granted(ctx context.Context, walletID, ref string) (token.Amount, error) {
	var amount token.Amount
	err := s.db.QueryRow(ctx, "SELECT COALESCE(SUM(amount), 0) FROM ledger_grant WHERE wallet_id = $1 AND source_ref = $2", walletID, ref).Scan(&amount)
	if err != nil {
		return 0, fmt.Errorf("read grant %s: %w", ref, err)
	}
	return amount, nil
}

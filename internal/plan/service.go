package plan

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bottega/internal/account"
	"bottega/internal/clock"
	"bottega/internal/db"
	"bottega/internal/event"
	"bottega/internal/ledger"
)

// Accounts tells which plan an account began with: account.Store.
type Accounts interface {
	ByID(ctx context.Context, accountID string) (account.Account, error)
}

// Service keeps subscriptions and codes. It owns the tables subscription, code and redemption; an account without a
// subscription is on the plan it began with. A team's subscription goes by the name of its wallet (ledger.TeamOf), here
// and in every argument called accountID.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	accounts Accounts
}

// NewService returns a service on a migrated database.
func NewService(d *db.DB, c clock.Clock, a Accounts) *Service {
	return &Service{db: d, clock: c, accounts: a}
}

// Read returns an account's subscription.
func (s *Service) Read(ctx context.Context, accountID string) (Subscription, error) {
	first, err := s.first(ctx, accountID)
	if err != nil {
		return Subscription{}, err
	}
	return read(ctx, s.db, accountID, "", first)
}

// ReadTeam returns the subscription of a team's wallet inside the caller's transaction.
func (s *Service) ReadTeam(ctx context.Context, tx *db.Tx, walletID string) (Subscription, error) {
	return read(ctx, tx, walletID, "", ForTeam())
}

// first is the subscription of an account that never changed its plan.
func (s *Service) first(ctx context.Context, accountID string) (Subscription, error) {
	if _, ok := ledger.IsTeam(accountID); ok {
		return ForTeam(), nil
	}
	acc, err := s.accounts.ByID(ctx, accountID)
	if err != nil {
		return Subscription{}, err
	}
	p, ok := Find(acc.Plan)
	if !ok {
		return Subscription{}, fmt.Errorf("account %s is on the plan %q, which does not exist (have %v)", acc.ID, acc.Plan, Names())
	}
	return Subscription{Terms: []Term{{Plan: p.Name, From: acc.PlanSince, Anchor: acc.PlanSince, First: p.Monthly}}}, nil
}

// read uses the primary key.
func read(ctx context.Context, q db.Queryer, accountID, lock string, first Subscription) (Subscription, error) {
	var sub Subscription
	var terms string
	err := q.QueryRow(ctx, "SELECT version, last_n, terms FROM subscription WHERE account_id = $1"+lock, accountID).
		Scan(&sub.Version, &sub.LastN, &terms)
	if errors.Is(err, sql.ErrNoRows) {
		return first, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(terms), &sub.Terms)
	}
	if err != nil {
		return sub, fmt.Errorf("read subscription of account %s: %w", accountID, err)
	}
	return sub, nil
}

// Schedule implements ledger.Schedules. API credits have no plan: nothing arrives by itself.
func (s *Service) Schedule(ctx context.Context, accountID string) (ledger.Schedule, error) {
	if _, ok := ledger.IsCredits(accountID); ok {
		return ledger.Schedule{}, nil
	}
	sub, err := s.Read(ctx, accountID)
	if err != nil {
		return ledger.Schedule{}, err
	}
	return sub.Schedule()
}

// Decision changes a subscription, and the wallet that follows it, at a moment that no clock can undo. It must be pure.
type Decision func(now time.Time, s Subscription, w *ledger.Wallet) (Subscription, error)

// Just is a decision that leaves the wallet to the schedule.
func Just(f func(s Subscription, now time.Time) (Subscription, error)) Decision {
	return func(now time.Time, s Subscription, _ *ledger.Wallet) (Subscription, error) { return f(s, now) }
}

// Change decides on an account's subscription and brings its wallet after it, in one transaction: what was due before
// arrives by the old terms, what is due from now on by the new ones.
func (s *Service) Change(ctx context.Context, accountID string, decide Decision) (Subscription, error) {
	first, err := s.first(ctx, accountID) // never changes; and on SQLite nothing else is asked inside the transaction
	if err != nil {
		return Subscription{}, err
	}
	var out Subscription
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		out, err = s.ChangeIn(ctx, tx, accountID, first, decide)
		return err
	})
	return out, err
}

// ChangeIn is Change inside the caller's transaction, which must not have locked anything that ledger.Load would wait for.
func (s *Service) ChangeIn(ctx context.Context, tx *db.Tx, accountID string, first Subscription, decide Decision) (Subscription, error) {
	wallets, _, err := ledger.Load(ctx, tx, []string{accountID}, nil)
	if err != nil {
		return Subscription{}, err
	}
	before, err := read(ctx, tx, accountID, tx.ForUpdate(), first)
	if err != nil {
		return before, err
	}
	w := wallets[accountID]
	if err := follow(w, s.clock.Now(), before); err != nil {
		return before, err
	}
	after, err := decide(w.Clock, before, w)
	if err != nil {
		return before, err
	}
	if err := follow(w, w.Clock, after); err != nil {
		return before, err
	}
	if err := ledger.Save(ctx, tx, wallets); err != nil {
		return before, err
	}
	if err := write(ctx, tx, accountID, after); err != nil {
		return before, err
	}
	return after, event.Append(ctx, tx, []event.Record{{AccountID: accountID, Topic: event.TopicBalance, Subject: accountID, At: w.Clock}})
}

func follow(w *ledger.Wallet, now time.Time, s Subscription) error {
	schedule, err := s.Schedule()
	if err != nil {
		return err
	}
	return w.Advance(now, schedule)
}

func write(ctx context.Context, tx *db.Tx, accountID string, s Subscription) error {
	terms, err := json.Marshal(s.Terms)
	if err != nil {
		return fmt.Errorf("write subscription of account %s: %w", accountID, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO subscription (account_id, version, last_n, terms) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, last_n = excluded.last_n, terms = excluded.terms`,
		accountID, s.Version, s.LastN, string(terms))
	if err != nil {
		return fmt.Errorf("write subscription of account %s: %w", accountID, err)
	}
	return nil
}

// Standing is how an account stands now.
type Standing struct {
	Plan  Plan
	State State
	Term  Term
	Next  *Term // what is planned or will follow by itself; nil = nothing
}

// Now says how an account stands.
func (s *Service) Now(ctx context.Context, accountID string) (Standing, Subscription, error) {
	sub, err := s.Read(ctx, accountID)
	if err != nil {
		return Standing{}, sub, err
	}
	now := s.clock.Now()
	out := Standing{State: sub.State(now), Term: sub.Now(now)}
	out.Plan, _ = find(out.Term.Plan, out.Term.Seats)
	if next, ok := sub.Next(now); ok {
		out.Next = &next
	}
	return out, sub, nil
}

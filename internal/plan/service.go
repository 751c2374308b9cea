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

// Service keeps subscriptions and codes. It owns the tables subscription, api_subscription, code and redemption; an account
// without a subscription is on the plan it began with. A subscription goes by the wallet it fills: the account's id for
// tokens, ledger.CreditsOf it for API credits, ledger.TeamOf a team.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	accounts Accounts

	// Changed is told of every change of a subscription by this process, once it is committed; nil = nobody is. Set it
	// before the service is used.
	Changed func(walletID string)
}

// NewService returns a service on a migrated database.
func NewService(d *db.DB, c clock.Clock, a Accounts) *Service {
	return &Service{db: d, clock: c, accounts: a}
}

// Read returns the subscription of an account, or of its wallet of API credits.
func (s *Service) Read(ctx context.Context, walletID string) (Subscription, error) {
	first, err := s.First(ctx, walletID)
	if err != nil {
		return Subscription{}, err
	}
	return read(ctx, s.db, walletID, "", first)
}

// ReadTeam returns the subscription of a team's wallet inside the caller's transaction.
func (s *Service) ReadTeam(ctx context.Context, tx *db.Tx, walletID string) (Subscription, error) {
	return read(ctx, tx, walletID, "", ForTeam())
}

// First is the subscription of a wallet whose plan never changed. It is always the same.
func (s *Service) First(ctx context.Context, walletID string) (Subscription, error) {
	if _, ok := ledger.IsTeam(walletID); ok {
		return ForTeam(), nil
	}
	accountID, unit := UnitOf(walletID)
	if unit == Credits { // nothing comes with it, so it may have begun at any time
		return Subscription{Of: Credits, Terms: []Term{{Plan: PayAsYouGo, From: creditsBegin, Anchor: creditsBegin}}}, nil
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

// creditsBegin is before any account was.
var creditsBegin = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// The two tables of subscriptions. All by primary key.
const (
	selectSubscription    = "SELECT version, last_n, terms FROM subscription WHERE account_id = $1"
	selectAPISubscription = "SELECT version, last_n, terms FROM api_subscription WHERE account_id = $1"

	upsertSubscription = `INSERT INTO subscription (account_id, version, last_n, terms) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, last_n = excluded.last_n, terms = excluded.terms`
	upsertAPISubscription = `INSERT INTO api_subscription (account_id, version, last_n, terms) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, last_n = excluded.last_n, terms = excluded.terms`
)

func read(ctx context.Context, q db.Queryer, walletID, lock string, first Subscription) (Subscription, error) {
	accountID, unit := UnitOf(walletID)
	sub := Subscription{Of: unit}
	query := selectSubscription
	if unit == Credits {
		query = selectAPISubscription
	}
	var terms string
	err := q.QueryRow(ctx, query+lock, accountID).Scan(&sub.Version, &sub.LastN, &terms)
	if errors.Is(err, sql.ErrNoRows) {
		return first, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(terms), &sub.Terms)
	}
	if err != nil {
		return sub, fmt.Errorf("read subscription of %s: %w", walletID, err)
	}
	return sub, nil
}

// Schedule implements ledger.Schedules.
func (s *Service) Schedule(ctx context.Context, walletID string) (ledger.Schedule, error) {
	sub, err := s.Read(ctx, walletID)
	if err != nil {
		return ledger.Schedule{}, err
	}
	return sub.Schedule()
}

// Expected is an account's schedule as it goes on when each payment is made.
func (s *Service) Expected(ctx context.Context, accountID string) (ledger.Schedule, error) {
	sub, err := s.Read(ctx, accountID)
	if err != nil {
		return ledger.Schedule{}, err
	}
	return sub.Expected(s.clock.Now()).Schedule()
}

// Decision changes a subscription, and the wallet that follows it, at a moment that no clock can undo. It must be pure.
type Decision func(now time.Time, s Subscription, w *ledger.Wallet) (Subscription, error)

// Just is a decision that leaves the wallet to the schedule.
func Just(f func(s Subscription, now time.Time) (Subscription, error)) Decision {
	return func(now time.Time, s Subscription, _ *ledger.Wallet) (Subscription, error) { return f(s, now) }
}

// Change decides on the subscription of a wallet and brings the wallet after it, in one transaction: what was due before
// arrives by the old terms, what is due from now on by the new ones.
func (s *Service) Change(ctx context.Context, walletID string, decide Decision, also ...db.Also) (Subscription, error) {
	first, err := s.First(ctx, walletID) // never changes; and on SQLite nothing else is asked inside the transaction
	if err != nil {
		return Subscription{}, err
	}
	var out Subscription
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if out, err = s.ChangeIn(ctx, tx, walletID, first, decide); err != nil {
			return err
		}
		return tx.Also(ctx, also)
	})
	return out, err
}

// ChangeIn is Change inside the caller's transaction, which must not have locked anything that ledger.Load would wait for.
// grants are references of further grants that the decision is about, which may be over.
func (s *Service) ChangeIn(
	ctx context.Context, tx *db.Tx, walletID string, first Subscription, decide Decision, grants ...string,
) (Subscription, error) {
	wallets, _, err := ledger.Load(ctx, tx, []string{walletID}, nil)
	if err != nil {
		return Subscription{}, err
	}
	before, err := read(ctx, tx, walletID, tx.ForUpdate(), first)
	if err != nil {
		return before, err
	}
	w := wallets[walletID]
	if err := ledger.Recall(ctx, tx, w, grants...); err != nil {
		return before, err
	}
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
	if err := write(ctx, tx, walletID, after); err != nil {
		return before, err
	}
	if s.Changed != nil {
		tx.Committed(func() { s.Changed(walletID) })
	}
	accountID, _ := UnitOf(walletID)
	return after, event.Append(ctx, tx, []event.Record{{AccountID: accountID, Topic: event.TopicBalance, Subject: walletID, At: w.Clock}})
}

func follow(w *ledger.Wallet, now time.Time, s Subscription) error {
	schedule, err := s.Schedule()
	if err != nil {
		return err
	}
	return w.Advance(now, schedule)
}

func write(ctx context.Context, tx *db.Tx, walletID string, s Subscription) error {
	accountID, unit := UnitOf(walletID)
	terms, err := json.Marshal(s.Terms)
	if err != nil {
		return fmt.Errorf("write subscription of %s: %w", walletID, err)
	}
	query := upsertSubscription
	if unit == Credits {
		query = upsertAPISubscription
	}
	if _, err = tx.Exec(ctx, query, accountID, s.Version, s.LastN, string(terms)); err != nil {
		return fmt.Errorf("write subscription of %s: %w", walletID, err)
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

// Now says how an account stands, or its wallet of API credits.
func (s *Service) Now(ctx context.Context, walletID string) (Standing, Subscription, error) {
	sub, err := s.Read(ctx, walletID)
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

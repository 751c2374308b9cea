package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/plan"
	"bottega/internal/team"
)

// Who buys is an account, named by its id, or a team, named by its wallet. A team buys as an account does; only its rules
// about seats come in between, and that it has no API credits. Who may buy for it is asked before (access.ManagePlan).

// Teams is what buying for a team needs of team.Service.
type Teams interface {
	Find(ctx context.Context, teamID string) (*team.Team, error)
	ChangePlanIn(ctx context.Context, tx *db.Tx, teamID string, decide plan.Decision) (plan.Subscription, error)
}

// walletOf is the wallet that a unit fills.
func walletOf(buyer string, u plan.Unit) (string, error) {
	if _, ok := ledger.IsTeam(buyer); ok && u != plan.Tokens {
		return "", fault.Bad(fault.Field{Name: "of", Value: string(u), Message: "is not for teams", Allowed: string(plan.Tokens)})
	}
	return u.Wallet(buyer), nil
}

// decide says what a wish comes to, within the rules of a team.
func (s *Service) decide(ctx context.Context, buyer string, sub plan.Subscription, at time.Time, w plan.Wish) (plan.Preview, error) {
	out, p, err := sub.Decide(at, w, s.Trial)
	if err != nil {
		return p, err
	}
	teamID, ok := ledger.IsTeam(buyer)
	if !ok {
		return p, nil
	}
	t, err := s.Teams.Find(ctx, teamID)
	if err == nil {
		err = t.Fits(out, at)
	}
	return p, err
}

// changeIn changes a plan and the tokens that follow it as far as the rules of a team allow.
func (s *Service) changeIn(ctx context.Context, tx *db.Tx, wallet string, first plan.Subscription, decide plan.Decision) (plan.Subscription, error) {
	if teamID, ok := ledger.IsTeam(wallet); ok {
		return s.Teams.ChangePlanIn(ctx, tx, teamID, decide)
	}
	return s.Plans.ChangeIn(ctx, tx, wallet, first, decide)
}

// closed reports whether nothing can be bought any more: the team was dissolved.
func (s *Service) closed(ctx context.Context, buyer string) (bool, error) {
	teamID, ok := ledger.IsTeam(buyer)
	if !ok {
		return false, nil
	}
	t, err := s.Teams.Find(ctx, teamID)
	return err == nil && !t.DissolvedAt.IsZero(), err
}

// email is where the provider writes to: of a team its owner's.
func (s *Service) email(ctx context.Context, buyer string) (string, error) {
	if teamID, ok := ledger.IsTeam(buyer); ok {
		t, err := s.Teams.Find(ctx, teamID)
		if err != nil {
			return "", err
		}
		buyer = t.Owner()
	}
	acc, err := s.Accounts.ByID(ctx, buyer)
	return acc.Email, err
}

// customer finds or makes the provider's record of who buys.
func (s *Service) customer(ctx context.Context, buyer string) (string, error) {
	var customer string
	err := s.DB.QueryRow(ctx, selectCustomer, buyer, s.Provider.Name()).Scan(&customer)
	if err == nil {
		return customer, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read payer: %w", err)
	}
	email, err := s.email(ctx, buyer)
	if err != nil {
		return "", err
	}
	if customer, err = s.Provider.Customer(ctx, buyer, email); err != nil {
		return "", trouble(err)
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, insertCustomer, buyer, s.Provider.Name(), customer)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("write payer: %w", err)
	}
	return customer, nil
}

// Portal returns the address of the provider's page with the buyer's cards and invoices.
func (s *Service) Portal(ctx context.Context, buyer, back string) (string, error) {
	if s.Provider == nil {
		return "", ErrOff
	}
	customer, err := s.customer(ctx, buyer)
	if err != nil {
		return "", err
	}
	address, err := s.Provider.Portal(ctx, customer, back)
	if err != nil {
		return "", trouble(err)
	}
	return address, nil
}

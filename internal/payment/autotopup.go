package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"bottega/internal/db"
	"bottega/internal/id"
	"bottega/internal/plan"
)

// TopUpStanding is a rule and what it would do now.
type TopUpStanding struct {
	Rule    TopUpRule
	Pack    PackOffer
	Spent   plan.Money // in this UTC month
	Verdict Verdict
}

// AutoTopUp says how the top-up of a wallet stands.
func (s *Service) AutoTopUp(ctx context.Context, buyer string, u plan.Unit) (TopUpStanding, error) {
	if _, err := walletOf(buyer, u); err != nil {
		return TopUpStanding{}, err
	}
	r, err := rule(ctx, s.DB, buyer, u, "")
	if err != nil {
		return TopUpStanding{}, err
	}
	f, err := s.facts(ctx, r)
	if err != nil {
		return TopUpStanding{}, err
	}
	verdict, pack := r.Decide(f)
	return TopUpStanding{Rule: r, Pack: pack, Spent: f.Spent, Verdict: verdict}, nil
}

func (s *Service) facts(ctx context.Context, r TopUpRule) (Facts, error) {
	f := Facts{Now: s.Clock.Now()}
	b, err := s.Ledger.Balance(ctx, r.Wallet())
	if err != nil {
		return f, err
	}
	f.Available = b.Available
	if f.Spent, f.UnderWay, err = topUps(ctx, s.DB, r, f.Now); err != nil {
		return f, err
	}
	if f.Closed, err = s.closed(ctx, r.Buyer); err != nil || s.Provider == nil {
		return f, err
	}
	var customer string
	err = s.DB.QueryRow(ctx, selectCustomer, r.Buyer, s.Provider.Name()).Scan(&customer)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return f, fmt.Errorf("read payer: %w", err)
	}
	f.HasMethod = customer != ""
	return f, nil
}

// SetAutoTopUp sets the rule of a wallet. Switching it on forgets earlier failures.
func (s *Service) SetAutoTopUp(ctx context.Context, r TopUpRule) error {
	if r.Enabled && s.Provider == nil {
		return ErrOff
	}
	if _, err := walletOf(r.Buyer, r.Of); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, upsertRule, r.Buyer, r.Of, db.Bool(r.Enabled), r.Threshold, r.Pack, r.Amount, r.Ceiling, 0, 0, "")
		return err
	})
	if err != nil {
		return fmt.Errorf("write top-up rule: %w", err)
	}
	s.Wake()
	return nil
}

// topUp buys for a wallet when its rule says so. First the payment is written down as open, which only one process can do;
// then the card on file is charged, under the payment's own key; then what came of it is taken up. Whoever stops in
// between is finished by Sweep, which asks the provider first what has become of it.
func (s *Service) topUp(ctx context.Context, r TopUpRule) error {
	f, err := s.facts(ctx, r)
	if err != nil {
		return err
	}
	if verdict, _ := r.Decide(f); verdict != BuyNow {
		return nil
	}
	p, bought, err := s.openTopUp(ctx, r, f)
	if err != nil || !bought {
		return err
	}
	return s.charge(ctx, p)
}

// openTopUp decides again, under the lock of the rule, and writes the payment down.
func (s *Service) openTopUp(ctx context.Context, r TopUpRule, f Facts) (p Payment, bought bool, err error) {
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		bought = false
		now, err := rule(ctx, tx, r.Buyer, r.Of, tx.ForUpdate())
		if err != nil {
			return err
		}
		if f.Spent, f.UnderWay, err = topUps(ctx, tx, now, f.Now); err != nil {
			return err
		}
		verdict, pack := now.Decide(f)
		if verdict != BuyNow {
			return nil
		}
		p = Payment{
			ID: id.New(), Buyer: r.Buyer, Kind: TopUp, Of: r.Of, Amount: pack.Price(), Tokens: pack.Amount, State: Open,
			Provider: s.Provider.Name(), CreatedAt: f.Now, Terms: Terms{Pack: pack.Name},
		}
		bought = true
		return insert(ctx, tx, p)
	})
	if db.IsUnique(err) { // another process has just begun one
		return p, false, nil
	}
	return p, bought, err
}

// charge takes an open payment from the card on file and takes up what came of it.
func (s *Service) charge(ctx context.Context, p Payment) error {
	customer, err := s.customer(ctx, p.Buyer)
	if err != nil {
		return err
	}
	seen, err := s.Provider.Charge(ctx, Order{Payment: p, Title: packTitle(PackOffer{Of: p.Of, Amount: p.Tokens}), Customer: customer})
	if err != nil {
		return fmt.Errorf("charge payment %s: %w", p.ID, err)
	}
	_, err = s.Observe(ctx, seen)
	return err
}

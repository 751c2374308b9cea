package payment

import (
	"context"
	"fmt"

	"bottega/internal/db"
	"bottega/internal/fault"
	"bottega/internal/plan"
)

// Find returns any payment: the operator's way.
func (s *Service) Find(ctx context.Context, paymentID string) (Payment, error) {
	return scanPayment(s.DB.QueryRow(ctx, selectPayment, paymentID))
}

// Refund gives money of a payment back; zero is all that is left of it. The provider moves it first, under a key made of what
// was given back before, so that asking twice gives once; then what came of it is taken up. What happens to the tokens is
// Settle's matter. before is written when all is checked and nobody was asked for the money yet.
func (s *Service) Refund(ctx context.Context, paymentID string, amount plan.Money, before ...func(Payment, plan.Money) db.Also) (Payment, error) {
	p, err := s.Find(ctx, paymentID)
	switch {
	case err != nil:
		return p, err
	case s.Provider == nil || p.Provider != s.Provider.Name():
		return p, ErrOff
	case p.Received == 0 || p.Charge == "":
		return p, ErrNotPaid
	case p.Dispute == DisputeOpen || p.Dispute == DisputeLost:
		return p, fault.New(fault.Conflict, "disputed", "the bank has asked for this payment back: answer it at the payment provider")
	}
	left := p.Received - p.Refunded
	if amount == 0 {
		amount = left
	}
	if amount < 0 || amount > left || amount == 0 || amount%10_000 != 0 {
		return p, fault.Bad(fault.Field{
			Name: "amount", Value: int64(amount), Message: "cannot be given back", Allowed: fmt.Sprintf("10000 to %d micro-units, in whole cents", left),
		})
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		for _, f := range before {
			if err := f(p, amount)(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	key := fmt.Sprintf("%s:%d:%d", p.ID, p.Refunded, amount)
	if err := s.Provider.Refund(ctx, RefundOrder{Charge: p.Charge, Amount: amount, Key: key}); err != nil {
		return p, trouble(err)
	}
	if err := s.take(ctx, Ref{Kind: RefCharge, ID: p.Charge}); err != nil {
		return p, err
	}
	return s.Find(ctx, paymentID)
}

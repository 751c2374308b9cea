package studio

import (
	"context"

	"bottega/internal/access"
	"bottega/internal/token"
)

// CodeInput is a code as it was typed.
type CodeInput struct {
	Code string `json:"code" doc:"as printed; capitals, blanks and hyphens do not matter"`
}

// Redeemed is what a code brought.
type Redeemed struct {
	Amount token.Amount `json:"amount_mt"`
}

type redeemInput struct{ Body CodeInput }

func (s *server) redeemCode(ctx context.Context, in *redeemInput) (*body[Redeemed], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	amount, err := s.Codes.Redeem(ctx, actor.AccountID, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return answer(Redeemed{amount}), nil
}

package generation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/fault"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/queue"
)

// Submit accepts a request: in one transaction its price is held and the generation and its ticket are written. What
// comes back is accepted for good. The same idempotency key and input give the same generation again; a key with
// another input is a Conflict. Not enough tokens is ledger.ErrInsufficient, a full queue RateLimited.
func (s *Service) Submit(ctx context.Context, actor access.Actor, req SubmitRequest) (*Generation, error) {
	kind, err := s.kind(req.Kind)
	if err != nil {
		return nil, err
	}
	if len(req.IdempotencyKey) > 100 {
		return nil, fault.Bad(fault.Field{Name: "Idempotency-Key", Value: req.IdempotencyKey, Message: "is too long", Allowed: "up to 100 characters"})
	}
	planned, err := kind.Plan(ctx, actor, req.Input)
	if err != nil {
		return nil, err
	}
	if planned.Params == nil {
		return nil, fmt.Errorf("submit %s: the input is for a price only", req.Kind)
	}
	quote, err := s.Prices.Current().Quote(planned.Facts)
	if err != nil {
		return nil, err
	}
	if req.MaxPrice != nil && quote.Total > *req.MaxPrice {
		return nil, priceChanged(quote.Total, *req.MaxPrice)
	}
	hash, err := inputHash(req)
	if err != nil {
		return nil, err
	}
	var forecast *queue.Forecast
	if s.line != nil {
		if forecast, err = s.line.Forecast(ctx); err != nil {
			return nil, err
		}
	}
	g, err := s.decide(ctx, actor.AccountID, func(entitled Entitlement) operation {
		return operation{submit: &submission{
			id: id.New(), accountID: actor.AccountID, actor: actor, kind: req.Kind, planned: planned, quote: quote, lane: req.Lane,
			idemKey: req.IdempotencyKey, idemHash: hash, entitled: entitled, forecast: forecast, at: s.Clock.Now(),
		}}
	})
	if err != nil {
		return nil, fmt.Errorf("submit: %w", err)
	}
	s.wake()
	if g.Position > 0 {
		return g, nil // accepted just now: it has no pictures yet
	}
	return g, s.complete(ctx, []*Generation{g})
}

// decide hands an operation to the batch. When the account's plan changed between reading it and the decision, it is
// read again.
func (s *Service) decide(ctx context.Context, accountID string, with func(Entitlement) operation) (*Generation, error) {
	for try := 1; ; try++ {
		entitled, err := s.Entitlements.Entitlement(ctx, accountID)
		if err != nil {
			return nil, err
		}
		g, err := s.batch.Do(ctx, with(entitled))
		if !errors.Is(err, ledger.ErrStale) || try == 3 {
			return g, err
		}
	}
}

// inputHash tells whether a repeated key comes with the same request.
func inputHash(req SubmitRequest) (string, error) {
	body, err := json.Marshal(req.Input)
	if err != nil {
		return "", fmt.Errorf("read request: %w", err)
	}
	sum := sha256.Sum256(append([]byte(req.Kind+"\n"), body...))
	return hex.EncodeToString(sum[:]), nil
}

// cancelPatience is how long Cancel waits for a run of this process to end by itself, with what it has delivered.
const cancelPatience = 5 * time.Second

// Cancel ends a waiting or running generation of the actor. Pictures that were already delivered stay and are charged
// their share; everything else is released. A generation that has ended is a Conflict.
func (s *Service) Cancel(ctx context.Context, actor access.Actor, generationID string) (*Generation, error) {
	g, err := s.Get(ctx, actor, generationID)
	if err != nil {
		return nil, err
	}
	if g.State.Final() {
		return nil, fault.New(fault.Conflict, "generation_ended", "this generation is already "+string(g.State))
	}
	if s.line != nil && s.line.Cancel(generationID, errCancelled) {
		if g, err := s.waitEnd(ctx, generationID, cancelPatience); err == nil && g != nil {
			return g, s.complete(ctx, []*Generation{g})
		}
	}
	if g, err = s.finish(ctx, ending{id: generationID, accountID: actor.AccountID, event: EventCancel}); err != nil {
		return nil, err
	}
	return g, s.complete(ctx, []*Generation{g})
}

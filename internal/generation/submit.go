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
	"bottega/internal/ledger"
	"bottega/internal/queue"
	"bottega/internal/telemetry"
)

// Submit accepts a request: in one transaction its price is held and the generation and its ticket are written. What
// comes back is accepted for good. The same idempotency key and input give the same generation again; a key with
// another input is a Conflict. Not enough tokens is ledger.ErrInsufficient, a full queue RateLimited.
func (s *Service) Submit(ctx context.Context, actor access.Actor, req SubmitRequest) (_ *Generation, err error) {
	ctx, span := telemetry.Start(ctx, "generation.submit", kindAttribute.String(req.Kind))
	defer func() { span.End(err) }()
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
	hash, err := inputHash(req, actor.Team)
	if err != nil {
		return nil, err
	}
	full, err := s.full(ctx, actor)
	if err != nil {
		return nil, err
	}
	var forecast *queue.Forecast
	if s.line != nil {
		if forecast, err = s.line.Forecast(ctx); err != nil {
			return nil, err
		}
	}
	newID := telemetry.GenerationID(ctx)
	g, err := s.decide(ctx, actor.AccountID, actor.Team, func(entitled Entitlement) operation {
		return operation{submit: &submission{
			id: newID, accountID: actor.AccountID, actor: actor, kind: req.Kind, planned: planned, quote: quote, lane: req.Lane,
			idemKey: req.IdempotencyKey, idemHash: hash, requestID: req.RequestID, entitled: entitled, forecast: forecast, full: full, at: s.Clock.Now(),
		}}
	})
	if err != nil {
		s.whenRoom(ctx, actor, err)
		return nil, fmt.Errorf("submit: %w", err)
	}
	s.wake()
	if g.ID == newID { // accepted just now: it has no pictures yet
		s.tellAccepted(ctx, g, planned.Model)
		return g, nil
	}
	return g, s.complete(ctx, []*Generation{g})
}

// full is the fault with which new work is refused because its pictures could not be kept; nil = they can. What was
// accepted before is found by its key all the same.
func (s *Service) full(ctx context.Context, actor access.Actor) (*fault.Error, error) {
	if s.Room == nil {
		return nil, nil
	}
	err := s.Room.MayKeep(ctx, actor.AccountID, 0)
	if f := fault.As(err); f != nil {
		return f, nil
	}
	return nil, err
}

// decide hands an operation to the batch. When the payer's plan changed between reading it and the decision, it is
// read again. teamID is empty where no team pays.
func (s *Service) decide(ctx context.Context, accountID, teamID string, with func(Entitlement) operation) (*Generation, error) {
	for try := 1; ; try++ {
		entitled, err := s.entitled(ctx, accountID, teamID)
		if err != nil {
			return nil, err
		}
		g, err := s.batch.Do(ctx, with(entitled))
		if !errors.Is(err, ledger.ErrStale) || try == 3 {
			return g, err
		}
	}
}

// inputHash tells whether a repeated key comes with the same request. Who pays is a part of it.
func inputHash(req SubmitRequest, teamID string) (string, error) {
	body, err := json.Marshal(req.Input)
	if err != nil {
		return "", fmt.Errorf("read request: %w", err)
	}
	if teamID != "" {
		body = append(body, "\n"+teamID...)
	}
	sum := sha256.Sum256(append([]byte(req.Kind+"\n"), body...))
	return hex.EncodeToString(sum[:]), nil
}

// errNotYours is the fault of ending or deleting what a team-mate made.
var errNotYours = fault.New(fault.Forbidden, "team_role", "a team-mate made this: only they, an admin or the owner of the team may do that")

// cancelPatience is how long Cancel waits for a run to end by itself, with what it has delivered.
const cancelPatience = 5 * time.Second

// Cancel ends a waiting or running generation of the actor. Pictures that were already delivered stay and are charged
// their share; everything else is released. A generation that has ended is a Conflict.
func (s *Service) Cancel(ctx context.Context, actor access.Actor, generationID string) (*Generation, error) {
	g, err := s.Get(ctx, actor, generationID)
	if err != nil {
		return nil, err
	}
	switch may, err := s.may(ctx, actor, g, access.SeeWork, access.DeleteWork); {
	case err != nil:
		return nil, err
	case !may:
		return nil, errNotYours
	}
	if g.State.Final() {
		return nil, fault.New(fault.Conflict, "generation_ended", "this generation is already "+string(g.State))
	}
	if s.cancelRun(g) {
		if g, err := s.waitEnd(ctx, generationID, cancelPatience); err == nil && g != nil {
			return g, s.complete(ctx, []*Generation{g})
		}
	}
	if g, err = s.finish(ctx, ending{id: generationID, accountID: g.AccountID, teamID: g.TeamID, event: EventCancel}); err != nil {
		return nil, err
	}
	return g, s.complete(ctx, []*Generation{g})
}

// cancelRun asks whoever runs the generation to end it, in this process or in another one. It reports whether that may
// happen: another process may be dead.
func (s *Service) cancelRun(g *Generation) bool {
	if s.CancelHere(g.ID) {
		return true
	}
	if g.State != Running || s.Elsewhere == nil {
		return false
	}
	s.Elsewhere.Cancel(g.ID)
	return true
}

// CancelHere ends a run of this process for a Cancel that another process was asked for. It reports whether there was one.
func (s *Service) CancelHere(generationID string) bool {
	return s.line != nil && s.line.Cancel(generationID, errCancelled)
}
